/** What a person's record may say that matching can use. Columns of an export are mapped to these. */
export const MATCH_ATTRIBUTES = [
  'fullName',
  'givenName',
  'surname',
  'birthDate',
  'birthPlace',
  'postcode',
  'occupation',
  'gender',
  'email',
  'phone',
  'street',
  'streetNumber',
  'city',
  'region',
  'nationalId',
] as const;
export type MatchAttribute = (typeof MATCH_ATTRIBUTES)[number];

/** One record of a person, raw. An absent or empty attribute is missing, which is evidence of nothing. */
export type Person = Readonly<Partial<Record<MatchAttribute, string>>>;

/** What is compared between two records. Names come from three attributes and give three comparisons. */
export const COMPARISONS = [
  'givenName',
  'surname',
  'middleName',
  'birthDate',
  'birthPlace',
  'postcode',
  'occupation',
  'gender',
  'email',
  'phone',
  'street',
  'streetNumber',
  'city',
  'region',
  'nationalId',
] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** How alike two values are, best first. What each means for an attribute is in its comparator. */
export const LEVELS = ['same', 'near', 'close', 'related', 'different'] as const;
export type Level = 0 | 1 | 2 | 3 | 4;

/** Probabilities of the five levels: `m` for two records of one person, `u` for those of two people (Fellegi and Sunter
 * 1969). Each sums to one. `u` of the level `same` is only where the frequency of a value starts from: the frequency
 * of the value itself takes over as records are seen. */
export interface LevelProbabilities {
  readonly m: readonly number[];
  readonly u: readonly number[];
}
export type MatchParameters = Readonly<Record<Comparison, LevelProbabilities>>;

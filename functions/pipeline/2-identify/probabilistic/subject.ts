import type { MatchLink } from '../../../contracts/subject.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { EMAIL, type EncodedRecord, FEATURES, type Feature, type MatchModel, NAME } from './model.ts';

/** The distinct values of one feature in a subject, and how many of its records have each. */
interface Values {
  readonly ids: readonly number[];
  readonly counts: readonly number[];
  /** Records in which the feature is present. */
  readonly present: number;
}
const NO_VALUES: Values = { ids: [], counts: [], present: 0 };

/** Bits by feature; `household` is what the chance of two people of one home takes away. */
export type Contributions = Partial<Record<Feature | 'household', number>>;

/** Records held to be one person's, summed up by feature. Immutable. */
export interface MatchSubject {
  /** Numbers of its records. */
  readonly rows: readonly number[];
  readonly values: readonly Values[];
  /** The matches that hold it together. */
  readonly links: readonly MatchLink[];
  /** How large it was, in steps of half as much again, when it was last put together from its parts. */
  readonly stage: number;
}

/** Records that cannot be parted, numbered from `first`. */
export function subjectOfGroup(first: number, records: readonly EncodedRecord[]): MatchSubject {
  const [head, ...rest] = records.map(
    (record, at): MatchSubject => ({
      rows: [first + at],
      values: Array.from(record, (id) => (id < 0 ? NO_VALUES : { ids: [id], counts: [1], present: 1 })),
      links: [],
      stage: 0,
    }),
  );
  if (head === undefined) throw new RangeError('a group without records');
  return rest.reduce((group, next) => merged(group, next, []), head);
}

export function merged(a: MatchSubject, b: MatchSubject, links: readonly MatchLink[]): MatchSubject {
  return {
    rows: [...a.rows, ...b.rows],
    values: a.values.map((values, feature) => union(values, b.values[feature] ?? NO_VALUES)),
    links: [...a.links, ...b.links, ...links],
    stage: Math.max(a.stage, b.stage),
  };
}

function union(a: Values, b: Values): Values {
  if (b.present === 0) return a;
  if (a.present === 0) return b;
  const ids = [...a.ids];
  const counts = [...a.counts];
  for (const [index, id] of b.ids.entries()) {
    const at = ids.indexOf(id);
    const count = b.counts[index] ?? 0;
    if (at < 0) {
      ids.push(id);
      counts.push(count);
    } else counts[at] = (counts[at] ?? 0) + count;
  }
  return { ids, counts, present: a.present + b.present };
}

/** Distinct values of a feature that are looked at on either side: a bound on the work, above what people have. */
const VALUES_MAX = 24;

/** Features that people of one home do not share. */
const PERSONAL: ReadonlySet<Feature> = new Set(['middleName', 'birthDate', 'gender', 'nationalId']);

/**
 * Posterior odds, in bits, that two subjects are one person.
 *
 * Each record of one side is taken as drawn from the person whom the other side's records describe: feature by feature
 * the likelihood ratio is the mean over all pairs of values, so a spelling that one of twenty records has is explained
 * by that one, a missing value costs nothing, and a poor record is judged by all that is known of the person. The
 * logarithms add up over features. Agreement counts once however many records repeat it, as they are not independent;
 * a disagreement weighs more, the more records on both sides stand behind it (`conflictExponent`).
 *
 * There are two ways not to be one person: to be strangers, where everything agrees by chance, and to be of one home,
 * where surname, address, telephone and e-mail agree as they do for one person and only the rest tells. The odds are
 * against both.
 */
export function subjectBits(
  model: MatchModel,
  policy: MatchPolicy,
  householdPriorBits: number,
  a: MatchSubject,
  b: MatchSubject,
  contributions?: Contributions,
): number {
  let strangers = model.priorBits;
  let household = householdPriorBits;
  const fewer = Math.min(a.rows.length, b.rows.length);
  const pairs = a.rows.length * b.rows.length;
  for (let feature = 0; feature < FEATURES.length; feature++) {
    const [x, y, name] = [valuesOf(a, feature, model), valuesOf(b, feature, model), FEATURES[feature]];
    if (x.present === 0 || y.present === 0 || name === undefined) continue;
    const behind = (fewer * x.present * y.present) / pairs;
    const weighed = (ratio: number): number => {
      const bits = Math.log2(ratio);
      return bits < 0 ? bits * behind ** policy.conflictExponent : bits;
    };
    const bits = weighed(meanOver(x, y, (v, w) => model.ratio(feature, v, w)));
    strangers += bits;
    if (feature === NAME) household += weighed(meanOver(x, y, (v, w) => model.givenNameRatio(v, w)));
    else if (PERSONAL.has(name)) household += bits;
    if (contributions !== undefined) contributions[name] = bits;
  }
  const odds = Math.min(strangers, household) - Math.log2(1 + 2 ** -Math.abs(strangers - household));
  if (contributions !== undefined) contributions.household = odds - strangers;
  return odds;
}

function valuesOf({ values }: MatchSubject, feature: number, model: MatchModel): Values {
  const own = values[feature] ?? NO_VALUES;
  if (feature !== EMAIL || own.present === 0) return own;
  const names = (values[NAME] ?? NO_VALUES).ids.slice(0, VALUES_MAX);
  return { ...own, ids: own.ids.map((address) => model.addressUnder(address, names)) };
}

function meanOver(x: Values, y: Values, ratio: (v: number, w: number) => number): number {
  let sum = 0;
  let weight = 0;
  const [lastX, lastY] = [Math.min(x.ids.length, VALUES_MAX), Math.min(y.ids.length, VALUES_MAX)];
  for (let i = 0; i < lastX; i++) {
    for (let j = 0; j < lastY; j++) {
      const pairs = (x.counts[i] ?? 0) * (y.counts[j] ?? 0);
      sum += pairs * ratio(x.ids[i] ?? 0, y.ids[j] ?? 0);
      weight += pairs;
    }
  }
  return sum / weight;
}

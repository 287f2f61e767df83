import type { AtomId } from '../../../contracts/ids.ts';
import type { MatchLink } from '../../../contracts/subject.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import type { Feature, MatchModel } from './model.ts';
import type { MatchRecord } from './record.ts';
import { type Contributions, subjectBits, subjectOfGroup } from './subject.ts';

/** Why two records are, or are not, one person's. Bits of evidence. */
export interface MatchExplanation {
  readonly priorBits: number;
  /** The two records alone. */
  readonly pair: Readonly<Partial<Record<Feature, number>>>;
  /** Their subjects as wholes, when they are two. */
  readonly subjects: { readonly bits: number; readonly contributions: Contributions } | null;
  /** The matches that hold their subject together, when they are one. */
  readonly links: readonly MatchLink[];
}

/** A record, and all those of its subject. */
export interface ExplainedSide {
  readonly atomId: AtomId;
  readonly record: MatchRecord;
  readonly subject: readonly MatchRecord[];
}

/** @param links the matches of their common subject; null when they are two */
export function explain(
  a: ExplainedSide,
  b: ExplainedSide,
  links: readonly MatchLink[] | null,
  model: MatchModel,
  policy: MatchPolicy,
  householdPriorBits: number,
): MatchExplanation {
  const { priorBits } = model;
  const pair = model.contributions(model.encode(a.record), model.encode(b.record));
  if (links !== null) return { priorBits, pair, subjects: null, links };
  const contributions: Contributions = {};
  const [x, y] = [a, b].map(({ subject }) =>
    subjectOfGroup(
      0,
      subject.map((record) => model.encode(record)),
    ),
  );
  if (x === undefined || y === undefined) throw new RangeError('two sides');
  const bits = subjectBits(model, policy, householdPriorBits, x, y, contributions);
  return { priorBits, pair, subjects: { bits, contributions }, links: [] };
}

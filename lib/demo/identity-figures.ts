import { matchPolicy } from '../../functions/registry/matching/parameters.ts';

/** How well identifiers are put together, over all pairs of them. 1 where there is no pair to be wrong about. */
export interface PairwiseAccuracy {
  /** Of the pairs held to be one person's, the share that are. */
  readonly precision: number;
  /** Of one person's pairs, the share that are held to be. */
  readonly recall: number;
  /** Their harmonic mean. */
  readonly f1: number;
}

/** What one jurisdiction's store makes of who is who, against the truth. */
export interface IdentityFigures {
  /** Whether matching by what people state of themselves merges, asks or does nothing here. */
  readonly mode: 'off' | 'review' | 'on';
  /** Identifiers compared, and the people they belong to. */
  readonly identifiers: number;
  readonly persons: number;
  readonly asLinked: PairwiseAccuracy;
  /** As if nobody had been matched: by what was seen together and what stewards decided. */
  readonly withoutMatches: PairwiseAccuracy;
  /** As if a steward had accepted every waiting pair that is likelier than the line for merging. */
  readonly reviewsAccepted: PairwiseAccuracy;
  /** Waiting pairs above that line. */
  readonly acceptable: number;
}

/** A pair that waits for a steward. */
export interface WaitingPair {
  readonly a: string;
  readonly b: string;
  readonly bits: number;
}

/**
 * Measures a grouping of identifiers against the people they belong to. Pairs are counted from the sizes of groups,
 * persons and their overlaps, so the work grows with the identifiers and not with their pairs.
 * @param groupOf group of each identifier
 * @param personOf person of each identifier; identifiers in only one of the maps are left out
 */
export function pairwiseAccuracy(
  groupOf: ReadonlyMap<string, string>,
  personOf: ReadonlyMap<string, string>,
): PairwiseAccuracy {
  const groups = new Map<string, number>();
  const persons = new Map<string, number>();
  const overlaps = new Map<string, number>();
  const raise = (counts: Map<string, number>, key: string): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for (const [identifier, person] of personOf) {
    const group = groupOf.get(identifier);
    if (group === undefined) continue;
    raise(groups, group);
    raise(persons, person);
    raise(overlaps, `${group}\u0000${person}`);
  }
  const pairs = (counts: ReadonlyMap<string, number>): number =>
    [...counts.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  const [held, true_, both] = [pairs(groups), pairs(persons), pairs(overlaps)];
  return {
    precision: held === 0 ? 1 : both / held,
    recall: true_ === 0 ? 1 : both / true_,
    f1: held + true_ === 0 ? 1 : (2 * both) / (held + true_),
  };
}

/** The grouping after the pairs are united; a pair with an identifier that is in no group changes nothing. */
export function united(
  groupOf: ReadonlyMap<string, string>,
  pairs: readonly WaitingPair[],
): ReadonlyMap<string, string> {
  const parents = new Map<string, string>();
  const rootOf = (group: string): string => {
    let root = group;
    for (let next = parents.get(root); next !== undefined; next = parents.get(root)) root = next;
    return root;
  };
  for (const { a, b } of pairs) {
    const [one, other] = [groupOf.get(a), groupOf.get(b)];
    if (one === undefined || other === undefined || rootOf(one) === rootOf(other)) continue;
    parents.set(rootOf(one), rootOf(other));
  }
  return new Map([...groupOf].map(([identifier, group]) => [identifier, rootOf(group)]));
}

/** A subject's links at rest, as `adapters/aws/graph-item.ts` writes them: by position among its identifiers. */
export interface StoredLinks {
  readonly n: readonly string[];
  readonly e: readonly (readonly [a: number, b: number, ...rest: number[]])[];
  readonly d?: readonly (readonly [a: number, b: number, isSame: number, ...rest: number[]])[];
}

/** Groups of a subject's identifiers that hang together without its matches. */
export function withoutMatches({ n, e, d = [] }: StoredLinks): ReadonlyMap<string, string> {
  const links = [...e, ...d.filter(([, , isSame]) => isSame === 1)].flatMap(([a, b]) => {
    const [one, other] = [n[a], n[b]];
    return one === undefined || other === undefined ? [] : [{ a: one, b: other, bits: 0 }];
  });
  return united(new Map(n.map((node) => [node, node])), links);
}

/** Puts a jurisdiction's figures together.
 * @param unmatched groups as if nobody had been matched */
export function identityFigures(
  mode: IdentityFigures['mode'],
  groupOf: ReadonlyMap<string, string>,
  unmatched: ReadonlyMap<string, string>,
  personOf: ReadonlyMap<string, string>,
  waiting: readonly WaitingPair[],
): IdentityFigures {
  const known = [...personOf].filter(([identifier]) => groupOf.has(identifier));
  const acceptable = waiting.filter(({ bits }) => bits > matchPolicy.mergeAbove);
  return {
    mode,
    identifiers: known.length,
    persons: new Set(known.map(([, person]) => person)).size,
    asLinked: pairwiseAccuracy(groupOf, personOf),
    withoutMatches: pairwiseAccuracy(unmatched, personOf),
    reviewsAccepted: pairwiseAccuracy(united(groupOf, acceptable), personOf),
    acceptable: acceptable.length,
  };
}

import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import {
  compareTokens,
  type Decision,
  type Edge,
  type MatchLink,
  pairKey,
  type Severed,
  type SubjectGraph,
} from '../../contracts/subject.ts';

/** What is new about identities. */
export interface NewEvidence {
  readonly edges?: readonly Edge[];
  /** A match of a pair that is matched already takes its place. */
  readonly matches?: readonly MatchLink[];
  /** Matches to be taken back. */
  readonly withdrawn?: readonly (readonly [AtomId, AtomId])[];
  readonly decisions?: readonly Decision[];
  readonly severed?: readonly Severed[];
}

/** Everything that says who is who, one entry a pair, by {@link pairKey}. */
export interface Evidence {
  readonly edges: ReadonlyMap<string, Edge>;
  readonly matches: ReadonlyMap<string, MatchLink>;
  readonly decisions: ReadonlyMap<string, Decision>;
  readonly severed: ReadonlyMap<string, Severed>;
}

export const comparePairs = (
  x: readonly [IdentifierToken, IdentifierToken, ...unknown[]],
  y: readonly [IdentifierToken, IdentifierToken, ...unknown[]],
): number => compareTokens(x[0], y[0]) || compareTokens(x[1], y[1]);

/** Brings together what several graphs and the news say: of edges the first day counts, of decisions and severed links the
 * latest. An edge or match that was severed is as if it had never been. */
export function gatherEvidence(known: readonly SubjectGraph[], added: NewEvidence): Evidence {
  const severed = latestOf(
    [...known.flatMap((graph) => graph.severed), ...(added.severed ?? [])],
    ([a, b, at]) => ({
      key: pairKey(a, b),
      at,
      weight: 0,
    }),
  );
  const decisions = latestOf(
    [...known.flatMap((graph) => graph.decisions), ...(added.decisions ?? [])],
    // Of two in the same millisecond, the one that keeps apart holds.
    ({ a, b, at, verdict }) => ({ key: pairKey(a, b), at, weight: verdict === 'different' ? 1 : 0 }),
  );
  const edges = new Map<string, Edge>();
  for (const edge of [...known.flatMap((graph) => graph.edges), ...(added.edges ?? [])]) {
    const key = pairKey(edge[0], edge[1]);
    const own = edges.get(key);
    if (!severed.has(key) && (own === undefined || edge[2] < own[2])) edges.set(key, edge);
  }
  const matches = new Map<string, MatchLink>();
  for (const match of [...known.flatMap((graph) => graph.matches), ...(added.matches ?? [])]) {
    const key = pairKey(match.a, match.b);
    if (!severed.has(key)) matches.set(key, match);
  }
  for (const [a, b] of added.withdrawn ?? []) matches.delete(pairKey(a, b));
  return { edges, matches, decisions, severed };
}

/** Whether a decision joins its pair: it says so, and no operator took the link away since. */
export function joins({ severed }: Evidence, { a, b, verdict, at }: Decision): boolean {
  return verdict === 'same' && at > (severed.get(pairKey(a, b))?.[2] ?? Number.NEGATIVE_INFINITY);
}

function latestOf<T>(
  all: readonly T[],
  placeOf: (each: T) => { readonly key: string; readonly at: number; readonly weight: number },
): Map<string, T> {
  const latest = new Map<string, T>();
  for (const each of all) {
    const { key, at, weight } = placeOf(each);
    const own = latest.get(key);
    const held = own === undefined ? null : placeOf(own);
    if (held === null || at > held.at || (at === held.at && weight > held.weight)) latest.set(key, each);
  }
  return latest;
}

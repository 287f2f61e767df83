import type { ConcludedMatches } from '../../contracts/identity-order.ts';
import type { AtomId, AtomVersion, SubjectId } from '../../contracts/ids.ts';
import {
  type KeptEffect,
  type MatchChange,
  type MatchLink,
  pairKey,
  type SubjectGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { Atom } from './atom.ts';
import type { BatchMatches, OrderDelivery } from './delivery.ts';
import type { Unit } from './world.ts';

/** Evidence about identity, and the subject that it is told of. */
export interface IdentityEffect {
  readonly subjectId: SubjectId;
  readonly effect: KeptEffect;
}

/** Links to add and to take back: what matching concluded from the unit now, or (in a replay) did when it was live. */
export const matchesOf = (unit: Unit, obeyed: readonly OrderDelivery[]): ConcludedMatches => {
  const all = [unit.matches, ...obeyed.flatMap(({ order }) => order.concluded ?? [])];
  return {
    links: all.flatMap(({ links }) => links),
    withdrawn: all.flatMap(({ withdrawn }) => withdrawn),
  };
};

/** Whether the graphs are as was concluded already. */
export function isApplied(concluded: ConcludedMatches | undefined, known: readonly SubjectGraph[]): boolean {
  if (concluded === undefined) return true;
  const held = new Map<string, MatchLink>();
  for (const { matches } of known) for (const link of matches) held.set(pairKey(link.a, link.b), link);
  return (
    concluded.links.every(
      (link) => JSON.stringify(held.get(pairKey(link.a, link.b))) === JSON.stringify(link),
    ) && concluded.withdrawn.every(([a, b]) => !held.has(pairKey(a, b)))
  );
}

/** The evidence of what matching concluded, one effect a pair, told of the subject that the pair's first atom is in. */
export function matchEffects(
  { links, withdrawn, at }: BatchMatches,
  graphs: readonly SubjectGraph[],
  atoms: ReadonlyMap<AtomId, Atom>,
  told: Pick<KeptEffect, 'by' | 'receivedAt'>,
  judgedAt: EpochMs,
): readonly IdentityEffect[] {
  const versionOf = (id: AtomId): AtomVersion => {
    const atom = atoms.get(id);
    return [id, (atom?.stored?.version ?? 0) + (atom !== undefined && atom.deliveries.length > 0 ? 1 : 0)];
  };
  const effect = (matched: MatchChange): IdentityEffect => {
    const { a, b, link } = matched;
    const home = graphs.find(({ nodes }) => nodes.includes(a));
    return {
      subjectId: home?.subjectId ?? subjectIdOf([a]),
      effect: {
        ...told,
        kind: link === null ? 'match-withdrawn' : 'match-made',
        name: 'probabilistic',
        reasons: matchReasons(matched),
        at,
        atoms: [versionOf(a), versionOf(b)],
        matched,
      },
    };
  };
  return [
    ...links.map((link) => effect({ a: link.a, b: link.b, link, judgedAt })),
    ...withdrawn.map(([a, b]) => effect({ a, b, link: null, judgedAt })),
  ];
}

/** Codes: how much evidence there is, in bits, and by which parameters it was weighed. */
export const matchReasons = ({ link }: MatchChange): string =>
  link === null ? 'evidence-against' : `bits:${link.bits.toFixed(1)},model:${link.model}`;

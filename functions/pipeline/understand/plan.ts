import type { AtomId } from '../../contracts/ids.ts';
import type { AtomVersion } from '../../contracts/payloads.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { remember } from '../3-profile/seen.ts';
import { atomsOf, bucketOf, consentOf, newestReceipt } from './atom.ts';
import type { UnderstandContext } from './context.ts';
import { type IdentityEffect, identify, identityEffects, soloGraph } from './identify.ts';
import { type Ending, foldAtom, judge } from './judge.ts';
import type { World, WriteUnit } from './ports.ts';
import { type PublishedGroup, publishGroup } from './publish.ts';
import { setAside } from './set-aside.ts';
import type { Unit } from './world.ts';
import { WriteCollector } from './writes.ts';

export interface Plan {
  readonly writes: readonly WriteUnit[];
  readonly endings: readonly Ending[];
  /** Atoms whose state is written: each needs a secret before. */
  readonly stored: readonly AtomId[];
  readonly published: readonly PublishedGroup[];
  /** Effects on identifiers that no published subject stands for. */
  readonly identity: readonly IdentityEffect[];
}

/**
 * Works out what a unit's signals do: identity, then permission, then profile, then segments and alerts. Pure: the same
 * world and signals give the same plan.
 *
 * @param paged messages in the pages of atoms that got signals older than their window.
 * @param written messages (`atom message`) this invocation has written already, before a conflict made it try again:
 *   their evidence is surely not out yet.
 */
export function planUnit(
  whole: Unit,
  world: World,
  paged: ReadonlyMap<AtomId, ReadonlySet<string>>,
  written: ReadonlySet<string>,
  context: UnderstandContext,
  now: EpochMs,
): Plan {
  const { unit, endings: forbidden } = setAside(whole, world, now);
  const known = unit.subjectIds
    .map((id) => world.subjects.get(id)?.graph)
    .filter((graph) => graph !== undefined);
  const atoms = atomsOf(unit, known, world, paged, context);
  const identity = identify(unit, known, atoms, world, context);

  const writes = new WriteCollector(world, identity.before, context.jurisdiction.retention);
  const endings: Ending[] = [...forbidden];
  const stored: AtomId[] = [];
  const published: PublishedGroup[] = [];
  const bucket = bucketOf([...atoms.values()], 'b00');
  const effects = identityEffects(identity, bucket, newestReceipt([...atoms.values()]), now);
  const covered = new Set(identity.graphs.flatMap((graph) => graph.nodes));
  const alone = [...atoms.keys()].filter((id) => !covered.has(id)).map(soloGraph);
  for (const graph of [...identity.graphs, ...alone]) {
    const states: ProfileState[] = [];
    const versions: AtomVersion[] = [];
    const group = graph.atoms.map((id) => atoms.get(id)).filter((atom) => atom !== undefined);
    const consent = consentOf(group);
    for (const atom of group) {
      const judged = judge(atom, graph.subjectId, consent, paged.get(atom.id) ?? new Set(), written, context);
      endings.push(...judged.endings);
      const state = foldAtom(atom, judged);
      states.push(state);
      const isWritten =
        atom.deliveries.length > 0 &&
        writes.atom(
          atom.id,
          state,
          remember(atom.window, judged.added),
          identity.links.get(atom.id) ?? new Set(),
        );
      if (isWritten) stored.push(atom.id);
      versions.push([atom.id, (atom.stored?.version ?? 0) + (isWritten ? 1 : 0)]);
    }
    const repeatSince = endings.some((ending) => ending.repeated && ending.subjectId === graph.subjectId)
      ? 0
      : null;
    const own = effects.filter((each) => each.subjectId === graph.subjectId).map((each) => each.effect);
    published.push(
      publishGroup(
        {
          graph,
          states,
          consent,
          world,
          before: identity.before,
          bucket: bucketOf(group, bucket),
          repeatSince,
          receivedAt: newestReceipt(group),
          atoms: versions,
          identity: own,
          settled: false,
        },
        context,
        now,
      ),
    );
  }
  const told = new Set(published.map((group) => group.subjectId));
  return {
    writes: writes.units(known, identity.graphs, identity.saturated, published),
    endings,
    stored,
    published,
    identity: effects.filter((each) => !told.has(each.subjectId)),
  };
}

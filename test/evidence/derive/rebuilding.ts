import { memoryEvidenceStore } from '../../../functions/adapters/memory/evidence-store.ts';
import { MemoryProfileStore } from '../../../functions/adapters/memory/profile-store.ts';
import { archiveWindow } from '../../../functions/evidence/archive/archive.ts';
import type { EvidenceStore } from '../../../functions/evidence/archive/ports.ts';
import type { IdentityList, RebuildPorts } from '../../../functions/evidence/derive/ports.ts';
import { compare, rebuildStep } from '../../../functions/evidence/derive/rebuild.ts';
import { addRefs, type KeysByRef, monthsOf } from '../../../functions/evidence/derive/rows.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { NOW } from '../../arbitraries.ts';
import type { MemoryRegion } from '../../understand-harness.ts';

export const scratch = (): MemoryProfileStore => new MemoryProfileStore();

export const listOf = (store: MemoryProfileStore): IdentityList => ({
  async *identities() {
    yield [...store.nodes.values()];
  },
});

/** What `archive` makes of a region's rows. */
export async function archived(region: MemoryRegion): Promise<EvidenceStore> {
  const store = memoryEvidenceStore();
  const values = region.effects.rows;
  await archiveWindow({ store }, [{ shardId: 'shard-0', sequenceNumber: '1', values }]);
  return store;
}

async function keysOf(region: MemoryRegion): Promise<KeysByRef> {
  const keys = new Map();
  for await (const page of region.keyring.all())
    for (const [atomId, key] of page) addRefs(keys, atomId, key, monthsOf(NOW - 800 * DAY_MS, NOW + DAY_MS));
  return keys;
}

/** Rebuilds a region's profiles from its archive, step by step. */
export async function rebuild(region: MemoryRegion) {
  const rebuilt = new MemoryProfileStore();
  const evidence = await archived(region);
  const ports: RebuildPorts = {
    evidence,
    keyring: region.keyring,
    rebuilt: Object.assign(rebuilt, listOf(rebuilt)),
    live: listOf(region.store),
  };
  const [from, to] = [NOW - 800 * DAY_MS, NOW + DAY_MS];
  let [played, sealed, steps] = [0, 0, 0];
  for (let cursor: string | undefined; ; ) {
    const request = { from, to, ...(cursor === undefined ? {} : { cursor }) };
    const step = await rebuildStep(request, await keysOf(region), region.context, ports, NOW);
    // A step whose answer was lost is asked for again.
    await rebuildStep(request, await keysOf(region), region.context, ports, NOW);
    played += step.played;
    sealed += step.sealed;
    steps += 1;
    cursor = step.cursor;
    if (cursor === undefined) break;
  }
  return { rebuilt, played, sealed, steps, compared: await compare(ports.live, ports.rebuilt) };
}

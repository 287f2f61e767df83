import type { AtomId } from '../../contracts/ids.ts';
import type { KeptEffect } from '../../contracts/subject.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { floorMinuteOf, messagePrefix, needsPages } from '../3-profile/seen.ts';
import type { UnderstandContext } from './context.ts';
import { type Delivery, deliveriesByAtom, type StreamRecord } from './delivery.ts';
import { atomsToldOf, emit, emptyEmission, gather, gatherUnreadable } from './emit.ts';
import { type Plan, planUnit } from './plan.ts';
import type { UnderstandPorts, World } from './ports.ts';
import { readWorld, type Unit, unitsOf } from './world.ts';
import { StaleReadError } from './writes.ts';

/** Tries in one invocation before a subject that others keep writing is left to the stream's retry. */
const ATTEMPTS_MAX = 6;

export interface Understood {
  /** Sequence numbers of records with a signal that could not be applied, for the stream to bring again. */
  readonly failed: readonly string[];
  readonly signals: number;
  readonly conflicts: number;
}

/**
 * The micro-batch: stages 2 to 5 over many signals at once. Reads what they touch, plans each subject's change purely,
 * writes with one condition per item, and then tells: alerts, cues, evidence, events.
 *
 * A subject that somebody else wrote meanwhile is read and planned again. When the store or a port fails, the whole batch
 * fails and the stream brings it again: what was written is recognised by its delivery tags, and only told again.
 *
 * @throws TransientError when a port can't be reached.
 */
export async function understand(
  records: readonly StreamRecord[],
  context: UnderstandContext,
  ports: UnderstandPorts,
  now: EpochMs,
): Promise<Understood> {
  await keepUnreadable(records, ports);
  const byAtom = deliveriesByAtom(records);
  const done: Plan[] = [];
  const written = new Set<string>();
  const keys = new Map<AtomId, SubjectKey>();
  let pending: ReadonlyMap<AtomId, readonly Delivery[]> = byAtom;
  let conflicts = 0;
  for (let attempt = 0; attempt < ATTEMPTS_MAX && pending.size > 0; attempt += 1) {
    const [world] = await Promise.all([
      readWorld(pending, ports.profiles, attempt > 0),
      attempt === 0 ? readKeys(keys, [...byAtom.keys()], ports) : undefined,
    ]);
    await forgetErased(keys, world, ports);
    const paged = await readPages(pending, world, ports);
    const units = unitsOf(pending, world);
    const { planned, stale } = planAll(units, world, paged, written, context, now);
    await createKeys(keys, planned, ports);
    const results = await writeAll(planned, ports);
    const again = new Map(stale.flatMap((unit) => [...unit.deliveries]));
    for (const [index, { unit, plan }] of planned.entries()) {
      if (results[index] === 'written') done.push(plan);
      else for (const [atomId, deliveries] of unit.deliveries) again.set(atomId, deliveries);
      if (results[index] === 'partly') noteWritten(plan, written);
    }
    conflicts += again.size;
    pending = again;
  }
  const emission = emptyEmission();
  const effects = done.flatMap(effectsOf);
  await readKeys(keys, atomsToldOf(effects), ports);
  const telling = { context, toldAt: ports.clock(), keys };
  for (const plan of done) gather(emission, plan, telling);
  for (const record of records) if (record.values === null) gatherUnreadable(emission, record, now);
  if (emission.records.length > 0) await ports.records.put(emission.records);
  await emit(emission, ports, now);
  const failed = new Set([...pending.values()].flat().map((delivery) => delivery.sequenceNumber));
  return {
    failed: [...failed],
    signals: [...byAtom.values()].reduce((sum, each) => sum + each.length, 0),
    conflicts,
  };
}

type Keys = Map<AtomId, SubjectKey>;

async function readKeys(keys: Keys, atomIds: readonly AtomId[], ports: UnderstandPorts): Promise<void> {
  const missing = atomIds.filter((id) => !keys.has(id));
  if (missing.length === 0) return;
  for (const [id, key] of await ports.keyring.read(missing)) keys.set(id, key);
}

/** A customer who comes back after an erasure has another secret; the old one may still be in some memory. */
async function forgetErased(keys: Keys, world: World, ports: UnderstandPorts): Promise<void> {
  const returned = [...world.nodes.values()].filter((node) => node.erasedAt !== null).map((node) => node.id);
  if (returned.length === 0) return;
  for (const id of returned) keys.delete(id);
  for (const [id, key] of await ports.keyring.read(returned, { fresh: true })) keys.set(id, key);
}

/** An atom gets its secret before anything is kept about it. */
async function createKeys(
  keys: Keys,
  planned: readonly { readonly plan: Plan }[],
  ports: UnderstandPorts,
): Promise<void> {
  const missing = planned.flatMap(({ plan }) => plan.stored).filter((id) => !keys.has(id));
  if (missing.length === 0) return;
  for (const [id, key] of await ports.keyring.create(missing)) keys.set(id, key);
}

const effectsOf = ({ published }: Plan): readonly KeptEffect[] =>
  published.flatMap((group) => [...group.effects, ...group.repeated]);

/** A record that can't be read is kept as it is, for a person to look at; it must not stop the shard. */
async function keepUnreadable(records: readonly StreamRecord[], ports: UnderstandPorts): Promise<void> {
  for (const record of records) {
    if (record.values === null)
      await ports.quarantine.putOnce(
        `v1/unreadable/${record.shardId}/${record.sequenceNumber}.bin.gz`,
        record.raw,
      );
  }
}

/** Older messages are looked up only for atoms that got a signal from before their window. */
async function readPages(
  byAtom: ReadonlyMap<AtomId, readonly Delivery[]>,
  world: World,
  ports: UnderstandPorts,
): Promise<ReadonlyMap<AtomId, ReadonlySet<string>>> {
  const paged = new Map<AtomId, ReadonlySet<string>>();
  const reads: Promise<void>[] = [];
  for (const [atomId, deliveries] of byAtom) {
    const seen = world.nodes.get(atomId)?.seen ?? null;
    if (seen === null) continue;
    const floorMinute = floorMinuteOf(seen);
    if (floorMinute < 0) continue;
    const late = deliveries
      .map((delivery) => delivery.signal.occurredAt)
      .filter((at) => needsPages(floorMinute, at));
    if (late.length === 0) continue;
    const since = late.reduce((a, b) => Math.min(a, b));
    reads.push(
      ports.profiles.pagedMessages(atomId, since).then((messages) => void paged.set(atomId, messages)),
    );
  }
  await Promise.all(reads);
  return paged;
}

function planAll(
  units: readonly Unit[],
  world: World,
  paged: ReadonlyMap<AtomId, ReadonlySet<string>>,
  written: ReadonlySet<string>,
  context: UnderstandContext,
  now: EpochMs,
): { planned: readonly { unit: Unit; plan: Plan }[]; stale: readonly Unit[] } {
  const planned: { unit: Unit; plan: Plan }[] = [];
  const stale: Unit[] = [];
  for (const unit of units) {
    try {
      planned.push({ unit, plan: planUnit(unit, world, paged, written, context, now) });
    } catch (error) {
      if (!(error instanceof StaleReadError)) throw error;
      stale.push(unit);
    }
  }
  return { planned, stale };
}

/** Writes all plans in one go, and says for each whether all, some or none of it was written. */
async function writeAll(
  planned: readonly { readonly plan: Plan }[],
  ports: UnderstandPorts,
): Promise<readonly ('written' | 'partly' | 'conflict')[]> {
  const units = planned.flatMap(({ plan }) => plan.writes);
  const results = units.length === 0 ? [] : await ports.profiles.write(units);
  let at = 0;
  return planned.map(({ plan }) => {
    const own = results.slice(at, at + plan.writes.length);
    at += plan.writes.length;
    if (own.every((result) => result === 'written')) return 'written';
    return plan.writes.some((unit) => unit.nodes.length > 0) ? 'partly' : 'conflict';
  });
}

/** After a partial write, these signals may be stored already, by this very invocation. */
function noteWritten(plan: Plan, written: Set<string>): void {
  for (const { delivery, outcome, redelivered } of plan.endings) {
    if (outcome === 'applied' && !redelivered)
      written.add(`${delivery.atomId} ${messagePrefix(delivery.signal.messageToken)}`);
  }
}

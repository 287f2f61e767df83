import type { AtomId } from '../../contracts/ids.ts';
import type { KeptEffect } from '../../contracts/subject.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { floorMinuteOf, messagePrefix, needsPages, rememberedFrom } from '../3-profile/seen.ts';
import { tellConflicts } from './conflicts.ts';
import { mayMatch, type UnderstandContext } from './context.ts';
import { type Batch, batchOf, type Delivery, NO_MATCHES, type StreamRecord } from './delivery.ts';
import { atomsToldOf, emit, emptyEmission, gather, gatherUnreadable } from './emit.ts';
import { forgetPersons } from './forget-persons.ts';
import { type AtomKeys, openPersons, sealPersons } from './person.ts';
import type { Plan } from './plan.ts';
import { planMatched } from './plan-batch.ts';
import type { UnderstandPorts, World, WriteUnit } from './ports.ts';
import { rememberingStore } from './remembering.ts';
import { closeReviewsWithin, forgetReviews } from './settle-reviews.ts';
import { readWorld } from './world.ts';
import type { PlannedUnit } from './writes.ts';

/** Tries in one invocation before a subject that others keep writing is left to the stream's retry. */
const ATTEMPTS_MAX = 6;

export interface Understood {
  /** Sequence numbers of records with a signal that could not be applied, for the stream to bring again. */
  readonly failed: readonly string[];
  readonly signals: number;
  readonly conflicts: number;
  /** Links left out because as many identifiers hang together as may. */
  readonly refusedByValve: number;
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
  const batch = batchOf(records);
  const done: Plan[] = [];
  const written = new Set<string>();
  const keys = new Map<AtomId, SubjectKey>();
  let pending: Batch = batch;
  let conflicts = 0;
  for (let attempt = 0; attempt < ATTEMPTS_MAX && sizeOf(pending) > 0; attempt += 1) {
    const consistent = attempt > 0;
    const store = rememberingStore(ports.profiles);
    const [world] = await Promise.all([
      readWorld(pending, store, consistent, mayMatch(context)),
      attempt === 0 ? readKeys(keys, [...batch.byAtom.keys()], ports) : undefined,
    ]);
    await forgetErased(keys, world, ports);
    const persons = await openPersons(world.persons, keys, ports.keyring);
    const paged = await readPages(pending.byAtom, world, ports);
    const toPlan = { batch: pending, store, world, paged, written, persons, keys };
    const isLast = attempt === ATTEMPTS_MAX - 1;
    const { planned, stale, enter } = await planMatched(toPlan, context, ports, { consistent, isLast }, now);
    await createKeys(keys, planned, world, ports);
    const results = await writeAll(planned, keys, ports, now);
    const stored = planned.filter((_, index) => results[index] === 'written');
    const overlooked = await enter(new Set(stored.flatMap(({ plan }) => atomsOf(plan))));
    const again = [...stale];
    for (const [index, { unit, plan }] of planned.entries()) {
      if (results[index] === 'written' && !atomsOf(plan).some((id) => overlooked.has(id))) {
        done.push(plan);
        continue;
      }
      again.push(unit);
      if (results[index] !== 'conflict') noteWritten(plan, written);
    }
    pending = {
      byAtom: new Map(again.flatMap((unit) => [...unit.deliveries])),
      orders: again.flatMap((unit) => unit.orders),
      matches: NO_MATCHES,
    };
    conflicts += sizeOf(pending);
  }
  const lost = done.flatMap((plan) => plan.lostProfiling);
  const { candidates } = ports;
  if (lost.length > 0 && candidates !== null)
    await Promise.all([
      forgetPersons(lost, { ...ports, candidates }, context.secrets),
      forgetReviews(lost, ports.reviews),
    ]);
  await Promise.all([
    closeReviewsWithin(
      done.flatMap((plan) => plan.merged),
      ports.reviews,
    ),
    tellConflicts(
      done.flatMap((plan) => plan.conflicts),
      keys,
      ports,
      now,
    ),
  ]);
  const emission = emptyEmission();
  const effects = done.flatMap(effectsOf);
  const unkept = done.flatMap(({ identity }) => identity.map(({ effect }) => effect));
  await readKeys(keys, atomsToldOf([...effects, ...unkept]), ports);
  const telling = { context, toldAt: ports.clock(), keys };
  for (const plan of done) gather(emission, plan, telling);
  for (const record of records) if (record.values === null) gatherUnreadable(emission, record, now);
  if (emission.records.length > 0) await ports.records.put(emission.records);
  await emit(emission, ports);
  const failed = new Set(
    [...pending.byAtom.values(), pending.orders].flat().map((delivery) => delivery.sequenceNumber),
  );
  return {
    failed: [...failed],
    signals: [...batch.byAtom.values()].reduce((sum, each) => sum + each.length, 0),
    conflicts,
    refusedByValve: [...effects, ...unkept].filter(isOfValve).length,
  };
}

const isOfValve = ({ kind, reasons }: KeptEffect): boolean =>
  kind === 'link-refused' && reasons.startsWith('subject-full');

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

/** An atom gets its secret before anything is kept about it. One of whom nothing was kept may have had a secret that is
 * forgotten just now: it asks for one whatever is in memory. */
async function createKeys(
  keys: Keys,
  planned: readonly { readonly plan: Plan }[],
  { nodes }: World,
  ports: UnderstandPorts,
): Promise<void> {
  const missing = planned
    .flatMap(({ plan }) => plan.stored)
    .filter((id) => !keys.has(id) || (nodes.get(id)?.state ?? null) === null);
  if (missing.length === 0) return;
  for (const [id, key] of await ports.keyring.create(missing)) keys.set(id, key);
}

const effectsOf = ({ published }: Plan): readonly KeptEffect[] =>
  published.flatMap((group) => [...group.effects, ...group.repeated]);

/** Whom a plan may have matched. */
const atomsOf = ({ persons, subjects }: Plan): readonly AtomId[] => [
  ...persons.map(({ atomId }) => atomId),
  ...subjects.flatMap(({ graph }) => graph.atoms),
];

const sizeOf = ({ byAtom, orders }: Batch): number => byAtom.size + orders.length;

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

/** Older messages are looked up only for atoms that got a signal whose other copy may be from before their window. */
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
      .map(({ signal }) => rememberedFrom(signal))
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

/** Writes all plans in one go, and says for each whether all, some or none of it was written. */
async function writeAll(
  planned: readonly { readonly plan: Plan }[],
  keys: AtomKeys,
  ports: UnderstandPorts,
  now: EpochMs,
): Promise<readonly ('written' | 'partly' | 'conflict')[]> {
  const units = planned.flatMap(({ plan }) => plan.writes.map((unit) => sealedUnit(unit, keys, now)));
  const results = units.length === 0 ? [] : await ports.profiles.write(units);
  let at = 0;
  return planned.map(({ plan }) => {
    const own = results.slice(at, at + plan.writes.length);
    at += plan.writes.length;
    if (own.every((result) => result === 'written')) return 'written';
    return plan.writes.some((unit) => unit.nodes.length > 0) ? 'partly' : 'conflict';
  });
}

const sealedUnit = (unit: PlannedUnit, keys: AtomKeys, now: EpochMs): WriteUnit =>
  unit.persons.length === 0
    ? { pages: unit.pages, nodes: unit.nodes, subjects: unit.subjects, atomic: unit.atomic }
    : { ...unit, persons: sealPersons(unit.persons, keys, now) };

/** After a partial write, these signals may be stored already, by this very invocation. */
function noteWritten(plan: Plan, written: Set<string>): void {
  for (const { delivery, outcome, redelivered } of plan.endings) {
    if (outcome === 'applied' && !redelivered)
      written.add(`${delivery.atomId} ${messagePrefix(delivery.signal.messageToken)}`);
  }
}

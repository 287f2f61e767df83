import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { AtomId } from '../../contracts/ids.ts';
import { sealInTransit } from '../../contracts/person.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { UnderstandContext } from '../../pipeline/understand/context.ts';
import type { StreamRecord } from '../../pipeline/understand/delivery.ts';
import type { ProfileStore, UnderstandPorts } from '../../pipeline/understand/ports.ts';
import { understand } from '../../pipeline/understand/understand.ts';
import type { IdentityList, RebuildPorts, StoredIdentity } from './ports.ts';
import {
  type ArchivedSignal,
  concludedLast,
  daysOf,
  identityIn,
  type KeysByRef,
  objectsOf,
  signalsIn,
} from './rows.ts';

/** Rows of one step: what fits well into the time that a request has. */
const ROWS_PER_STEP_MAX = 2_000;
const ROWS_PER_RECORD = 250;

export interface RebuildRequest {
  /** First and last instant of receipt, epoch ms, by whole UTC days. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** From the step before; absent for the first. */
  readonly cursor?: string;
}

export interface RebuildStep {
  /** Signals, choices, and orders and matches about identity that were played again. */
  readonly played: number;
  /** Rows whose key is gone: their customers were erased. */
  readonly sealed: number;
  readonly objects: { readonly done: number; readonly all: number };
  /** Absent when it is all done. */
  readonly cursor?: string;
}

/**
 * One step of rebuilding profiles from the archive: plays archived signals through the very code that applied them, into
 * tables of their own. Permission is not asked again: what was applied for which purposes is in the evidence. Nothing is
 * told: no alert opens, no event goes out, no row is archived. Nobody is matched again: what matching concluded is in the
 * evidence, too, and comes last, hour by hour. A step that is repeated changes nothing.
 */
export async function rebuildStep(
  request: RebuildRequest,
  keys: KeysByRef,
  context: UnderstandContext,
  ports: RebuildPorts,
  now: EpochMs,
): Promise<RebuildStep> {
  const days = daysOf(request.from, request.to);
  // Choices in withheld signals count too, and lie among the refusals.
  const portions = [
    ...choicesFirst([
      ...(await objectsOf('signals', days, ports)),
      ...(await objectsOf('refusals', days, ports)),
    ]).map((key) => [key]),
    // And what was decided about identities, among the effects.
    ...byHour((await objectsOf('effects', days, ports)).filter(isOfAccounts)),
  ];
  const [after = '', skip = '0'] = request.cursor?.split('#') ?? [];
  let at = request.cursor === undefined ? 0 : placeOf(after, portions);
  let from = Number(skip);
  let [played, sealed] = [0, 0];
  for (let budget = ROWS_PER_STEP_MAX; at < portions.length && budget > 0; ) {
    const portion = portions[at] ?? [];
    const found = await playableIn(portion, keys, ports);
    const part = found.playable.slice(from, from + budget);
    await play(part, `${nameOf(portion)}#${from}`, context, ports, now);
    played += part.length;
    if (from === 0) sealed += found.sealed;
    budget -= Math.max(1, part.length);
    from += part.length;
    if (from >= found.playable.length) {
      at += 1;
      from = 0;
    }
  }
  return {
    played,
    sealed,
    objects: { done: countOf(portions.slice(0, at)), all: countOf(portions) },
    ...(at < portions.length ? { cursor: `${nameOf(portions[at] ?? [])}#${from}` } : {}),
  };
}

/** Keys of objects that are played together: one of signals, or all of an hour's effects. */
type Portion = readonly string[];

const nameOf = ([first = '']: Portion): string => first;
const placeOf = (name: string, portions: readonly Portion[]): number =>
  Math.max(
    0,
    portions.findIndex((portion) => nameOf(portion) === name),
  );
const countOf = (portions: readonly Portion[]): number =>
  portions.reduce((sum, { length }) => sum + length, 0);

/** Effects on identity are all of one class. */
const isOfAccounts = (key: string): boolean => key.includes('/event_class=account/');

/** Objects of one hour together, the hours in order: of what matching concluded about a pair the last counts, and an hour's
 * objects are in no order. */
const byHour = (keys: readonly string[]): readonly Portion[] =>
  [...Map.groupBy(keys, (key) => key.slice(0, key.lastIndexOf('/')))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, portion]) => portion);

/** A withdrawal takes what rested on the purpose; so a grant that came after it has to be known before what rests on that. */
const choicesFirst = (keys: readonly string[]): readonly string[] => {
  const isChoices = (key: string): boolean => key.includes('/event_class=consent/');
  return [...keys.filter(isChoices), ...keys.filter((key) => !isChoices(key))];
};

async function playableIn(
  portion: Portion,
  keys: KeysByRef,
  { evidence }: RebuildPorts,
): Promise<{ readonly playable: readonly Playable[]; readonly sealed: number }> {
  if (!nameOf(portion).startsWith('v1/effects/')) {
    const { signals, sealed } = await signalsIn(await evidence.read(nameOf(portion)), keys);
    return { playable: signals, sealed };
  }
  const found = [];
  for (const key of portion) found.push(await identityIn(await evidence.read(key), keys));
  const matches = found.flatMap((each) => each.matches);
  return { playable: [...found.flatMap(({ orders }) => orders), ...concludedLast(matches)], sealed: 0 };
}

export type Playable = ArchivedSignal | IdentityOrder;

/** Plays archived signals and orders through `understand`. */
export async function play(
  signals: readonly Playable[],
  name: string,
  context: UnderstandContext,
  ports: PlayPorts,
  now: EpochMs,
): Promise<void> {
  if (signals.length === 0) return;
  const records: StreamRecord[] = [];
  for (let from = 0; from < signals.length; from += ROWS_PER_RECORD) {
    const part = signals.slice(from, from + ROWS_PER_RECORD);
    records.push({
      shardId: 'rebuild',
      sequenceNumber: `${name}+${from}`,
      partitionKey: 'rebuild',
      values: part.map((each) => ('orderId' in each ? each : asItCame(each, context))),
      recorded: part.map((each) =>
        'orderId' in each ? { allowed: [], since: null } : { allowed: each.allowed, since: each.since },
      ),
    });
  }
  for (let pending = records; pending.length > 0; ) {
    const { failed } = await understand(pending, context, silent(ports), now);
    pending = pending.filter(({ sequenceNumber }) => failed.includes(sequenceNumber));
  }
}

type PlayPorts = Pick<RebuildPorts, 'keyring'> & { readonly rebuilt: ProfileStore };

/** A signal as it came over the stream: what it states of the person is in the seal of the way. */
const asItCame = ({ signal, stated }: ArchivedSignal, { secrets }: UnderstandContext): Signal =>
  stated === undefined ? signal : { ...signal, person: sealInTransit(secrets, stated, signal.messageToken) };

const nothing = async (): Promise<void> => undefined;

/** Ports of an `understand` that writes profiles and tells nobody. */
const silent = ({ rebuilt, keyring }: PlayPorts): UnderstandPorts => ({
  profiles: rebuilt,
  keyring: {
    read: (atomIds, options) => keyring.read(atomIds, options),
    // An atom without a secret was erased meanwhile: none is made for it.
    create: async (): Promise<ReadonlyMap<AtomId, SubjectKey>> => new Map(),
    all: () => keyring.all(),
    destroy: nothing,
  },
  records: { put: nothing },
  reviews: { waiting: async () => [], put: nothing, drop: nothing },
  conflicts: { open: nothing, close: nothing },
  candidates: null,
  quarantine: { putOnce: nothing },
  alerts: { open: nothing, close: nothing },
  dueCues: { arm: nothing },
  lineage: { append: nothing },
  events: { publish: nothing },
  clock: () => 0,
});

export interface Comparison {
  readonly identifiers: number;
  readonly equal: number;
  readonly different: number;
  readonly onlyLive: number;
  readonly onlyRebuilt: number;
}

/** Whether what was rebuilt is what is live: for every identifier the same profile state, bit for bit, and the same
 * subject. */
export async function compare(live: IdentityList, rebuilt: IdentityList): Promise<Comparison> {
  const found = new Map<string, string>();
  for await (const page of live.identities())
    for (const each of page) if (isKnown(each)) found.set(each.id, fingerprint(each));
  const count = { identifiers: found.size, equal: 0, different: 0, onlyRebuilt: 0 };
  for await (const page of rebuilt.identities()) {
    for (const each of page) {
      if (!isKnown(each)) continue;
      const other = found.get(each.id);
      if (other === undefined) count.onlyRebuilt += 1;
      else if (other === fingerprint(each)) count.equal += 1;
      else count.different += 1;
      found.delete(each.id);
    }
  }
  return { ...count, onlyLive: found.size };
}

/** What an erasure left of an identifier is no profile. */
const isKnown = ({ state, subjectId, saturated }: StoredIdentity): boolean =>
  state !== null || subjectId !== null || saturated;

const fingerprint = ({ state, subjectId, saturated }: StoredIdentity): string =>
  JSON.stringify([state, subjectId, saturated]);

/** Whether nothing was rebuilt yet. */
export async function isEmpty(list: IdentityList): Promise<boolean> {
  for await (const page of list.identities()) if (page.length > 0) return false;
  return true;
}

import { asMessageToken, type MessageToken } from '../../contracts/ids.ts';
import type { Receipt } from '../../contracts/outcomes.ts';
import {
  type Quarantined,
  REPLAY_MAX,
  type ReplayReceipt,
  type ReplayRequest,
} from '../../contracts/quarantine-api.ts';
import type { QuarantineEntry } from '../../contracts/records.ts';
import type { Signal } from '../../contracts/signal.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { SourceDefinition } from '../../registry/source-definition.ts';
import { type CollectPolicy, collect } from './collect.ts';
import type {
  QuarantineQuery,
  QuarantineRecords,
  QuarantineStore,
  SignalStream,
  StoredRecord,
} from './ports.ts';

export interface QuarantineSetting {
  readonly policy: CollectPolicy;
  readonly sources: readonly SourceDefinition[];
  readonly ports: {
    readonly signals: SignalStream;
    readonly quarantine: QuarantineStore;
    readonly records: QuarantineRecords;
  };
}

/** Bad events that wait for repair, newest first.
 * @param withEvents also reads the events' contents, which hold personal data
 * @throws ThrottledError, TransientError */
export async function listQuarantine(
  query: QuarantineQuery,
  withEvents: boolean,
  { ports }: Pick<QuarantineSetting, 'ports'>,
): Promise<{ readonly entries: readonly Quarantined[]; readonly cursor?: string }> {
  const { records, cursor } = await ports.records.listQuarantined(query);
  const stored = withEvents
    ? await entriesOf(records, ports.quarantine)
    : new Map<MessageToken, QuarantineEntry>();
  const entries = records.map((record): Quarantined => {
    const entry = stored.get(record.messageToken);
    return {
      entryId: record.messageToken,
      sourceId: record.sourceId,
      reason: record.reason,
      receivedAt: new Date(record.receivedAt).toISOString(),
      ...(entry === undefined ? {} : { at: [...entry.at], event: entry.event }),
    };
  });
  return { entries, ...(cursor === undefined ? {} : { cursor }) };
}

interface Candidate {
  readonly entryId: string;
  readonly repaired?: unknown;
  readonly record: StoredRecord | undefined;
}

/**
 * Sends quarantined events through the very rule of `collect`, repaired or as they are (after the rule itself was
 * repaired), as from their own source and with their own message token, sender's clock and time of receipt: replaying
 * twice, or beside a client's own retry, counts once. An event is marked as replayed only after it is on the stream, so a crash
 * leaves it listed; an event that is still bad keeps its entry.
 * @param now when the replay happens @throws ThrottledError, TransientError
 */
export async function replay(
  request: ReplayRequest,
  now: EpochMs,
  setting: QuarantineSetting,
): Promise<{ readonly receipts: readonly ReplayReceipt[]; readonly cursor?: string }> {
  const { policy, ports } = setting;
  const { candidates, cursor } = await candidatesOf(request, ports.records);
  const records = candidates.flatMap(({ record }) => (record === undefined ? [] : [record]));
  const stored = await entriesOf(records, ports.quarantine);
  const signals = new Map<string, Signal[]>();
  const accepted: MessageToken[] = [];
  const receipts = candidates.map((candidate): ReplayReceipt => {
    const { entryId, record } = candidate;
    if (record === undefined || record.outcome !== 'quarantined') return { entryId, outcome: 'not-found' };
    if (record.replayedAt !== undefined) return { entryId, outcome: 'already-replayed' };
    const entry = stored.get(record.messageToken);
    const source = setting.sources.find((known) => known.id === record.sourceId);
    const event = candidate.repaired ?? entry?.event;
    if (source === undefined || event === undefined) return { entryId, outcome: 'not-found' };
    const arrival = {
      source,
      events: [event],
      sentAt: entry?.sentAt ?? null,
      receivedAt: record.receivedAt,
      gpc: entry?.gpc === true,
      tokens: [record.messageToken],
    };
    const collected = collect(arrival, policy);
    for (const [bucket, added] of collected.signals)
      signals.set(bucket, [...(signals.get(bucket) ?? []), ...added]);
    if (collected.signals.size > 0) accepted.push(record.messageToken);
    return receiptOf(entryId, collected.receipts[0]);
  });
  if (accepted.length > 0) await ports.signals.append(signals);
  await Promise.all(accepted.map((token) => ports.records.markReplayed(token, now)));
  return { receipts, ...(cursor === undefined ? {} : { cursor }) };
}

function receiptOf(entryId: string, receipt: Receipt | undefined): ReplayReceipt {
  invariant(receipt !== undefined, 'collect gave no receipt for an event');
  const { messageId: _, ...outcome } = receipt;
  return { entryId, ...outcome };
}

/** The entries a request means, each once, with what is on record about them. */
async function candidatesOf(
  request: ReplayRequest,
  records: QuarantineRecords,
): Promise<{ readonly candidates: readonly Candidate[]; readonly cursor?: string }> {
  if ('all' in request) {
    const { source, reason, cursor } = request;
    const page = await records.listQuarantined({
      limit: REPLAY_MAX,
      ...(source === undefined ? {} : { sourceId: source }),
      ...(reason === undefined ? {} : { reason }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const candidates = page.records.map((record) => ({ entryId: record.messageToken, record }));
    return { candidates, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
  }
  const once = [...new Map(request.entries.map((entry) => [entry.entryId, entry])).values()];
  const found = await records.find(once.map(({ entryId }) => asMessageToken(entryId)));
  const candidates = once.map(({ entryId, event }) => ({
    entryId,
    record: found.get(asMessageToken(entryId)),
    ...(event === undefined ? {} : { repaired: event }),
  }));
  return { candidates };
}

/** Stored entries of records, each object read once. */
async function entriesOf(
  records: readonly StoredRecord[],
  store: QuarantineStore,
): Promise<Map<MessageToken, QuarantineEntry>> {
  const keys = [
    ...new Set(records.flatMap(({ quarantine }) => (quarantine === undefined ? [] : [quarantine.key]))),
  ];
  const objects = new Map(await Promise.all(keys.map(async (key) => [key, await store.get(key)] as const)));
  const entries = new Map<MessageToken, QuarantineEntry>();
  for (const { messageToken, quarantine } of records) {
    const entry = quarantine === undefined ? undefined : objects.get(quarantine.key)?.[quarantine.line];
    if (entry !== undefined) entries.set(messageToken, entry);
  }
  return entries;
}

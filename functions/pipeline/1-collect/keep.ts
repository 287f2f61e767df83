import { bucketOf } from '../../contracts/bucket.ts';
import type { MessageToken } from '../../contracts/ids.ts';
import type { RefusalRow } from '../../contracts/lineage.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import { stableId } from '../../kernel/codec.ts';
import { utcDate } from '../../kernel/time.ts';
import type { Collected, RefusedEvent } from './collect.ts';
import type { LineageStream, OutcomeRecords, QuarantineStore, SignalStream } from './ports.ts';
import { jsonText } from './shape.ts';

export interface CollectPorts {
  readonly signals: SignalStream;
  readonly lineage: LineageStream;
  readonly quarantine: QuarantineStore;
  readonly records: OutcomeRecords;
}

/** Makes an arrival's outcome durable: when it returns, every event is on the stream or findable by its message id.
 * @throws ThrottledError, TransientError when any part may be missing; the client's retry then completes it. */
export async function keep(collected: Collected, buckets: number, ports: CollectPorts): Promise<void> {
  const results = await Promise.allSettled([
    collected.signals.size === 0 ? undefined : ports.signals.append(collected.signals),
    collected.refused.length === 0 ? undefined : keepRefused(collected.refused, buckets, ports),
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/**
 * Content first, then the record that points at it, then the evidence: a crash between any two leaves nothing that
 * points nowhere, and the retry finds the record and continues. A row whose event had a record already may be on the
 * stream from such an attempt: it goes out again under its first time of receipt, marked, so that the archive looks
 * before it writes. The copy that came now is a duplicate, and has a row of its own: every copy ends as one outcome.
 */
async function keepRefused(
  refused: readonly RefusedEvent[],
  buckets: number,
  ports: CollectPorts,
): Promise<void> {
  const first = new Map<MessageToken, RefusedEvent>();
  for (const event of refused)
    if (!first.has(event.record.messageToken)) first.set(event.record.messageToken, event);
  const known = new Map(await ports.records.find([...first.keys()]));
  const earlierOf = ({ record }: RefusedEvent): OutcomeRecord | undefined => {
    const earlier = known.get(record.messageToken);
    return earlier?.outcome === record.outcome && earlier.reason === record.reason ? earlier : undefined;
  };
  const fresh = [...first.values()].filter((event) => earlierOf(event) === undefined);
  const records = await storeEntries(fresh, ports.quarantine);
  const taken = await ports.records.putNew(records);
  if (taken.size > 0) {
    // Of two requests that bring the same event at once, one is first; for the other it is as if it came later.
    for (const [token, record] of await ports.records.find([...taken], true)) known.set(token, record);
    const isOther = new Set(fresh.filter((event) => earlierOf(event) === undefined).map(tokenOf));
    await ports.records.put(
      records.filter(({ messageToken: token }) => taken.has(token) && isOther.has(token)),
    );
  }
  const rowsByBucket = new Map<string, RefusalRow[]>();
  const add = ({ record }: RefusedEvent, row: RefusalRow): void => {
    const bucket = bucketOf(record.messageToken, buckets);
    const rows = rowsByBucket.get(bucket);
    if (rows === undefined) rowsByBucket.set(bucket, [row]);
    else rows.push(row);
  };
  for (const [copy, event] of refused.entries()) {
    const earlier = earlierOf(event);
    const isFirst = first.get(event.record.messageToken) === event;
    if (isFirst)
      add(
        event,
        earlier === undefined
          ? event.row
          : { ...event.row, receivedAt: earlier.receivedAt, redelivered: true },
      );
    if (!isFirst || earlier !== undefined) add(event, duplicateRow(event, copy));
  }
  await ports.lineage.append(rowsByBucket);
}

const tokenOf = ({ record }: RefusedEvent): MessageToken => record.messageToken;

/** How another copy of an event ends that was refused before. */
const duplicateRow = ({ record, row }: RefusedEvent, copy: number): RefusalRow => ({
  ...row,
  rowId: stableId(record.messageToken, record.receivedAt, copy),
  outcome: 'duplicate',
  reason: 'message-seen-before',
});

/** Puts the contents of bad events into one object per source and day, and returns all records, pointing there. */
async function storeEntries(
  events: readonly RefusedEvent[],
  store: QuarantineStore,
): Promise<OutcomeRecord[]> {
  const bad = events.filter((event) => event.entry !== undefined);
  const first = bad[0];
  if (first === undefined) return events.map((event) => event.record);
  const { sourceId, receivedAt } = first.record;
  const name = stableId(...bad.map((event) => event.record.messageToken));
  const key = `v1/${sourceId}/dt=${utcDate(receivedAt)}/${name}.ndjson.gz`;
  await store.put(
    key,
    bad.map((event) => jsonText(event.entry)),
  );
  const lines = new Map(bad.map((event, line) => [event, line]));
  return events.map((event) => {
    const line = lines.get(event);
    return line === undefined ? event.record : { ...event.record, quarantine: { key, line } };
  });
}

import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { alertStore } from '../../functions/adapters/aws/alert-store.ts';
import { attributeConflicts } from '../../functions/adapters/aws/attribute-conflicts.ts';
import { candidateStore } from '../../functions/adapters/aws/candidate-store.ts';
import { dueCues } from '../../functions/adapters/aws/due-cues.ts';
import { eventBus } from '../../functions/adapters/aws/event-bus.ts';
import { identityReviews } from '../../functions/adapters/aws/identity-reviews.ts';
import { lineageStream } from '../../functions/adapters/aws/lineage-stream.ts';
import { outcomeRecords } from '../../functions/adapters/aws/outcome-records.ts';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { subjectKeyring } from '../../functions/adapters/aws/subject-keys.ts';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import { subjectIdOf } from '../../functions/contracts/subject.ts';
import { unpack } from '../../functions/kernel/codec.ts';
import { TransientError } from '../../functions/kernel/invariant.ts';
import { HOUR_MS, MINUTE_MS } from '../../functions/kernel/time.ts';
import { contextOf } from '../../functions/pipeline/understand/context.ts';
import { sweep } from '../../functions/pipeline/understand/sweep.ts';
import { understand } from '../../functions/pipeline/understand/understand.ts';
import { NOW, SECRETS, signal, tokenOf } from '../arbitraries.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Death, FaultyClients } from './faulty-clients.ts';

const context = contextOf('eu', SECRETS);
let engines: Engines;
let faults: FaultyClients;
let reader: DynamoDBClient;
/** Each run has a customer and four minutes of its own. */
let runs = 0;

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  engines = await startEngines();
  reader = new DynamoDBClient({});
  faults = new FaultyClients();
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  reader?.destroy();
  await engines?.stop();
});

const portsAt = (now: number) => {
  const cues = dueCues();
  return {
    profiles: profileStore(),
    keyring: subjectKeyring(SECRETS, { function: 'understand', purpose: 'understand' }),
    records: outcomeRecords(),
    reviews: identityReviews(),
    conflicts: attributeConflicts(),
    candidates: candidateStore(),
    quarantine: { putOnce: async () => undefined },
    alerts: alertStore(),
    cues,
    dueCues: cues,
    lineage: lineageStream(),
    events: eventBus(),
    clock: () => now,
    isInTime: () => true,
  };
};

async function countOf(TableName: string, attribute: string, value: string): Promise<number> {
  let found = 0;
  for await (const { Items = [] } of paginateScan({ client: reader }, { TableName }))
    found += Items.filter((item) => item[attribute]?.S === value).length;
  return found;
}

/** A customer leaves a cart behind, and the sweep that notices it dies on the way; the next one finds what is left. */
async function play(deaths: readonly Death[]) {
  runs += 1;
  const now = NOW + runs * 4 * MINUTE_MS;
  const customer = `customer-${runs}`;
  const subjectId = subjectIdOf([tokenOf('userId', customer)]);
  const cart = signal({
    id: `cart-${runs}`,
    who: { userId: customer },
    name: 'Cart Viewed',
    purposes: ['personalisation'],
    consent: { personalisation: true },
    occurredAt: now - 2 * HOUR_MS,
    receivedAt: now,
    facts: [{ kind: 'cart', open: true, valueMinor: 4_000 }],
  });
  const record = { shardId: 's', sequenceNumber: String(runs), partitionKey: 'b00', values: [cart] };
  faults.begin([]);
  await understand([record], context, portsAt(now), now);
  await engines.news('lineage');
  const [cuesBefore, alertsBefore] = [
    await countOf('dueCues', 'cue', subjectId),
    await countOf('alerts', 'subjectId', subjectId),
  ];
  faults.begin(deaths);
  let died = 0;
  for (let minute = 1; minute <= 1 + deaths.length; minute += 1) {
    const at = now + minute * MINUTE_MS;
    try {
      await sweep(context, portsAt(at), at);
    } catch (error) {
      expect(error).toBeInstanceOf(TransientError);
      died += 1;
    }
    await faults.revive();
  }
  const told = (await engines.news('lineage')).flatMap(
    ({ kinesis }) => unpack(Buffer.from(kinesis.data, 'base64')) as LineageRow[],
  );
  const events = engines.events.recent().filter(({ event }) => event.detail.subjectId === subjectId);
  const left = {
    cues: await countOf('dueCues', 'cue', subjectId),
    alerts: await countOf('alerts', 'subjectId', subjectId),
    rows: new Set(told.map(({ rowId }) => rowId)).size,
    /** Of copies of one row all but one say so. */
    unmarked: told.filter((row) => row.redelivered !== true).length <= 1,
    events: new Set(events.map(({ event }) => event.detail.id)).size,
  };
  return { died, before: { cues: cuesBefore, alerts: alertsBefore }, left };
}

describe('the sweep', () => {
  const ONCE = { cues: 0, alerts: 1, rows: 1, unmarked: true, events: 1 };

  it('opens one alert for an abandoned cart, though it dies before or after any one of its calls', async () => {
    // The first sweep of all looks back an hour, minute by minute; those that follow need not.
    await play([]);
    expect(await play([])).toEqual({ died: 0, before: { cues: 1, alerts: 0 }, left: ONCE });
    const calls = [...faults.calls];
    // Looking at empty minutes is the same call again and again: the first and the last of them stand for all.
    const numbers = calls
      .map((name, at) => ({ name, call: at + 1 }))
      .filter(({ name, call }) => name !== 'QueryCommand' || calls[call] !== name || calls[call - 2] !== name)
      .map(({ call }) => call);
    expect(new Set(numbers.map((call) => calls[call - 1]))).toEqual(
      new Set([
        'GetItemCommand',
        'QueryCommand',
        'BatchGetItemCommand',
        'BatchExecuteStatementCommand',
        'PutRecordsCommand',
        'PutEventsCommand',
        'BatchWriteItemCommand',
        'PutItemCommand',
      ]),
    );
    for (const call of numbers)
      for (const when of ['before', 'after'] as const)
        expect([calls[call - 1], when, await play([{ call, when }])]).toEqual([
          calls[call - 1],
          when,
          { died: 1, before: { cues: 1, alerts: 0 }, left: ONCE },
        ]);
  }, 60_000);
});

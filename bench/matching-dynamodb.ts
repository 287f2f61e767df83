import { parseArgs } from 'node:util';
import type { BatchGetItemCommandInput, BatchGetItemCommandOutput } from '@aws-sdk/client-dynamodb';
import { randomFrom } from '../bin/identity/random.ts';
import { alertStore } from '../functions/adapters/aws/alert-store.ts';
import { attributeConflicts } from '../functions/adapters/aws/attribute-conflicts.ts';
import { candidateStore } from '../functions/adapters/aws/candidate-store.ts';
import { dynamodb } from '../functions/adapters/aws/clients.ts';
import { dueCues } from '../functions/adapters/aws/due-cues.ts';
import { identityReviews } from '../functions/adapters/aws/identity-reviews.ts';
import { outcomeRecords } from '../functions/adapters/aws/outcome-records.ts';
import { profileStore } from '../functions/adapters/aws/profile-store.ts';
import { subjectKeyring } from '../functions/adapters/aws/subject-keys.ts';
import type { Signal } from '../functions/contracts/signal.ts';
import { HOUR_MS } from '../functions/kernel/time.ts';
import { contextOf } from '../functions/pipeline/understand/context.ts';
import type { UnderstandPorts } from '../functions/pipeline/understand/ports.ts';
import { understand } from '../functions/pipeline/understand/understand.ts';
import { takeCounts } from '../functions/runtime/meter.ts';
import { NOW, SECRETS, signal } from '../test/arbitraries.ts';
import { type MadeRecord, madePeople } from '../test/pipeline/2-identify/probabilistic/generated-people.ts';
import { freshTables, stopTables } from './tables.ts';

/** What matching costs in a running stack, measured on DynamoDB Local: read and write units, and round trips that wait
 * for each other, for customers who are new and for those who are known. AWS bills a read of what is not there like one of
 * what is, which DynamoDB Local leaves out: it is added. */
const PEOPLE = 1_500;
const PER_BATCH = 25;
const BATCHES_MEASURED = 12;
const CONSENT = { profiling: true, personalisation: true, analytics: true };

const { values } = parseArgs({ options: { jurisdiction: { type: 'string', default: 'au' } } });
const context = contextOf(values.jurisdiction, SECRETS);
let now = NOW;
let sent = 0;

/** Batches of keys that the functions ask DynamoDB for. */
class Reads {
  /** Units for keys that are not there. */
  absentUnits = 0;
  /** Round trips one after another: calls that are under way at the same time are one. */
  inTurn = 0;
  #underWay = 0;

  constructor() {
    dynamodb().middlewareStack.add(
      (next, { commandName }) =>
        async (request) => {
          if (commandName !== 'BatchGetItemCommand') return next(request);
          if (this.#underWay === 0) this.inTurn += 1;
          this.#underWay += 1;
          try {
            const result = await next(request);
            this.#count(
              request.input as BatchGetItemCommandInput,
              result.output as BatchGetItemCommandOutput,
            );
            return result;
          } finally {
            this.#underWay -= 1;
          }
        },
      { step: 'initialize', name: 'reads' },
    );
  }

  #count({ RequestItems }: BatchGetItemCommandInput, answer: BatchGetItemCommandOutput): void {
    for (const [table, { Keys = [], ConsistentRead = false }] of Object.entries(RequestItems ?? {})) {
      const found = answer.Responses?.[table]?.length ?? 0;
      const left = answer.UnprocessedKeys?.[table]?.Keys?.length ?? 0;
      this.absentUnits += (Keys.length - found - left) * (ConsistentRead ? 1 : 0.5);
    }
  }
}

interface Costs {
  readonly readUnits: number;
  readonly absentUnits: number;
  readonly writeUnits: number;
  readonly reads: number;
}

const reads = new Reads();

async function play(matching: boolean, people: readonly MadeRecord[]): Promise<Record<string, Costs>> {
  await freshTables(`matching-${matching}`);
  const nothing = async (): Promise<void> => undefined;
  const ports: UnderstandPorts = {
    profiles: profileStore(),
    keyring: subjectKeyring(SECRETS, { function: 'understand', purpose: 'understand' }),
    records: outcomeRecords(),
    reviews: identityReviews(),
    conflicts: attributeConflicts(),
    candidates: matching ? candidateStore() : null,
    quarantine: { putOnce: nothing },
    alerts: alertStore(),
    dueCues: dueCues(),
    lineage: { append: nothing },
    events: { publish: nothing },
    clock: () => now,
  };
  const run = async (signals: readonly Signal[]): Promise<void> => {
    now += HOUR_MS;
    sent += 1;
    const record = { shardId: 's', sequenceNumber: String(sent), partitionKey: 'b00', values: signals };
    const { failed } = await understand([record], context, ports, now);
    if (failed.length > 0) throw new Error('a batch failed');
  };
  const stating = ({ person }: MadeRecord, at: number, states = true): Signal =>
    signal({
      id: `${at} ${sent}`,
      who: { userId: `user ${at}`, email: `mail ${at}` },
      consent: CONSENT,
      occurredAt: now,
      receivedAt: now,
      ...(states ? { states: person } : {}),
    });
  const measured = async (from: number, states: boolean): Promise<Costs> => {
    takeCounts();
    [reads.inTurn, reads.absentUnits] = [0, 0];
    for (let batch = 0; batch < BATCHES_MEASURED; batch++) {
      const first = from + batch * PER_BATCH;
      await run(people.slice(first, first + PER_BATCH).map((each, at) => stating(each, first + at, states)));
    }
    const { readUnits = 0, writeUnits = 0 } = takeCounts();
    const signals = BATCHES_MEASURED * PER_BATCH;
    return {
      readUnits: readUnits / signals,
      absentUnits: reads.absentUnits / signals,
      writeUnits: writeUnits / signals,
      reads: reads.inTurn / BATCHES_MEASURED,
    };
  };
  const warm = people.length - BATCHES_MEASURED * PER_BATCH;
  for (let from = 0; from < warm; from += PER_BATCH)
    await run(
      people.slice(from, Math.min(warm, from + PER_BATCH)).map((each, at) => stating(each, from + at)),
    );
  return {
    'new customer': await measured(warm, true),
    'known, states the same': await measured(warm, true),
    'known, states nothing': await measured(warm, false),
  };
}

const people = madePeople(PEOPLE, randomFrom(4)).slice(0, PEOPLE);
try {
  const [without, with_] = [await play(false, people), await play(true, people)];
  process.stdout.write(
    `${values.jurisdiction}, ${people.length} accounts with an e-mail address each, ${PER_BATCH} signals a batch; per signal, and of it matching\n` +
      'customer                  RRU of what is there  RRU on AWS      WRU             reads in turn, a batch\n',
  );
  for (const [name, all] of Object.entries(with_)) {
    const base = without[name] ?? all;
    const both = (of: (costs: Costs) => number, digits = 2): string =>
      `${of(all).toFixed(digits)} (${(of(all) - of(base)).toFixed(digits)})`;
    process.stdout.write(
      [
        name.padEnd(26),
        both(({ readUnits }) => readUnits).padEnd(22),
        both(({ readUnits, absentUnits }) => readUnits + absentUnits).padEnd(16),
        both(({ writeUnits }) => writeUnits).padEnd(16),
        both(({ reads }) => reads, 1),
        '\n',
      ].join(''),
    );
  }
} finally {
  await stopTables();
}

import { parseArgs } from 'node:util';
import { randomFrom } from '../bin/identity/random.ts';
import { alertStore } from '../functions/adapters/aws/alert-store.ts';
import { candidateStore } from '../functions/adapters/aws/candidate-store.ts';
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
 * for each other, for customers who are new and for those who are known. */
const PEOPLE = 1_500;
const PER_BATCH = 25;
const BATCHES_MEASURED = 12;
const CONSENT = { profiling: true, personalisation: true, analytics: true };

const { values } = parseArgs({ options: { jurisdiction: { type: 'string', default: 'au' } } });
const context = contextOf(values.jurisdiction, SECRETS);
let now = NOW;
let sent = 0;

/** Round trips one after another: calls that are under way at the same time are one. */
class RoundTrips {
  #underWay = 0;
  count = 0;

  counted<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      if (this.#underWay === 0) this.count += 1;
      this.#underWay += 1;
      try {
        return await call(...args);
      } finally {
        this.#underWay -= 1;
      }
    };
  }
}

interface Costs {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly reads: number;
  readonly matchReads: number;
}

async function play(matching: boolean, people: readonly MadeRecord[]): Promise<Record<string, Costs>> {
  await freshTables(`matching-${matching}`);
  const [reads, matchReads] = [new RoundTrips(), new RoundTrips()];
  const [profiles, candidates, keyring] = [
    profileStore(),
    candidateStore(),
    subjectKeyring(SECRETS, { function: 'understand', purpose: 'understand' }),
  ];
  const nothing = async (): Promise<void> => undefined;
  const ports: UnderstandPorts = {
    profiles: { ...profiles, read: reads.counted(profiles.read) },
    keyring,
    records: outcomeRecords(),
    reviews: identityReviews(),
    candidates: matching ? { ...candidates, read: matchReads.counted(candidates.read) } : null,
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
    [reads.count, matchReads.count] = [0, 0];
    for (let batch = 0; batch < BATCHES_MEASURED; batch++) {
      const first = from + batch * PER_BATCH;
      await run(people.slice(first, first + PER_BATCH).map((each, at) => stating(each, first + at, states)));
    }
    const { readUnits = 0, writeUnits = 0 } = takeCounts();
    const signals = BATCHES_MEASURED * PER_BATCH;
    return {
      readUnits: readUnits / signals,
      writeUnits: writeUnits / signals,
      reads: reads.count / BATCHES_MEASURED,
      matchReads: matchReads.count / BATCHES_MEASURED,
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
    `${values.jurisdiction}, ${people.length} accounts with an e-mail address each, ${PER_BATCH} signals a batch; per signal\n` +
      'customer                  RRU in all  of it matching  WRU in all  of it matching  reads in turn, a batch (index)\n',
  );
  for (const [name, all] of Object.entries(with_)) {
    const base = without[name] ?? all;
    const columns = [
      all.readUnits.toFixed(2),
      (all.readUnits - base.readUnits).toFixed(2),
      all.writeUnits.toFixed(2),
      (all.writeUnits - base.writeUnits).toFixed(2),
      `${all.reads.toFixed(1)} (${all.matchReads.toFixed(1)}); without matching ${base.reads.toFixed(1)}`,
    ];
    const [a, b, c, d, e] = columns;
    process.stdout.write(
      `${name.padEnd(26)}${a?.padEnd(12)}${b?.padEnd(16)}${c?.padEnd(12)}${d?.padEnd(16)}${e}\n`,
    );
  }
} finally {
  await stopTables();
}

import type { Context } from 'aws-lambda';
import { packedRecords } from '../functions/adapters/aws/put-records.ts';
import { MemoryCandidateStore } from '../functions/adapters/memory/candidate-store.ts';
import { MemoryProfileStore } from '../functions/adapters/memory/profile-store.ts';
import { MemorySubjectKeyring } from '../functions/adapters/memory/subject-keys.ts';
import { contextOf } from '../functions/pipeline/understand/context.ts';
import type { ProfileStore, UnderstandPorts } from '../functions/pipeline/understand/ports.ts';
import { understand } from '../functions/pipeline/understand/understand.ts';
import { type StreamEvent, streamHandler } from '../functions/runtime/stream-handler.ts';
import { history, NOW, secrets, streamEventOf } from './customers.ts';
import { billed } from './stream-bytes.ts';

/** What a rig's ports were given. */
export interface Told {
  rows: number;
  lineageBytes: number;
  lineageBytesBilled: number;
  lineageRecords: number;
  events: number;
  alerts: number;
}

type Rest = Omit<UnderstandPorts, 'profiles' | 'lineage' | 'clock'>;

/** Ports that take what they are given and do nothing with it. */
const silent: Rest = {
  keyring: new MemorySubjectKeyring(secrets),
  records: { put: async () => undefined },
  reviews: { waiting: async () => [], put: async () => undefined, drop: async () => undefined },
  conflicts: { open: async () => undefined, close: async () => undefined },
  candidates: new MemoryCandidateStore(),
  quarantine: { putOnce: async () => undefined },
  alerts: { open: async () => undefined, close: async () => undefined },
  dueCues: { arm: async () => undefined },
  events: { publish: async () => undefined },
};

/** The function `understand` as deployed, shell and all, over given ports. Rows of evidence are packed as the stream's
 * adapter packs them, and go no further. */
export function rig(jurisdiction: string, profiles: ProfileStore, rest: Rest = silent) {
  let now = NOW;
  const told: Told = {
    rows: 0,
    lineageBytes: 0,
    lineageBytesBilled: 0,
    lineageRecords: 0,
    events: 0,
    alerts: 0,
  };
  const context = contextOf(jurisdiction, secrets);
  const ports: UnderstandPorts = {
    ...rest,
    profiles,
    lineage: {
      append: async (rowsByBucket) => {
        for (const [bucket, rows] of rowsByBucket) {
          told.rows += rows.length;
          for (const { bytes } of packedRecords(bucket, rows)) {
            told.lineageRecords += 1;
            told.lineageBytes += bytes.length;
            told.lineageBytesBilled += billed(bytes.length);
          }
        }
      },
    },
    events: {
      publish: async (events) => {
        told.events += events.length;
        await rest.events.publish(events);
      },
    },
    alerts: {
      open: async (alerts) => {
        told.alerts += alerts.length;
        await rest.alerts.open(alerts);
      },
      close: rest.alerts.close,
    },
    clock: () => now,
  };
  const handler = streamHandler({
    functionId: 'understand',
    reportItemFailures: true,
    step: (records) => understand(records, context, ports, now),
  });
  const run = async (event: StreamEvent, at = NOW): Promise<void> => {
    now = at;
    const { batchItemFailures } = await handler(event, {} as Context);
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} records failed`);
  };
  return { told, run };
}

/** Lets a store live through the customers' past. Sequence numbers stay below the first of a measured batch. */
async function liveThrough(
  store: MemoryProfileStore,
  jurisdiction: string,
  consent: boolean,
): Promise<MemoryProfileStore> {
  for (const [index, { at, requests }] of history(consent).entries()) {
    const { run } = rig(jurisdiction, store);
    for (const [part, chunk] of chunked(requests, 10).entries())
      await run(streamEventOf(chunk, jurisdiction, at, index * 100_000 + part * 1_000), at);
  }
  return store;
}

const chunked = <T>(values: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, at) =>
    values.slice(at * size, (at + 1) * size),
  );

const pasts = new Map<string, Promise<MemoryProfileStore>>();

/** A store in memory that lived through the customers' past; one for all who ask for the same. */
function pastOf(jurisdiction: string, consent: boolean): Promise<MemoryProfileStore> {
  const name = `${jurisdiction} ${consent}`;
  const past = pasts.get(name) ?? liveThrough(new MemoryProfileStore(), jurisdiction, consent);
  pasts.set(name, past);
  return past;
}

/** A store that always shows the same past, so that every run of a batch meets the same world: writes are answered and
 * forgotten. */
export async function frozenPast(jurisdiction: string, consent: boolean): Promise<ProfileStore> {
  const past = await pastOf(jurisdiction, consent);
  return {
    read: past.read.bind(past),
    storedPersons: past.storedPersons.bind(past),
    pagedMessages: past.pagedMessages.bind(past),
    write: async (units) => units.map(() => 'written' as const),
  };
}

/** Writes the customers' past into an empty store. */
export async function copyPast(jurisdiction: string, consent: boolean, to: ProfileStore): Promise<void> {
  const past = await pastOf(jurisdiction, consent);
  await to.write([
    {
      pages: [...past.pages.values()].flatMap((pages) => [...pages.values()]),
      nodes: [...past.nodes.values()].map((node) => ({ ...node, version: 0 })),
      subjects: [...past.subjects].map(([subjectId, { graph, published }]) => ({
        subjectId,
        version: 0,
        next: { graph, published },
      })),
      atomic: false,
    },
  ]);
}

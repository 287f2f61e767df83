import { createSecretKey } from 'node:crypto';
import { memoryLineageStream } from '../../../functions/adapters/memory/lineage-stream.ts';
import { memoryOutcomeRecords } from '../../../functions/adapters/memory/outcome-records.ts';
import { memoryQuarantineStore } from '../../../functions/adapters/memory/quarantine-store.ts';
import { memorySignalStream } from '../../../functions/adapters/memory/signal-stream.ts';
import { type JurisdictionSecrets, writeKeyOf } from '../../../functions/contracts/tokens.ts';
import { RateLimit } from '../../../functions/pipeline/1-collect/rate-limit.ts';
import { type CollectAnswer, receive } from '../../../functions/pipeline/1-collect/receive.ts';
import { policyOf } from '../../../functions/pipeline/1-collect/setting.ts';
import { sources } from '../../../functions/registry/sources/index.ts';

export const NOW = Date.UTC(2026, 2, 2, 12);

const key = (fill: number) => createSecretKey(Buffer.alloc(32, fill));
export const secrets: JurisdictionSecrets = {
  identifiers: key(1),
  messages: key(2),
  writeKeys: key(3),
  attributesInTransit: key(5),
  subjectKeys: key(4),
};

export const ENVIRONMENT: Readonly<Record<string, string>> = {
  JURISDICTION: 'eu',
  SIGNAL_BUCKETS: '8',
  PEER_ENDPOINTS: '{"uk":"https://collect.uk.example/v1/batch"}',
};
export const policy = policyOf((name) => ENVIRONMENT[name] ?? '', secrets);

export const source = (id: string) => {
  const found = sources.find((known) => known.id === id);
  if (found === undefined) throw new Error(`no source ${id}`);
  return found;
};
export const writeKey = (id = 'web'): string => writeKeyOf(secrets, source(id));
export const basic = (id = 'web'): string => `Basic ${Buffer.from(`${writeKey(id)}:`).toString('base64')}`;

/** The stage on memory adapters. */
export function memoryStage() {
  const ports = {
    signals: memorySignalStream(),
    lineage: memoryLineageStream(),
    quarantine: memoryQuarantineStore(),
    records: memoryOutcomeRecords(),
  };
  const setting = { policy, sources, ports, limit: new RateLimit() };
  return {
    ports,
    setting,
    /** Every signal on the stream so far. */
    signals: () => ports.signals.appended.flatMap(({ signals }) => signals),
    rows: () => ports.lineage.appended.flatMap(({ rows }) => rows),
    post: (
      path: string,
      body: string | Uint8Array,
      headers: Record<string, string> = {},
      now = NOW,
    ): Promise<CollectAnswer> =>
      receive(
        {
          path,
          headers: { authorization: basic(), ...headers },
          body: typeof body === 'string' ? body : Buffer.from(body).toString('base64'),
          isBase64: typeof body !== 'string',
        },
        now,
        setting,
      ),
  };
}

export const order = (overrides: Record<string, unknown> = {}) => ({
  type: 'track',
  event: 'Order Completed',
  messageId: 'message-1',
  userId: 'C-1042',
  timestamp: '2026-03-02T11:00:00.000Z',
  properties: { total: 27.5, currency: 'EUR' },
  ...overrides,
});

export const batch = (...events: readonly unknown[]): string => JSON.stringify({ batch: events });

/** The receipts of an answer that must have some. */
export function receiptsOf(answer: CollectAnswer) {
  if ('refusal' in answer) throw new Error(`refused: ${answer.refusal.status} ${answer.refusal.detail}`);
  return answer.receipts;
}

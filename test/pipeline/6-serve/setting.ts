import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { memoryAlertBook } from '../../../functions/adapters/memory/alert-book.ts';
import { memoryLineageStream } from '../../../functions/adapters/memory/lineage-stream.ts';
import { memoryOutcomeRecords } from '../../../functions/adapters/memory/outcome-records.ts';
import { memorySignalStream } from '../../../functions/adapters/memory/signal-stream.ts';
import type { ConsentChoices } from '../../../functions/contracts/purposes.ts';
import type { Fact, Identifier, IdentifierType, Signal } from '../../../functions/contracts/signal.ts';
import { IDENTIFIER_TYPES } from '../../../functions/contracts/signal.ts';
import { identifierToken, messageToken } from '../../../functions/contracts/tokens.ts';
import { TransientError } from '../../../functions/kernel/invariant.ts';
import { serveHandler } from '../../../functions/pipeline/6-serve/handler.ts';
import { policyOf } from '../../../functions/pipeline/6-serve/setting.ts';
import { normaliseIdentifier } from '../../../functions/registry/identifiers/index.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { MemoryRegion } from '../../understand-harness.ts';

export type Who = Partial<Record<IdentifierType, string>>;

/** An allowed browser's and customer's consent, as a signal carries it. */
export const ALL: ConsentChoices = { analytics: true, personalisation: true, profiling: true };

let sent = 0;
/** A signal as `collect` would make it of raw identifiers. */
export function from(
  who: Who,
  facts: readonly Fact[],
  changes: Partial<Omit<Signal, 'messageToken'>> & { readonly messageId?: string } = {},
): Signal {
  sent += 1;
  const { messageId = `message-${sent}`, ...rest } = changes;
  const identifiers = IDENTIFIER_TYPES.flatMap((type): Identifier[] => {
    const value = normaliseIdentifier(type, who[type] ?? '');
    return value === null ? [] : [{ type, token: identifierToken(SECRETS, type, value) }];
  });
  return {
    messageToken: messageToken(SECRETS, messageId),
    name: 'Order Completed',
    eventClass: 'transaction',
    sourceId: 'pos',
    purposes: ['service'],
    occurredAt: NOW - 86_400_000,
    receivedAt: NOW,
    identifiers: identifiers as unknown as Signal['identifiers'],
    facts,
    ...rest,
  };
}

export const order = (valueMinor: number): Fact => ({ kind: 'order', valueMinor, items: 1 });

/** The operations API over a region in memory, whose state only the real `understand` makes. */
export function operations(jurisdiction = 'eu', region = new MemoryRegion(jurisdiction)) {
  const lineage = memoryLineageStream();
  const receipts = memoryOutcomeRecords();
  const signals = memorySignalStream();
  let streamIsDown = false;
  const environment: Readonly<Record<string, string>> = { JURISDICTION: jurisdiction, SIGNAL_BUCKETS: '8' };
  const policy = policyOf((name) => environment[name] ?? '', SECRETS);
  let now = NOW;
  const handler = serveHandler(async () => ({
    policy,
    ports: {
      subjects: region.store,
      alerts: memoryAlertBook(region.effects.opened),
      receipts,
      signals: {
        append: async (byBucket) => {
          if (streamIsDown) throw new TransientError('the stream does not answer');
          await signals.append(byBucket);
        },
      },
      lineage,
      reviews: region.effects.reviews,
      conflicts: region.effects.conflicts,
      // The stream, as short as can be.
      orders: {
        append: async (byBucket) => {
          for (const orders of byBucket.values()) await region.deliverUntilDone([region.record(orders)], now);
        },
      },
      keyring: region.keyring,
    },
    clock: () => now,
  }));
  const ask = async (
    routeKey: string,
    request: {
      path?: Record<string, string>;
      query?: Record<string, string>;
      body?: unknown;
      scopes?: readonly string[];
    } = {},
  ) => {
    const event = {
      routeKey,
      requestContext: { authorizer: { jwt: { claims: { scope: request.scopes?.join(' ') } } } },
      isBase64Encoded: false,
      ...(request.path === undefined ? {} : { pathParameters: request.path }),
      ...(request.query === undefined ? {} : { queryStringParameters: request.query }),
      ...(request.body === undefined
        ? {}
        : { body: typeof request.body === 'string' ? request.body : JSON.stringify(request.body) }),
    } as unknown as APIGatewayProxyEventV2;
    const answer = await handler(event, { awsRequestId: 'request-1' } as Context);
    return {
      status: answer.statusCode,
      contentType: String(answer.headers?.['content-type']),
      text: answer.body ?? '',
      body: JSON.parse(answer.body ?? 'null') as Record<string, unknown>,
    };
  };
  return {
    region,
    lineage,
    receipts,
    signals,
    policy,
    setNow: (at: number) => {
      now = at;
    },
    streamDown: (isDown: boolean) => {
      streamIsDown = isDown;
    },
    /** Delivers what the API itself has sent. */
    settle: async (at = NOW) => {
      const sent = signals.appended.splice(0).flatMap((each) => each.signals);
      await region.deliverUntilDone([region.record(sent)], at);
    },
    send: (signals: readonly Signal[], at = NOW) => region.deliverUntilDone([region.record(signals)], at),
    ask,
    lookup: (...identifiers: readonly (readonly [string, string])[]) =>
      ask('POST /v1/profiles/lookup', {
        body: { identifiers: identifiers.map(([type, value]) => ({ type, value })) },
      }),
    subject: (subjectId: string) => ask('GET /v1/subjects/{subjectId}', { path: { subjectId } }),
  };
}

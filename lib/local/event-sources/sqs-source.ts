import type { AwsJsonClient } from '../aws-request.ts';
import { type EventSource, type Invoke, Pauses } from './source.ts';

/** An SQS event source mapping, as the template states it. */
export interface SqsMapping {
  readonly name: string;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly region: string;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly reportFailures: boolean;
}

interface SqsMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, unknown>>;
}

export interface SqsSourcePorts {
  readonly sqs: AwsJsonClient;
  readonly invoke: Invoke;
  readonly pollMs: number;
  onFault(cause: unknown): void;
}

/** SQS hands out at most this many messages a call. */
const RECEIVE_MAX = 10;

/** Starts receiving: batches go to the function, applied messages are deleted, the others come back after the queue's
 * visibility timeout (and go to its dead-letter queue by its redrive policy). */
export function startSqsSource(mapping: SqsMapping, ports: SqsSourcePorts): EventSource {
  const pauses = new Pauses();
  let stopped = false;
  let emptySince = Number.NEGATIVE_INFINITY;
  let windowClosed = false;

  const receive = async (): Promise<readonly SqsMessage[]> => {
    const batch: SqsMessage[] = [];
    const end = Date.now() + mapping.windowMs;
    while (batch.length < mapping.batchSize && !stopped) {
      const { Messages = [] } = await ports.sqs.call<{ Messages?: SqsMessage[] }>('ReceiveMessage', {
        QueueUrl: mapping.queueUrl,
        MaxNumberOfMessages: Math.min(RECEIVE_MAX, mapping.batchSize - batch.length),
        // The queue's own wait would hold up the region's end and its idle state.
        WaitTimeSeconds: 0,
        AttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      });
      batch.push(...Messages);
      if (Messages.length === 0 && (batch.length === 0 || Date.now() >= end || windowClosed)) break;
      if (Messages.length === 0) await pauses.pause(Math.min(ports.pollMs, Math.max(1, end - Date.now())));
    }
    windowClosed = false;
    return batch;
  };

  const isEmpty = async (): Promise<boolean> => {
    const { Attributes = {} } = await ports.sqs.call<{ Attributes?: Record<string, string> }>(
      'GetQueueAttributes',
      {
        QueueUrl: mapping.queueUrl,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      },
    );
    return Object.values(Attributes).every((count) => count === '0');
  };

  const follow = async (): Promise<void> => {
    while (!stopped) {
      const began = performance.now();
      try {
        const batch = await receive();
        if (batch.length > 0) {
          await carry(mapping, ports, batch);
          continue;
        }
        if (await isEmpty()) emptySince = began;
      } catch (cause) {
        if (stopped) return;
        ports.onFault(cause);
      }
      await pauses.pause(ports.pollMs);
    }
  };

  const running = follow();
  return {
    name: mapping.name,
    isDrained: (since) => emptySince >= since,
    closeWindows: () => {
      windowClosed = true;
      pauses.wake();
    },
    stop: async () => {
      stopped = true;
      pauses.wake();
      await running;
    },
  };
}

async function carry(
  mapping: SqsMapping,
  ports: SqsSourcePorts,
  batch: readonly SqsMessage[],
): Promise<void> {
  const invocation = await ports.invoke({ Records: batch.map((message) => recordOf(message, mapping)) });
  if (!invocation.ok) return;
  const failed = mapping.reportFailures ? failedIds(invocation.response, batch) : new Set<string>();
  for (const message of batch) {
    if (failed.has(message.MessageId)) continue;
    await ports.sqs.call('DeleteMessage', {
      QueueUrl: mapping.queueUrl,
      ReceiptHandle: message.ReceiptHandle,
    });
  }
}

/** Messages that the function reports as failed; all of them when it names one that is not in the batch. */
function failedIds(response: unknown, batch: readonly SqsMessage[]): ReadonlySet<string> {
  const failures =
    (response as { batchItemFailures?: { itemIdentifier?: unknown }[] } | null)?.batchItemFailures ?? [];
  const known = new Set(batch.map((message) => message.MessageId));
  const ids = failures.map((failure) => String(failure.itemIdentifier ?? ''));
  return ids.every((id) => known.has(id)) ? new Set(ids) : known;
}

const recordOf = (message: SqsMessage, mapping: SqsMapping): object => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: message.MessageAttributes ?? {},
  md5OfBody: message.MD5OfBody ?? '',
  eventSource: 'aws:sqs',
  eventSourceARN: mapping.queueArn,
  awsRegion: mapping.region,
});

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { flow } from '../../functions/flow.ts';
import { acknowledge } from './acknowledge.ts';

/** Functions that consume a stream and may give a record up. */
export type StreamFunctionId = (typeof flow.salvage.trigger.functions)[number];

/** Tries of `salvage` at one message before a person looks: every visibility timeout one, so two hours in all. */
const RECEIVES_MAX = 20;
/** AWS advises six times the function's timeout, so that a slow attempt is not overtaken by its own retry. */
const VISIBILITY_SECONDS = 6 * flow.salvage.timeoutSeconds;

const QUEUE = {
  retentionPeriod: Duration.days(14),
  enforceSSL: true,
  // Messages name a shard and sequence numbers, and hold nothing of a customer: the queue's own encryption is enough,
  // and needs no grant on the data key.
  encryption: QueueEncryption.SQS_MANAGED,
  removalPolicy: RemovalPolicy.RETAIN,
} as const;

/** Where what a function gave up on waits: one queue per stream function, read by `salvage`, and two for people. */
export class FailureQueues extends Construct {
  readonly of: Readonly<Record<StreamFunctionId, Queue>>;
  /** What `salvage` could not save either. */
  readonly unsalvaged: Queue;
  /** Ticks of a schedule that reached no function. */
  readonly missedTicks: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.unsalvaged = new Queue(this, 'Unsalvaged', QUEUE);
    this.missedTicks = new Queue(this, 'MissedTicks', QUEUE);
    acknowledge(
      this.missedTicks,
      'AwsSolutions-SQS3',
      'This is itself a dead-letter queue, of an EventBridge rule: nothing consumes it, so nothing can fail on it.',
    );
    const failures = (name: string) =>
      new Queue(this, name, {
        ...QUEUE,
        visibilityTimeout: Duration.seconds(VISIBILITY_SECONDS),
        receiveMessageWaitTime: Duration.seconds(20),
        deadLetterQueue: { queue: this.unsalvaged, maxReceiveCount: RECEIVES_MAX },
      });
    this.of = { understand: failures('UnderstandFailures'), archive: failures('ArchiveFailures') };
  }

  /** Those that Lambda and EventBridge send to; what is unsalvaged SQS moves there. */
  sentTo(): readonly Queue[] {
    return [...Object.values(this.of), this.missedTicks];
  }
}

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { StreamCapacity } from '../settings.ts';
import { acknowledge } from './acknowledge.ts';

export type StreamId = 'signals' | 'lineage';

/**
 * Hours a stream keeps a record: the age at which its consumer gives a record up (`recordAgeSecondsMax`) and at least
 * twelve hours more, in which `salvage` fetches the record from the stream, or a person finds out why it cannot.
 * signals: given up after 12 h, kept 24 h, which is free. lineage: given up after 22 h, so 24 h would leave two.
 */
export const RETENTION_HOURS: Readonly<Record<StreamId, number>> = { signals: 24, lineage: 48 };

/** The signals and lineage streams, encrypted under the jurisdiction's key. */
export class Streams extends Construct {
  readonly byId: Readonly<Record<StreamId, Stream>>;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly key: IKey; readonly capacity: StreamCapacity },
  ) {
    super(scope, id);
    const capacity =
      props.capacity.mode === 'on-demand'
        ? { streamMode: StreamMode.ON_DEMAND }
        : { streamMode: StreamMode.PROVISIONED, shardCount: props.capacity.shards };
    const stream = (name: string, streamId: StreamId) => {
      const made = new Stream(this, name, {
        ...capacity,
        retentionPeriod: Duration.hours(RETENTION_HOURS[streamId]),
        encryption: StreamEncryption.KMS,
        encryptionKey: props.key,
        removalPolicy: RemovalPolicy.RETAIN,
      });
      acknowledge(
        made,
        'AwsSolutions-KDS3',
        'A key of our own, because only its policy can say who may read the stream. KMS is asked per data key, not per record.',
      );
      return made;
    };
    this.byId = { signals: stream('Signals', 'signals'), lineage: stream('Lineage', 'lineage') };
  }
}

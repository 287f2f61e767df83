import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { STREAM_HOURS } from '../../functions/contracts/retention.ts';
import type { StreamCapacity } from '../settings.ts';
import { acknowledge } from './acknowledge.ts';

export type StreamId = 'signals' | 'lineage';

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
        retentionPeriod: Duration.hours(STREAM_HOURS[streamId]),
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

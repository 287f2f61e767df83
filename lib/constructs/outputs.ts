import { CfnOutput } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Buckets } from './buckets.ts';
import type { FlowHttpApi } from './http-api.ts';

/** What a deployment tells of a stack: where to send, where to ask, where to look. */
export function tellOutputs(
  scope: Construct,
  parts: {
    readonly apis: Readonly<Record<'collect' | 'operations', FlowHttpApi>>;
    readonly buckets: Buckets;
    readonly signingKey: IKey;
  },
): void {
  const { apis, buckets, signingKey } = parts;
  const output = (name: string, value: string, description: string) =>
    new CfnOutput(scope, name, { value, description });
  output('CollectUrl', apis.collect.url, 'Where clients send signals');
  output('OperationsUrl', apis.operations.url, 'Where operational systems ask');
  output('EvidenceBucketName', buckets.evidence.bucketName, 'The archive, as Parquet');
  output(
    'CheckpointsBucketName',
    buckets.checkpoints.bucketName,
    'Signed states of the log over the archive',
  );
  output('SigningKeyArn', signingKey.keyArn, 'The key that signs them');
  output('QuarantineBucketName', buckets.quarantine.bucketName, 'Events that were not valid, as received');
}

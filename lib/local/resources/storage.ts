import { setTimeout as pause } from 'node:timers/promises';
import { AwsRequestError } from '../aws-request.ts';
import type { BucketOptions, LifecycleRule } from '../engines/s3.ts';
import { arnOf, type Build, physicalName, type ResourceHandler } from './build.ts';
import type { Properties } from './properties.ts';

const isThere = (cause: unknown): boolean =>
  cause instanceof AwsRequestError && cause.code === 'ResourceInUseException';

/** Makes something unless an earlier run left it.
 * @returns whether it was made now. */
async function makeOnce(make: () => Promise<unknown>): Promise<boolean> {
  try {
    await make();
    return true;
  } catch (cause) {
    if (isThere(cause)) return false;
    throw cause;
  }
}

export const stream: ResourceHandler = async (properties, build) => {
  const name = properties.optionalText('Name') ?? physicalName(build, properties.logicalId);
  const { kinesis } = build.clients;
  const shards = properties.number('ShardCount', build.onDemandShards);
  await makeOnce(() => kinesis.call('CreateStream', { StreamName: name, ShardCount: shards }));
  for (;;) {
    const { StreamDescriptionSummary } = await kinesis.call<{
      StreamDescriptionSummary: { StreamStatus: string };
    }>('DescribeStreamSummary', { StreamName: name });
    if (StreamDescriptionSummary.StreamStatus === 'ACTIVE') break;
    await pause(10);
  }
  const hours = properties.number('RetentionPeriodHours', 24);
  if (hours > 24)
    await kinesis.call('IncreaseStreamRetentionPeriod', { StreamName: name, RetentionPeriodHours: hours });
  return { ref: name, attributes: { Arn: arnOf(build, 'kinesis', `stream/${name}`) } };
};

export const table: ResourceHandler = async (properties, build) => {
  const name = properties.optionalText('TableName') ?? physicalName(build, properties.logicalId);
  const { dynamodb } = build.clients;
  const indexes = properties.each('GlobalSecondaryIndexes').map((index) => ({
    IndexName: index.text('IndexName'),
    KeySchema: index.raw('KeySchema'),
    Projection: index.raw('Projection'),
  }));
  const isNew = await makeOnce(() =>
    dynamodb.call('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: properties.raw('AttributeDefinitions'),
      KeySchema: properties.raw('KeySchema'),
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
      ...(properties.list('LocalSecondaryIndexes').length === 0
        ? {}
        : { LocalSecondaryIndexes: properties.raw('LocalSecondaryIndexes') }),
    }),
  );
  const expiry = properties.within('TimeToLiveSpecification');
  if (isNew && expiry.flag('Enabled')) {
    await dynamodb.call('UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: { AttributeName: expiry.text('AttributeName'), Enabled: true },
    });
  }
  return { ref: name, attributes: { Arn: arnOf(build, 'dynamodb', `table/${name}`) } };
};

export const bucket: ResourceHandler = async (properties, build) => {
  const name =
    properties.optionalText('BucketName') ?? physicalName(build, properties.logicalId).toLowerCase();
  await build.engines.s3.createBucket(name, bucketOptions(properties));
  return {
    ref: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${build.stack.region}.amazonaws.com`,
    },
  };
};

function bucketOptions(properties: Properties): BucketOptions {
  const retention = properties.within('ObjectLockConfiguration').within('Rule').within('DefaultRetention');
  const mode = retention.optionalText('Mode');
  return {
    versioned: properties.within('VersioningConfiguration').optionalText('Status') === 'Enabled',
    objectLock: properties.flag('ObjectLockEnabled'),
    ...(mode === 'COMPLIANCE' || mode === 'GOVERNANCE'
      ? { defaultRetention: { mode, days: retention.number('Days', retention.number('Years', 0) * 365) } }
      : {}),
    lifecycleRules: properties.within('LifecycleConfiguration').each('Rules').flatMap(lifecycleRule),
  };
}

function lifecycleRule(rule: Properties): readonly LifecycleRule[] {
  if (rule.optionalText('Status') !== 'Enabled') return [];
  const days = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);
  const expirationDays = days(rule.number('ExpirationInDays', Number.NaN));
  const noncurrentExpirationDays = days(
    rule.within('NoncurrentVersionExpiration').number('NoncurrentDays', Number.NaN),
  );
  const abortUploadDays = days(
    rule.within('AbortIncompleteMultipartUpload').number('DaysAfterInitiation', Number.NaN),
  );
  const prefix = rule.optionalText('Prefix');
  return [
    {
      ...(prefix === undefined ? {} : { prefix }),
      ...(expirationDays === undefined ? {} : { expirationDays }),
      ...(noncurrentExpirationDays === undefined ? {} : { noncurrentExpirationDays }),
      ...(abortUploadDays === undefined ? {} : { abortUploadDays }),
    },
  ];
}

const QUEUE_ATTRIBUTES: Readonly<Record<string, string>> = {
  VisibilityTimeout: 'VisibilityTimeout',
  MessageRetentionPeriod: 'MessageRetentionPeriod',
  DelaySeconds: 'DelaySeconds',
  ReceiveMessageWaitTimeSeconds: 'ReceiveMessageWaitTimeSeconds',
  FifoQueue: 'FifoQueue',
  ContentBasedDeduplication: 'ContentBasedDeduplication',
};

export const queue: ResourceHandler = async (properties, build) => {
  const name = properties.optionalText('QueueName') ?? physicalName(build, properties.logicalId);
  const redrive = properties.raw('RedrivePolicy');
  const attributes = Object.fromEntries(
    Object.entries(QUEUE_ATTRIBUTES).flatMap(([property, attribute]) => {
      const value = properties.optionalText(property);
      return value === undefined ? [] : [[attribute, value]];
    }),
  );
  const { QueueUrl } = await build.clients.sqs.call<{ QueueUrl: string }>('CreateQueue', {
    QueueName: name,
    Attributes: {
      ...attributes,
      ...(redrive === undefined ? {} : { RedrivePolicy: JSON.stringify(redrive) }),
    },
  });
  const { Attributes } = await build.clients.sqs.call<{ Attributes: { QueueArn: string } }>(
    'GetQueueAttributes',
    {
      QueueUrl,
      AttributeNames: ['QueueArn'],
    },
  );
  build.queues.set(Attributes.QueueArn, { url: QueueUrl, arn: Attributes.QueueArn });
  return { ref: QueueUrl, attributes: { Arn: Attributes.QueueArn, QueueName: name, QueueUrl } };
};

const KEY_SPECS = {
  SYMMETRIC_DEFAULT: 'SYMMETRIC_DEFAULT',
  HMAC_256: 'HMAC_256',
  ECC_NIST_P256: 'ECC_NIST_P256',
} as const;

export const key: ResourceHandler = async (properties, build) => {
  const wanted = properties.optionalText('KeySpec') ?? 'SYMMETRIC_DEFAULT';
  const spec = Object.values(KEY_SPECS).find((known) => known === wanted);
  if (spec === undefined)
    throw new Error(`${properties.logicalId}: the local KMS has no keys of the spec ${wanted}`);
  const keyId = properties.logicalId;
  const { arn } = await build.engines.kms.createKey({
    keyId,
    arn: arnOf(build, 'kms', `key/${keyId}`),
    spec,
  });
  allowByKeyPolicy(properties, build);
  return { ref: keyId, attributes: { Arn: arn, KeyId: keyId } };
};

/** A key's own policy may name roles; KMS then asks for no grant of the role. */
function allowByKeyPolicy(properties: Properties, build: Build): void {
  for (const statement of properties.within('KeyPolicy').each('Statement')) {
    const principals = statement.within('Principal').raw('AWS') ?? [];
    for (const principal of [principals].flat()) {
      const role = /:role\/(.+)$/.exec(String(principal))?.[1];
      if (role !== undefined)
        build.grants.add(role, {
          Statement: [{ Effect: statement.text('Effect'), Action: statement.raw('Action') ?? [] }],
        });
    }
  }
}

export const keyAlias: ResourceHandler = (properties) => ({ ref: properties.text('AliasName') });

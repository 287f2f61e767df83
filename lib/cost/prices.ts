/** One list price of AWS, us-east-1. `per` is the number of `unit`s that `usd` buys. */
export interface Price {
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
  readonly source: string;
  /** When it was looked up, `YYYY-MM`. */
  readonly asOf: string;
  /** Whether it was checked against the vendor's page at that time; the others are from general knowledge. */
  readonly verified: boolean;
}

const AS_OF = '2026-11';
const million = 1_000_000;

const price = (usd: number, per: number, unit: string, source: string, verified: boolean): Price => ({
  usd,
  per,
  unit,
  source,
  asOf: AS_OF,
  verified,
});

/** Every price the product reckons with, and nowhere else. List prices, without free tiers, savings plans or tax. */
export const prices = {
  /** An HTTP API request is metered per 512 KB of its body. */
  httpApiRequest: price(
    1.0,
    million,
    'request unit of 512 KB',
    'https://aws.amazon.com/api-gateway/pricing/',
    true,
  ),
  /** A record is rounded up to 1 KB before it is counted. */
  kinesisGbIn: price(
    0.08,
    1,
    'GB written, on-demand',
    'https://aws.amazon.com/kinesis/data-streams/pricing/',
    true,
  ),
  kinesisGbOut: price(
    0.04,
    1,
    'GB read, on-demand',
    'https://aws.amazon.com/kinesis/data-streams/pricing/',
    true,
  ),
  kinesisStreamHour: price(
    0.04,
    1,
    'stream-hour, on-demand',
    'https://aws.amazon.com/kinesis/data-streams/pricing/',
    true,
  ),
  kinesisShardHour: price(
    0.015,
    1,
    'shard-hour, provisioned',
    'https://aws.amazon.com/kinesis/data-streams/pricing/',
    true,
  ),
  kinesisPutUnit: price(
    0.014,
    million,
    'PUT payload unit of 25 KB, provisioned',
    'https://aws.amazon.com/kinesis/data-streams/pricing/',
    true,
  ),
  lambdaGbSecond: price(
    13.3334,
    million,
    'GB-second, arm64',
    'https://aws.amazon.com/lambda/pricing/',
    false,
  ),
  lambdaRequest: price(0.2, million, 'invocation', 'https://aws.amazon.com/lambda/pricing/', false),
  dynamodbWriteUnit: price(
    0.625,
    million,
    'write request unit',
    'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    true,
  ),
  dynamodbReadUnit: price(
    0.125,
    million,
    'read request unit',
    'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    true,
  ),
  s3Put: price(5.0, million, 'PUT, COPY, POST or LIST request', 'https://aws.amazon.com/s3/pricing/', false),
  s3Get: price(0.4, million, 'GET request', 'https://aws.amazon.com/s3/pricing/', false),
  kmsRequest: price(3.0, million, 'request', 'https://aws.amazon.com/kms/pricing/', false),
  kmsKeyMonth: price(1.0, 1, 'key-month', 'https://aws.amazon.com/kms/pricing/', false),
  eventBridgeEvent: price(
    1.0,
    million,
    'custom event of 64 KB',
    'https://aws.amazon.com/eventbridge/pricing/',
    false,
  ),
  sqsRequest: price(0.4, million, 'request', 'https://aws.amazon.com/sqs/pricing/', false),
  stepFunctionsTransition: price(
    25.0,
    million,
    'state transition, Standard',
    'https://aws.amazon.com/step-functions/pricing/',
    false,
  ),
  logsGb: price(0.5, 1, 'GB ingested', 'https://aws.amazon.com/cloudwatch/pricing/', false),
  alarmMonth: price(0.1, 1, 'alarm-month', 'https://aws.amazon.com/cloudwatch/pricing/', false),
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof prices;

/** US dollars for `quantity` units of a price. */
export const usdFor = (name: PriceName, quantity: number): number =>
  (prices[name].usd * quantity) / prices[name].per;

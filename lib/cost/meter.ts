import { usdFor } from './prices.ts';

/** Requests made, by service and operation, as the AWS SDK names them (`dynamodb` → `BatchGetItem` → 12). */
export type CallCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What a stretch of work used up, counted where it was used. Anything absent was not used. */
export interface Usage {
  readonly calls: CallCounts;
  readonly dynamodbWriteUnits?: number;
  readonly dynamodbReadUnits?: number;
  /** Bytes written to streams, each record already rounded up with {@link billedStreamBytes}. */
  readonly kinesisBytesIn?: number;
  readonly kinesisBytesOut?: number;
  /** HTTP API requests, each counted with {@link httpRequestUnits}. */
  readonly httpRequestUnits?: number;
  readonly lambdaInvocations?: number;
  readonly lambdaGbSeconds?: number;
  readonly eventBridgeEvents?: number;
  readonly logBytes?: number;
}

export interface Cost {
  /** Sum of `byService`. */
  readonly total: number;
  readonly byService: Readonly<Record<string, number>>;
}

const GB = 1024 ** 3;
const EVENTS_PER_COST = 1_000_000;

/** S3 requests priced as PUT; the other priced ones cost what a GET does, and deletes are free. */
const S3_PUT_OPERATIONS: ReadonlySet<string> = new Set([
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
  'ListBuckets',
]);
const S3_GET_OPERATIONS: ReadonlySet<string> = new Set(['GetObject', 'HeadObject', 'GetObjectAttributes']);

/** Bytes that a stream record bills on-demand: rounded up to whole KB, so 1,031 bytes bill as 2 KB. */
export const billedStreamBytes = (recordBytes: number): number => Math.ceil(recordBytes / 1_024) * 1_024;

/** Units that an HTTP API meters for one request of this many bytes: one per 512 KB, and at least one. */
export const httpRequestUnits = (bodyBytes: number): number =>
  Math.max(1, Math.ceil(bodyBytes / (512 * 1_024)));

/** US dollars for what was used, at list prices, on-demand. */
export function costUsd(usage: Usage): Cost {
  const byService: Record<string, number> = {
    httpApi: usdFor('httpApiRequest', usage.httpRequestUnits ?? 0),
    lambda:
      usdFor('lambdaRequest', usage.lambdaInvocations ?? 0) +
      usdFor('lambdaGbSecond', usage.lambdaGbSeconds ?? 0),
    kinesis:
      usdFor('kinesisGbIn', (usage.kinesisBytesIn ?? 0) / GB) +
      usdFor('kinesisGbOut', (usage.kinesisBytesOut ?? 0) / GB),
    dynamodb:
      usdFor('dynamodbWriteUnit', usage.dynamodbWriteUnits ?? 0) +
      usdFor('dynamodbReadUnit', usage.dynamodbReadUnits ?? 0),
    s3:
      usdFor(
        's3Put',
        count(usage.calls, 's3', (operation) => S3_PUT_OPERATIONS.has(operation)),
      ) +
      usdFor(
        's3Get',
        count(usage.calls, 's3', (operation) => S3_GET_OPERATIONS.has(operation)),
      ),
    kms: usdFor('kmsRequest', count(usage.calls, 'kms')),
    eventBridge: usdFor('eventBridgeEvent', usage.eventBridgeEvents ?? 0),
    sqs: usdFor('sqsRequest', count(usage.calls, 'sqs')),
    logs: usdFor('logsGb', (usage.logBytes ?? 0) / GB),
  };
  return { total: Object.values(byService).reduce((sum, usd) => sum + usd, 0), byService };
}

/** US dollars for a million events like those that used this up. Fixed monthly prices are apart, in
 * {@link fixedUsdPerMonth}.
 * @throws RangeError when there were no events to divide by. */
export function costUsdPerMillion(usage: Usage, events: number): Cost {
  if (!(events > 0)) throw new RangeError('a cost per event needs at least one event');
  const scale = EVENTS_PER_COST / events;
  const spent = costUsd(usage);
  return {
    total: spent.total * scale,
    byService: Object.fromEntries(
      Object.entries(spent.byService).map(([service, usd]) => [service, usd * scale]),
    ),
  };
}

/** What stands in one jurisdiction whether events come or not. */
export interface Standing {
  readonly streams: number;
  /** Shards per stream, provisioned; absent: on-demand. */
  readonly provisionedShards?: number;
  readonly kmsKeys: number;
  /** Metrics that alarms look at: each is paid for, also inside one alarm's expression. */
  readonly alarmMetrics: number;
}

const HOURS_PER_MONTH = 730;

/** US dollars a month that one jurisdiction costs before its first event. */
export function fixedUsdPerMonth(standing: Standing): Cost {
  const byService = {
    kinesis:
      standing.provisionedShards === undefined
        ? usdFor('kinesisStreamHour', standing.streams * HOURS_PER_MONTH)
        : usdFor('kinesisShardHour', standing.streams * standing.provisionedShards * HOURS_PER_MONTH),
    kms: usdFor('kmsKeyMonth', standing.kmsKeys),
    alarms: usdFor('alarmMonth', standing.alarmMetrics),
  };
  return { total: byService.kinesis + byService.kms + byService.alarms, byService };
}

function count(
  calls: CallCounts,
  service: string,
  counts: (operation: string) => boolean = () => true,
): number {
  return Object.entries(calls[service] ?? {}).reduce(
    (sum, [operation, n]) => (counts(operation) ? sum + n : sum),
    0,
  );
}

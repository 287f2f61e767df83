import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** One client per service and instance, made at first use. Region, credentials and (on one machine) endpoints come
 * from the environment as the SDK reads it. */
const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const RETRIES = { maxAttempts: 4 };

export const dynamodb = /* @__PURE__ */ once(() => new DynamoDBClient({ ...RETRIES }));
/** HTTP/1.1: the SDK's HTTP/2 default buys nothing for a few large calls. */
export const kinesis = /* @__PURE__ */ once(
  () => new KinesisClient({ ...RETRIES, requestHandler: new NodeHttpHandler() }),
);
/** For PutRecords, which does its own retries: it tells the reader that a record may come twice. */
export const kinesisOneAttempt = /* @__PURE__ */ once(
  () => new KinesisClient({ maxAttempts: 1, requestHandler: new NodeHttpHandler() }),
);
/** Path style, so that the endpoint may be a plain host and port. */
export const s3 = /* @__PURE__ */ once(() => new S3Client({ ...RETRIES, forcePathStyle: true }));
export const kms = /* @__PURE__ */ once(() => new KMSClient({ ...RETRIES }));
export const stepFunctions = /* @__PURE__ */ once(() => new SFNClient({ ...RETRIES }));
export const eventBridge = /* @__PURE__ */ once(() => new EventBridgeClient({ ...RETRIES }));

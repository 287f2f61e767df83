import { mkdir } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { AwsJsonClient } from './aws-request.ts';
import type { RegionClock } from './clock.ts';
import type { Engine } from './engines/engine.ts';
import { type EventBridgeEngine, startEventBridge } from './engines/event-bridge.ts';
import { startKinesis } from './engines/kinesis.ts';
import { type KmsEngine, startKms } from './engines/kms.ts';
import { type S3Engine, startS3 } from './engines/s3.ts';
import { startSqs } from './engines/sqs.ts';
import { type StepFunctionsEngine, startStepFunctions } from './engines/step-functions.ts';
import type { RegionOptions } from './region-types.ts';
import type { SynthesizedStack } from './template/template.ts';

/** What stands behind a region, by IAM service prefix. */
export interface RegionEngines {
  readonly dynamodb: Engine;
  readonly kinesis: Engine;
  readonly sqs: Engine;
  readonly s3: S3Engine;
  readonly kms: KmsEngine;
  readonly events: EventBridgeEngine;
  readonly states: StepFunctionsEngine;
}

/** Access key of a jurisdiction's clients: DynamoDB Local keeps a database of its own per key and region, so one
 * jurisdiction cannot even name another's table. Letters and digits only. */
export const accessKeyOf = (jurisdiction: string): string =>
  `LOCAL${jurisdiction.replace(/[^a-z0-9]/gi, '').toUpperCase()}`;

/** Starts the engines that a region has for itself.
 * @param started told of each, so that those before a failing one are stopped */
export async function startEngines(
  options: RegionOptions,
  clock: RegionClock,
  started: (engine: Engine) => void,
  onFault: (cause: unknown) => void,
): Promise<RegionEngines> {
  const { directory, durable = false, ports, stack } = options;
  await mkdir(directory, { recursive: true });
  const own = { region: stack.region, accountId: stack.account };
  const keep = <T extends Engine>(engine: T): T => {
    started(engine);
    return engine;
  };
  const state = (name: string): string => join(directory, name, stack.jurisdiction);
  const onDisk = async (name: string): Promise<{ directory?: string }> => {
    if (!durable) return {};
    await mkdir(state(name), { recursive: true });
    return { directory: state(name) };
  };
  return {
    dynamodb: options.dynamodb,
    kinesis: keep(await startKinesis({ port: ports?.kinesis ?? 0, ...(await onDisk('kinesis')) })),
    sqs: keep(await startSqs({ port: ports?.sqs ?? 0, ...(await onDisk('sqs')) })),
    s3: keep(
      await startS3({
        port: ports?.s3 ?? 0,
        directory: join(directory, 's3'),
        versionsDirectory: state('s3-versions'),
        now: clock.now,
      }),
    ),
    kms: keep(await startKms({ port: ports?.kms ?? 0, directory: state('kms'), now: clock.now, ...own })),
    events: keep(
      await startEventBridge({
        port: ports?.events ?? 0,
        file: join(directory, `events-${stack.jurisdiction}.ndjson`),
        onTargetError: onFault,
        clock,
        ...own,
      }),
    ),
    states: keep(
      await startStepFunctions({
        port: ports?.states ?? 0,
        ...(await onDisk('step-functions')),
        clock,
        onFault,
      }),
    ),
  };
}

/** What every function of the region finds in its environment; nothing of this process's own is passed on. */
export const regionEnvironment = (
  stack: SynthesizedStack,
  engines: RegionEngines,
): Record<string, string> => ({
  AWS_REGION: stack.region,
  AWS_DEFAULT_REGION: stack.region,
  AWS_ACCESS_KEY_ID: accessKeyOf(stack.jurisdiction),
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_DYNAMODB: engines.dynamodb.url,
  AWS_ENDPOINT_URL_KINESIS: engines.kinesis.url,
  AWS_ENDPOINT_URL_S3: engines.s3.url,
  AWS_ENDPOINT_URL_KMS: engines.kms.url,
  AWS_ENDPOINT_URL_EVENTBRIDGE: engines.events.url,
  AWS_ENDPOINT_URL_SQS: engines.sqs.url,
  AWS_ENDPOINT_URL_SFN: engines.states.url,
  // Any other service: a port where nothing listens, so that no call leaves this machine.
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  TZ: ':UTC',
});

export interface RegionClients {
  readonly kinesis: AwsJsonClient;
  readonly dynamodb: AwsJsonClient;
  readonly sqs: AwsJsonClient;
}

/** The region's own clients: it makes streams, tables and queues with them and polls for functions. */
export function regionClients(stack: SynthesizedStack, engines: RegionEngines): RegionClients {
  const credentials = { accessKeyId: accessKeyOf(stack.jurisdiction), region: stack.region };
  return {
    kinesis: new AwsJsonClient(engines.kinesis.url, 'Kinesis_20131202', '1.1', credentials),
    dynamodb: new AwsJsonClient(engines.dynamodb.url, 'DynamoDB_20120810', '1.0', credentials),
    sqs: new AwsJsonClient(engines.sqs.url, 'AmazonSQS', '1.0', credentials),
  };
}

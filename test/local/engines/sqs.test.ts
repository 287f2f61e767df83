import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../lib/local/engines/engine.ts';
import { startSqs } from '../../../lib/local/engines/sqs.ts';
import { listenersOf } from './listeners.ts';

const clientOf = (engine: Engine): SQSClient =>
  new SQSClient({
    endpoint: engine.url,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

let folder: string;
let engine: Engine;
let sqs: SQSClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sqs-'));
  engine = await startSqs({ directory: join(folder, 'sqs') });
  sqs = clientOf(engine);
});

afterAll(async () => {
  sqs.destroy();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const makeQueue = async (QueueName: string, Attributes: Record<string, string> = {}): Promise<string> =>
  (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';

describe('SQS', () => {
  it('listens on 127.0.0.1 only', async () => {
    expect(await listenersOf(engine.port)).toEqual(['127.0.0.1']);
  });

  it('delivers a message once until it is deleted', async () => {
    const QueueUrl = await makeQueue('plain');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"a":1}' }));
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(Messages.map(({ Body }) => Body)).toEqual(['{"a":1}']);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle }));
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? []).toEqual([]);
  });

  it('moves a message to the dead-letter queue after its last delivery', async () => {
    const dead = await makeQueue('dead');
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
    );
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 1 });
    const QueueUrl = await makeQueue('redriven', { RedrivePolicy });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const ReceiptHandle = Messages?.[0]?.ReceiptHandle;
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? []).toEqual([]);
    const found = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead, WaitTimeSeconds: 1 }));
    expect(found.Messages?.map(({ Body }) => Body)).toEqual(['poison']);
  });

  it('keeps queues and messages over a restart', async () => {
    await sqs.send(new SendMessageCommand({ QueueUrl: await makeQueue('durable'), MessageBody: 'kept' }));
    sqs.destroy();
    await engine.stop();
    engine = await startSqs({ directory: join(folder, 'sqs') });
    sqs = clientOf(engine);
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'durable' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(['kept']);
  });

  it('says which port is taken', async () => {
    await expect(startSqs({ port: engine.port })).rejects.toThrow(
      `port ${engine.port} is taken: stop what listens there or pass --port`,
    );
  });
});

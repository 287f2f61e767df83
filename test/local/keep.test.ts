import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AwsJsonClient } from '../../lib/local/aws-request.ts';
import { startRegions } from '../../lib/local/regions.ts';
import { fixtureStack } from './fixtures/running-region.ts';

/** Starts a region on disk, puts records into it, and tells what it holds when all is applied. */
async function run(dataDir: string, keep: boolean, texts: readonly string[]) {
  const { regions, ready, stop } = await startRegions({
    jurisdictions: ['test'],
    dataDir,
    keep,
    basePort: 0,
    stacks: [fixtureStack()],
  });
  try {
    const region = regions.test;
    if (region === undefined) throw new Error('no region');
    await fetch(`${region.urls.collect}/v1/put`, {
      method: 'POST',
      body: JSON.stringify(texts),
      headers: { 'content-type': 'application/json' },
    });
    await region.idle();
    const {
      AWS_ENDPOINT_URL_DYNAMODB: url = '',
      AWS_ACCESS_KEY_ID: accessKeyId = '',
      AWS_REGION = '',
    } = region.environment;
    const dynamodb = new AwsJsonClient(url, 'DynamoDB_20120810', '1.0', { accessKeyId, region: AWS_REGION });
    const { Items } = await dynamodb.call<{ Items: { id: { S: string } }[] }>('Scan', {
      TableName: 'Rapport-test-Profiles',
    });
    dynamodb.close();
    return {
      held: Items.map(({ id }) => id.S).sort(),
      writes: region.meter().awsCalls.dynamodb?.PutItem,
      writeKey: ready.jurisdictions.test?.writeKeys.web,
    };
  } finally {
    await stop();
  }
}

describe('a data folder', () => {
  it('keeps tables, keys and what has been read of the streams for the next run, and is wiped without keep', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'rapport-keep-'));
    const dataDir = join(parent, 'state');
    const first = await run(dataDir, false, ['a:1', 'b:2']);
    const second = await run(dataDir, true, ['c:3']);
    const third = await run(dataDir, false, ['d:4']);
    expect(second).toEqual({ held: ['a:1', 'b:2', 'c:3'], writes: 1, writeKey: first.writeKey });
    expect(third).toMatchObject({ held: ['d:4'], writes: 1 });
    expect(third.writeKey).not.toBe(first.writeKey);
    rmSync(parent, { recursive: true, force: true });
  }, 180_000);
});

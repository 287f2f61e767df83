import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsJsonClient } from '../../lib/local/aws-request.ts';
import { type RunningRegion, runFixture } from './fixtures/running-region.ts';

interface EchoedEvent {
  readonly body: string;
  readonly isBase64Encoded: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly authorizer?: {
      readonly jwt: { readonly claims: Readonly<Record<string, string>>; readonly scopes: readonly string[] };
    };
  };
}

let running: RunningRegion;
let url: string;
beforeAll(async () => {
  running = await runFixture();
  url = running.region.urls.collect ?? '';
}, 60_000);
afterAll(() => running.stop(), 20_000);

const post = (
  behave: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${url}/v1/${behave}`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
const echoed = async (response: Promise<Response>): Promise<EchoedEvent> =>
  (await (await response).json()) as EchoedEvent;

const DAY_MS = 86_400_000;

describe('the clock', () => {
  const toldIn = (output: string | undefined): readonly number[] =>
    (JSON.parse(output ?? '{}') as { told: number[] }).told;

  it('is seen by functions, and ends the waits of a state machine', async () => {
    const { region } = running;
    const executionArn = await region.startMachine('steps', { waitMs: 3 * DAY_MS });
    await region.idle();
    const ofIt = () => region.executions().find((execution) => execution.executionArn === executionArn);
    expect(ofIt()).toMatchObject({ machineId: 'steps', status: 'RUNNING', state: 'Sleep' });
    await region.clock.advance(3 * DAY_MS);
    await region.idle();
    expect(ofIt()).toMatchObject({ status: 'SUCCEEDED' });
    const [before = 0, after = 0] = toldIn(ofIt()?.output);
    expect(after - before).toBeGreaterThanOrEqual(3 * DAY_MS);
    expect(Math.abs(after - region.clock.now())).toBeLessThan(60_000);
    expect(region.violations().filter(({ action }) => action === 'lambda:InvokeFunction')).toEqual([]);
  });

  it('makes a daily schedule start its machine, once for all the days that passed', async () => {
    const { region } = running;
    const started = () => region.executions().filter(({ input }) => input === '{"waitMs":1}').length;
    const before = started();
    await region.clock.advance(2 * DAY_MS);
    await region.idle();
    expect(started()).toBe(before + 1);
  });

  it('lets objects expire by the rules of their bucket', async () => {
    const { region } = running;
    const { AWS_ENDPOINT_URL_S3: url } = region.environment;
    const object = `${url}/rapport-test-exports/old`;
    expect((await fetch(object, { method: 'PUT', body: 'x' })).status).toBe(200);
    await region.clock.advance(8 * DAY_MS);
    expect((await fetch(object)).status).toBe(404);
  });
});

describe('HTTP API', () => {
  it('hands a gzip body over intact, whatever its content type says', async () => {
    const text = JSON.stringify({ batch: ['é', '\u0000'] });
    for (const type of ['application/x-www-form-urlencoded', 'application/json', 'text/plain']) {
      const event = await echoed(
        post('echo', new Uint8Array(gzipSync(text)), { 'content-type': type, 'content-encoding': 'gzip' }),
      );
      expect(event.isBase64Encoded).toBe(true);
      expect(gunzipSync(Buffer.from(event.body, 'base64')).toString()).toBe(text);
    }
  });

  it('hands JSON over as text, with headers, path and query of payload format 2.0', async () => {
    const response = fetch(`${url}/v1/echo?a=1&a=2`, {
      method: 'POST',
      body: '{"a":"é"}',
      headers: [
        ['content-type', 'application/json; charset=utf-8'],
        ['X-Two', 'one'],
        ['X-Two', 'two'],
      ],
    });
    const event = await echoed(response);
    expect(event).toMatchObject({
      body: '{"a":"é"}',
      isBase64Encoded: false,
      rawPath: '/v1/echo',
      rawQueryString: 'a=1&a=2',
      routeKey: 'POST /v1/{behave}',
      pathParameters: { behave: 'echo' },
      queryStringParameters: { a: '1,2' },
    });
    expect(event.headers['x-two']?.replace(' ', '')).toBe('one,two');
  });

  it('answers 404 to what no route takes', async () => {
    const response = await fetch(`${url}/elsewhere`);
    expect([response.status, await response.json()]).toEqual([404, { message: 'Not Found' }]);
  });

  it('answers 413 to a request over 10 MB, and to one that a function cannot be sent', async () => {
    const mb = 1024 * 1024;
    expect(
      (await post('echo', new Uint8Array(10.1 * mb), { 'content-type': 'application/octet-stream' })).status,
    ).toBe(413);
    expect(
      (await post('echo', new Uint8Array(6 * mb), { 'content-type': 'application/octet-stream' })).status,
    ).toBe(413);
    expect(
      (await post('echo', new Uint8Array(1 * mb), { 'content-type': 'application/octet-stream' })).status,
    ).toBe(200);
  });

  it('answers 429 when a route is used more than its stage allows', async () => {
    const statuses: number[] = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await fetch(`${url}/v1/scarce`)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('lets a token with the scope in, and answers 401 or 403 to others', async () => {
    const guarded = (token?: string): Promise<Response> =>
      fetch(
        `${url}/v1/guarded`,
        token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
      );
    const good = await running.issuer.mint({ subject: 'desk', scopes: ['profiles:read', 'alerts:read'] });
    const event = await echoed(guarded(good));
    expect(event.requestContext.authorizer?.jwt).toMatchObject({
      claims: { sub: 'desk', scope: 'profiles:read alerts:read' },
      scopes: ['profiles:read'],
    });
    expect((await guarded()).status).toBe(401);
    expect((await guarded(`${good.slice(0, -6)}AAAAAA`)).status).toBe(401);
    expect(
      (
        await guarded(
          await running.issuer.mint({ subject: 'desk', scopes: ['profiles:read'], lifetimeSeconds: -10 }),
        )
      ).status,
    ).toBe(401);
    const forbidden = await guarded(await running.issuer.mint({ subject: 'desk', scopes: ['alerts:read'] }));
    expect([forbidden.status, await forbidden.json()]).toEqual([403, { message: 'Forbidden' }]);
  });
});

describe('functions', () => {
  it('see the environment of the template and the region, and nothing of this process', async () => {
    process.env.SECRET_OF_THIS_SHELL = 'x';
    const environment = (await (await post('environment')).json()) as Record<string, string>;
    expect(environment).toMatchObject({
      SIGNALS_STREAM: 'Rapport-test-Signals',
      SELF: 'eu-central-1/Rapport-test-Signals',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'LOCALTEST',
    });
    expect(environment).not.toHaveProperty('SECRET_OF_THIS_SHELL');
    expect(environment).not.toHaveProperty('HOME');
    for (const [name, value] of Object.entries(environment))
      if (name.startsWith('AWS_ENDPOINT')) expect(value).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('answer 500 after a thrown error or an exit, and are there for the next request', async () => {
    expect((await post('throw')).status).toBe(500);
    expect((await post('exit')).status).toBe(500);
    expect((await post('echo')).status).toBe(200);
  });

  it('are ended when they run longer than the template allows', async () => {
    expect(await running.region.invoke('echo', { behave: 'hang' })).toMatchObject({
      ok: false,
      error: { errorType: 'Sandbox.Timedout' },
    });
    expect(await running.region.invoke('echo', { behave: 'time' })).toMatchObject({ ok: true });
  });

  it('run in CommonJS as well', async () => {
    expect(await running.region.invoke('Tick', { source: 'test' })).toEqual({
      ok: true,
      response: { source: 'test' },
    });
  });

  it('log to a file, and their metrics are summed', async () => {
    await post('metric');
    await post('metric');
    await expect.poll(() => running.region.meter().metrics.echo?.calls, { timeout: 10_000 }).toBe(4);
    await expect.poll(() => existsSync(join(running.directory, 'logs', 'test', 'echo.log'))).toBe(true);
  });

  it('derive the same MAC from the same key', async () => {
    const [one, other] = [await (await post('mac')).text(), await (await post('mac')).text()];
    expect(one).toMatch(/^"[0-9a-f]{64}"$/);
    expect(other).toBe(one);
  });
});

describe('event sources', () => {
  it('carry records from the stream through the function, and what it gives up on to the failure queue', async () => {
    const callsBefore = running.region.meter().awsCalls;
    const texts = Array.from({ length: 60 }, (_none, at) => `${at % 7}:${at}`);
    expect(
      (
        await post('put', JSON.stringify([...texts, '3:poison', '3:after']), {
          'content-type': 'application/json',
        })
      ).status,
    ).toBe(202);
    await running.region.idle();
    expect(running.region.isIdle()).toBe(true);
    const { environment } = running.region;
    const dynamodb = new AwsJsonClient(
      environment.AWS_ENDPOINT_URL_DYNAMODB ?? '',
      'DynamoDB_20120810',
      '1.0',
      { accessKeyId: 'LOCALTEST', region: 'eu-central-1' },
    );
    const { Items } = await dynamodb.call<{ Items: { id: { S: string } }[] }>('Scan', {
      TableName: 'Rapport-test-Profiles',
    });
    dynamodb.close();
    expect(Items.map(({ id }) => id.S).sort()).toEqual([...texts, '3:after'].sort());
    const folder = join(running.directory, 's3', 'rapport-test-quarantine', 'given-up');
    const messages = readdirSync(folder).map(
      (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>,
    );
    expect(messages).toMatchObject([
      {
        requestContext: { condition: 'RetryAttemptsExhausted' },
        KinesisBatchInfo: { batchSize: 1, shardId: expect.stringMatching(/^shardId-/) },
      },
    ]);
    const { awsCalls } = running.region.meter();
    expect((awsCalls.kinesis?.PutRecords ?? 0) - (callsBefore.kinesis?.PutRecords ?? 0)).toBe(1);
    expect(awsCalls.s3).toEqual({ PutObject: 1 });
  }, 30_000);
});

describe('grants', () => {
  it('are found missing when a function calls what its role does not allow', async () => {
    expect(running.region.violations()).toEqual([]);
    await post('ungranted');
    expect(running.region.violations()).toEqual([{ functionId: 'echo', action: 'kms:DescribeKey' }]);
  });
});

import { describe, expect, it } from 'vitest';
import { answerOf, isTooLargeForFunction } from '../../../lib/local/http/payload.ts';
import { routeTable } from '../../../lib/local/http/routes.ts';
import { tokenBucket } from '../../../lib/local/http/throttle.ts';

const find = routeTable(
  [
    'GET /v1/alerts',
    'POST /v1/alerts/{alertId}/resolve',
    'GET /v1/alerts/{alertId}',
    'GET /v1/{rest+}',
    'ANY /v1/any',
  ].map((key) => ({ key, functionArn: 'f' })),
);

describe('routeTable', () => {
  it.each([
    ['GET', '/v1/alerts', 'GET /v1/alerts', {}],
    ['GET', '/v1/alerts/a%20b', 'GET /v1/alerts/{alertId}', { alertId: 'a b' }],
    ['POST', '/v1/alerts/7/resolve', 'POST /v1/alerts/{alertId}/resolve', { alertId: '7' }],
    ['GET', '/v1/deep/er/path', 'GET /v1/{rest+}', { rest: 'deep/er/path' }],
    ['DELETE', '/v1/any', 'ANY /v1/any', {}],
  ])('leads %s %s to %s', (method, path, key, parameters) => {
    expect(find(method, path)).toMatchObject({ route: { key }, parameters });
  });

  it.each([
    ['POST', '/v1/alerts'],
    ['GET', '/v2/alerts'],
    ['GET', '/v1/alerts/%ff/x/'.replace('/v1', '')],
  ])('finds nothing for %s %s', (method, path) => {
    expect(find(method, path)).toBeUndefined();
  });
});

describe('tokenBucket', () => {
  it('admits a burst, then the rate, and no more than the burst after a pause', () => {
    const admits = tokenBucket({ ratePerSecond: 10, burst: 3 });
    expect([0, 0, 0, 0].map(admits)).toEqual([true, true, true, false]);
    expect([100, 100].map(admits)).toEqual([true, false]);
    expect([60_000, 60_000, 60_000, 60_000].map(admits)).toEqual([true, true, true, false]);
  });
});

describe('answerOf', () => {
  it.each([
    ['a value without a status', { a: 1 }, 200, '{"a":1}'],
    ['base64', { statusCode: 201, body: 'YQ==', isBase64Encoded: true }, 201, 'a'],
    ['a status that is none', { statusCode: 'great' }, 500, '{"message":"Internal Server Error"}'],
    [
      'a body that is no text',
      { statusCode: 200, body: { a: 1 } },
      500,
      '{"message":"Internal Server Error"}',
    ],
  ])('answers %s as API Gateway does', (_name, response, status, body) => {
    const answer = answerOf(response);
    expect([answer.status, answer.body.toString()]).toEqual([status, body]);
  });
});

describe('isTooLargeForFunction', () => {
  it('counts base64 and JSON escapes, since they are what the function is sent', () => {
    const mb = 1024 * 1024;
    expect(isTooLargeForFunction(Buffer.alloc(5 * mb), { 'content-type': 'application/octet-stream' })).toBe(
      true,
    );
    expect(isTooLargeForFunction(Buffer.alloc(5 * mb, 'a'), { 'content-type': 'application/json' })).toBe(
      false,
    );
    expect(isTooLargeForFunction(Buffer.alloc(5 * mb, '"'), { 'content-type': 'application/json' })).toBe(
      true,
    );
  });
});

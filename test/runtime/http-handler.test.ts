import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ThrottledError, TransientError } from '../../functions/kernel/invariant.ts';
import { httpHandler, parsedBody, problem, scopesOf } from '../../functions/runtime/http-handler.ts';

const event = (body?: string) =>
  ({
    routeKey: 'POST /v1/things/{id}',
    rawPath: '/v1/things/secret-path',
    rawQueryString: 'q=secret-query',
    headers: { cookie: 'secret-header' },
    body: body ?? 'secret-body',
    isBase64Encoded: false,
  }) as unknown as APIGatewayProxyEventV2;
const context = { awsRequestId: 'request-1' } as Context;

let written: string[] = [];
beforeEach(() => {
  written = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const answerTo = async (failure: unknown) => {
  const answer = await httpHandler({ functionId: 'serve', handle: () => Promise.reject(failure) })(
    event(),
    context,
  );
  return { ...answer, body: JSON.parse(answer.body ?? 'null') as Record<string, unknown> };
};

describe('an HTTP function', () => {
  it('answers JSON, and counts one request in one metric line', async () => {
    const handler = httpHandler({
      functionId: 'serve',
      handle: async () => ({ status: 201, body: { a: 1 }, headers: { x: 'y' } }),
    });
    const answer = await handler(event(), context);
    expect(answer).toEqual({
      statusCode: 201,
      headers: { 'content-type': 'application/json', x: 'y' },
      body: '{"a":1}',
    });
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ function: 'serve', requests: 1, status2xx: 1 });
  });

  it.each([
    ['429 when asked to slow down', new ThrottledError('slow', 7), 429, '7'],
    ['503 when a service is down', new TransientError('down', { retryAfterSeconds: 3 }), 503, '3'],
    [
      '500 for a bug, without a promise that waiting helps',
      new TypeError('bug with secret-value'),
      500,
      undefined,
    ],
    ['500 even for what is no error', 'secret-value', 500, undefined],
  ])('answers %s', async (_, failure, status, retryAfter) => {
    const answer = await answerTo(failure);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers?.['retry-after']).toBe(retryAfter);
    expect(answer.headers?.['content-type']).toBe('application/problem+json');
    expect(answer.body.status).toBe(status);
    if (status === 500) expect(written.join('')).toContain(String(answer.body.errorId));
    expect(JSON.stringify(answer) + written.join('')).not.toContain('secret');
  });
});

describe('the scopes of a caller', () => {
  it.each([
    ['in one text', { scope: 'profiles:read attributes:read' }],
    ['as a list', { scope: '[profiles:read attributes:read]' }],
    ['under the other name', { scp: '[profiles:read attributes:read]' }],
  ])('are read as API Gateway passes them on: %s', (_, claims) => {
    const authorized = { ...event(), requestContext: { authorizer: { jwt: { claims } } } };
    expect(scopesOf(authorized as unknown as APIGatewayProxyEventV2)).toEqual([
      'profiles:read',
      'attributes:read',
    ]);
  });

  it('are none for a caller without a token', () => {
    expect(scopesOf(event()).filter((scope) => scope !== '')).toEqual([]);
  });
});

describe('a request that does not fit its schema', () => {
  const schema = z.strictObject({ limit: z.number() });
  it.each([
    ['{"limit":"secret"}', { at: ['/limit'] }],
    ['["secret"]', { at: [''] }],
    ['{"limit":', { title: 'Malformed request' }],
  ])('is told where, and nothing is quoted: %s', (body, expected) => {
    const parsed = parsedBody(schema, event(body));
    if (!('problem' in parsed)) throw new Error('was taken');
    expect(parsed.problem).toMatchObject({ status: 400, ...expected });
    expect(JSON.stringify(problem(parsed.problem))).not.toContain('secret');
  });

  it('is told of the form that it comes nearest to, where there are several', () => {
    const forms = z.union([
      z.strictObject({ entries: z.array(z.strictObject({ 'a/b': z.string() })).max(2) }),
      z.strictObject({ all: z.literal(true), limit: z.number().optional() }),
    ]);
    const faultOf = (body: unknown) => {
      const parsed = parsedBody(forms, event(JSON.stringify(body)));
      if (!('problem' in parsed)) throw new Error('was taken');
      return parsed.problem;
    };
    expect(faultOf({ entries: [{ 'a/b': 5 }] })).toMatchObject({
      detail: expect.stringContaining('expected string, received number'),
      at: ['/entries/0/a~1b'],
    });
    expect(faultOf({ entries: [{}, {}, {}].map(() => ({ 'a/b': 'x' })) }).at).toEqual(['/entries']);
    expect(faultOf({ all: true, limit: 'secret' }).at).toEqual(['/limit']);
    expect(faultOf('secret').at).toEqual(['']);
  });

  it('is read from base64 too', () => {
    const encoded = { ...event(Buffer.from('{"limit":3}').toString('base64')), isBase64Encoded: true };
    expect(parsedBody(schema, encoded)).toEqual({ value: { limit: 3 } });
  });
});

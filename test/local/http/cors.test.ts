import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpFront } from '../../../lib/local/http/http-front.ts';

const SHOP = 'https://shop.example';
let front: HttpFront;
let plain: HttpFront;

/** A function that would say of pages what it likes. */
const invoke = async () => ({
  ok: true as const,
  response: {
    statusCode: 429,
    headers: { 'access-control-allow-origin': '*', 'retry-after': '2' },
    body: '{}',
  },
});
const spec = {
  apiId: 'api',
  accountId: '111122223333',
  stage: '$default',
  routes: [{ key: 'POST /v1/batch', functionArn: 'f' }],
};
const cors = {
  origins: [SHOP, 'https://www.shop.example'],
  methods: ['POST'],
  headers: ['authorization', 'content-type'],
  exposed: ['retry-after'],
  maxAgeSeconds: 7_200,
};

beforeAll(async () => {
  [front, plain] = await Promise.all([HttpFront.open(0), HttpFront.open(0)]);
  front.serve({ ...spec, cors }, { invoke });
  plain.serve(spec, { invoke });
});
afterAll(() => Promise.all([front.stop(), plain.stop()]));

const asks = (to: HttpFront, headers: Record<string, string>, path = '/v1/batch') =>
  fetch(`${to.url}${path}`, { method: 'OPTIONS', headers });
const corsHeaders = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-')));
const ASKED = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type',
};

describe('an HTTP API that lets pages in', () => {
  it('answers the browser’s question itself, for any path', async () => {
    for (const path of ['/v1/batch', '/v1/nowhere']) {
      const response = await asks(front, { origin: SHOP, ...ASKED }, path);
      expect(response.status).toBe(204);
      expect(corsHeaders(response)).toEqual({
        'access-control-allow-origin': SHOP,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-expose-headers': 'retry-after',
        'access-control-max-age': '7200',
      });
    }
  });

  it('tells another origin nothing, in the question and in the answer', async () => {
    for (const origin of ['https://shop.example.evil.example', 'http://shop.example', 'null']) {
      const question = await asks(front, { origin, ...ASKED });
      expect([question.status, corsHeaders(question)]).toEqual([204, {}]);
      const answer = await fetch(`${front.url}/v1/batch`, { method: 'POST', headers: { origin } });
      expect([answer.status, corsHeaders(answer)]).toEqual([429, {}]);
    }
  });

  it('puts its own rules on a function’s answer, also on a refusal', async () => {
    const headers = { origin: 'https://www.shop.example' };
    const answer = await fetch(`${front.url}/v1/batch`, { method: 'POST', headers });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2']);
    expect(corsHeaders(answer)).toEqual({
      'access-control-allow-origin': 'https://www.shop.example',
      'access-control-expose-headers': 'retry-after',
    });
  });

  it('takes OPTIONS for a request like any other when it is no question of a browser', async () => {
    expect((await asks(front, { origin: SHOP })).status).toBe(404);
    expect((await asks(front, ASKED)).status).toBe(404);
  });
});

describe('an HTTP API without such rules', () => {
  it('has no answer for browsers, and passes on what a function says', async () => {
    const question = await asks(plain, { origin: SHOP, ...ASKED });
    expect([question.status, corsHeaders(question)]).toEqual([404, {}]);
    const answer = await fetch(`${plain.url}/v1/batch`, { method: 'POST', headers: { origin: SHOP } });
    expect(corsHeaders(answer)).toEqual({ 'access-control-allow-origin': '*' });
  });
});

import { randomBytes } from 'node:crypto';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BODY_BYTES_MAX } from '../../../functions/pipeline/1-collect/body.ts';
import { RateLimit } from '../../../functions/pipeline/1-collect/rate-limit.ts';
import { basic, batch, memoryStage, NOW, order, receiptsOf, source, writeKey } from './setting.ts';

const refusalOf = async (
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  path = '/v1/batch',
) => {
  const answer = await memoryStage().post(path, body, headers);
  return 'refusal' in answer ? answer.refusal : null;
};
/** A batch whose body has exactly so many bytes. */
const bodyOf = (bytes: number): string => {
  const empty = JSON.stringify({ batch: [order()], filler: '' });
  return `${empty.slice(0, -2)}${'x'.repeat(bytes - empty.length)}"}`;
};

describe('a malformed request gets one clear answer', () => {
  const gzipped = gzipSync(batch(order()));
  const damaged = Buffer.from(gzipped);
  damaged[20] = (damaged[20] ?? 0) ^ 0xff;
  it.each<[string, string | Uint8Array, number]>([
    ['truncated gzip', gzipped.subarray(0, gzipped.length - 10), 400],
    ['damaged gzip', damaged, 400],
    ['wrong JSON', '{"batch":[', 400],
    ['no body', '', 400],
    ['NaN, which is not JSON', '{"batch":[{"total":NaN}]}', 400],
    ['an array', '[]', 400],
    ['null', 'null', 400],
    ['a batch that is no array', '{"batch":{}}', 400],
    ['10,000 levels at the top', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 400],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['10.1 MB', randomBytes(10_100_000 + 400_000), 413],
    ['a bomb of ten million events', gzipSync(`{"batch":[${'{},'.repeat(10_000_000)}{}]}`), 413],
    ['a bomb', gzipSync(Buffer.alloc(40 * 1024 * 1024, 0x20)), 413],
  ])('%s', async (_, body, status) => {
    const refusal = await refusalOf(body);
    expect(refusal?.status).toBe(status);
    expect(refusal?.detail).toMatch(/^[A-Z][ \w`,.-]+\.$/);
  });

  it('takes 10 MiB to the byte and not one more', async () => {
    expect(await refusalOf(bodyOf(BODY_BYTES_MAX))).toBeNull();
    expect((await refusalOf(bodyOf(BODY_BYTES_MAX + 1)))?.status).toBe(413);
  });

  it.each([
    ['none', ''],
    ['of no source', 'Basic bm9wZTo='],
    ['with a wrong mac', `Basic ${Buffer.from('web_1_AAAAAAAAAAAAAAAAAAAAAA:').toString('base64')}`],
    [
      'of a revoked version',
      `Basic ${Buffer.from(`${writeKey().replace('_1_', '_0_')}:`).toString('base64')}`,
    ],
    ['not even base64', 'Basic ***'],
    ['of another scheme', `Digest ${writeKey()}`],
  ])('401 for a key %s', async (_, authorization) => {
    expect((await refusalOf(batch(order()), { authorization }))?.status).toBe(401);
  });

  it('404 for another path', async () => {
    expect((await refusalOf(batch(), {}, '/v1/import'))?.status).toBe(404);
  });
});

describe('an honest request gets through however it is written', () => {
  it.each<[string, string | Uint8Array, Record<string, string>]>([
    ['plain', batch(order()), {}],
    ['base64 by API Gateway', Buffer.from(batch(order())), {}],
    ['gzip', gzipSync(batch(order())), { 'content-encoding': 'gzip' }],
    [
      'gzip that nobody declared',
      gzipSync(batch(order())),
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['zlib', deflateSync(batch(order())), {}],
    ['raw deflate', deflateRawSync(batch(order())), { 'content-encoding': 'deflate' }],
    ['declared gzip, unpacked by a proxy', batch(order()), { 'content-encoding': 'gzip' }],
    [
      'with the key in the body',
      JSON.stringify({ batch: [order()], writeKey: writeKey() }),
      { authorization: '' },
    ],
    ['with a bearer key', batch(order()), { authorization: `Bearer ${writeKey()}` }],
  ])('%s', async (_, body, headers) => {
    const answer = await memoryStage().post('/v1/batch', body, headers);
    expect(receiptsOf(answer)).toEqual([{ messageId: 'message-1', outcome: 'accepted' }]);
  });

  it('says yes to an empty batch', async () => {
    expect(await memoryStage().post('/v1/batch', batch())).toEqual({ status: 200, receipts: [] });
  });

  it('takes 2,500 events at once and gives each its receipt', async () => {
    const stage = memoryStage();
    const events = Array.from({ length: 2_500 }, (_, at) =>
      order({ messageId: `m-${at}`, userId: `C-${at % 50}`, ...(at % 100 === 7 ? { event: '' } : {}) }),
    );
    const receipts = receiptsOf(await stage.post('/v1/batch', batch(...events)));
    expect(receipts.map(({ messageId }) => messageId)).toEqual(events.map(({ messageId }) => messageId));
    expect(receipts.filter(({ outcome }) => outcome === 'quarantined')).toHaveLength(25);
    expect(stage.signals()).toHaveLength(2_475);
  });

  it('takes 10,000 events at once and refuses more as a whole, before any of them costs anything', async () => {
    const stage = memoryStage();
    const compressed = (events: number) =>
      gzipSync(`{"batch":[${Array.from({ length: events }, () => '{}').join(',')}]}`);
    expect(receiptsOf(await stage.post('/v1/batch', compressed(10_000)))).toHaveLength(10_000);
    expect(await stage.post('/v1/batch', compressed(10_001), {}, NOW + 60_000)).toMatchObject({
      refusal: { status: 413, detail: 'Send at most 10,000 events in a request.' },
    });
    expect(await stage.post('/v1/batch', batch(order()), {}, NOW + 60_000)).toMatchObject({ status: 200 });
  });

  it('keeps nothing of a request whose receipts no answer could hold', async () => {
    const stage = memoryStage();
    const events = Array.from({ length: 4_000 }, (_, at) =>
      order({ messageId: `${at}`.padEnd(500, '\u20ac') }),
    );
    expect(await stage.post('/v1/batch', gzipSync(batch(...events)))).toMatchObject({
      refusal: { status: 413 },
    });
    expect(stage.signals()).toHaveLength(0);
  });

  it.each([
    ['half a character', '\ud800'],
    ['the other half', 'order-1\udfff'],
    ['blanks', '   '],
  ])('takes no messageId of %s: it would swallow the next event as its duplicate', async (_, messageId) => {
    const receipts = receiptsOf(await memoryStage().post('/v1/batch', batch(order({ messageId }))));
    expect(receipts).toEqual([{ messageId: null, outcome: 'quarantined', reason: 'missing-message-id' }]);
  });

  it.each(['2026-02-30', '2026-02-29T10:00:00Z', '2025-04-31T10:00:00.000Z'])(
    'takes %s for no time, and not for a day of the next month',
    async (timestamp) => {
      const receipts = receiptsOf(await memoryStage().post('/v1/batch', batch(order({ timestamp }))));
      expect(receipts).toMatchObject([{ outcome: 'quarantined', reason: 'impossible-time' }]);
    },
  );

  it('keeps an event nested 10,000 deep as it came, and lets its neighbours pass', async () => {
    const stage = memoryStage();
    const deep = `{"messageId":"deep","type":"track","event":"x","a":${'['.repeat(10_000)}1${']'.repeat(10_000)}}`;
    const receipts = receiptsOf(
      await stage.post('/v1/batch', `{"batch":[${deep},${JSON.stringify(order())}]}`),
    );
    expect(receipts.map(({ outcome, reason }) => reason ?? outcome)).toEqual(['too-deep', 'accepted']);
    const [lines] = stage.ports.quarantine.objects.values();
    expect(lines?.[0]).toContain('['.repeat(10_000));
  });

  it('counts a batch context for its events, which may overrule it', async () => {
    const stage = memoryStage();
    const context = { consent: { categoryPreferences: { profiling: false } } };
    await stage.post(
      '/v1/batch',
      JSON.stringify({
        context,
        batch: [
          order(),
          order({ messageId: 'm2', context: { consent: { categoryPreferences: { profiling: true } } } }),
        ],
      }),
    );
    expect(stage.signals().map(({ consent }) => consent)).toEqual([
      { profiling: 'none' },
      { profiling: 'full' },
    ]);
  });

  it.each(['track', 'identify', 'page', 'screen', 'group', 'alias'])(
    'POST /v1/%s carries one event',
    async (type) => {
      const stage = memoryStage();
      const { type: _, ...event } = order();
      expect(receiptsOf(await stage.post(`/v1/${type}`, JSON.stringify(event)))).toHaveLength(1);
      expect(stage.signals()).toHaveLength(1);
    },
  );

  it('answers 421 when everything belongs elsewhere, 200 when something is ours', async () => {
    const theirs = order({ messageId: 'm2', properties: { country: 'GB' } });
    expect(await memoryStage().post('/v1/batch', batch(theirs))).toMatchObject({ status: 421 });
    expect(await memoryStage().post('/v1/batch', batch(theirs, order()))).toMatchObject({ status: 200 });
  });

  it('marks signals that came with Sec-GPC: 1, and no others', async () => {
    const stage = memoryStage();
    await stage.post('/v1/batch', batch(order()), { 'sec-gpc': '1' });
    await stage.post('/v1/batch', batch(order()), { 'sec-gpc': '0' });
    expect(stage.signals().map(({ gpc }) => gpc)).toEqual([true, undefined]);
  });
});

describe('the rate limit', () => {
  it('lets a large batch through, then makes its source wait in proportion', () => {
    const limit = new RateLimit();
    const slow = { id: 's', eventsPerSecondMax: 10 };
    expect(limit.take(slow, 100, NOW)).toBeNull();
    expect(limit.take(slow, 1, NOW)).toBe(8);
    expect(limit.take({ ...slow, id: 'other' }, 1, NOW)).toBeNull();
    expect(limit.take(slow, 1, NOW + 8_100)).toBeNull();
  });

  it('answers 429 with the seconds to wait, and keeps nothing of the request', async () => {
    const stage = memoryStage();
    stage.setting.limit.take(source('survey'), 1_000_000, NOW);
    const answer = await stage.post('/v1/batch', batch(order()), { authorization: basic('survey') });
    expect(answer).toMatchObject({ refusal: { status: 429, retryAfterSeconds: 998 } });
    expect(stage.signals()).toHaveLength(0);
  });
});

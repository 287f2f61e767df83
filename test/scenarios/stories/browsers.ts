import { describe, expect, it } from 'vitest';
import { type RunningPair, SHOP_ORIGIN } from '../running-pair.ts';

interface Asked {
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Posts as a browser does for a page of another origin (Fetch standard, "CORS protocol"): it asks first, sends only what was
 * allowed, and lets the page read the answer only where that says so. Null where the page gets a network error. */
async function postFromPage(url: string, { origin, headers, body }: Asked): Promise<Response | null> {
  // `Sec-` headers are the browser's own, and no page may set them.
  const named = Object.keys(headers).filter((name) => !name.startsWith('sec-'));
  const question = await fetch(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': named.join(','),
    },
  });
  const listed = (name: string) => (question.headers.get(name) ?? '').split(',').map((part) => part.trim());
  const mayAsk =
    question.ok &&
    listed('access-control-allow-origin').includes(origin) &&
    named.every((name) => listed('access-control-allow-headers').includes(name));
  if (!mayAsk) return null;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { origin, ...headers },
    body: JSON.stringify(body),
  });
  return answer.headers.get('access-control-allow-origin') === origin ? answer : null;
}

/** What pages of a shop can do, and pages of anybody else cannot. */
export function browserStories(pair: () => RunningPair): void {
  describe('a page in a browser', () => {
    const batch = (messageId: string) => ({
      batch: [{ type: 'identify', messageId, anonymousId: 'page-visitor', userId: 4_711 }],
    });
    const withKey = (key: string) => ({
      authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
      'content-type': 'application/json',
    });

    it('of the shop sends signals with Global Privacy Control, and reads its receipts', async () => {
      const { eu } = pair();
      const answer = await postFromPage(`${eu.ready.collectUrl}/v1/batch`, {
        origin: SHOP_ORIGIN,
        headers: { ...withKey(eu.keyOf('web')), 'sec-gpc': '1' },
        body: batch('page-1'),
      });
      eu.ledger.sent += 1;
      expect(await answer?.json()).toEqual({
        success: true,
        receipts: [{ messageId: 'page-1', outcome: 'accepted' }],
      });
      await eu.settled();
      const { body } = await eu.lookUp({ type: 'anonymousId', value: 'page-visitor' });
      // The number and its digits are one customer, and the signal of the browser was heard.
      const byDigits = await eu.lookUp({ type: 'userId', value: '4711' });
      expect(byDigits.body.subjectId).toBe(body.subjectId);
      expect(body.consent.profiling).toMatchObject({ choice: 'refused' });
    });

    it('of the shop records a choice with a token', async () => {
      const { eu } = pair();
      const answer = await postFromPage(`${eu.ready.operationsUrl}/v1/consents`, {
        origin: SHOP_ORIGIN,
        headers: { authorization: `Bearer ${eu.ready.token}`, 'content-type': 'application/json' },
        body: {
          identifiers: [{ type: 'anonymousId', value: 'page-visitor' }],
          recorder: 'shop-page',
          choices: { analytics: true },
        },
      });
      eu.ledger.sent += 1;
      expect(answer?.status).toBe(202);
      await eu.settled();
      const { body } = await eu.lookUp({ type: 'anonymousId', value: 'page-visitor' });
      expect(body.consent.analytics).toMatchObject({ choice: 'granted', origin: 'explicit' });
    });

    it('of somebody else can neither send nor read', async () => {
      const { eu } = pair();
      const origin = 'https://elsewhere.example';
      const headers = withKey(eu.keyOf('web'));
      const body = batch('page-never');
      expect(await postFromPage(`${eu.ready.collectUrl}/v1/batch`, { origin, headers, body })).toBeNull();
      expect((await eu.receiptOf('page-never')).body.outcome).not.toBe('applied');
    });
  });
}

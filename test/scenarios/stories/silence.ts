import { beforeAll, describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../../functions/kernel/time.ts';
import { ALL_ALLOWED, type RunningPair } from '../running-pair.ts';

/** Absences are concluded only from a silence of fifteen seconds after the last signal. */
const SILENCE_MS = 15_500;
const GONE = { type: 'userId', value: 'C-50' } as const;
const BOUGHT = { type: 'userId', value: 'C-51' } as const;

/** What did not happen. Begins before the other stories and ends after them, so that nobody waits for the silence.
 * @returns the end */
export function silenceStory(pair: () => RunningPair): () => void {
  let sentAt = 0;
  const sweep = () =>
    pair().eu.region.invoke('sweep', { source: 'test', 'detail-type': 'Scheduled Event', detail: {} });
  const event = (messageId: string, { value }: { value: string }, name: string, minutesAgo: number) => ({
    type: 'track',
    event: name,
    messageId,
    userId: value,
    timestamp: new Date(Date.now() - minutesAgo * MINUTE_MS).toISOString(),
    context: ALL_ALLOWED,
    properties: { total: 50, currency: 'EUR', products: [{ price: 50, quantity: 1 }] },
  });

  beforeAll(async () => {
    const { eu } = pair();
    await eu.send('web', [
      event('cart-1', GONE, 'Cart Viewed', 90),
      event('cart-2', BOUGHT, 'Cart Viewed', 90),
      event('cart-3', BOUGHT, 'Order Completed', 80),
    ]);
    await eu.settled();
    sentAt = Date.now();
  });

  it('takes no cart for abandoned while the rest of the story may still be under way', async () => {
    const { eu } = pair();
    const { openCart, subjectId } = (await eu.lookUp(GONE)).body;
    expect(openCart).toMatchObject({ value: 50 });
    expect(await sweep()).toMatchObject({ ok: true });
    expect(await eu.alertsOf(subjectId)).toEqual([]);
  });

  return () => {
    describe('a customer who fills a cart and goes away', () => {
      it('is noticed once the silence has lasted, and once only', async () => {
        const { eu } = pair();
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, sentAt + SILENCE_MS - Date.now())));
        expect(await sweep()).toMatchObject({ ok: true });
        expect(await sweep()).toMatchObject({ ok: true });
        await eu.settled();
        const alerts = await eu.alertsOf((await eu.lookUp(GONE)).body.subjectId);
        expect(alerts).toMatchObject([{ rule: 'cart-abandoned', state: 'open' }]);
        expect(alerts[0]?.reasons[0]?.value).toBeGreaterThanOrEqual(90);
      });

      it('is not taken for one who ordered after all', async () => {
        const { eu } = pair();
        const { openCart, subjectId } = (await eu.lookUp(BOUGHT)).body;
        expect(openCart).toBeNull();
        expect(await eu.alertsOf(subjectId)).toEqual([]);
      });
    });
  };
}

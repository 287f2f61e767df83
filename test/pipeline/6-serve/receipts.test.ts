import { describe, expect, it, vi } from 'vitest';
import { receiptViewSchema } from '../../../functions/contracts/operations.ts';
import { messageToken } from '../../../functions/contracts/tokens.ts';
import { MINUTE_MS } from '../../../functions/kernel/time.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { ALL, from, operations, order } from './setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

const C1 = [{ type: 'userId', value: 'C-1' }];
const browsing = (messageId: string, consent = {}) =>
  from({ userId: 'C-1' }, [{ kind: 'visit', depth: 1 }], {
    messageId,
    purposes: ['analytics', 'personalisation', 'profiling'],
    consent,
  });

function receipts() {
  const api = operations();
  return {
    ...api,
    receipt: (messageId: string, identifiers?: readonly { type: string; value: string }[]) =>
      api.ask('POST /v1/receipts/lookup', {
        body: { messageId, ...(identifiers === undefined ? {} : { identifiers }) },
      }),
  };
}

describe('a receipt', () => {
  it('says how and why an event was refused', async () => {
    const { receipt, receipts: records } = receipts();
    await records.put([
      {
        messageToken: messageToken(SECRETS, 'order-17'),
        outcome: 'quarantined',
        reason: 'impossible-price',
        sourceId: 'pos',
        receivedAt: NOW,
      },
    ]);
    const { status, body } = await receipt('order-17');
    expect(status).toBe(200);
    expect(receiptViewSchema.parse(body)).toEqual({
      messageId: 'order-17',
      outcome: 'quarantined',
      reason: 'impossible-price',
      receivedAt: new Date(NOW).toISOString(),
    });
    await records.markReplayed(messageToken(SECRETS, 'order-17'), NOW + 5);
    expect((await receipt('order-17')).body).toMatchObject({ replayedAt: new Date(NOW + 5).toISOString() });
  });

  it('does not claim to know of an event without a record', async () => {
    const { status, body, contentType } = await receipts().receipt('never-sent');
    expect([status, contentType]).toEqual([404, 'application/problem+json']);
    expect(body.detail).toBe(
      'No refusal is recorded for it: it was applied, is a duplicate of one that was, or never arrived.',
    );
  });

  it("says `applied` for certain when it is told the event's identifiers", async () => {
    const { receipt, send } = receipts();
    await send([from({ userId: 'C-1' }, [order(100)], { messageId: 'order-1' })]);
    expect((await receipt('order-1', C1)).body).toMatchObject({ outcome: 'applied', reason: null });
    expect((await receipt('order-2', C1)).status).toBe(404);
    expect((await receipt('order-1', [{ type: 'userId', value: 'C-2' }])).status).toBe(404);
  });

  it('finds what was applied long ago, beyond the window of newest messages', async () => {
    const { receipt, send } = receipts();
    for (let at = 0; at < 120; at += 1)
      await send([
        from({ userId: 'C-1' }, [order(100)], {
          messageId: `order-${at}`,
          occurredAt: NOW - (120 - at) * MINUTE_MS,
        }),
      ]);
    expect((await receipt('order-0', C1)).body).toMatchObject({ outcome: 'applied' });
  });

  it('tells of the later success when an event was refused first', async () => {
    const { receipt, send, region, receipts: records } = receipts();
    await send([browsing('visit-1')]);
    await records.put(region.effects.kept);
    expect((await receipt('visit-1', C1)).body).toMatchObject({
      outcome: 'withheld',
      reason: 'no-consent',
    });
    await send([browsing('visit-1', ALL)]);
    expect((await receipt('visit-1', C1)).body).toMatchObject({ outcome: 'applied' });
  });

  it.each([
    [{}, '/messageId'],
    [{ messageId: '' }, '/messageId'],
    [{ messageId: 'm', identifiers: [{ type: 'email', value: 'nobody' }] }, '/identifiers/0/value'],
  ])('refuses %o', async (body, at) => {
    const answer = await receipts().ask('POST /v1/receipts/lookup', { body });
    expect(answer.status).toBe(400);
    expect(answer.body.at).toEqual([at]);
  });
});

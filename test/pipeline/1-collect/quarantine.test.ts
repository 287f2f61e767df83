import { describe, expect, it } from 'vitest';
import { quarantineQuerySchema, replayRequestSchema } from '../../../functions/contracts/quarantine-api.ts';
import { messageToken } from '../../../functions/contracts/tokens.ts';
import { listQuarantine, replay } from '../../../functions/pipeline/1-collect/quarantine.ts';
import { batch, memoryStage, NOW, order, secrets } from './setting.ts';

const LATER = NOW + 3_600_000;

async function stageWithBad(count = 3) {
  const stage = memoryStage();
  for (let at = 0; at < count; at += 1)
    await stage.post(
      '/v1/batch',
      batch(order({ messageId: `bad-${at}`, properties: { total: -1 } })),
      { 'sec-gpc': '1' },
      NOW + at,
    );
  return { ...stage, id: (at: number) => messageToken(secrets, `bad-${at}`) };
}

describe('the quarantine', () => {
  it('lists bad events newest first, page by page, without their content', async () => {
    const { setting, id } = await stageWithBad();
    const first = await listQuarantine({ limit: 2 }, false, setting);
    expect(first.entries.map(({ entryId }) => entryId)).toEqual([id(2), id(1)]);
    expect(JSON.stringify(first)).not.toContain('C-1042');
    const second = await listQuarantine(
      { limit: 2, ...(first.cursor === undefined ? {} : { cursor: first.cursor }) },
      false,
      setting,
    );
    expect(second.entries.map(({ entryId }) => entryId)).toEqual([id(0)]);
    expect(second.cursor).toBeUndefined();
    expect((await listQuarantine({ limit: 9, reason: 'too-deep' }, false, setting)).entries).toEqual([]);
  });

  it('is not asked for a reason that does not exist, which would look as if nothing waited', () => {
    expect(quarantineQuerySchema.safeParse({ reason: 'too-deep' }).success).toBe(true);
    expect(quarantineQuerySchema.safeParse({ reason: 'to-deep' }).success).toBe(false);
    expect(replayRequestSchema.safeParse({ all: true, reason: 'to-deep' }).success).toBe(false);
  });

  it('shows the event and where its fault is to who may see it', async () => {
    const { setting } = await stageWithBad(1);
    const [entry] = (await listQuarantine({ limit: 1 }, true, setting)).entries;
    expect(entry).toMatchObject({ at: ['properties', 'total'], event: { userId: 'C-1042' } });
  });

  it('replays a repaired event as the one it was: same token, same time of receipt, same privacy signal', async () => {
    const stage = await stageWithBad(1);
    const event = order({ messageId: 'bad-0', properties: { total: 1 } });
    const { receipts } = await replay({ entries: [{ entryId: stage.id(0), event }] }, LATER, stage.setting);
    expect(receipts).toEqual([{ entryId: stage.id(0), outcome: 'accepted' }]);
    expect(stage.signals()).toMatchObject([
      { messageToken: stage.id(0), receivedAt: NOW, gpc: true, facts: [{ valueMinor: 100 }] },
    ]);
    expect((await listQuarantine({ limit: 9 }, false, stage.setting)).entries).toEqual([]);
    expect(stage.ports.records.records.get(stage.id(0))).toMatchObject({
      outcome: 'quarantined',
      replayedAt: LATER,
    });
  });

  it('replays it by the clock that its batch was sent by', async () => {
    const stage = memoryStage();
    const ahead = 3_600_000;
    const event = order({ messageId: 'bad-0', timestamp: new Date(NOW + ahead - 60_000).toISOString() });
    const sent = (events: readonly unknown[]): string =>
      JSON.stringify({ sentAt: new Date(NOW + ahead).toISOString(), batch: events });
    await stage.post('/v1/batch', sent([{ ...event, properties: { total: -1 } }]));
    const entryId = messageToken(secrets, 'bad-0');
    await replay({ entries: [{ entryId, event }] }, LATER, stage.setting);
    expect(stage.signals()).toMatchObject([{ messageToken: entryId, occurredAt: NOW - 60_000 }]);
  });

  it('keeps the token even when the repair changes the message id', async () => {
    const stage = await stageWithBad(1);
    await replay(
      { entries: [{ entryId: stage.id(0), event: order({ messageId: 'another' }) }] },
      LATER,
      stage.setting,
    );
    expect(stage.signals()[0]?.messageToken).toBe(stage.id(0));
  });

  it('does nothing twice, and nothing for an entry it does not have', async () => {
    const stage = await stageWithBad(1);
    const request = { entries: [{ entryId: stage.id(0), event: order() }, { entryId: 'nobody' }] };
    await replay(request, LATER, stage.setting);
    const { receipts } = await replay(request, LATER, stage.setting);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(['already-replayed', 'not-found']);
    expect(stage.signals()).toHaveLength(1);
  });

  it('keeps what is still bad', async () => {
    const stage = await stageWithBad(2);
    const { receipts } = await replay({ all: true, reason: 'impossible-price' }, LATER, stage.setting);
    expect(receipts).toHaveLength(2);
    for (const receipt of receipts)
      expect(receipt).toMatchObject({ outcome: 'quarantined', reason: 'impossible-price' });
    expect((await listQuarantine({ limit: 9 }, false, stage.setting)).entries).toHaveLength(2);
  });

  it('marks nothing as replayed when the stream does not take it', async () => {
    const stage = await stageWithBad(1);
    const ports = { ...stage.ports, signals: { append: () => Promise.reject(new Error('down')) } };
    const request = { entries: [{ entryId: stage.id(0), event: order() }] };
    await expect(replay(request, LATER, { ...stage.setting, ports })).rejects.toThrow('down');
    expect((await listQuarantine({ limit: 9 }, false, stage.setting)).entries).toHaveLength(1);
  });
});

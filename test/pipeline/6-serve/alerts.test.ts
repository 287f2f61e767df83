import { describe, expect, it, vi } from 'vitest';
import { memoryAlertBook } from '../../../functions/adapters/memory/alert-book.ts';
import { alertPageSchema, alertViewSchema } from '../../../functions/contracts/operations.ts';
import { subjectIdOf } from '../../../functions/contracts/subject.ts';
import { identifierToken } from '../../../functions/contracts/tokens.ts';
import { TransientError } from '../../../functions/kernel/invariant.ts';
import { MINUTE_MS } from '../../../functions/kernel/time.ts';
import { moveAlert } from '../../../functions/pipeline/6-serve/alerts.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { from, operations, type Who } from './setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

/** Three contacts within a week: what `repeat-contact` is about. */
const contacts = (who: Who) =>
  [3, 2, 1].map((minutesAgo) =>
    from(who, [{ kind: 'contact', channel: 'phone', escalated: false }], {
      occurredAt: NOW - minutesAgo * MINUTE_MS,
    }),
  );

async function withAlert() {
  const api = operations();
  await api.send(contacts({ userId: 'C-1' }));
  const page = alertPageSchema.parse((await api.ask('GET /v1/alerts')).body);
  const alertId = page.alerts[0]?.alertId ?? '';
  const move = (action: 'acknowledge' | 'resolve', id = alertId) =>
    api.ask(`POST /v1/alerts/{alertId}/${action}`, { path: { alertId: id } });
  return { ...api, alertId, move };
}

describe('the list of alerts', () => {
  it('has those that are open, newest first, page by page', async () => {
    const { send, ask } = operations();
    for (const at of [0, 1, 2]) await send(contacts({ userId: `C-${at}` }), NOW + at);
    const first = alertPageSchema.parse((await ask('GET /v1/alerts', { query: { limit: '2' } })).body);
    expect(first.alerts.map(({ openedAt }) => Date.parse(openedAt))).toEqual([NOW + 2, NOW + 1]);
    const query = { limit: '2', cursor: first.cursor ?? '' };
    const second = alertPageSchema.parse((await ask('GET /v1/alerts', { query })).body);
    expect(second.alerts.map(({ openedAt }) => Date.parse(openedAt))).toEqual([NOW]);
    expect(second.cursor).toBeUndefined();
    expect(first.alerts[0]).toMatchObject({ rule: 'repeat-contact', state: 'open' });
    expect(first.alerts[0]?.reasons[0]).toMatchObject({ value: 3 });
  });

  it('can be asked by rule, state and subject', async () => {
    const { ask, alertId, region } = await withAlert();
    const subjectId = region.effects.opened.get(alertId)?.subjectId ?? '';
    const ids = async (query: Record<string, string>) =>
      alertPageSchema
        .parse((await ask('GET /v1/alerts', { query })).body)
        .alerts.map((alert) => alert.alertId);
    expect(await ids({ rule: 'repeat-contact', subjectId })).toEqual([alertId]);
    expect(await ids({ rule: 'refund-surge' })).toEqual([]);
    expect(await ids({ state: 'resolved' })).toEqual([]);
    expect(await ids({ subjectId: 's.userId.AAAAAAAAAAAAAAAAAAAAAA' })).toEqual([]);
  });

  it("has a subject's alerts from before a merge, under every id that leads to it", async () => {
    const { ask, send, alertId } = await withAlert();
    await send([from({ userId: 'C-1', email: 'ada@shop.co.uk' }, [])]);
    for (const [type, value] of [
      ['userId', 'C-1'],
      ['email', 'ada@shop.co.uk'],
    ] as const) {
      const subjectId = subjectIdOf([identifierToken(SECRETS, type, value)]);
      const page = alertPageSchema.parse((await ask('GET /v1/alerts', { query: { subjectId } })).body);
      expect(page.alerts.map((alert) => alert.alertId)).toEqual([alertId]);
    }
  });

  it.each([
    [{ limit: '0' }, '/limit'],
    [{ state: 'closed' }, '/state'],
    [{ cursor: 'x' }, '/cursor'],
    [{ email: 'ada' }, ''],
  ])('refuses the query %o', async (query, at) => {
    const answer = await operations().ask('GET /v1/alerts', { query });
    expect([answer.status, answer.contentType]).toEqual([400, 'application/problem+json']);
    expect(answer.body.at).toEqual([at]);
    expect(answer.text).not.toMatch(/ada|closed/);
  });
});

describe('an alert', () => {
  it('is acknowledged, then resolved, each with its time and its evidence', async () => {
    const { move, setNow, lineage, alertId, ask } = await withAlert();
    setNow(NOW + 1_000);
    expect(alertViewSchema.parse((await move('acknowledge')).body)).toMatchObject({
      alertId,
      state: 'acknowledged',
      acknowledgedAt: new Date(NOW + 1_000).toISOString(),
    });
    setNow(NOW + 2_000);
    expect((await move('resolve')).body).toMatchObject({
      state: 'resolved',
      acknowledgedAt: new Date(NOW + 1_000).toISOString(),
      resolvedAt: new Date(NOW + 2_000).toISOString(),
    });
    expect((await ask('GET /v1/alerts')).body).toEqual({ alerts: [] });
    const fresh = lineage.appended.flatMap(({ rows }) => rows).filter((row) => row.redelivered !== true);
    expect(fresh).toMatchObject([
      { table: 'effects', kind: 'alert-acknowledged', name: 'repeat-contact', receivedAt: NOW + 1_000 },
      {
        table: 'effects',
        kind: 'alert-resolved',
        policyVersion: 'repeat-contact@1',
        receivedAt: NOW + 2_000,
      },
    ]);
    expect(lineage.appended.every(({ bucket }) => /^b0[0-7]$/.test(bucket))).toBe(true);
  });

  it('acknowledged twice is acknowledged once: same answer, same time, one row of evidence', async () => {
    const { move, setNow, lineage } = await withAlert();
    const first = await move('acknowledge');
    setNow(NOW + 60_000);
    const second = await move('acknowledge');
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    const [row, again] = lineage.appended.flatMap(({ rows }) => rows);
    expect(again).toEqual({ ...row, redelivered: true });
  });

  it('keeps its evidence when the stream fails just after the move: the retry tells it', async () => {
    const { alertId, policy, region, lineage } = await withAlert();
    const { keyring } = region;
    const alerts = memoryAlertBook(region.effects.opened);
    const down = { append: () => Promise.reject(new TransientError('down')) };
    const id = region.effects.opened.get(alertId)?.alertId;
    if (id === undefined) throw new Error('no alert');
    await expect(
      moveAlert(
        id,
        'acknowledge',
        policy,
        { alerts, subjects: region.store, lineage: down, keyring },
        NOW + 5,
      ),
    ).rejects.toThrow(TransientError);
    await moveAlert(id, 'resolve', policy, { alerts, subjects: region.store, lineage, keyring }, NOW + 9);
    expect(lineage.appended.flatMap(({ rows }) => rows)).toMatchObject([
      { kind: 'alert-acknowledged', receivedAt: NOW + 5, redelivered: true },
      { kind: 'alert-resolved', receivedAt: NOW + 9 },
    ]);
  });

  it('may be resolved without having been acknowledged, and not acknowledged any more after that', async () => {
    const { move } = await withAlert();
    expect((await move('resolve')).body).toMatchObject({ state: 'resolved' });
    const late = await move('acknowledge');
    expect([late.status, late.contentType]).toEqual([409, 'application/problem+json']);
    expect(late.body).toMatchObject({ title: 'Impossible move', status: 409 });
    expect((await move('resolve')).status).toBe(200);
  });

  it.each(['AAAAAAAAAAAAAAAAAAAAAA', 'no-such', '../../x'])('is unknown as %s', async (alertId) => {
    const { ask } = operations();
    const answer = await ask('POST /v1/alerts/{alertId}/acknowledge', { path: { alertId } });
    expect([answer.status, answer.contentType]).toEqual([404, 'application/problem+json']);
  });
});

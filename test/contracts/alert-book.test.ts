import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertBook } from '../../functions/adapters/aws/alert-book.ts';
import { alertStore } from '../../functions/adapters/aws/alert-store.ts';
import { memoryAlertBook } from '../../functions/adapters/memory/alert-book.ts';
import { MemoryEffects } from '../../functions/adapters/memory/effects.ts';
import type { Alert } from '../../functions/contracts/alerts.ts';
import { type AlertId, asAlertId, asSubjectId } from '../../functions/contracts/ids.ts';
import { ALERT_DAYS } from '../../functions/contracts/retention.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import type { AlertBook } from '../../functions/pipeline/6-serve/ports.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

/** Alerts expire by the clock on the wall, so these tests live in its present. */
const NOW = Date.now();

let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());

interface Opened {
  readonly book: AlertBook;
  open(alerts: readonly Alert[]): Promise<void>;
  close(alertIds: readonly AlertId[], at: number): Promise<void>;
}

async function inDynamoDb(): Promise<Opened> {
  const table = await tables.fresh('alerts');
  return { book: alertBook(table), ...alertStore(table) };
}

async function inMemory(): Promise<Opened> {
  const effects = new MemoryEffects();
  return { book: memoryAlertBook(effects.opened), ...effects.alerts };
}

const alert = (at: number, changes: Partial<Alert> = {}): Alert => ({
  alertId: asAlertId(`alert-${String(at).padStart(16, '0')}`),
  subjectId: asSubjectId(`s.userId.${at % 2}`),
  rule: at % 3 === 0 ? 'refund-surge' : 'repeat-contact',
  ruleVersion: 1,
  severity: 'warning',
  state: 'open',
  reasons: [{ code: 'contacts-7d', value: 3, threshold: 3 }],
  occurredAt: NOW - 1_000,
  openedAt: NOW + at,
  ...changes,
});
const range = (length: number) => Array.from({ length }, (_, at) => alert(at));

/** Every alert a query gives, over all its pages. */
async function all(book: AlertBook, query: Omit<Parameters<AlertBook['list']>[0], 'cursor'>) {
  const found: Alert[] = [];
  let cursor: string | undefined;
  do {
    const page = await book.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.alerts.length).toBeLessThanOrEqual(query.limit);
    found.push(...page.alerts);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

const ACKNOWLEDGE = { to: 'acknowledged', from: ['open'], at: NOW + 500 } as const;
const RESOLVE = { to: 'resolved', from: ['open', 'acknowledged'], at: NOW + 900 } as const;

describe.each([
  ['in DynamoDB', inDynamoDb],
  ['in memory', inMemory],
])('the alert book %s', (_, make) => {
  it('lists alerts as they were opened, newest first, each once over all pages', async () => {
    const { book, open } = await make();
    await open(range(23));
    const found = await all(book, { state: 'open', limit: 5 });
    expect(found).toEqual(range(23).reverse());
    expect((await book.list({ state: 'open', limit: 23 })).cursor).toBeUndefined();
    expect(await all(book, { state: 'acknowledged', limit: 5 })).toEqual([]);
  });

  it('finds one by its id, as it was moved', async () => {
    const { book, open } = await make();
    await open(range(2));
    const { alertId } = alert(1);
    expect(await book.find(alertId, NOW)).toEqual(alert(1));
    const moved = await book.move(alertId, ACKNOWLEDGE);
    expect(await book.find(alertId, NOW)).toEqual(moved?.alert);
    expect(await book.find(asAlertId('alert-of-nobody-at-all'), NOW)).toBeNull();
  });

  it('pages through alerts of one instant without losing one', async () => {
    const { book, open } = await make();
    await open(range(7).map((each) => ({ ...each, openedAt: NOW })));
    const ids = (await all(book, { state: 'open', limit: 2 })).map((each) => each.alertId);
    expect(new Set(ids).size).toBe(7);
    expect(ids).toHaveLength(7);
  });

  it('closes those of many that are there and not resolved, and does nothing when asked again', async () => {
    const { book, open, close } = await make();
    await open(range(30));
    const [open0, acknowledged, resolved] = [0, 1, 2].map((at) => alert(at).alertId) as [
      AlertId,
      AlertId,
      AlertId,
    ];
    await book.move(acknowledged, ACKNOWLEDGE);
    await book.move(resolved, RESOLVE);
    const unknown = asAlertId('alert-of-nobody-at-all');
    const ids = [
      open0,
      unknown,
      acknowledged,
      resolved,
      ...range(30)
        .slice(3, 28)
        .map((each) => each.alertId),
    ];
    await close(ids, NOW + 2_000);
    await close(ids, NOW + 9_000);
    const left = await all(book, { state: 'open', limit: 50 });
    expect(left.map((each) => each.openedAt - NOW)).toEqual([29, 28]);
    const closed = await all(book, { state: 'resolved', limit: 50 });
    expect(closed).toHaveLength(28);
    const resolvedAt = (id: AlertId) => closed.find((each) => each.alertId === id)?.resolvedAt;
    expect([open0, acknowledged, resolved].map(resolvedAt)).toEqual([NOW + 2_000, NOW + 2_000, NOW + 900]);
  });

  it('filters by rule and by any of several subjects', async () => {
    const { book, open } = await make();
    await open(range(12));
    const even = {
      state: 'open',
      limit: 2,
      subjectIds: [asSubjectId('s.userId.0'), asSubjectId('s.x')],
    } as const;
    expect((await all(book, even)).map((each) => each.openedAt - NOW)).toEqual([10, 8, 6, 4, 2, 0]);
    const both = await all(book, { ...even, rule: 'refund-surge' });
    expect(both.map((each) => each.openedAt - NOW)).toEqual([6, 0]);
  });

  it('moves an alert once, and tells a second caller how it stands', async () => {
    const { book, open } = await make();
    await open([alert(1)]);
    const id = alert(1).alertId;
    const acknowledged = { ...alert(1), state: 'acknowledged', acknowledgedAt: NOW + 500 };
    expect(await book.move(id, ACKNOWLEDGE)).toEqual({ alert: acknowledged, moved: true });
    expect(await book.move(id, { ...ACKNOWLEDGE, at: NOW + 700 })).toEqual({
      alert: acknowledged,
      moved: false,
    });
    const resolved = { ...acknowledged, state: 'resolved', resolvedAt: NOW + 900 };
    expect(await book.move(id, RESOLVE)).toEqual({ alert: resolved, moved: true });
    expect(await book.move(id, ACKNOWLEDGE)).toEqual({ alert: resolved, moved: false });
    expect(await all(book, { state: 'resolved', limit: 5 })).toEqual([resolved]);
    expect(await all(book, { state: 'open', limit: 5 })).toEqual([]);
  });

  it('lets one of many callers at once make the move', async () => {
    const { book, open } = await make();
    await open([alert(1)]);
    const results = await Promise.all(
      Array.from({ length: 6 }, (__, at) => book.move(alert(1).alertId, { ...ACKNOWLEDGE, at: NOW + at })),
    );
    expect(results.filter((result) => result?.moved)).toHaveLength(1);
    expect(new Set(results.map((result) => result?.alert.acknowledgedAt)).size).toBe(1);
  });

  it('is not reopened when the alert is told again after a crash', async () => {
    const { book, open } = await make();
    await open([alert(1)]);
    await book.move(alert(1).alertId, ACKNOWLEDGE);
    await open([alert(1), alert(2)]);
    expect(await all(book, { state: 'open', limit: 5 })).toEqual([alert(2)]);
  });

  it('does not make up an alert that was never opened', async () => {
    const { book } = await make();
    expect(await book.move(asAlertId('nobody'), ACKNOWLEDGE)).toBeNull();
    expect(await all(book, { state: 'acknowledged', limit: 5 })).toEqual([]);
  });
});

it('no longer lists an expired alert that DynamoDB has not yet deleted', async () => {
  const { book, open } = await inDynamoDb();
  await open([alert(0, { openedAt: NOW - (ALERT_DAYS + 1) * DAY_MS }), alert(1)]);
  expect(await all(book, { state: 'open', limit: 5 })).toEqual([alert(1)]);
});

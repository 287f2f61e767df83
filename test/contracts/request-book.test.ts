import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestBook } from '../../functions/adapters/aws/request-book.ts';
import { MemoryRequestBook } from '../../functions/adapters/memory/privacy.ts';
import type { PrivacyRequest } from '../../functions/contracts/privacy-requests.ts';
import { WITHOUT_END } from '../../functions/contracts/restriction.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import type { RequestBook, RequestQueue } from '../../functions/rights/privacy-request/ports.ts';
import { tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

const NOW = Date.UTC(2026, 5, 1);
const KEEP_DAYS = 730;

let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());

async function inDynamoDb(): Promise<RequestBook> {
  const table = await tables.fresh('privacyRequests');
  return requestBook(KEEP_DAYS, table, () => NOW + DAY_MS);
}

const request = (requestId: string, changes: Partial<PrivacyRequest> = {}): PrivacyRequest => ({
  requestId,
  openKey: 'erase.s.ada',
  type: 'erase',
  state: 'received',
  version: 0,
  requester: 'person',
  tokens: [tokenOf('userId', 'ada')],
  receivedAt: NOW,
  identity: null,
  authority: null,
  failedProofs: 0,
  pauses: [],
  extensionNoticedAt: null,
  needs: null,
  reminded: [],
  driver: 1,
  startedAt: null,
  located: null,
  canary: null,
  deletedAt: null,
  pitrClearAt: null,
  restrictedUntil: null,
  exported: null,
  link: null,
  denial: null,
  closedAt: null,
  ...changes,
});

async function queued(book: RequestBook, name: RequestQueue, since = 0): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const page of book.queue(name, since)) ids.push(...page.map(({ requestId }) => requestId));
  return ids.sort();
}

describe.each([
  ['in memory', async () => new MemoryRequestBook()],
  ['in DynamoDB', inDynamoDb],
])('privacy requests %s', (_name, make: () => Promise<RequestBook>) => {
  it('stand as they were first received, whoever comes again with the id or about the same', async () => {
    const book = await make();
    const first = await book.open(request('a'));
    expect(first).toEqual(request('a', { version: 1 }));
    expect(await book.open(request('a', { receivedAt: NOW + 1 }))).toEqual(first);
    expect(await book.open(request('b'))).toEqual(first);
    expect(await book.find('b')).toBeNull();
    expect((await book.open(request('c', { openKey: 'access.s.ada' }))).requestId).toBe('c');
  });

  it('are written by one of two who read the same', async () => {
    const book = await make();
    const read = await book.open(request('a'));
    const next = await book.save({ ...read, driver: 2 });
    expect(next).toEqual({ ...read, driver: 2, version: 2 });
    expect(await book.save({ ...read, driver: 3 })).toBeNull();
    expect(await book.find('a')).toEqual(next);
  });

  it('make room for another of their kind once they are answered, and only then', async () => {
    const book = await make();
    const first = await book.open(request('a'));
    const deleted = await book.save({ ...first, state: 'key-deleted', deletedAt: NOW });
    expect((await book.open(request('b'))).requestId).toBe('b');
    if (deleted === null) throw new Error('not saved');
    await book.save({ ...deleted, state: 'erased', closedAt: NOW });
    // The end of the first one does not let a third one in beside the second.
    expect((await book.open(request('c'))).requestId).toBe('b');
  });

  it('are kept as long as a restriction stands that they alone can lift, and queue while it is being lifted', async () => {
    const book = await make();
    const closedAt = NOW - 2 * KEEP_DAYS * DAY_MS;
    const first = await book.open(request('a', { type: 'restrict', receivedAt: closedAt }));
    const restricted = { state: 'complete', closedAt, restrictedUntil: WITHOUT_END } as const;
    const standing = await book.save({ ...first, ...restricted });
    expect(await book.find('a')).toEqual(standing);
    if (standing === null) throw new Error('not saved');
    const order = {
      reason: 'asked-by-person',
      informedAt: NOW - 1,
      by: 'desk',
      at: NOW,
      doneAt: null,
    } as const;
    const lifting = await book.save({ ...standing, state: 'lifting', lift: order });
    expect([await queued(book, 'open', NOW), await book.find('a')]).toEqual([['a'], lifting]);
    if (lifting === null) throw new Error('not saved');
    const lift = { ...order, doneAt: NOW };
    const lifted = await book.save({ ...lifting, state: 'complete', restrictedUntil: null, lift });
    expect([await queued(book, 'open'), await book.find('a')]).toEqual([[], lifted]);
  });

  it('queue while they are open, and as erased while a restore could bring back what they erased', async () => {
    const book = await make();
    const first = await book.open(request('a'));
    await book.open(request('b', { openKey: 'access.s.ada', type: 'access' }));
    expect(await queued(book, 'open')).toEqual(['a', 'b']);
    await book.save({ ...first, state: 'erased', deletedAt: NOW, closedAt: NOW });
    expect(await queued(book, 'open')).toEqual(['b']);
    expect(await queued(book, 'erased')).toEqual(['a']);
    expect(await queued(book, 'erased', NOW + 1)).toEqual([]);
  });
});

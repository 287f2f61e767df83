import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subjectKeyring } from '../../functions/adapters/aws/subject-keys.ts';
import { MemorySubjectKeyring } from '../../functions/adapters/memory/subject-keys.ts';
import type { AtomId } from '../../functions/contracts/ids.ts';
import {
  rowRef,
  type SubjectKey,
  type SubjectKeyring,
  seal,
  subjectKeyOf,
  unseal,
} from '../../functions/contracts/subject-keys.ts';
import { DAY_MS, MINUTE_MS } from '../../functions/kernel/time.ts';
import { NOW, SECRETS, tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());

/** Two instances over one table, with a clock that the test moves. */
async function inDynamoDb() {
  const table = await tables.fresh('subjectKeys');
  let now = NOW;
  const instance = (): SubjectKeyring =>
    subjectKeyring(SECRETS, { function: 'understand', purpose: 'understand' }, table, () => now);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { one: instance(), other: instance(), pass };
}
async function inMemory() {
  const keyring = new MemorySubjectKeyring(SECRETS);
  return { one: keyring, other: keyring, pass: () => undefined };
}

const atom = (name: string): AtomId => tokenOf('userId', name);
const many = Array.from({ length: 130 }, (_, at) => atom(`customer ${at}`));
/** A key is known by what it makes. */
const refOf = (key: SubjectKey | undefined) => (key === undefined ? null : rowRef(key, NOW));

describe.each([
  ['in memory', inMemory],
  ['in DynamoDB', inDynamoDb],
])('subject keys %s', (_name, make) => {
  it('are there once they were made, for whoever asks', async () => {
    const { one, other } = await make();
    expect((await one.read(many)).size).toBe(0);
    const created = await one.create(many);
    expect(created.size).toBe(many.length);
    const read = await other.read([...many, atom('stranger')]);
    expect(read.size).toBe(many.length);
    for (const id of many) expect(refOf(read.get(id))).toBe(refOf(created.get(id)));
  });

  it('are the same for two writers who make them at once', async () => {
    const { one, other } = await make();
    const [a, b] = await Promise.all([one.create(many.slice(0, 40)), other.create(many.slice(0, 40))]);
    for (const id of many.slice(0, 40)) expect(refOf(a.get(id))).toBe(refOf(b.get(id)));
  });

  it('differ from atom to atom', async () => {
    const { one } = await make();
    const keys = await one.create(many);
    expect(new Set([...keys.values()].map(refOf)).size).toBe(many.length);
  });

  it('are gone once destroyed, and a later one is another', async () => {
    const { one, other } = await make();
    const first = refOf((await one.create([atom('a')])).get(atom('a')));
    await one.destroy([atom('a')]);
    await one.destroy([atom('a')]);
    expect((await one.read([atom('a')])).size).toBe(0);
    const again = refOf((await other.create([atom('a')])).get(atom('a')));
    expect(again).not.toBe(first);
    expect(refOf((await one.read([atom('a')], { fresh: true })).get(atom('a')))).toBe(again);
  });
});

it('an instance forgets a destroyed key within five minutes, and at once when asked to look again', async () => {
  const { one, other, pass } = await inDynamoDb();
  await one.create([atom('a'), atom('b')]);
  await other.destroy([atom('a'), atom('b')]);
  expect((await one.read([atom('b')], { fresh: true })).size).toBe(0);
  expect((await one.read([atom('a')])).size).toBe(1);
  pass(5 * MINUTE_MS);
  expect((await one.read([atom('a')])).size).toBe(0);
});

describe('what is sealed', () => {
  const secret = new Uint8Array(32).fill(7);
  const key = subjectKeyOf(SECRETS, secret);

  it('comes back as it was, under the same key and in the same place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, context) => {
        expect(unseal(key, seal(key, text, context), context)).toBe(text);
      }),
    );
  });

  it('does not open with another secret, in another place, in another jurisdiction or with a bit changed', () => {
    const sealed = seal(key, 'what was bought', 'row 1');
    const elsewhere = { ...SECRETS, subjectKeys: SECRETS.messages };
    expect(unseal(subjectKeyOf(SECRETS, new Uint8Array(32).fill(8)), sealed, 'row 1')).toBeNull();
    expect(unseal(subjectKeyOf(elsewhere, secret), sealed, 'row 1')).toBeNull();
    expect(unseal(key, sealed, 'row 2')).toBeNull();
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unseal(key, changed, 'row 1')).toBeNull();
    }
    expect(unseal(key, sealed.subarray(0, 20), 'row 1')).toBeNull();
  });

  it('is the same bytes for the same row told twice, and other bytes for any other', () => {
    expect(seal(key, 'a', 'row 1')).toEqual(seal(key, 'a', 'row 1'));
    expect(seal(key, 'a', 'row 2')).not.toEqual(seal(key, 'a', 'row 1'));
    expect(seal(key, 'b', 'row 1').subarray(0, 12)).not.toEqual(seal(key, 'a', 'row 1').subarray(0, 12));
  });

  it('belongs together within a month only', () => {
    expect(rowRef(key, NOW)).toBe(rowRef(key, NOW + DAY_MS));
    expect(rowRef(key, NOW)).not.toBe(rowRef(key, NOW + 31 * DAY_MS));
  });
});

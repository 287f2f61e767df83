import { describe, expect, it } from 'vitest';
import type { IdentifierToken } from '../../functions/contracts/ids.ts';
import { rowRef, unseal } from '../../functions/contracts/subject-keys.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import type { StoredNode } from '../../functions/pipeline/understand/ports.ts';
import { NOW, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const ERASED_AT = NOW;
const who = { userId: 'ada', email: 'ada@lovelace.org' };
const order = (id: string, at: number, of: Parameters<typeof signal>[0]['who'] = who) =>
  signal({ id, who: of, occurredAt: at, receivedAt: at + 1 });

/** What an erasure leaves of an identifier. */
const tombstone = (id: IdentifierToken, version: number): StoredNode => ({
  id,
  version,
  subjectId: null,
  saturated: false,
  state: null,
  seen: null,
  links: new Uint8Array(),
  published: null,
  erasedAt: ERASED_AT,
  restrictedUntil: null,
  keptUntil: null,
});

/** A region that knew Ada, and has erased her. */
async function erased() {
  const region = new MemoryRegion();
  await region.deliverUntilDone([region.record([order('1', NOW - 2 * DAY_MS), order('2', NOW - DAY_MS)])]);
  const before = region.archived();
  const tokens = [tokenOf('userId', 'ada'), tokenOf('email', 'ada@lovelace.org')];
  const secrets = new Map(region.keyring.secrets);
  for (const id of tokens) region.store.nodes.set(id, tombstone(id, 9));
  region.store.subjects.clear();
  await region.keyring.destroy(tokens);
  return { region, before, secrets, tokens };
}
const outcomes = (region: MemoryRegion, from: number) =>
  region
    .archived()
    .slice(from)
    .map((row) => (row.table === 'refusals' ? `${row.outcome} ${row.reason}` : row.table));

describe('after an erasure', () => {
  it('late signals, signals sent again and those of a browser linked to it only now bring nothing back', async () => {
    const { region, before } = await erased();
    const late = [
      order('2', NOW - DAY_MS),
      order('3', NOW - 5 * DAY_MS),
      order('4', ERASED_AT),
      order('5', NOW - DAY_MS, { email: 'ada@lovelace.org' }),
      order('6', NOW - DAY_MS, { userId: 'someone else', email: 'ada@lovelace.org' }),
    ];
    await region.deliverUntilDone([region.record(late)], NOW + DAY_MS);
    expect(outcomes(region, before.length)).toEqual(late.map(() => 'suppressed subject-erased'));
    expect(region.states()).toEqual({});
    expect(region.keyring.secrets.size).toBe(0);
    expect(region.store.subjects.size).toBe(0);
    expect(region.effects.kept.map((record) => record.outcome)).toEqual(late.map(() => 'suppressed'));
    const rows = region.archived().slice(before.length);
    expect(rows.every((row) => row.rowRef === null && row.payload === undefined)).toBe(true);
  });

  it('a choice in a suppressed signal counts for nothing', async () => {
    const { region } = await erased();
    const withChoice = signal({ id: '7', who, occurredAt: NOW - DAY_MS, consent: { profiling: true } });
    await region.deliverUntilDone([region.record([withChoice])], NOW + DAY_MS);
    expect(region.states()).toEqual({});
  });

  it('a person who comes back is a new one, with another secret and no past', async () => {
    const { region, before, secrets, tokens } = await erased();
    await region.deliverUntilDone([region.record([order('8', ERASED_AT + DAY_MS)])], NOW + 2 * DAY_MS);
    const fresh = new MemoryRegion();
    await fresh.deliverUntilDone([fresh.record([order('8', ERASED_AT + DAY_MS)])], NOW + 2 * DAY_MS);
    expect(region.states()).toEqual(fresh.states());
    expect(region.partition()).toEqual(fresh.partition());
    const atom = tokens[0] ?? tokenOf('userId', 'ada');
    expect(region.keyring.secrets.get(atom)).not.toEqual(secrets.get(atom));
    const key = (await region.keyring.read([atom])).get(atom);
    if (key === undefined) throw new Error('no key');
    for (const row of before) {
      const sealed = Buffer.from(row.payload ?? '', 'base64');
      expect(unseal(key, sealed, row.rowId)).toBeNull();
      expect(row.rowRef).not.toBe(rowRef(key, row.receivedAt));
    }
    // The tombstone stays: what is late stays out.
    await region.deliverUntilDone([region.record([order('9', NOW - DAY_MS)])], NOW + 3 * DAY_MS);
    expect(region.states()).toEqual(fresh.states());
  });
});

it('every applied signal and every effect is sealed under the key of the atom it names', async () => {
  const region = new MemoryRegion();
  const consent = { analytics: true, personalisation: true, profiling: true };
  const orders = ['1', '2'].map((id) => signal({ id, who, consent, occurredAt: NOW - DAY_MS }));
  await region.deliverUntilDone([region.record(orders)]);
  const atom = tokenOf('userId', 'ada');
  const key = (await region.keyring.read([atom])).get(atom);
  if (key === undefined) throw new Error('no key');
  const rows = region.archived();
  expect(rows.some(({ table }) => table === 'effects')).toBe(true);
  for (const row of rows) {
    expect(row.rowRef).toBe(rowRef(key, row.receivedAt));
    const text = unseal(key, Buffer.from(row.payload ?? '', 'base64'), row.rowId);
    expect(text).toContain(row.table === 'signals' ? tokenOf('email', 'ada@lovelace.org') : atom);
  }
});

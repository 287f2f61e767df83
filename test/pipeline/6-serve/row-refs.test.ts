import { describe, expect, it, vi } from 'vitest';
import { rowRefsSchema } from '../../../functions/contracts/operations.ts';
import { utcDate } from '../../../functions/kernel/time.ts';
import { NOW } from '../../arbitraries.ts';
import { from, operations, order } from './setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

const TODAY = utcDate(NOW);
const PHONE = { type: 'phone', value: '+32470123456' };
const USER = { type: 'userId', value: 'C-1' };

function evidence() {
  const api = operations();
  return {
    ...api,
    rowRefs: (identifiers: readonly unknown[], first = TODAY, last = TODAY) =>
      api.ask('POST /v1/evidence/row-refs', { body: { identifiers, from: first, to: last } }),
  };
}

describe("a customer's row references", () => {
  it('are those that the archive has, whichever identifier is asked with', async () => {
    const { send, region, rowRefs } = evidence();
    await send([from({ phone: PHONE.value }, [order(1_000)])]);
    await send([from({ userId: USER.value, phone: PHONE.value }, [order(2_000)])]);
    await send([from({ userId: 'C-2' }, [order(3_000)])]);
    const [first, second, stranger] = region.effects.rows
      .filter((row) => row.table === 'signals')
      .map((row) => row.rowRef);
    const { status, body } = await rowRefs([PHONE]);
    expect(status).toBe(200);
    expect(rowRefsSchema.parse(body).rowRefs).toEqual([first, second].sort());
    expect(first).not.toBe(second);
    expect((await rowRefs([USER])).body).toEqual(body);
    expect(body.rowRefs).not.toContain(stranger);
  });

  it('are one for each month asked about', async () => {
    const { send, rowRefs } = evidence();
    await send([from({ userId: USER.value }, [order(1_000)])]);
    const refs = async (first: string, last: string) =>
      rowRefsSchema.parse((await rowRefs([USER], first, last)).body).rowRefs;
    expect(new Set(await refs('2026-01-31', '2026-03-01')).size).toBe(3);
    expect(await refs('2026-02-01', '2026-02-28')).toEqual(await refs('2026-02-10', '2026-02-10'));
  });

  it('are gone with the secret', async () => {
    const { send, region, rowRefs } = evidence();
    await send([from({ userId: USER.value }, [order(1_000)])]);
    const [atom] = region.store.nodes.keys();
    if (atom !== undefined) await region.keyring.destroy([atom]);
    expect((await rowRefs([USER])).body).toEqual({ rowRefs: [] });
  });

  it.each([
    ['days the wrong way round', '2026-02-01', '2026-01-01', 400],
    ['more months than anything is kept', '1000-01-01', '2026-01-01', 400],
    ['a day that is none', '2026-02-30', '2026-03-01', 400],
    ['a customer nobody knows', TODAY, TODAY, 404],
  ])('refuse %s', async (_, first, last, expected) => {
    const { rowRefs } = evidence();
    expect((await rowRefs([USER], first, last)).status).toBe(expected);
  });
});

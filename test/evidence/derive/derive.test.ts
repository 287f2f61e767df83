import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rebuildRequestSchema } from '../../../functions/contracts/evidence-api.ts';
import type { IdentityOrder } from '../../../functions/contracts/identity-order.ts';
import type { LineageRow } from '../../../functions/contracts/lineage.ts';
import { orderedPair } from '../../../functions/contracts/subject.ts';
import { unseal } from '../../../functions/contracts/subject-keys.ts';
import { explain } from '../../../functions/evidence/derive/explain.ts';
import { isEmpty } from '../../../functions/evidence/derive/rebuild.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { crowdArbitrary, NOW, signal, tokenOf } from '../../arbitraries.ts';
import { MemoryRegion } from '../../understand-harness.ts';
import { archived, listOf, rebuild, scratch } from './rebuilding.ts';

describe('law 7: profiles follow from the archive', () => {
  it('rebuilt from it alone, they equal the live ones, whatever came in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(crowdArbitrary(), async (signals) => {
        const region = new MemoryRegion();
        for (let from = 0; from < signals.length; from += 7)
          await region.deliverUntilDone([region.record(signals.slice(from, from + 7))]);
        const { compared, rebuilt } = await rebuild(region);
        expect(compared).toMatchObject({ different: 0, onlyLive: 0, onlyRebuilt: 0 });
        expect(compared.equal).toBe(compared.identifiers);
        expect(await region.persons(rebuilt)).toEqual(await region.persons());
      }),
      { numRuns: 60 },
    );
  });

  it('a choice in a signal that was withheld is rebuilt too', async () => {
    const region = new MemoryRegion();
    const refused = signal({
      id: '1',
      who: { userId: 'ada' },
      purposes: ['profiling'],
      consent: { profiling: false },
    });
    await region.deliverUntilDone([region.record([refused])]);
    const { compared, played } = await rebuild(region);
    expect(played).toBe(1);
    expect(compared).toMatchObject({ identifiers: 1, equal: 1 });
  });

  it('what was taken back stays gone, and what came with a later grant is there; each change is explained', async () => {
    const region = new MemoryRegion('eu');
    const ada = { userId: 'ada', anonymousId: 'a1' };
    const chooses = (id: string, granted: boolean, daysAgo: number) =>
      signal({
        id,
        who: ada,
        name: 'Consent Changed',
        eventClass: 'consent',
        occurredAt: NOW - daysAgo * DAY_MS,
        facts: [{ kind: 'consent', choices: { profiling: granted }, recorder: 'desk' }],
      });
    const visits = (id: string, daysAgo: number) =>
      signal({
        id,
        who: ada,
        eventClass: 'behaviour',
        purposes: ['profiling'],
        occurredAt: NOW - daysAgo * DAY_MS,
        facts: [{ kind: 'visit', depth: 2 }],
      });
    const story = [
      chooses('g1', true, 9),
      visits('v1', 8),
      chooses('w', false, 7),
      visits('v2', 6),
      chooses('g2', true, 5),
      visits('v3', 4),
    ];
    for (const [index, each] of story.entries())
      await region.deliverUntilDone([region.record([each])], NOW + index);
    const { compared } = await rebuild(region);
    expect(compared).toMatchObject({ identifiers: 2, equal: 2, different: 0 });
    const evidence = await archived(region);
    const changes = region
      .archived()
      .filter((row) => row.table === 'effects' && row.eventClass === 'consent');
    expect(changes).toHaveLength(3);
    for (const { rowId } of changes) {
      const told = await explain(rowId, null, region.context, {
        evidence,
        keyring: region.keyring,
        scratch,
      });
      expect([rowId, told?.verdict]).toEqual([rowId, 'equal']);
    }
  });

  it('what people decided about identities is rebuilt with them, and each part can be derived again', async () => {
    const region = new MemoryRegion();
    const of = (id: string, userId: string) => signal({ id, who: { userId, email: 'shared' } });
    await region.deliverUntilDone([region.record([of('1', 'ada'), of('2', 'bob'), of('3', 'ada')])]);
    const [a, b] = orderedPair(tokenOf('userId', 'ada'), tokenOf('userId', 'bob'));
    const order: IdentityOrder = {
      orderId: 'apart',
      decisions: [{ a, b, verdict: 'different', at: NOW, cause: 'review' }],
      severed: [],
      receivedAt: NOW,
    };
    await region.deliverUntilDone([region.record([order])]);
    await region.deliverUntilDone([region.record([of('4', 'bob')])]);
    expect((await rebuild(region)).compared).toMatchObject({ identifiers: 3, equal: 3 });
    const evidence = await archived(region);
    const ports = { evidence, keyring: region.keyring, scratch };
    const verdictsOf = async (kind: string) => {
      const rows = region.archived().filter((row) => row.table === 'effects' && row.kind === kind);
      return Promise.all(
        rows.map(async ({ rowId }) => (await explain(rowId, null, region.context, ports))?.verdict),
      );
    };
    expect(await verdictsOf('subject-split')).toEqual(['equal', 'equal']);
    expect(await verdictsOf('identity-decided')).toEqual(['human-act', 'human-act']);
  });

  it('many rows take several steps', async () => {
    const region = new MemoryRegion();
    const signals = Array.from({ length: 4_100 }, (_, at) =>
      signal({ id: `${at}`, who: { userId: `c${at % 50}` } }),
    );
    await region.deliverUntilDone([region.record(signals)]);
    const { compared, played, steps } = await rebuild(region);
    expect(steps).toBeGreaterThan(2);
    expect([played, compared.equal, compared.identifiers]).toEqual([4_100, 50, 50]);
  });

  it('an erased customer is not rebuilt', async () => {
    const region = new MemoryRegion();
    const of = (userId: string) => signal({ id: userId, who: { userId } });
    await region.deliverUntilDone([region.record([of('ada'), of('bob')])]);
    await region.keyring.destroy([tokenOf('userId', 'ada')]);
    region.store.nodes.delete(tokenOf('userId', 'ada'));
    const { rebuilt, sealed, compared } = await rebuild(region);
    expect([...rebuilt.nodes.keys()]).toEqual([tokenOf('userId', 'bob')]);
    expect(sealed).toBe(1);
    expect(compared).toMatchObject({ identifiers: 1, equal: 1, onlyRebuilt: 0 });
    expect(await isEmpty(listOf(rebuilt))).toBe(false);
  });
});

const consent = { analytics: true, personalisation: true, profiling: true };
/** A customer about whom something of every kind happened. */
async function eventful(): Promise<MemoryRegion> {
  const region = new MemoryRegion();
  const who = { userId: 'ada', email: 'ada@lovelace.org' };
  const ticket = (id: string) =>
    signal({
      id,
      who,
      consent,
      name: 'Ticket Opened',
      eventClass: 'service',
      purposes: ['service', 'profiling'],
      occurredAt: NOW - 3_600_000,
      facts: [{ kind: 'contact', channel: 'phone', escalated: false }],
    });
  const order = (id: string, of: Parameters<typeof signal>[0]['who']) =>
    signal({ id, who: of, consent, facts: [{ kind: 'order', valueMinor: 90_000, items: 2 }] });
  const apart = [order('0', { userId: 'ada' }), order('1', { email: 'ada@lovelace.org' })];
  await region.deliverUntilDone([region.record(apart)], NOW - DAY_MS);
  await region.deliverUntilDone([region.record([order('2', who), ticket('3'), ticket('4'), ticket('5')])]);
  await region.deliverUntilDone([region.record([order('6', who)])], NOW + DAY_MS);
  return region;
}

describe('a request to rebuild', () => {
  const days = (from: string, to: string) => rebuildRequestSchema.safeParse({ from, to });

  it('covers ten years at most: beyond, a step would look into folders until its time is up', () => {
    expect(days('2017-01-01', '2026-12-31').success).toBe(true);
    expect(days('0000-01-01', '9999-12-31').error?.issues).toMatchObject([
      { path: ['to'], message: expect.stringContaining('ten years') },
    ]);
  });
});

describe('an explanation', () => {
  it('derives every merge, segment move, alert and signal of a customer again, bit for bit', async () => {
    const region = await eventful();
    const evidence = await archived(region);
    const rows = region.archived();
    const kinds = new Set(rows.map((row) => (row.table === 'effects' ? row.kind : row.table)));
    expect([...kinds]).toEqual(
      expect.arrayContaining(['signals', 'subjects-merged', 'segment-entered', 'alert-opened']),
    );
    for (const { rowId } of rows) {
      const explanation = await explain(rowId, null, region.context, {
        evidence,
        keyring: region.keyring,
        scratch,
      });
      expect([rowId, explanation?.verdict]).toEqual([rowId, 'equal']);
    }
  });

  it('of a row whose plain columns were changed says that it is different', async () => {
    const region = await eventful();
    const row = region.effects.rows.find(
      (each) => each.table === 'effects' && each.kind === 'segment-entered',
    );
    if (row?.table !== 'effects') throw new Error('no segment was entered');
    region.effects.rows[region.effects.rows.indexOf(row)] = { ...row, reasons: 'score:99.9,version:1' };
    const ports = { evidence: await archived(region), keyring: region.keyring, scratch };
    expect(await explain(row.rowId, null, region.context, ports)).toMatchObject({ verdict: 'different' });
  });

  it('follows from the archive: with a signal missing there it comes out different', async () => {
    const region = await eventful();
    const alert = region.archived().find((row) => row.table === 'effects' && row.kind === 'alert-opened');
    const isTicket = (row: LineageRow): boolean =>
      row.table === 'signals' && row.signalName === 'Ticket Opened';
    region.effects.rows.splice(region.effects.rows.findIndex(isTicket), 1);
    const ports = { evidence: await archived(region), keyring: region.keyring, scratch };
    expect(await explain(alert?.rowId ?? '', null, region.context, ports)).toMatchObject({
      verdict: 'different',
    });
  });

  it('of an erased customer is that the key is gone, and of an unknown row that there is none', async () => {
    const region = await eventful();
    const [row] = region.archived();
    const ports = { evidence: await archived(region), keyring: region.keyring, scratch };
    await region.keyring.destroy([...region.keyring.secrets.keys()]);
    expect(await explain(row?.rowId ?? '', null, region.context, ports)).toMatchObject({ verdict: 'sealed' });
    expect(await explain('A'.repeat(22), null, region.context, ports)).toBeNull();
  });

  it('needs the key: a payload does not open with that of another customer', async () => {
    const region = await eventful();
    await region.deliverUntilDone([region.record([signal({ id: '9', who: { userId: 'bob' } })])]);
    const bob = (await region.keyring.read([tokenOf('userId', 'bob')])).get(tokenOf('userId', 'bob'));
    if (bob === undefined) throw new Error('no key');
    const opened = region
      .archived()
      .filter((row) => unseal(bob, Buffer.from(row.payload ?? '', 'base64'), row.rowId) !== null);
    expect(opened.map((row) => row.table === 'signals')).toEqual([true]);
  });
});

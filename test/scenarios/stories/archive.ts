import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExplanationView } from '../../../functions/contracts/evidence-api.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { wholeState } from '../../../functions/pipeline/3-profile/revocable.ts';
import { decodeState } from '../../../functions/pipeline/3-profile/state-codec.ts';
import { queries } from '../../../functions/registry/queries/index.ts';
import { evidenceFolders } from '../../../lib/archive/evidence-folders.ts';
import { askNamed, withDefaults } from '../../../lib/archive/named.ts';
import { type Archive, openArchive } from '../../../lib/archive/open.ts';
import type { Door, RunningPair } from '../running-pair.ts';
import { rowsOfTables } from '../traces.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/rapport.js');

/** Order lines with what real ones have: several lines an invoice, a cancellation, moved stock, an impossible price, a
 * country whose stack does not run. */
const LINES = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850,United Kingdom
536366,22633,HAND WARMER,6,12/1/2010 8:28,1.85,17850,United Kingdom
C536379,D,Discount,-1,12/1/2010 9:41,27.50,17850,United Kingdom
536370,22728,ALARM CLOCK,24,12/1/2010 8:45,3.75,12583,France
536414,22139,,56,12/1/2010 11:52,0,,United Kingdom
A563185,B,Adjust bad debt,1,8/12/2011 14:50,-11062.06,,United Kingdom
581587,22613,PACK OF 20 SPACEBOY,12,12/9/2011 12:50,0.85,12680,USA
`;

/** Questions to which these stories have an answer. Nobody was forgotten, nothing is over age, and no evidence is missing. */
const ANSWERED: ReadonlySet<string> = new Set([
  'decisions-about-subject',
  'withheld',
  'decisions-by-policy',
  'quarantine-by-source',
]);

interface Run {
  readonly code: number;
  readonly out: string;
  readonly stdout: string;
}

/** The archive, which must agree with everything that was sent and applied. Comes after the stories. */
export function archiveStories(pair: () => RunningPair): void {
  const rapport = (...args: readonly string[]): Promise<Run> =>
    new Promise((resolve) => {
      execFile(process.execPath, [LAUNCHER, ...args, '--data-dir', pair().dataDir], (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr, stdout }),
      );
    });
  let archive: Archive | undefined;
  const query = async <Row>(sql: string): Promise<Row[]> => (await archive?.query<Row>(sql)) ?? [];

  describe('a file of orders', () => {
    it('imported twice makes duplicates the second time, and nothing else', async () => {
      const { eu, uk, dataDir } = pair();
      const file = join(dataDir, '..', 'orders.csv');
      await writeFile(file, LINES);
      const imported = async () => {
        const { code, out } = await rapport('import', 'orders', file);
        expect([code, out]).toEqual([0, expect.stringContaining('8  order lines read')]);
        expect(out).toMatch(/eu: 1 events/);
        expect(out).toMatch(/uk: 5 events[^:]*\n +3 {2}accepted\n +1 {2}quarantined\n +1 {2}misdirected/);
        eu.ledger.sent += 1;
        uk.ledger.sent += 5;
        await Promise.all([eu.settled(), uk.settled()]);
        return outcomes(dataDir);
      };
      const before = await outcomes(dataDir);
      const once = await imported();
      expect(added(before, once)).toEqual({
        'eu applied': 1,
        'uk applied': 3,
        'uk misdirected': 1,
        'uk quarantined': 1,
      });
      expect(added(once, await imported())).toEqual({ 'eu duplicate': 1, 'uk duplicate': 5 });
      expect((await uk.lookUp({ type: 'userId', value: '17850' })).body.value).toMatchObject({
        orders: 2,
        refunds: 1,
      });
      expect((await eu.lookUp({ type: 'userId', value: '12583' })).body.value.orders).toBe(1);
    });
  });

  describe('the archive', () => {
    beforeAll(async () => {
      const { eu, uk, dataDir } = pair();
      await Promise.all([eu.settled(), uk.settled()]);
      archive = await openArchive(dataDir);
    });
    afterAll(() => archive?.close());

    it.each(['eu', 'uk'] as const)(
      'of the %s has each event that was sent under exactly one outcome',
      async (code) => {
        const { ledger } = pair()[code];
        const [signals] = await query<{ n: number; ids: number }>(
          `SELECT count(*) AS n, count(DISTINCT row_id) AS ids FROM signals WHERE jurisdiction = '${code}'`,
        );
        const [refusals] = await query<{ n: number }>(
          `SELECT count(*) AS n FROM refusals WHERE jurisdiction = '${code}'`,
        );
        expect(signals?.ids).toBe(signals?.n);
        expect((signals?.n ?? 0) + (refusals?.n ?? 0)).toBe(ledger.sent + ledger.replayed);
        expect(ledger.sent).toBeGreaterThan(5);
      },
    );

    it.each(['eu', 'uk'] as const)(
      'of the %s has exactly the signals that the profiles count',
      async (code) => {
        const folded = await countedSignals(pair()[code]);
        // Visits that only measure (analytics) leave no trace in a profile, and a steward's decision is no act of the customer's.
        const [signals] = await query<{ n: number }>(
          `SELECT count(*) AS n FROM signals WHERE jurisdiction = '${code}' AND source_id <> 'stewardship' AND purposes <> 'analytics'`,
        );
        // What rested on a permission that was taken back is gone from the profiles, and its evidence is not.
        expect(signals?.n).toBe(folded + pair()[code].ledger.purged);
        expect(folded).toBeGreaterThan(2);
      },
    );

    it.each(queries.map((each) => [each.name, each] as const))('answers the question %s', async (_, each) => {
      const folders = evidenceFolders(pair().dataDir);
      const [someone] = await query<{ row_ref: string }>(
        "SELECT row_ref FROM effects WHERE kind = 'alert-opened' LIMIT 1",
      );
      const given = 'row_refs' in each.parameters ? { row_refs: someone?.row_ref ?? '' } : {};
      const parameters = withDefaults(each, given, new Date().toISOString().slice(0, 10));
      const byCode = new Map(Object.keys(folders).map((code) => [code, parameters]));
      const { columns, rows } = await askNamed(each, byCode, folders);
      expect(columns[0]).toBe('jurisdiction');
      expect([each.name, rows.length > 0]).toEqual([each.name, ANSWERED.has(each.name)]);
    });

    it('says on the command line what was decided about a customer, by any identifier of theirs', async () => {
      const asked = ['query', 'decisions-about-subject', '--jurisdiction', 'eu', '--json'];
      const { code, out } = await rapport(...asked, '--identifier', 'userId=C-3');
      expect([code, out]).toEqual([0, expect.stringMatching(/^\[/)]);
      expect(JSON.parse(out)).toContainEqual(
        expect.objectContaining({
          kind: 'alert-opened',
          name: 'repeat-contact',
          policy_version: 'repeat-contact@1',
          reasons: expect.stringMatching(/\w/),
          times: 1,
        }),
      );
      const nobody = await rapport(...asked, '--identifier', 'userId=nobody-1');
      expect(nobody).toMatchObject({
        code: 2,
        out: 'rapport: no customer is known here by that identifier\n',
      });
    });

    it('answers SQL on the command line', async () => {
      const sql = "SELECT kind, reasons FROM effects WHERE name = 'repeat-contact' ORDER BY kind, reasons";
      const { code, out } = await rapport('query', sql, '--json');
      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual(
        [
          ['alert-acknowledged', 'contacts-within-7-days:3'],
          // Of two customers who had been taken for one.
          ['alert-closed', 'subject-split'],
          ['alert-opened', 'contacts-within-7-days:3'],
          ['alert-opened', 'contacts-within-7-days:3'],
          ['alert-resolved', 'contacts-within-7-days:3'],
        ].map(([kind, reasons]) => ({ kind, reasons })),
      );
    });

    it('derives every effect again from the archived signals, bit for bit', async () => {
      const effects = await query<{ row_id: string; kind: string; code: string }>(
        'SELECT row_id, kind, jurisdiction AS code FROM effects ORDER BY row_id',
      );
      const verdicts = new Map<string, string>();
      // Told one by one, since each asks every key whose it is; there are some hundred.
      for (const { row_id, kind, code } of effects) {
        const { body } = await pair()[code === 'uk' ? 'uk' : 'eu'].ask<ExplanationView>(
          'POST',
          '/v1/evidence/explain',
          { lineageId: row_id },
        );
        verdicts.set(`${kind} ${body.verdict}`, body.meaning);
      }
      expect([...verdicts.keys()].filter((each) => / (different|sealed|other-version)$/.test(each))).toEqual(
        [],
      );
      expect([...verdicts.keys()]).toEqual(
        expect.arrayContaining(['segment-entered equal', 'alert-opened equal', 'alert-resolved human-act']),
      );
      const told = await rapport(
        'explain',
        effects.find(({ kind }) => kind === 'alert-opened')?.row_id ?? '',
      );
      expect([told.code, told.out]).toEqual([
        0,
        expect.stringMatching(/equal: derived again from the archive/),
      ]);
    }, 240_000);

    it('rebuilds all profiles, equal to the live ones', async () => {
      const [from, to] = [new Date(Date.now() - 3 * DAY_MS), new Date()].map((at) =>
        at.toISOString().slice(0, 10),
      );
      // A slow machine shows progress, on the error stream.
      const { code, stdout } = await rapport('replay', '--from', from ?? '', '--to', to ?? '', '--json');
      const results = JSON.parse(stdout) as Record<string, unknown>[];
      expect(results.map(({ jurisdiction }) => jurisdiction)).toEqual(['eu', 'uk']);
      for (const each of results) {
        expect(each).toMatchObject({ different: 0, onlyLive: 0, onlyRebuilt: 0, equal: each.identifiers });
        expect(each.identifiers).toBeGreaterThan(3);
      }
      expect(code).toBe(0);
    });

    it('and the command line finds what became of an event', async () => {
      const { code, out } = await rapport('receipt', 'gb-1');
      expect(code).toBe(0);
      expect(out).toMatch(/^eu: misdirected, jurisdiction:uk, received .*\nuk: no refusal on record/);
    });
  });
}

/** How many events each outcome has in the archive so far, by jurisdiction. */
async function outcomes(dataDir: string): Promise<Record<string, number>> {
  const archive = await openArchive(dataDir);
  try {
    const rows = await archive.query<{ jurisdiction: string; outcome: string; n: number }>(
      `SELECT jurisdiction, outcome, count(*) AS n
       FROM (SELECT jurisdiction, 'applied' AS outcome FROM signals UNION ALL SELECT jurisdiction, outcome FROM refusals)
       GROUP BY ALL`,
    );
    return Object.fromEntries(rows.map(({ jurisdiction, outcome, n }) => [`${jurisdiction} ${outcome}`, n]));
  } finally {
    archive.close();
  }
}

const added = (before: Record<string, number>, after: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(after)
      .map(([name, n]) => [name, n - (before[name] ?? 0)] as const)
      .filter(([, n]) => n !== 0),
  );

/** Signals that the profiles of a region count, summed over all atoms. */
async function countedSignals(door: Door): Promise<number> {
  let signals = 0;
  for (const { table, row } of await rowsOfTables(door.region)) {
    const state = row.state?.S;
    if (/Profiles/i.test(table) && state !== undefined) signals += wholeState(decodeState(state)).signals;
  }
  return signals;
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import { OUTCOMES } from '../../functions/contracts/outcomes.ts';
import { writeParquet } from '../../functions/evidence/archive/parquet.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { type ArchiveFigures, archiveFigures } from '../../lib/demo/archive-figures.ts';
import type { ErasureFigures } from '../../lib/demo/erasure.ts';
import type { IdentityFigures } from '../../lib/demo/identity-figures.ts';
import { printReport } from '../../lib/demo/print-report.ts';
import {
  addsUp,
  type JurisdictionFigures,
  percentiles,
  type RunFigures,
  reportOf,
} from '../../lib/demo/report.ts';
import { emptySendTally, type SendTally } from '../../lib/demo/wire.ts';

const RECEIVED_AT = Date.UTC(2026, 5, 1, 12);

const sentWith = (accepted: number, quarantined: number, misdirected: number): SendTally => ({
  ...emptySendTally(),
  sent: accepted + quarantined + misdirected,
  requests: 3,
  latencyMs: [1, 2, 9],
  receipts: { accepted, quarantined, misdirected },
});

const archiveWith = (applied: number, refused: ArchiveFigures['refused']): ArchiveFigures => ({
  applied,
  appliedRows: applied,
  refused,
  quarantineReasons: { 'impossible-price': refused.quarantined ?? 0 },
  withheldReasons: {},
  alerts: { 'refund-surge': 2 },
  merges: { deterministic: 3 },
  consents: { 'consent-granted': 4, 'consent-withdrawn': 1, 'gpc-honoured': 2 },
  effects: 7,
  latencies: [[100, applied]],
});

const figures = (sent: SendTally, archive: ArchiveFigures): JurisdictionFigures => ({
  sent,
  archive,
  archiveObjects: 4,
  customers: { subjects: 5, segments: { 'value-core': 2 } },
  usage: { calls: { dynamodb: { BatchExecuteStatement: 10 } }, dynamodbWriteUnits: 25, httpRequestUnits: 3 },
  reviews: 6,
  verified: { rows: 100, objects: 4, findings: [] },
});

const run = (byJurisdiction: RunFigures['byJurisdiction'], change: Partial<RunFigures> = {}): RunFigures => ({
  rows: null,
  rowsInEvents: 0,
  stockAdjustments: 0,
  assumedConsent: null,
  byJurisdiction,
  seconds: 12,
  notes: [],
  ...change,
});

const whole = run(
  {
    eu: figures(
      sentWith(90, 6, 4),
      archiveWith(80, { duplicate: 7, withheld: 3, quarantined: 6, misdirected: 4 }),
    ),
    uk: figures(sentWith(50, 0, 0), archiveWith(50, {})),
  },
  { rows: 1_000, rowsInEvents: 990, stockAdjustments: 10, assumedConsent: ['profiling'] },
);

describe('the report', () => {
  it('has every outcome, by jurisdiction and together', () => {
    const report = reportOf(whole);
    expect(report.signals).toBe(150);
    expect(report.byOutcome).toEqual({
      applied: 130,
      duplicate: 7,
      quarantined: 6,
      withheld: 3,
      suppressed: 0,
      misdirected: 4,
    });
    expect(report.byJurisdiction).toEqual({
      eu: { signals: 100, subjects: 5, alerts: 2, archiveObjects: 4, archiveRows: 80 },
      uk: { signals: 50, subjects: 5, alerts: 2, archiveObjects: 4, archiveRows: 50 },
    });
    expect(report).toMatchObject({
      rows: 1_000,
      stockAdjustments: 10,
      assumedConsent: ['profiling'],
      segments: { 'value-core': 4 },
      alerts: { 'refund-surge': 4 },
      quarantineReasons: { 'impossible-price': 6 },
      awsCalls: { dynamodb: { BatchExecuteStatement: 20 } },
      latencyMs: { collect: { p50: 2, p99: 9 }, signalToAlert: { p50: 100, p99: 100 } },
    });
    expect(report.wruPerEvent).toBeCloseTo(50 / 150, 12);
    // By hand: 50 write units at 0.625 and 6 requests at 1.00 a million, over 150 events.
    expect(report.costUsdPerMillion.total).toBeCloseTo((50 * 0.625 + 6) / 150, 12);
  });

  it('adds up when client, receipts and archive agree', () => {
    expect(addsUp(reportOf(whole))).toBe(true);
  });

  it.each([
    [
      'a signal vanished',
      {
        sent: sentWith(90, 6, 4),
        archive: archiveWith(79, { duplicate: 7, withheld: 3, quarantined: 6, misdirected: 4 }),
      },
    ],
    [
      'a row is archived twice',
      { sent: sentWith(10, 0, 0), archive: { ...archiveWith(10, {}), appliedRows: 11 } },
    ],
    ['a receipt is missing', { sent: { ...sentWith(10, 0, 0), sent: 11 }, archive: archiveWith(11, {}) }],
    ['a refusal was not archived', { sent: sentWith(8, 2, 0), archive: archiveWith(8, { duplicate: 2 }) }],
  ])('does not add up when %s', (_, { sent, archive }) => {
    expect(addsUp(reportOf(run({ eu: figures(sent, archive) })))).toBe(false);
  });

  it('does not add up when an order line is unaccounted for', () => {
    expect(addsUp(reportOf({ ...whole, rows: 1_001 }))).toBe(false);
  });

  it('adds up exactly when applied and refused make the number sent, whatever the numbers', () => {
    const count = fc.integer({ min: 0, max: 1_000 });
    fc.assert(
      fc.property(
        count,
        count,
        count,
        count,
        count,
        fc.integer({ min: -3, max: 3 }),
        (applied, duplicate, withheld, quarantined, misdirected, lost) => {
          const sent = sentWith(applied + duplicate + withheld + lost, quarantined, misdirected);
          const archive = archiveWith(applied, { duplicate, withheld, quarantined, misdirected });
          expect(addsUp(reportOf(run({ eu: figures(sent, archive) })))).toBe(lost === 0);
        },
      ),
    );
  });

  it('is printed in at most 100 columns and says that the sums hold, or which does not', () => {
    const good = printReport(reportOf({ ...whole, notes: ['a long note '.repeat(30)] }));
    expect(Math.max(...good.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    for (const outcome of OUTCOMES) expect(good).toContain(outcome);
    expect(good).toContain('yes  outcomes = signals sent: 150 = 150');
    expect(good).not.toContain('NO ');
    expect(printReport(reportOf({ ...whole, rows: 1_001 }))).toContain(
      'NO   rows in events and stock adjustments',
    );
  });
});

describe('the report on rights and proof', () => {
  const { eu = figures(sentWith(0, 0, 0), archiveWith(0, {})) } = whole.byJurisdiction;
  const accuracy = { precision: 1, recall: 0.8, f1: 0.8889 };
  const identity: IdentityFigures = {
    mode: 'review',
    identifiers: 1_200,
    persons: 400,
    asLinked: accuracy,
    withoutMatches: { precision: 1, recall: 0.7, f1: 0.8235 },
    reviewsAccepted: { precision: 0.99, recall: 0.9, f1: 0.9429 },
    acceptable: 31,
  };
  const erasure: ErasureFigures = {
    state: 'key-deleted',
    seconds: 1.24,
    calls: { dynamodb: 40, s3: 5 },
    lookupStatus: 404,
  };

  it('has accuracy and erasure where they are known, and the rest everywhere', () => {
    const report = reportOf({ ...whole, byJurisdiction: { eu: { ...eu, identity, erasure } } });
    expect(report).toMatchObject({
      merges: { deterministic: 3 },
      reviews: 6,
      identity: { eu: identity },
      consents: { 'consent-granted': 4, 'consent-withdrawn': 1, 'gpc-honoured': 2 },
      erasures: { eu: erasure },
      verified: { eu: { rows: 100, objects: 4, findings: [] } },
    });
    expect(addsUp(report)).toBe(true);
    const text = printReport(report);
    expect(text).toContain('eu: 1,200 identifiers of 400 true persons; matching by attributes: review');
    expect(text).toContain('F1 0.8889  precision 1.0000  recall 0.8000');
    expect(text).toContain('with 31 likely reviews accepted');
    expect(text).toContain('key-deleted in 1.2 s, 45 calls: dynamodb 40, s3 5');
    expect(text).toContain('100 rows, 4 objects, 0 findings');
  });

  it('leaves out accuracy and erasure of a file of orders', () => {
    const report = reportOf(whole);
    expect([report.identity, report.erasures]).toEqual([{}, {}]);
    expect(printReport(report)).not.toMatch(/true persons|Erasure|404/);
    expect(printReport(report)).toContain('0 findings');
  });

  it('has no figure with reviews accepted where matching merges by itself', () => {
    const matched = { ...eu, identity: { ...identity, mode: 'on' as const } };
    expect(printReport(reportOf({ ...whole, byJurisdiction: { eu: matched } }))).not.toContain(
      'reviews accepted',
    );
  });

  it.each([
    ['the erased are still found', { erasure: { ...erasure, lookupStatus: 200 } }],
    ['an erasure failed', { erasure: { ...erasure, state: 'failed' as const } }],
    [
      'the archive is not what its log says',
      {
        verified: {
          rows: 1,
          objects: 1,
          findings: [{ kind: 'object-missing', where: 'v1/signals', what: 'it is not there' }],
        },
      },
    ],
  ])('does not hold when %s', (_, change) => {
    const report = reportOf({ ...whole, byJurisdiction: { eu: { ...eu, ...change } } });
    expect(addsUp(report)).toBe(false);
    expect(printReport(report)).toContain('NO ');
  });
});

describe('percentiles', () => {
  it('are nearest rank, over values with their frequencies', () => {
    expect(
      percentiles([
        [5, 1],
        [1, 98],
        [9, 1],
      ]),
    ).toEqual({ p50: 1, p99: 5 });
    expect(percentiles([[7, 1]])).toEqual({ p50: 7, p99: 7 });
    expect(percentiles([])).toEqual({ p50: 0, p99: 0 });
  });
});

describe('figures read off an archive', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'archive-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const base = {
    eventClass: 'transaction',
    receivedAt: RECEIVED_AT,
    policyVersion: 'p@1',
    rowRef: 'r',
    sourceId: 'web',
    signalName: 'Order Completed',
  } as const;
  const signal = (rowId: string, latencyMs: number): LineageRow => ({
    ...base,
    rowId,
    table: 'signals',
    purposes: 'service',
    occurredDate: '2026-06-01',
    latencyMs,
  });
  const refusal = (rowId: string, outcome: 'duplicate' | 'quarantined', reason: string): LineageRow => ({
    ...base,
    rowId,
    table: 'refusals',
    outcome,
    reason,
  });
  const alert = (rowId: string): LineageRow => ({
    ...base,
    rowId,
    table: 'effects',
    kind: 'alert-opened',
    name: 'refund-surge',
    reasons: 'x:3',
    latencyMs: 30,
  });

  const effect = { ...base, table: 'effects', reasons: 'subjects:2', latencyMs: 30 } as const;
  const merge = (rowId: string, name: string): LineageRow => ({
    ...effect,
    rowId,
    kind: 'subjects-merged',
    name,
  });
  const consent = (rowId: string): LineageRow => ({
    ...effect,
    rowId,
    kind: 'consent-granted',
    name: 'profiling',
  });

  const put = (code: string, rows: readonly LineageRow[]): void => {
    for (const table of ['signals', 'refusals', 'effects'] as const) {
      const own = rows.filter((row) => row.table === table);
      if (own.length === 0) continue;
      const path = join(
        folder,
        code,
        'v1',
        table,
        'event_class=transaction',
        'dt=2026-06-01',
        'hh=12',
        `${table}.parquet`,
      );
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, writeParquet(table, own).bytes);
    }
  };

  it('count applied signals and their rows, refusals by outcome and reason, alerts and latencies', async () => {
    put('eu', [
      signal('a', 10),
      signal('b', 30),
      signal('b', 30),
      refusal('c', 'duplicate', 'message-seen-before'),
      refusal('d', 'quarantined', 'impossible-price'),
      alert('e'),
      merge('g', 'deterministic'),
      merge('h', 'deterministic'),
      merge('i', 'probabilistic'),
      consent('j'),
    ]);
    put('uk', [signal('f', 5)]);
    const archive = await openArchive({
      eu: join(folder, 'eu'),
      uk: join(folder, 'uk'),
      ch: join(folder, 'ch'),
    });
    const { eu, uk, ch } = await archiveFigures(archive, ['eu', 'uk', 'ch']);
    archive.close();
    expect(eu).toEqual({
      applied: 2,
      appliedRows: 3,
      refused: { duplicate: 1, quarantined: 1 },
      quarantineReasons: { 'impossible-price': 1 },
      withheldReasons: {},
      alerts: { 'refund-surge': 1 },
      merges: { deterministic: 2, probabilistic: 1 },
      consents: { 'consent-granted': 1, 'consent-withdrawn': 0, 'gpc-honoured': 0 },
      effects: 5,
      latencies: [
        [10, 1],
        [30, 2],
      ],
    });
    expect(uk).toMatchObject({ applied: 1, appliedRows: 1, refused: {} });
    expect(ch).toMatchObject({ applied: 0, appliedRows: 0 });
  });
});

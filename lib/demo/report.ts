import { OUTCOMES, type Outcome } from '../../functions/contracts/outcomes.ts';
import { type CallCounts, type Cost, costUsdPerMillion, type Usage } from '../cost/meter.ts';
import { addUsage } from '../cost/region-usage.ts';
import { type ArchiveFigures, summed } from './archive-figures.ts';
import type { SendTally } from './wire.ts';

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** What the stores of a region say about its customers. */
export interface Customers {
  /** Groups of linked identifiers of which a profile is kept. */
  readonly subjects: number;
  /** Subjects in each segment. */
  readonly segments: Readonly<Record<string, number>>;
}

/** What one jurisdiction contributes to a report. */
export interface JurisdictionFigures {
  readonly sent: SendTally;
  readonly archive: ArchiveFigures;
  /** Parquet objects in the evidence bucket. */
  readonly archiveObjects: number;
  readonly customers: Customers;
  readonly usage: Usage;
}

export interface RunFigures {
  /** Order lines read; null for the town, which has none. */
  readonly rows: number | null;
  readonly stockAdjustments: number;
  readonly rowsInEvents: number;
  /** Purposes that every event was assumed to consent to; null when events carry their own choices. */
  readonly assumedConsent: readonly string[] | null;
  readonly byJurisdiction: Readonly<Record<string, JurisdictionFigures>>;
  /** Milliseconds from receipt of a live signal to the write that opens alerts, with how often; absent: of all signals. */
  readonly signalToAlertMs?: readonly (readonly [latencyMs: number, signals: number])[];
  readonly seconds: number;
  readonly notes: readonly string[];
}

export interface Report {
  readonly rows: number | null;
  readonly stockAdjustments: number;
  readonly signals: number;
  readonly byOutcome: Readonly<Record<Outcome, number>>;
  readonly quarantineReasons: Readonly<Record<string, number>>;
  readonly withheldReasons: Readonly<Record<string, number>>;
  readonly byJurisdiction: Readonly<
    Record<
      string,
      {
        readonly signals: number;
        readonly subjects: number;
        readonly alerts: number;
        readonly archiveObjects: number;
        readonly archiveRows: number;
      }
    >
  >;
  readonly segments: Readonly<Record<string, number>>;
  readonly alerts: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly collect: Percentiles; readonly signalToAlert: Percentiles };
  readonly awsCalls: CallCounts;
  readonly wruPerEvent: number;
  readonly costUsdPerMillion: Cost;
  readonly assumedConsent: readonly string[] | null;
  /** Each check of the sums, with whether it holds. */
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
  readonly seconds: number;
}

export interface Check {
  readonly claim: string;
  readonly holds: boolean;
}

/** Puts a run's figures together and checks that they add up. */
export function reportOf(run: RunFigures): Report {
  const parts = Object.entries(run.byJurisdiction);
  const all = parts.map(([, figures]) => figures);
  const total = (of: (figures: JurisdictionFigures) => number): number =>
    all.reduce((sum, figures) => sum + of(figures), 0);
  const merged = (
    of: (figures: JurisdictionFigures) => Readonly<Record<string, number>>,
  ): Record<string, number> => summed(all.flatMap((figures) => Object.entries(of(figures))));
  const signals = total(({ sent }) => sent.sent);
  const byOutcome = Object.fromEntries(
    OUTCOMES.map((outcome) => [
      outcome,
      total(({ archive }) => (outcome === 'applied' ? archive.applied : (archive.refused[outcome] ?? 0))),
    ]),
  ) as Record<Outcome, number>;
  const usage = addUsage(all.map((figures) => figures.usage));
  return {
    rows: run.rows,
    stockAdjustments: run.stockAdjustments,
    signals,
    byOutcome,
    quarantineReasons: merged(({ archive }) => archive.quarantineReasons),
    withheldReasons: merged(({ archive }) => archive.withheldReasons),
    byJurisdiction: Object.fromEntries(
      parts.map(([code, { sent, archive, archiveObjects, customers }]) => [
        code,
        {
          signals: sent.sent,
          subjects: customers.subjects,
          alerts: Object.values(archive.alerts).reduce((sum, n) => sum + n, 0),
          archiveObjects,
          archiveRows: archive.appliedRows,
        },
      ]),
    ),
    segments: merged(({ customers }) => customers.segments),
    alerts: merged(({ archive }) => archive.alerts),
    latencyMs: {
      collect: percentiles(all.flatMap(({ sent }) => sent.latencyMs.map((ms) => [ms, 1] as const))),
      signalToAlert: percentiles(run.signalToAlertMs ?? all.flatMap(({ archive }) => archive.latencies)),
    },
    awsCalls: usage.calls,
    wruPerEvent: signals === 0 ? 0 : (usage.dynamodbWriteUnits ?? 0) / signals,
    costUsdPerMillion: signals === 0 ? { total: 0, byService: {} } : costUsdPerMillion(usage, signals),
    assumedConsent: run.assumedConsent,
    checks: checksOf(run, signals, byOutcome),
    notes: run.notes,
    seconds: run.seconds,
  };
}

/** Whether the report's sums hold; a run with one that doesn't has failed. */
export const addsUp = (report: Report): boolean => report.checks.every(({ holds }) => holds);

/** Law 1, checked from three sides that don't know of each other: what the client sent, what the server answered, and
 * what the archive holds. */
function checksOf(run: RunFigures, signals: number, byOutcome: Readonly<Record<Outcome, number>>): Check[] {
  const all = Object.values(run.byJurisdiction);
  const total = (of: (figures: JurisdictionFigures) => number): number =>
    all.reduce((sum, figures) => sum + of(figures), 0);
  const number = (n: number): string => n.toLocaleString('en-US');
  const equal = (what: string, one: number, other: number): Check => ({
    claim: `${what}: ${number(one)} = ${number(other)}`,
    holds: one === other,
  });
  const outcomes = Object.values(byOutcome).reduce((sum, n) => sum + n, 0);
  const accepted = total(({ sent }) => sent.receipts.accepted);
  const later = byOutcome.applied + byOutcome.duplicate + byOutcome.withheld + byOutcome.suppressed;
  const refused = total(({ sent }) => sent.receipts.quarantined + sent.receipts.misdirected);
  const checks = [
    equal('outcomes = signals sent', outcomes, signals),
    equal(
      'archive rows = applied signals',
      total(({ archive }) => archive.appliedRows),
      byOutcome.applied,
    ),
    equal('receipts = signals sent', accepted + refused, signals),
    equal('accepted receipts = applied, duplicate, withheld and suppressed', accepted, later),
    equal(
      'refusing receipts = quarantined and misdirected',
      refused,
      byOutcome.quarantined + byOutcome.misdirected,
    ),
  ];
  if (run.rows !== null) {
    checks.push(
      equal(
        'rows in events and stock adjustments = rows read',
        run.rowsInEvents + run.stockAdjustments,
        run.rows,
      ),
    );
  }
  return checks;
}

/** Nearest-rank percentiles of values with their frequencies; 0 where there are none. */
export function percentiles(values: readonly (readonly [value: number, times: number])[]): Percentiles {
  const sorted = [...values].sort(([one], [other]) => one - other);
  const count = sorted.reduce((sum, [, times]) => sum + times, 0);
  const at = (share: number): number => {
    const rank = Math.ceil(share * count);
    let seen = 0;
    for (const [value, times] of sorted) {
      seen += times;
      if (seen >= rank) return Math.round(value * 100) / 100;
    }
    return 0;
  };
  return { p50: at(0.5), p99: at(0.99) };
}

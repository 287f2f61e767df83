import { OUTCOMES, type Outcome } from '../../functions/contracts/outcomes.ts';
import { type CallCounts, type Cost, costUsdPerMillion, type Usage } from '../cost/meter.ts';
import { addUsage } from '../cost/region-usage.ts';
import { type ArchiveFigures, type ConsentKind, summed } from './archive-figures.ts';
import type { ErasureFigures } from './erasure.ts';
import type { IdentityFigures } from './identity-figures.ts';
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
  /** Pairs of records that wait for a steward. */
  readonly reviews: number;
  /** Absent where nobody knows who is who, as in a file of orders. */
  readonly identity?: IdentityFigures;
  /** Absent where nobody was erased. */
  readonly erasure?: ErasureFigures;
  readonly verified: VerifiedArchive;
}

/** What the check of a jurisdiction's archive against its signed log said. */
export interface VerifiedArchive {
  readonly rows: number;
  readonly objects: number;
  readonly findings: readonly { readonly kind: string; readonly where: string; readonly what: string }[];
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
  readonly merges: Readonly<Record<string, number>>;
  /** Pairs of records that wait for a steward. */
  readonly reviews: number;
  /** By jurisdiction, where the truth is known. */
  readonly identity: Readonly<Record<string, IdentityFigures>>;
  readonly consents: Readonly<Record<ConsentKind, number>>;
  readonly erasures: Readonly<Record<string, ErasureFigures>>;
  readonly verified: Readonly<Record<string, VerifiedArchive>>;
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
    merges: merged(({ archive }) => archive.merges),
    reviews: total(({ reviews }) => reviews),
    identity: present(parts, ({ identity }) => identity),
    consents: merged(({ archive }) => archive.consents) as Record<ConsentKind, number>,
    erasures: present(parts, ({ erasure }) => erasure),
    verified: present(parts, ({ verified }) => verified),
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

/** A figure of the jurisdictions that have it. */
const present = <T>(
  parts: readonly (readonly [string, JurisdictionFigures])[],
  of: (figures: JurisdictionFigures) => T | undefined,
): Record<string, T> =>
  Object.fromEntries(
    parts.flatMap(([code, figures]) => {
      const figure = of(figures);
      return figure === undefined ? [] : [[code, figure] as const];
    }),
  );

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
  return [...checks, ...Object.entries(run.byJurisdiction).flatMap(rightsChecksOf)];
}

/** Who is erased is not found any more, unless the law lets it begin only later; and the archive is what its log says. */
function rightsChecksOf([code, { erasure, verified }]: readonly [string, JurisdictionFigures]): Check[] {
  const findings = verified.findings.length;
  return [
    ...(erasure === undefined || erasure.state === 'restricted'
      ? []
      : [
          {
            claim: `${code}: the erased person's profile answers 404: ${erasure.state}, ${erasure.lookupStatus}`,
            holds: erasure.state === 'key-deleted' && erasure.lookupStatus === 404,
          },
        ]),
    { claim: `${code}: the archive is what its log says: ${findings} findings`, holds: findings === 0 },
  ];
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

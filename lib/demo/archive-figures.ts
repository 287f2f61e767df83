import type { Outcome } from '../../functions/contracts/outcomes.ts';
import type { Archive } from '../archive/open.ts';

/** What one jurisdiction's archive says about a run. */
export interface ArchiveFigures {
  /** Distinct applied signals, and rows that record them: equal, or the archive has one twice. */
  readonly applied: number;
  readonly appliedRows: number;
  readonly refused: Readonly<Partial<Record<Exclude<Outcome, 'applied'>, number>>>;
  readonly quarantineReasons: Readonly<Record<string, number>>;
  readonly withheldReasons: Readonly<Record<string, number>>;
  /** Alerts opened, by rule. */
  readonly alerts: Readonly<Record<string, number>>;
  /** Merges of subjects, by what they go back to. */
  readonly merges: Readonly<Record<string, number>>;
  /** Consent given, withdrawn, and withdrawn by a browser's signal. */
  readonly consents: Readonly<Record<ConsentKind, number>>;
  /** Rows of merges, segment moves and alerts: each also went over the event bus, but for identity's own. */
  readonly effects: number;
  /** From receipt to the write of the profile, one number per applied signal: value → how often. */
  readonly latencies: readonly (readonly [latencyMs: number, signals: number])[];
}

export const CONSENT_KINDS = ['consent-granted', 'consent-withdrawn', 'gpc-honoured'] as const;
export type ConsentKind = (typeof CONSENT_KINDS)[number];

interface Count {
  readonly jurisdiction: string;
  readonly name: string;
  readonly n: number;
}

/** Reads the figures of every jurisdiction in the archive with SQL, as anyone else would. */
export async function archiveFigures(
  archive: Archive,
  jurisdictions: readonly string[],
): Promise<Readonly<Record<string, ArchiveFigures>>> {
  const signals = await archive.query<{ jurisdiction: string; n: number; ids: number }>(
    'SELECT jurisdiction, count(*) AS n, count(DISTINCT row_id) AS ids FROM signals GROUP BY ALL',
  );
  const refusals = await archive.query<Count & { reason: string }>(
    'SELECT jurisdiction, outcome AS name, reason, count(*) AS n FROM refusals GROUP BY ALL',
  );
  const effects = await archive.query<Count & { kind: string }>(
    'SELECT jurisdiction, kind, name, count(DISTINCT row_id) AS n FROM effects GROUP BY ALL ORDER BY name',
  );
  const latencies = await archive.query<{ jurisdiction: string; latency_ms: number; n: number }>(
    'SELECT jurisdiction, latency_ms, count(*) AS n FROM signals GROUP BY ALL ORDER BY latency_ms',
  );
  return Object.fromEntries(
    jurisdictions.map((code) => {
      const own = <T extends { jurisdiction: string }>(rows: readonly T[]): T[] =>
        rows.filter(({ jurisdiction }) => jurisdiction === code);
      const ownRefusals = own(refusals);
      const reasonsOf = (outcome: Outcome): Record<string, number> =>
        summed(ownRefusals.filter(({ name }) => name === outcome).map(({ reason, n }) => [reason, n]));
      const ownEffects = own(effects);
      const namesOf = (kind: string): Record<string, number> =>
        summed(ownEffects.filter((effect) => effect.kind === kind).map(({ name, n }) => [name, n]));
      return [
        code,
        {
          applied: own(signals)[0]?.ids ?? 0,
          appliedRows: own(signals)[0]?.n ?? 0,
          refused: summed(ownRefusals.map(({ name, n }) => [name, n])),
          quarantineReasons: reasonsOf('quarantined'),
          withheldReasons: reasonsOf('withheld'),
          alerts: namesOf('alert-opened'),
          merges: namesOf('subjects-merged'),
          consents: Object.fromEntries(
            CONSENT_KINDS.map((kind) => [kind, totalOf(ownEffects.filter((effect) => effect.kind === kind))]),
          ) as Record<ConsentKind, number>,
          effects: totalOf(ownEffects),
          latencies: own(latencies).map(({ latency_ms, n }) => [latency_ms, n] as const),
        },
      ];
    }),
  );
}

const totalOf = (rows: readonly { readonly n: number }[]): number => rows.reduce((sum, { n }) => sum + n, 0);

/** Adds up numbers by name. */
export function summed(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, n] of entries) sums[name] = (sums[name] ?? 0) + n;
  return sums;
}

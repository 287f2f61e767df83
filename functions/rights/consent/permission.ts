import type { WithheldReason } from '../../contracts/outcomes.ts';
import { type ConsentDepth, compareDepths, type Purpose } from '../../contracts/purposes.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { Standing, Standings } from './standing.ts';

/** Whether a purpose stands deep enough. */
export const permits = (standing: Standing, depth: ConsentDepth = 'basic'): boolean =>
  compareDepths(standing.depth, depth) >= 0;

/** What a signal's facts rest on when no contract carries them. */
export interface Rest {
  readonly purposes: readonly Purpose[];
  /** A moment that the signal is not older than, so that only a refusal from after it reaches the facts. */
  readonly since: EpochMs;
}

export type Permission =
  | { readonly allowed: readonly [Purpose, ...Purpose[]]; readonly rest: Rest | null }
  | { readonly withheld: WithheldReason };

/** What was found when a signal first came, for a replay to go by: the purposes it was applied for (none: withheld), and
 * what its facts rested on. */
export interface Recorded {
  readonly allowed: readonly Purpose[];
  /** See {@link Rest}; null when a contract carried it. */
  readonly since: EpochMs | null;
}

const asRecorded = ({ allowed: [first, ...rest], since }: Recorded): Permission => {
  if (first === undefined) return { withheld: 'customer-refused' };
  const allowed = [first, ...rest] as const;
  return { allowed, rest: since === null ? null : { purposes: allowed, since } };
};

/** Asks permission for a signal before anything is done with it (law 6): by purpose, as it stands now, and for what
 * happened while the purpose was refused never.
 * @param recorded the answer when it first came: a replay does not ask again */
export function permissionFor(
  standings: Standings,
  { purposes, occurredAt, depth }: Pick<Signal, 'purposes' | 'occurredAt' | 'depth'>,
  recorded?: Recorded,
): Permission {
  if (recorded !== undefined) return asRecorded(recorded);
  const [first, ...rest] = purposes.filter(
    (purpose) => permits(standings[purpose], depth ?? 'basic') && occurredAt >= standings[purpose].since,
  );
  if (first !== undefined) {
    const allowed = [first, ...rest] as const;
    return { allowed, rest: restOf(standings, allowed, occurredAt) };
  }
  const asked = purposes.map((purpose) => standings[purpose]);
  if (asked.some(({ origin }) => origin === 'minor')) return { withheld: 'minor' };
  return { withheld: asked.some(({ origin }) => origin !== 'law') ? 'customer-refused' : 'no-consent' };
}

function restOf(standings: Standings, allowed: readonly Purpose[], occurredAt: EpochMs): Rest | null {
  if (allowed.some((purpose) => standings[purpose].origin === 'contract')) return null;
  const since = allowed.map((purpose) => {
    const { since: usable, grantedAt } = standings[purpose];
    return Math.max(usable, grantedAt.find((at) => at <= occurredAt) ?? 0);
  });
  return { purposes: allowed, since: Math.max(...since) };
}

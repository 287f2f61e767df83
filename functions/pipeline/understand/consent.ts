import { EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { KeptEffect } from '../../contracts/subject.ts';
import { subjectIdOf } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { type ConsentChange, consentChanges, isLost } from '../../rights/consent/changes.ts';
import { type Standings, standingsOf } from '../../rights/consent/standing.ts';
import { mergeConsent } from '../../rights/consent/state.ts';
import type { Atom } from './atom.ts';
import type { UnderstandContext } from './context.ts';

/** What a batch did to one customer's consent. */
export interface ConsentOutcome {
  readonly changes: readonly ConsentChange[];
  readonly lostProfiling: boolean;
}

const NOTHING: ConsentOutcome = { changes: [], lostProfiling: false };

/** Compares how the purposes stand with how they stood for each of the subjects that the atoms were. */
export function consentOutcome(
  group: readonly Atom[],
  standings: Standings,
  context: UnderstandContext,
  now: EpochMs,
): ConsentOutcome {
  const isAsBefore = group.length === 1 && group.every((atom) => atom.consent === atom.state.consent);
  if (isAsBefore) return NOTHING;
  const signals = group.flatMap(({ deliveries }) => deliveries.map(({ signal }) => signal));
  const before = formerStandings(group, context, now);
  return {
    changes: consentChanges(before, standings, signals),
    lostProfiling: before.some((each) => isLost(each.profiling, standings.profiling)),
  };
}

/** How the purposes stood for every former subject; for a customer who is new, what the law takes as given. */
function formerStandings(
  group: readonly Atom[],
  { jurisdiction }: UnderstandContext,
  now: EpochMs,
): readonly Standings[] {
  const stored = group.filter((atom) => atom.stored?.state != null);
  const formers = Map.groupBy(stored, (atom) => atom.stored?.subjectId ?? subjectIdOf([atom.id]));
  const consents = [...formers.values()].map((atoms) =>
    atoms.map((atom) => atom.state.consent).reduce(mergeConsent, EMPTY_CONSENT),
  );
  return (consents.length === 0 ? [EMPTY_CONSENT] : consents).map((consent) =>
    standingsOf(jurisdiction, consent, now),
  );
}

/** The evidence of it, compact: all purposes that changed alike in one. */
export const consentEffects = (
  { changes }: ConsentOutcome,
  bucket: string,
  receivedAt: EpochMs | null,
  now: EpochMs,
): readonly KeptEffect[] =>
  changes.map(({ kind, purposes, reasons }) => ({
    by: bucket,
    kind,
    name: purposes.join('+'),
    reasons,
    at: now,
    receivedAt,
    atoms: [],
  }));

/** Whether an effect tells that a purpose was taken back. */
export const tellsLossOf =
  (purpose: Purpose) =>
  ({ kind, name }: KeptEffect): boolean =>
    (kind === 'consent-withdrawn' || kind === 'gpc-honoured') && name.split('+').includes(purpose);

/** Whether an effect is a change of consent, whose name is the purposes joined by `+`. */
export const isConsentEffect = ({ kind }: KeptEffect): boolean =>
  kind === 'consent-granted' || kind === 'consent-withdrawn' || kind === 'gpc-honoured';

import type { ProfileView } from '../../contracts/operations.ts';
import { DAY_PARTS, type Moments, type ProfileState } from '../../contracts/profile.ts';
import { PURPOSES, type Purpose } from '../../contracts/purposes.ts';
import { CONTACT_CHANNELS, IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { toMinorUnits } from '../../registry/currencies.ts';
import { engagementActive } from '../../registry/segments/engagement-active.ts';
import { lapseRisk } from '../../registry/segments/lapse-risk.ts';
import { permits } from '../../rights/consent/permission.ts';
import { type Standings, standingsOf } from '../../rights/consent/standing.ts';
import { type StateFor, stateFor, wholeState, withoutWithdrawn } from '../3-profile/revocable.ts';
import { EMPTY_STATE } from '../3-profile/state.ts';
import { type Scored, scoreProfile } from '../4-score/score.ts';
import { journeyStageOf } from './journey-stage.ts';
import type { ServePolicy } from './setting.ts';
import type { FoundSubject } from './subject.ts';

/** Parts of the view that rest on more than serving the customer, with what each needs. Segments and scores say so in
 * their own definitions. */
const NEEDS = {
  engagement: ['profiling'],
  journeyStage: ['profiling'],
  preferences: ['personalisation'],
  openCart: ['personalisation'],
} as const satisfies Record<string, readonly Purpose[]>;
type RefusablePart = keyof typeof NEEDS;

/**
 * What may be told of a subject at `now`. Facts of the service itself (orders, refunds, contacts, deliveries, answers)
 * are always there; what the customer has not permitted is left out and named in `notComputed` (law 6). Scores are
 * computed anew, so that they hold now and not at the last signal.
 *
 * While processing of the person is restricted, all of it reads as of somebody who was never seen: nothing observed, nothing
 * concluded, no purpose in effect. That is an answer like every other, so that who asks treats them by the standard.
 */
export function profileView(subject: FoundSubject, policy: ServePolicy, now: EpochMs): ProfileView {
  return isRestricted(subject, now) ? restrictedView(subject, policy, now) : wholeView(subject, policy, now);
}

/** Whether of this subject nothing may be told but that it is so: what is restricted may be stored, and not used (GDPR
 * art. 18(2)). The customer's own choices and the law's duties (exports, evidence, incidents) do not ask it. */
export const isRestricted = (
  { restrictedUntil }: Pick<FoundSubject, 'restrictedUntil'>,
  now: EpochMs,
): boolean => now < restrictedUntil;

/** Parts of the view that are there for everybody. */
const ALWAYS = ['value', 'service', 'satisfaction', 'effort'] as const satisfies (keyof ProfileView)[];

function restrictedView(
  { graph, state: { consent } }: FoundSubject,
  { jurisdiction, segments }: ServePolicy,
  now: EpochMs,
): ProfileView {
  const unitMinor = toMinorUnits(1, jurisdiction.currency, jurisdiction.currency);
  const parts = [
    ...ALWAYS,
    ...Object.keys(NEEDS),
    'attributes',
    ...segments.map(({ name }) => `segment:${name}`),
  ];
  return {
    subjectId: graph.subjectId,
    jurisdiction: jurisdiction.code,
    asOf: iso(now),
    firstSeenAt: null,
    lastSeenAt: null,
    identifiers: {},
    value: worthOf(EMPTY_STATE, jurisdiction.currency, unitMinor),
    service: serviceOf(EMPTY_STATE),
    satisfaction: answersOf(EMPTY_STATE.satisfaction),
    effort: answersOf(EMPTY_STATE.effort),
    consent: suspended(consentOf(standingsOf(jurisdiction, consent, now))),
    segments: [],
    scores: {},
    notComputed: parts.map((what) => ({ what, missing: [], reason: 'processing-restricted' })),
  };
}

/** Choices as they were made, of which none permits anything now. */
const suspended = (consent: ProfileView['consent']): ProfileView['consent'] =>
  Object.fromEntries(
    Object.entries(consent).map(([purpose, entry]) => [
      purpose,
      { ...entry, depth: 'none', inEffect: false },
    ]),
  ) as ProfileView['consent'];

function wholeView(subject: FoundSubject, policy: ServePolicy, now: EpochMs): ProfileView {
  const { graph, published } = subject;
  const { jurisdiction, segments } = policy;
  const standings = standingsOf(jurisdiction, subject.state.consent, now);
  const state = withoutWithdrawn(subject.state, standings);
  const seenFor = stateFor(state);
  const missingFor = (part: RefusablePart): Purpose[] =>
    NEEDS[part].filter((purpose) => !permits(standings[purpose]));
  const scored = scoreProfile(seenFor, segments, (purpose, depth) => permits(standings[purpose], depth), now);
  const { firstSeenAt, lastSeenAt } = wholeState(state);
  const unitMinor = toMinorUnits(1, jurisdiction.currency, jurisdiction.currency);
  return {
    subjectId: graph.subjectId,
    jurisdiction: jurisdiction.code,
    asOf: iso(now),
    firstSeenAt: isoOrNull(firstSeenAt),
    lastSeenAt: isoOrNull(lastSeenAt),
    identifiers: identifierCounts(subject),
    value: worthOf(state, jurisdiction.currency, unitMinor),
    service: serviceOf(state),
    satisfaction: answersOf(state.satisfaction),
    effort: answersOf(state.effort),
    consent: consentOf(standings),
    ...refusableParts(seenFor, scored, missingFor, unitMinor, now),
    segments: segments
      .filter(({ name }) => scored.segments.has(name))
      .map(({ name, version }) => ({ name, version, since: isoOrNull(published.segments[name] ?? null) })),
    scores: { ...scored.scores },
    notComputed: [
      ...(Object.keys(NEEDS) as RefusablePart[])
        .map((what) => ({ what: what as string, missing: missingFor(what) }))
        .filter(({ missing }) => missing.length > 0),
      ...Object.entries(scored.notComputed).map(([name, missing]) => ({
        what: `segment:${name}`,
        missing: [...missing],
      })),
    ],
  };
}

function refusableParts(
  seenFor: StateFor,
  scored: Scored,
  missingFor: (part: RefusablePart) => readonly Purpose[],
  unitMinor: number,
  now: EpochMs,
): Pick<ProfileView, RefusablePart> {
  const parts: Pick<ProfileView, RefusablePart> = {};
  const state = (part: RefusablePart): ProfileState => seenFor(NEEDS[part]);
  if (missingFor('engagement').length === 0)
    parts.engagement = {
      visits: state('engagement').visits,
      score: scored.scores[engagementActive.name] ?? null,
    };
  if (missingFor('journeyStage').length === 0)
    parts.journeyStage = journeyStageOf(state('journeyStage'), scored.segments.has(lapseRisk.name), now);
  if (missingFor('preferences').length === 0)
    parts.preferences = {
      channel: mostUsed(CONTACT_CHANNELS, state('preferences').channels),
      deliveryPart: mostUsed(DAY_PARTS, state('preferences').deliveryParts),
    };
  if (missingFor('openCart').length === 0) parts.openCart = openCartOf(state('openCart'), unitMinor);
  return parts;
}

const iso = (at: EpochMs): string => new Date(at).toISOString();
const isoOrNull = (at: EpochMs | null): string | null => (at === null ? null : iso(at));
const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

function identifierCounts({ graph }: FoundSubject): ProfileView['identifiers'] {
  const counts: ProfileView['identifiers'] = {};
  for (const type of IDENTIFIER_TYPES) {
    const own = graph.nodes.filter((node) => typeOfToken(node) === type).length;
    if (own > 0) counts[type] = own;
  }
  return counts;
}

function worthOf(state: ProfileState, currency: string, unitMinor: number): ProfileView['value'] {
  const { orders, firstOrderAt, lastOrderAt } = state;
  const hasRhythm = orders >= 2 && firstOrderAt !== null && lastOrderAt !== null;
  return {
    currency,
    orders,
    orderValue: state.orderValueMinor / unitMinor,
    averageOrder: orders === 0 ? null : Math.round(state.orderValueMinor / orders) / unitMinor,
    refunds: state.refunds,
    refundValue: state.refundValueMinor / unitMinor,
    firstOrderAt: isoOrNull(firstOrderAt),
    lastOrderAt: isoOrNull(lastOrderAt),
    rhythmDays: hasRhythm
      ? Math.round(((lastOrderAt - firstOrderAt) / (orders - 1) / DAY_MS) * 10) / 10
      : null,
  };
}

const serviceOf = (state: ProfileState): ProfileView['service'] => ({
  contacts: state.contacts,
  escalations: state.escalations,
  resolutions: state.resolutions,
  firstContactResolutionRate: ratio(state.firstContactResolutions, state.resolutions),
  meanResolutionMinutes: ratio(state.resolutionMinutes, state.resolutions),
  deliveries: state.deliveries,
  deliveriesOnTimeRate: ratio(state.deliveriesOnTime, state.deliveries),
});

const answersOf = ({ count, sum }: Moments): ProfileView['satisfaction'] => ({
  mean: ratio(sum, count),
  count,
});

/** How each purpose stands, and by what. */
function consentOf(standings: Standings): ProfileView['consent'] {
  const entry = ({ depth, origin, at }: Standings[Purpose]): ProfileView['consent'][Purpose] => {
    const decided = origin === 'contract' || origin === 'law' ? null : origin;
    return {
      choice: decided === null || decided === 'minor' ? null : depth === 'none' ? 'refused' : 'granted',
      at: isoOrNull(at),
      origin: decided,
      depth,
      inEffect: depth !== 'none',
    };
  };
  return Object.fromEntries(
    PURPOSES.map((purpose) => [purpose, entry(standings[purpose])]),
  ) as ProfileView['consent'];
}

/** The name counted most; of equals the one listed first, so that the answer doesn't flicker. */
function mostUsed<K extends string>(
  names: readonly K[],
  counts: Readonly<Partial<Record<K, number>>>,
): K | null {
  let most: K | null = null;
  for (const name of names) if ((counts[name] ?? 0) > (most === null ? 0 : (counts[most] ?? 0))) most = name;
  return most;
}

const openCartOf = (state: ProfileState, unitMinor: number): ProfileView['openCart'] =>
  state.cartOpenedAt === null || (state.cartClosedAt !== null && state.cartClosedAt >= state.cartOpenedAt)
    ? null
    : { openedAt: iso(state.cartOpenedAt), value: state.cartValueMinor / unitMinor };

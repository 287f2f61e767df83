import {
  CHOICES_KEPT,
  type ConsentOrigin,
  type ConsentState,
  type ExplicitChoice,
  isEmptyConsent,
  NO_CHOICES,
  type PurposeChoices,
} from '../../contracts/consent.ts';
import { type ConsentDepth, compareDepths, PURPOSES, type Purpose } from '../../contracts/purposes.ts';
import { unreachable } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';

/** How one purpose stands for one customer at one moment. */
export interface Standing {
  readonly depth: ConsentDepth;
  readonly origin: ConsentOrigin;
  /** When the deciding choice was made or the signal first seen; null for contract, law and age. */
  readonly at: EpochMs | null;
  /** The act that decides, for origin `explicit`. */
  readonly choice: ExplicitChoice | null;
  /** What happened before may not be used for the purpose: it had been refused. 0 when it never was; infinite while it is
   * refused. */
  readonly since: EpochMs;
  /** Acts that granted it, newest first: moments before which a refusal would not reach what came after. */
  readonly grantedAt: readonly EpochMs[];
}

export type Standings = Readonly<Record<Purpose, Standing>>;

const YEAR_MS = 365.25 * DAY_MS;
const DENIED = Number.POSITIVE_INFINITY;

/** How the purposes stand under a law for whoever said nothing: asked for most signals, and the same for all. */
const unspoken = new WeakMap<JurisdictionDefinition, Standings>();

/** How every purpose stands: what the law takes as given, the customer's choices, and their age at `now`. */
export function standingsOf(law: JurisdictionDefinition, consent: ConsentState, now: EpochMs): Standings {
  const isSilent = isEmptyConsent(consent);
  const known = isSilent ? unspoken.get(law) : undefined;
  if (known !== undefined) return known;
  const standings = Object.fromEntries(
    PURPOSES.map((purpose) => [purpose, standingOf(law, consent, purpose, now)]),
  ) as Standings;
  if (isSilent) unspoken.set(law, standings);
  return standings;
}

/** How one purpose stands. In this order: contract; age; an act or, where it is stricter and newer, a statement; Global
 * Privacy Control, unless an act came after it (see `consentOverGpc`); the lawful default. */
function standingOf(
  law: JurisdictionDefinition,
  consent: ConsentState,
  purpose: Purpose,
  now: EpochMs,
): Standing {
  const lawfulDefault = law.purposes[purpose].value;
  const choices = consent.purposes[purpose] ?? NO_CHOICES;
  const grantedAt = choices.explicit.filter(({ depth }) => depth !== 'none').map(({ at }) => at);
  const free = { choice: null, at: null, since: 0, grantedAt };
  if (lawfulDefault === 'contract') return { ...free, depth: 'full', origin: 'contract' };
  const chosen = chosenOf(choices);
  if (isDeniedByAge(law, consent, purpose, chosen.choice, now))
    return { ...free, depth: 'none', origin: 'minor', since: DENIED };
  const gpcAt = gpcStandsAt(law, consent, purpose);
  if (gpcAt !== null && !overrulesGpc(law, consent, chosen.choice))
    return { ...free, depth: 'none', origin: 'gpc', at: consent.gpc?.firstAt ?? null, since: DENIED };
  const decided =
    chosen.origin === 'law'
      ? { ...free, ...chosen, depth: lawfulDefault === 'opt-in' ? ('none' as const) : ('full' as const) }
      : { ...free, ...chosen };
  // Where nothing was said, nothing was taken back: what another identifier's grant let in is not used, and not dropped.
  const isRefused = decided.depth === 'none' && decided.origin !== 'law';
  return { ...decided, since: isRefused ? DENIED : usableSince(choices, gpcAt) };
}

type Chosen = Pick<Standing, 'depth' | 'origin' | 'at' | 'choice'>;

/** What the customer chose: the newest act; a statement counts where there is no act, and against a newer act never. Of
 * statements the strictest, and against an older act only where it is stricter. */
function chosenOf({ explicit, stated }: PurposeChoices): Chosen {
  const [act] = explicit;
  const strictest = stated.find(({ at }) => act === undefined || at > act.at);
  if (strictest !== undefined && (act === undefined || compareDepths(strictest.depth, act.depth) < 0))
    return { depth: strictest.depth, origin: 'stated', at: strictest.at, choice: null };
  return act === undefined
    ? { depth: 'none', origin: 'law', at: null, choice: null }
    : { depth: act.depth, origin: 'explicit', at: act.at, choice: act };
}

/** From when Global Privacy Control denies the purpose; null when it does not. */
function gpcStandsAt(law: JurisdictionDefinition, { gpc }: ConsentState, purpose: Purpose): EpochMs | null {
  if (gpc === null || !law.globalPrivacyControl.value.includes(purpose)) return null;
  return law.consentOverGpc?.value === 'once-given' ? gpc.firstAt : gpc.lastAt;
}

function overrulesGpc(
  law: JurisdictionDefinition,
  { gpc }: ConsentState,
  act: ExplicitChoice | null,
): boolean {
  if (gpc === null || act === null || act.depth === 'none') return false;
  return act.at >= (law.consentOverGpc?.value === 'once-given' ? gpc.firstAt : gpc.lastAt);
}

/** Full years of age; null when none was stated. Years pass since then by whole ones only: somebody counts as younger for
 * up to a year, until it is stated anew. */
const ageAt = ({ age }: ConsentState, now: EpochMs): number | null =>
  age === null ? null : age.years + Math.max(0, Math.floor((now - age.at) / YEAR_MS));

/** Whether the law protects the customer for their age, as far as it was stated. */
export function isMinor(law: JurisdictionDefinition, consent: ConsentState, now: EpochMs): boolean {
  const years = ageAt(consent, now);
  return years !== null && law.minors.value.denied.some(({ underAge }) => years < underAge);
}

/** Whether a minor's rule denies the purpose. */
function isDeniedByAge(
  law: JurisdictionDefinition,
  consent: ConsentState,
  purpose: Purpose,
  act: ExplicitChoice | null,
  now: EpochMs,
): boolean {
  const years = ageAt(consent, now);
  if (years === null) return false;
  const isGranted = act !== null && act.depth !== 'none';
  return law.minors.value.denied.some(({ underAge, purposes, unless }) => {
    if (years >= underAge || !purposes.includes(purpose)) return false;
    switch (unless) {
      case 'never':
        return true;
      case 'guardian':
        return !(isGranted && act.guardian);
      case 'person':
        return !isGranted;
      default:
        return unreachable(unless);
    }
  });
}

/** What happened from this moment on may be used: since the first act that granted the purpose after it was last refused;
 * just after the refusal when it came back in another way. */
function usableSince({ explicit, refusedAt }: PurposeChoices, gpcAt: EpochMs | null): EpochMs {
  if (refusedAt === null && gpcAt === null) return 0;
  const after = explicit.filter(
    ({ at, depth }) => depth !== 'none' && at > (refusedAt ?? 0) && at >= (gpcAt ?? 0),
  );
  // Of a long row of acts the earlier ones are forgotten; then the first of them is not known any more.
  const isWhole = explicit.length < CHOICES_KEPT || after.length < explicit.length;
  const first = isWhole ? after.at(-1) : undefined;
  return first?.at ?? Math.max(refusedAt ?? 0, gpcAt ?? 0) + 1;
}

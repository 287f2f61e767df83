import type { EpochMs } from '../kernel/time.ts';
import type { ConsentDepth, Purpose } from './purposes.ts';

/** A dated act of the customer: `Consent Changed`, `POST /v1/consents`, or a consent manager's own event. */
export interface ExplicitChoice {
  readonly at: EpochMs;
  readonly depth: ConsentDepth;
  /** A parent or guardian chose for a minor. */
  readonly guardian: boolean;
  /** Version of the notice that was shown; null when nobody said. */
  readonly notice: string | null;
  /** First 48 bits of the message that brought it: names its record and receipt. */
  readonly ref: string;
}

/** What a consent manager says holds, repeated with every event (`context.consent`, `context.consentManagement`). Dated by
 * the event, not by an act: so it can restrict, and can't overrule a choice. */
export interface Statement {
  readonly depth: ConsentDepth;
  readonly at: EpochMs;
}

export interface PurposeChoices {
  /** The newest {@link CHOICES_KEPT}, newest first. */
  readonly explicit: readonly ExplicitChoice[];
  /** One in an atom: the newest. In a subject of several atoms the newest of each depth, shallowest first. */
  readonly stated: readonly Statement[];
  /** The latest refusal of any of these, never forgotten: what rested on the purpose before it is gone. */
  readonly refusedAt: EpochMs | null;
}

/** When `Sec-GPC: 1` was seen. Its absence is never recorded: it means nothing. */
export interface GpcSeen {
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
}

/** Full years of age at a time, up to {@link AGE_KEPT_MAX}: all that is kept of an age or a date of birth. */
export interface StatedAge {
  readonly years: number;
  readonly at: EpochMs;
}

/** Everything permission is asked from. Follows from the set of signals, not from their order. */
export interface ConsentState {
  readonly gpc: GpcSeen | null;
  readonly age: StatedAge | null;
  readonly purposes: Readonly<Partial<Record<Purpose, PurposeChoices>>>;
}

/** What decides over a purpose. `contract`: the customer asked for it, so it can't be refused piecemeal · `law`: no choice
 * was made, the lawful default holds · `explicit`: an act of the customer · `stated`: what a consent manager says · `gpc`:
 * their browser · `minor`: their age, whatever was chosen. */
export const CONSENT_ORIGINS = ['contract', 'law', 'explicit', 'stated', 'gpc', 'minor'] as const;
export type ConsentOrigin = (typeof CONSENT_ORIGINS)[number];

export const CHOICES_KEPT = 4;
/** No law of the registry looks further than 18 years. */
export const AGE_KEPT_MAX = 18;

export const EMPTY_CONSENT: ConsentState = { gpc: null, age: null, purposes: {} };
export const NO_CHOICES: PurposeChoices = { explicit: [], stated: [], refusedAt: null };

/** Whether anything was chosen, stated or signalled. */
export const isEmptyConsent = ({ gpc, age, purposes }: ConsentState): boolean =>
  gpc === null && age === null && Object.keys(purposes).length === 0;

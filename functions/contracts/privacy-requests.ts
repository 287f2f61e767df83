import type { EpochMs } from '../kernel/time.ts';
import type { AtomId, IdentifierToken, SubjectId } from './ids.ts';
import type { PersonAttribute } from './person.ts';

/** What a person can ask for. `access`: what is held of me · `port`: the same, to take elsewhere · `erase` · `correct` ·
 * `opt-out-sale`: no selling or sharing · `opt-out-profiling`: no profiling, no decisions by machines alone · `object`:
 * nothing beyond what I ordered · `restrict`: keep it, and do nothing with it. */
export const PRIVACY_REQUEST_TYPES = [
  'access',
  'erase',
  'correct',
  'port',
  'opt-out-sale',
  'opt-out-profiling',
  'object',
  'restrict',
] as const;
export type PrivacyRequestType = (typeof PRIVACY_REQUEST_TYPES)[number];

/** Where a request stands. `received`: waits for proof of identity (and of authority, from an agent) · `pending`: about to be
 * worked on · `needs-input`: waits for the person · `processing` · `restricted`: erasure that the law lets begin only later ·
 * `lifting`: the restriction that was asked for is about to end, of which the person has been told · `key-deleted`: erased, but
 * a backup of the keys could still bring it back · `erased`, `complete`, `denied`: closed · `failed`: somebody is paged. */
export const PRIVACY_STATES = [
  'received',
  'pending',
  'needs-input',
  'processing',
  'restricted',
  'lifting',
  'key-deleted',
  'erased',
  'complete',
  'denied',
  'failed',
] as const;
export type PrivacyState = (typeof PRIVACY_STATES)[number];
export const CLOSED_STATES: ReadonlySet<PrivacyState> = new Set(['erased', 'complete', 'denied']);
/** Answered: a new request of the same kind is another one. */
export const ANSWERED_STATES: ReadonlySet<PrivacyState> = new Set([
  ...CLOSED_STATES,
  'key-deleted',
  'lifting',
]);

/** Why a request was denied. Closed, lawful, and free of personal data. */
export const DENIAL_REASONS = {
  'identity-not-verified':
    'nobody could show, in the time there was, that the request comes from the person (GDPR art. 12(2) and (6), CCPA regulations § 7062)',
  'authority-not-verified':
    'the agent could not show, in the time there was, that the person gave them authority (CCPA regulations § 7063)',
  'nothing-held': 'nothing is held of the person, so there is nothing to correct (GDPR art. 16)',
  'held-values-accurate':
    'on all the evidence there is, what is held is accurate (GDPR art. 16, CCPA regulations § 7023(b))',
  'unfounded-or-excessive':
    'the request is manifestly unfounded or excessive, as the controller can show (GDPR art. 12(5)(b), CCPA Civ 1798.145(h)(3))',
  'kept-as-recorded-by-law':
    'a law that the controller can name has the value kept as it was recorded (GDPR art. 23)',
} as const;
export type DenialReason = keyof typeof DENIAL_REASONS;
/** Those by which the controller may refuse to correct. */
export const CORRECTION_REFUSALS = [
  'held-values-accurate',
  'unfounded-or-excessive',
  'kept-as-recorded-by-law',
] as const satisfies readonly DenialReason[];

/** Why a restriction is lifted: what it was for has been settled (GDPR art. 18(1) and (3)). Closed, and free of personal data.
 * Restrictions that are made while a correction is looked into end with it, and those of a minimum with their date. */
export const LIFT_REASONS = {
  'asked-by-person': 'the person wants their data used again',
  'accuracy-verified': 'the accuracy that the person contested has been verified (art. 18(1)(a))',
  'processing-made-lawful': 'what made the processing unlawful has been mended (art. 18(1)(b))',
  'claims-settled':
    'the legal claims for which the person needed the data kept are settled, and it is needed again (art. 18(1)(c))',
  'objection-decided':
    'it has been verified that the legitimate grounds of the controller override those of the person (art. 18(1)(d))',
  'not-of-the-person': 'it turned out that the request did not come from the person',
} as const;
export type LiftReason = keyof typeof LIFT_REASONS;

/** The order to lift a restriction. */
export interface Lift {
  readonly reason: LiftReason;
  /** When the person was told that it will be lifted: before it is (GDPR art. 18(3)). */
  readonly informedAt: EpochMs;
  /** System or role that answers for it, as a code. */
  readonly by: string;
  /** When it was ordered; the restriction counts as lifted from then on, at every repetition. */
  readonly at: EpochMs;
  /** When it was carried out; null before. */
  readonly doneAt: EpochMs | null;
}

/** What the person is asked for while a request stands at `needs-input`. */
export const INPUT_NEEDS = {
  'corrected-values': 'a value given is not one that its attribute can have: a usable one is needed',
  'own-identifier': 'the identifiers given are shared by many customers: one of the person alone is needed',
} as const;
export type InputNeed = keyof typeof INPUT_NEEDS;

/** How an identity or an authority was shown. Codes: what was shown is not kept here. */
export const ASSURANCE_METHODS = [
  'signed-in',
  'confirmed-message',
  'document',
  'known-details',
  'in-person',
  'signed-permission',
  'power-of-attorney',
  'registered-agent',
] as const;
export type AssuranceMethod = (typeof ASSURANCE_METHODS)[number];

export interface Assurance {
  readonly method: AssuranceMethod;
  /** System or role that vouches for it, as a code. */
  readonly by: string;
  readonly at: EpochMs;
}

/** What was found of the person when processing began: enough to finish after a crash, and to do it again after a restore. */
export interface LocatedSubject {
  readonly nodes: readonly IdentifierToken[];
  readonly atoms: readonly AtomId[];
  readonly subjectIds: readonly SubjectId[];
  readonly cues: readonly { readonly subjectId: SubjectId; readonly dueAt: EpochMs }[];
}

/** What the controller says of a correction. `accurate`: the new values are · `unascertained`: it cannot be told yet, and
 * processing is restricted meanwhile (GDPR art. 18(1)(a)) · `refused`: for a lawful reason. */
export type AccuracyWord =
  | { readonly outcome: 'accurate' | 'unascertained' }
  | { readonly outcome: 'refused'; readonly reason: (typeof CORRECTION_REFUSALS)[number] };

/** What a person wants corrected. */
export interface Correction {
  /** Which attributes: codes, not values. */
  readonly attributes: readonly PersonAttribute[];
  /** The new values under the secret of the way (`sealInTransit`); null once they are applied, refused or of no use. */
  readonly sealed: string | null;
  /** Null: not said. */
  readonly word: (AccuracyWord & { readonly at: EpochMs }) | null;
  /** When processing was restricted because accuracy is contested; null: it is not. */
  readonly contestedAt: EpochMs | null;
  /** When the correction was first sent; it is dated by this, at every repetition. */
  readonly sentAt: EpochMs | null;
}

/** How far the gathering of an export has come. */
export interface Exporting {
  readonly at: EpochMs;
  /** Atoms whose rows are gathered. */
  readonly atoms: readonly AtomId[];
  /** The one whose key seals the export; null when nothing is held. */
  readonly atomId: AtomId | null;
  /** Folder of the archive up to which all is gathered. */
  readonly after: string;
  /** Names of the parts that are kept. */
  readonly parts: readonly string[];
  readonly rows: number;
  /** Objects that could not be read. */
  readonly unread: number;
}

export const REMINDERS = ['half', 'eighty', 'overdue'] as const;
export type Reminder = (typeof REMINDERS)[number];

/** A privacy request as it is kept: tokens, codes and times, nothing raw (law 10). */
export interface PrivacyRequest {
  readonly requestId: string;
  readonly type: PrivacyRequestType;
  readonly state: PrivacyState;
  /** Names subject and type: while this one is open, a second one of the same is this one. */
  readonly openKey: string;
  /** Raised by every write. */
  readonly version: number;
  readonly requester: 'person' | 'agent';
  /** Of a request of type `correct`. Absent in requests kept from before there were any. */
  readonly correction?: Correction;
  /** Identifiers given, highest priority first. */
  readonly tokens: readonly [IdentifierToken, ...IdentifierToken[]];
  readonly receivedAt: EpochMs;
  readonly identity: Assurance | null;
  readonly authority: Assurance | null;
  /** Proofs that did not convince. */
  readonly failedProofs: number;
  readonly pauses: readonly { readonly from: EpochMs; readonly to: EpochMs | null }[];
  readonly extensionNoticedAt: EpochMs | null;
  readonly needs: InputNeed | null;
  readonly reminded: readonly Reminder[];
  /** Number of the execution that works on it; an earlier one finds itself relieved. */
  readonly driver: number;
  readonly startedAt: EpochMs | null;
  readonly located: LocatedSubject | null;
  /** A text sealed under the person's key before it was destroyed, to show afterwards that it cannot be read. */
  readonly canary: { readonly atomId: AtomId; readonly sealed: string } | null;
  readonly deletedAt: EpochMs | null;
  readonly pitrClearAt: EpochMs | null;
  readonly restrictedUntil: EpochMs | null;
  /** Of a request for which processing was restricted: since when, until when, and whom it reached. Kept before it is done, so
   * that a repetition does the same, and lifting it reaches the same. */
  readonly restriction?: {
    readonly at: EpochMs;
    readonly until: EpochMs;
    readonly nodes: readonly IdentifierToken[];
  };
  readonly lift?: Lift;
  /** The execution that was given up last, and when. */
  readonly failed?: { readonly driver: number; readonly at: EpochMs };
  /** While an export is gathered. */
  readonly exporting?: Exporting;
  readonly exported: {
    /** Names of its parts, in order. */
    readonly parts: readonly string[];
    /** Whose key seals them; null when nothing was held. */
    readonly atomId: AtomId | null;
    readonly at: EpochMs;
    readonly expiresAt: EpochMs;
  } | null;
  /** The newest link: the parts that it has handed over. */
  readonly link: { readonly tokenHash: string; readonly fetched: number } | null;
  readonly denial: DenialReason | null;
  readonly closedAt: EpochMs | null;
}

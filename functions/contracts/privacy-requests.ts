import * as z from 'zod';
import type { EpochMs } from '../kernel/time.ts';
import type { AtomId, IdentifierToken, SubjectId } from './ids.ts';
import { IDENTIFIERS_MAX, rawIdentifierSchema } from './operations.ts';

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
 * `key-deleted`: erased, but a backup of the keys could still bring it back · `erased`, `complete`, `denied`: closed ·
 * `failed`: somebody is paged. */
export const PRIVACY_STATES = [
  'received',
  'pending',
  'needs-input',
  'processing',
  'restricted',
  'key-deleted',
  'erased',
  'complete',
  'denied',
  'failed',
] as const;
export type PrivacyState = (typeof PRIVACY_STATES)[number];
export const CLOSED_STATES: ReadonlySet<PrivacyState> = new Set(['erased', 'complete', 'denied']);
/** Answered: a new request of the same kind is another one. */
export const ANSWERED_STATES: ReadonlySet<PrivacyState> = new Set([...CLOSED_STATES, 'key-deleted']);

/** Why a request was denied. Closed, lawful, and free of personal data. */
export const DENIAL_REASONS = {
  'identity-not-verified':
    'nobody could show, in the time there was, that the request comes from the person (GDPR art. 12(2) and (6), CCPA regulations § 7062)',
  'authority-not-verified':
    'the agent could not show, in the time there was, that the person gave them authority (CCPA regulations § 7063)',
} as const;
export type DenialReason = keyof typeof DENIAL_REASONS;

/** What the person is asked for while a request stands at `needs-input`. */
export const INPUT_NEEDS = {
  'corrected-values':
    'correct the values in the system they come from; what it sends next replaces them here, by date',
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
  readonly exported: { readonly key: string; readonly at: EpochMs; readonly expiresAt: EpochMs } | null;
  readonly link: { readonly tokenHash: string; readonly redeemedAt: EpochMs | null } | null;
  readonly denial: DenialReason | null;
  readonly closedAt: EpochMs | null;
}

const time = z.iso.datetime();
export const requestIdSchema = z.string().regex(/^[\w-]{22}$/);
export const privacyRequestPathSchema = z.object({ requestId: requestIdSchema });

/** Body of `POST /v1/privacy-requests`. */
export const privacyRequestBodySchema = z.strictObject({
  type: z.enum(PRIVACY_REQUEST_TYPES),
  identifiers: z.array(rawIdentifierSchema).min(1).max(IDENTIFIERS_MAX),
  requester: z.enum(['person', 'agent']),
  clientKey: z
    .string()
    .min(8)
    .max(128)
    .optional()
    .describe("The caller's own id of the request: the same key is the same request."),
});
export type PrivacyRequestBody = z.infer<typeof privacyRequestBodySchema>;

const proof = z.strictObject({
  outcome: z.enum(['verified', 'failed']),
  method: z.enum(ASSURANCE_METHODS),
});
/** Body of `POST /v1/privacy-requests/{requestId}/verification`: of the person, and of an agent's authority. */
export const verificationBodySchema = z.strictObject({
  identity: proof.optional(),
  authority: proof.optional(),
  by: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,63}$/)
    .describe('Code of the system or role that vouches for it; never a name.'),
});
export type VerificationBody = z.infer<typeof verificationBodySchema>;

/** Body of `/input`: the person has answered, or has been asked. */
export const inputBodySchema = z.strictObject({ outcome: z.enum(['given', 'asked']) });
/** Body of `/extension`: the person has been told that it takes longer. */
export const extensionBodySchema = z.strictObject({ noticedAt: time });

/** Answer of every call about one request. */
export const privacyRequestViewSchema = z.object({
  requestId: requestIdSchema,
  type: z.enum(PRIVACY_REQUEST_TYPES),
  state: z.enum(PRIVACY_STATES),
  requester: z.enum(['person', 'agent']),
  receivedAt: time,
  verified: z.boolean().describe('Identity, and authority for an agent; an opt-out needs neither.'),
  needs: z.string().nullable().describe('What the person is asked for.'),
  dueAt: time
    .nullable()
    .describe("By the jurisdiction's calendar; null while the clock stands or has not begun."),
  extended: z.boolean(),
  denial: z.enum(Object.keys(DENIAL_REASONS) as [DenialReason, ...DenialReason[]]).nullable(),
  restrictedUntil: time.nullable(),
  deletedAt: time.nullable(),
  pitrClearAt: time.nullable().describe('From then on no backup of the keys is left.'),
  exportUntil: time.nullable().describe('How long an export can be fetched; null when there is none.'),
  closedAt: time.nullable(),
});
export type PrivacyRequestView = z.infer<typeof privacyRequestViewSchema>;

/** Answer of `POST /v1/privacy-requests/{requestId}/link`. */
export const exportLinkSchema = z.object({
  token: z.string().describe('Works once; a new link ends an earlier one.'),
  expiresAt: time,
});

/** Body of `POST /v1/privacy-exports`. */
export const exportRedeemSchema = z.strictObject({
  requestId: requestIdSchema,
  token: z.string().regex(/^[\w-]{43}$/),
});
/** Answer of `POST /v1/privacy-exports`: everything held of the person, as JSON and as CSV files. */
export const exportAnswerSchema = z.object({
  requestId: requestIdSchema,
  json: z.record(z.string(), z.unknown()),
  csv: z.record(z.string(), z.string()).describe('One table each, by file name (RFC 4180).'),
});

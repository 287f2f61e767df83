import * as z from 'zod';
import { IDENTIFIERS_MAX, rawIdentifierSchema, VALUE_LENGTH_MAX } from './operations.ts';
import { PERSON_ATTRIBUTES } from './person.ts';
import {
  ASSURANCE_METHODS,
  CORRECTION_REFUSALS,
  DENIAL_REASONS,
  type DenialReason,
  LIFT_REASONS,
  type LiftReason,
  PRIVACY_REQUEST_TYPES,
  PRIVACY_STATES,
} from './privacy-requests.ts';

const time = z.iso.datetime();
export const requestIdSchema = z.string().regex(/^[\w-]{22}$/);
export const privacyRequestPathSchema = z.object({ requestId: requestIdSchema });

const corrections = z
  .array(
    z.strictObject({
      attribute: z.enum(PERSON_ATTRIBUTES),
      value: z.string().max(VALUE_LENGTH_MAX).describe('What is true; empty when there is none.'),
    }),
  )
  .min(1)
  .max(PERSON_ATTRIBUTES.length)
  .describe('What to correct: each attribute once.');
export type CorrectedValues = z.infer<typeof corrections>;

/** Body of `POST /v1/privacy-requests`. */
export const privacyRequestBodySchema = z.strictObject({
  type: z.enum(PRIVACY_REQUEST_TYPES),
  corrections: corrections.optional().describe('For `correct`, which needs them; for no other type.'),
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

const assurer = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,63}$/)
  .describe('Code of the system or role that vouches for it; never a name.');
const proof = z.strictObject({
  outcome: z.enum(['verified', 'failed']),
  method: z.enum(ASSURANCE_METHODS),
});
/** Body of `POST /v1/privacy-requests/{requestId}/verification`: of the person, and of an agent's authority. */
export const verificationBodySchema = z.strictObject({
  identity: proof.optional(),
  authority: proof.optional(),
  by: assurer,
});
export type VerificationBody = z.infer<typeof verificationBodySchema>;

/** Body of `/input`: the person has answered, or has been asked. */
export const inputBodySchema = z.strictObject({
  outcome: z.enum(['given', 'asked']),
  corrections: corrections.optional().describe('New values, where `corrected-values` were needed.'),
});
export type InputBody = z.infer<typeof inputBodySchema>;
/** Body of `/accuracy`: the controller's word on a correction. */
export const accuracyBodySchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.enum(['accurate', 'unascertained']) }),
  z.strictObject({ outcome: z.literal('refused'), reason: z.enum(CORRECTION_REFUSALS) }),
]);
/** Body of `/lift`: the restriction has served its purpose, and the person has been told that it ends. */
export const liftBodySchema = z.strictObject({
  reason: z.enum(Object.keys(LIFT_REASONS) as [LiftReason, ...LiftReason[]]),
  informedAt: time.describe('When the person was told: after it was restricted, and before now.'),
  by: assurer,
});
export type LiftBody = z.infer<typeof liftBodySchema>;
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
  needs: z
    .string()
    .nullable()
    .describe(
      "What the person is asked for; `accuracy` when a correction waits for the controller's word, and for nothing of theirs.",
    ),
  corrects: z.array(z.enum(PERSON_ATTRIBUTES)).describe('Attributes that a correction is about.'),
  dueAt: time
    .nullable()
    .describe("By the jurisdiction's calendar; null while the clock stands or has not begun."),
  extended: z.boolean(),
  denial: z.enum(Object.keys(DENIAL_REASONS) as [DenialReason, ...DenialReason[]]).nullable(),
  restrictedUntil: time.nullable(),
  lift: z
    .object({
      reason: z.enum(Object.keys(LIFT_REASONS) as [LiftReason, ...LiftReason[]]),
      informedAt: time,
      at: time,
    })
    .nullable()
    .describe(
      'Why and when the restriction was lifted, and when the person was told before; null: it was not.',
    ),
  deletedAt: time.nullable(),
  pitrClearAt: time.nullable().describe('From then on no backup of the keys is left.'),
  exportUntil: time.nullable().describe('How long an export can be fetched; null when there is none.'),
  closedAt: time.nullable(),
});
export type PrivacyRequestView = z.infer<typeof privacyRequestViewSchema>;

/** Answer of `POST /v1/privacy-requests/{requestId}/link`. */
export const exportLinkSchema = z.object({
  token: z.string().describe('Works once for each part; a new link ends an earlier one.'),
  parts: z.int().positive().describe('How often to fetch with it.'),
  expiresAt: time,
});

/** Body of `POST /v1/privacy-exports`. */
export const exportRedeemSchema = z.strictObject({
  requestId: requestIdSchema,
  token: z.string().regex(/^[\w-]{43}$/),
});
/** Answer of `POST /v1/privacy-exports`: the next part of everything held of the person, as JSON and as CSV files. */
export const exportAnswerSchema = z.object({
  requestId: requestIdSchema,
  part: z
    .int()
    .positive()
    .describe('Which one this is, from 1; tables that several parts have go on from one to the next.'),
  parts: z.int().positive(),
  json: z.record(z.string(), z.unknown()),
  csv: z.record(z.string(), z.string()).describe('One table each, by file name (RFC 4180).'),
});

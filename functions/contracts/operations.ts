import * as z from 'zod';
import { ALERT_STATES } from './alerts.ts';
import type { SubjectId } from './ids.ts';
import { OUTCOMES } from './outcomes.ts';
import { ORIGINS, PERSON_ATTRIBUTES } from './person.ts';
import { DAY_PARTS } from './profile.ts';
import { consentDepthSchema, purposeSchema } from './purpose-schemas.ts';
import { PURPOSES } from './purposes.ts';
import { CONTACT_CHANNELS, IDENTIFIER_TYPES } from './signal.ts';

/** Identifiers that one request may bring; a person has fewer. */
export const IDENTIFIERS_MAX = 24;
/** Longest identifier value and message id that are read; longer ones were never accepted as such. */
export const VALUE_LENGTH_MAX = 1_024;

const time = z.iso.datetime();
const count = z.int().nonnegative();
const rate = z.number().min(0).max(1);

const identifierTypeSchema = z.enum(IDENTIFIER_TYPES);

/** An identifier as its owner writes it. It is normalised and tokenised at once, and neither kept nor logged. */
export const rawIdentifierSchema = z.strictObject({
  type: identifierTypeSchema,
  value: z.string().min(1).max(VALUE_LENGTH_MAX),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional()
    .describe('ISO 3166-1 alpha-2: for a telephone number without its country code.'),
});
export type RawIdentifier = z.infer<typeof rawIdentifierSchema>;

/** Body of `POST /v1/profiles/lookup`: everything known about one customer's identity, in any order. */
export const profileLookupSchema = z.strictObject({
  identifiers: z.array(rawIdentifierSchema).min(1).max(IDENTIFIERS_MAX),
});

/** A subject's id: `s.`, then the token that named it. Also one from before a merge. */
export const subjectIdSchema = z.string().regex(/^s\.[A-Za-z]{1,16}\.[\w-]{22}$/);

/** Path of `GET /v1/subjects/{subjectId}`. */
export const subjectPathSchema = z.object({ subjectId: subjectIdSchema });

/** Where a customer stands with us. `visitor`: seen, and no more · `prospect`: filled a cart or got in touch, never
 * ordered · `first-time`: one order · `repeat`: more · `lapsing`: late by their own rhythm · `dormant`: no order for a
 * year. */
export const JOURNEY_STAGES = ['visitor', 'prospect', 'first-time', 'repeat', 'lapsing', 'dormant'] as const;
export type JourneyStage = (typeof JOURNEY_STAGES)[number];

const answersSchema = z.object({
  mean: z
    .number()
    .min(0)
    .max(100)
    .nullable()
    .describe('0 worst, 100 best; for effort 0 is hardest. Null without an answer.'),
  count,
});

const statedFields = {
  value: z.string(),
  source: z.string().describe('Source that stated it; `stewardship` for a decision.'),
  at: time.describe('When it was stated.'),
  origin: z.enum(ORIGINS).describe('`customer` said it, a `system` logged it, or a `steward` settled it.'),
};

/** One attribute of the person, with what contradicts it. */
const attributeSchema = z.object({
  attribute: z.enum(PERSON_ATTRIBUTES),
  ...statedFields,
  conflict: z
    .object({ ...statedFields, owner: z.string().describe('Team or role that has to settle it.') })
    .optional()
    .describe('Another value that contradicts it, until somebody settles it.'),
});

/** Body of `POST /v1/identity/conflicts/settle`. */
export const settlementSchema = z.strictObject({
  subjectId: subjectIdSchema,
  attribute: z.enum(PERSON_ATTRIBUTES),
  value: z
    .string()
    .max(VALUE_LENGTH_MAX)
    .describe('What is true: one of the two values, or another; empty when the customer has none.'),
});
export interface AttributeSettlement extends z.infer<typeof settlementSchema> {
  readonly subjectId: SubjectId;
}

/** Answer of `POST /v1/identity/conflicts/settle`. The profile shows the decision within seconds. */
export const settleAnswerSchema = z.object({
  subjectId: subjectIdSchema,
  attribute: z.enum(PERSON_ATTRIBUTES),
  settledAt: time,
});
export type SettleAnswer = z.infer<typeof settleAnswerSchema>;

/** Why a part of a profile is left out, if not for want of permission. `processing-restricted`: the customer asked that what is
 * known of them be only stored, or the law has it so until they can be erased (GDPR art. 18, India's minimum). */
export const NOT_COMPUTED_REASONS = ['processing-restricted'] as const;

const consentSchema = z.object({
  choice: z
    .enum(['granted', 'refused'])
    .nullable()
    .describe("Null: no choice was made, and the jurisdiction's default holds."),
  at: time.nullable(),
  origin: z
    .enum(['explicit', 'stated', 'gpc', 'minor'])
    .nullable()
    .describe(
      'What decides: `explicit` an act of the customer · `stated` their consent manager · `gpc` their browser (Global Privacy Control) · `minor` their age. Null: the lawful default.',
    ),
  depth: consentDepthSchema.describe(
    '`none` refused · `basic` what happened may be counted · `full` also what it was about, and what may be concluded from it.',
  ),
  inEffect: z.boolean().describe('Whether the purpose is permitted now: choice and default together.'),
});

/** A subject as operational systems see it. What the customer has not permitted is absent and named in `notComputed`. */
export const profileViewSchema = z.object({
  subjectId: subjectIdSchema,
  jurisdiction: z.string(),
  asOf: time,
  firstSeenAt: time.nullable(),
  lastSeenAt: time.nullable(),
  identifiers: z
    .partialRecord(identifierTypeSchema, count)
    .describe('How many identifiers of each type belong to it, never which.'),
  value: z.object({
    currency: z.string().describe('ISO 4217; amounts are in its whole units.'),
    orders: count,
    orderValue: z.number(),
    averageOrder: z.number().nullable(),
    refunds: count,
    refundValue: z.number(),
    firstOrderAt: time.nullable(),
    lastOrderAt: time.nullable(),
    rhythmDays: z.number().nullable().describe('Mean days between two orders; null below two.'),
  }),
  service: z.object({
    contacts: count,
    escalations: count,
    resolutions: count,
    firstContactResolutionRate: rate.nullable(),
    meanResolutionMinutes: z.number().nullable(),
    deliveries: count,
    deliveriesOnTimeRate: rate.nullable(),
  }),
  satisfaction: answersSchema,
  effort: answersSchema,
  consent: z.record(z.enum(PURPOSES), consentSchema),
  engagement: z.object({ visits: count, score: z.number().nullable() }).optional(),
  journeyStage: z.enum(JOURNEY_STAGES).optional(),
  preferences: z
    .object({
      channel: z.enum(CONTACT_CHANNELS).nullable(),
      deliveryPart: z.enum(DAY_PARTS).nullable(),
    })
    .optional()
    .describe('The most used contact channel and part of the day of deliveries.'),
  openCart: z
    .object({ openedAt: time, value: z.number() })
    .nullable()
    .optional()
    .describe('The cart that was opened last and neither ordered nor emptied; null when there is none.'),
  attributes: z
    .array(attributeSchema)
    .optional()
    .describe('What is known of the person; only with the scope `attributes:read`.'),
  segments: z
    .array(z.object({ name: z.string(), version: z.int(), since: time.nullable() }))
    .describe('Segments it is in now; `since` is null for one entered by mere passing of time.'),
  scores: z
    .record(z.string(), z.number().nullable())
    .describe("Score by segment; null when the profile can't tell."),
  notComputed: z
    .array(
      z.object({
        what: z.string(),
        missing: z.array(purposeSchema).describe('Purposes that would have to be permitted for it.'),
        reason: z
          .enum(NOT_COMPUTED_REASONS)
          .optional()
          .describe(
            'Absent: the missing purposes. `processing-restricted` what is known of the customer may only be stored, whatever they permitted; every part of the answer reads as of somebody unknown.',
          ),
      }),
    )
    .describe('What was left out, and why.'),
});
export type ProfileView = z.infer<typeof profileViewSchema>;

const alertIdSchema = z.string().regex(/^[\w-]{22}$/);

/** Path of `POST /v1/alerts/{alertId}/acknowledge` and `/resolve`. */
export const alertPathSchema = z.object({ alertId: alertIdSchema });

const alertCursorSchema = z.string().regex(/^\d{1,16}\.[\w-]{22}$/);

/** Query of `GET /v1/alerts`. */
export const alertsQuerySchema = z.strictObject({
  state: z.enum(ALERT_STATES).default('open'),
  rule: z.string().min(1).max(64).optional(),
  subjectId: subjectIdSchema.optional().describe("Finds the subject's alerts from before a merge too."),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: alertCursorSchema.optional(),
});

/** An alert as it is told. */
export const alertViewSchema = z.object({
  alertId: alertIdSchema,
  subjectId: subjectIdSchema.describe(
    'The subject when the alert opened; after a merge it leads to the present one.',
  ),
  rule: z.string(),
  ruleVersion: z.int(),
  severity: z.enum(['info', 'warning', 'urgent']),
  state: z.enum(ALERT_STATES),
  reasons: z.array(z.object({ code: z.string(), value: z.number(), threshold: z.number() })),
  occurredAt: time,
  openedAt: time,
  acknowledgedAt: time.optional(),
  resolvedAt: time.optional(),
});
export type AlertView = z.infer<typeof alertViewSchema>;

/** Answer of `GET /v1/alerts`, newest first. A page may hold fewer than `limit`; the last one has no cursor. */
export const alertPageSchema = z.object({
  alerts: z.array(alertViewSchema),
  cursor: alertCursorSchema.optional(),
});

/** Body of `POST /v1/receipts/lookup`. With the event's identifiers the answer can also say `applied`. */
export const receiptLookupSchema = z.strictObject({
  messageId: z.string().min(1).max(VALUE_LENGTH_MAX).describe('Of a CloudEvent: `<source> <id>`.'),
  identifiers: z
    .array(rawIdentifierSchema)
    .max(IDENTIFIERS_MAX)
    .optional()
    .describe("The event's own; with them the answer can also be `applied`."),
});

/** Answer of `POST /v1/receipts/lookup`: how one event ended. */
export const receiptViewSchema = z.object({
  messageId: z.string(),
  outcome: z.enum(OUTCOMES),
  reason: z.string().nullable().describe('Null for `applied`.'),
  receivedAt: time.nullable().describe('Null for `applied`: a profile keeps no such time.'),
  replayedAt: time.optional().describe('Quarantined only: when it was sent on after repair.'),
});
export type ReceiptView = z.infer<typeof receiptViewSchema>;

/** Body of `POST /v1/evidence/row-refs`: one customer, and the days of receipt to look at. */
export const rowRefsLookupSchema = z.strictObject({
  identifiers: z.array(rawIdentifierSchema).min(1).max(IDENTIFIERS_MAX),
  from: z.iso.date().describe('First UTC day of receipt.'),
  to: z.iso.date().describe('Last UTC day of receipt.'),
});
export type RowRefsLookup = z.infer<typeof rowRefsLookupSchema>;

/** Answer of `POST /v1/evidence/row-refs`. */
export const rowRefsSchema = z.object({
  rowRefs: z.array(z.string()).describe('Values of the column `row_ref`: one per atom and month, sorted.'),
});
export type RowRefs = z.infer<typeof rowRefsSchema>;

/** Answer of `GET /v1/sources`: who may send, and with which key. */
export const sourcePageSchema = z.object({
  sources: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      steward: z.string().describe('Who answers for its events.'),
      keyVersion: z.int().describe('Raise it in the registry to revoke the key.'),
      writeKey: z.string().describe('Secret: user name of basic authentication at collect.'),
    }),
  ),
});
export type SourcePage = z.infer<typeof sourcePageSchema>;

/** Every error answer, as `application/problem+json` (RFC 9457). Texts quote nothing of the request. */
export const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  at: z.array(z.string()).optional().describe('Where in the request the fault is, as JSON pointers.'),
  errorId: z.string().optional().describe('Names an unexpected error in the logs.'),
});

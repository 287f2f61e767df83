import * as z from 'zod';
import { ALERT_STATES } from './alerts.ts';
import { OUTCOMES } from './outcomes.ts';
import { DAY_PARTS } from './profile.ts';
import { PURPOSES, purposeSchema } from './purposes.ts';
import { CONTACT_CHANNELS, IDENTIFIER_TYPES } from './signal.ts';

/** Identifiers that one request may bring; a person has fewer. */
export const IDENTIFIERS_MAX = 24;
/** Longest identifier value and message id that are read; longer ones were never accepted as such. */
const VALUE_LENGTH_MAX = 1_024;

const time = z.iso.datetime();
const count = z.int().nonnegative();
const rate = z.number().min(0).max(1);

const identifierTypeSchema = z.enum(IDENTIFIER_TYPES);

/** An identifier as its owner writes it. It is normalised and tokenised at once, and neither kept nor logged. */
const rawIdentifierSchema = z.strictObject({
  type: identifierTypeSchema,
  value: z.string().min(1).max(VALUE_LENGTH_MAX),
});
export type RawIdentifier = z.infer<typeof rawIdentifierSchema>;

/** Body of `POST /v1/profiles/lookup`: everything known about one customer's identity, in any order. */
export const profileLookupSchema = z.strictObject({
  identifiers: z.array(rawIdentifierSchema).min(1).max(IDENTIFIERS_MAX),
});

/** A subject's id: `s.`, then the token that named it. Also one from before a merge. */
const subjectIdSchema = z.string().regex(/^s\.[A-Za-z]{1,16}\.[\w-]{22}$/);

/** Path of `GET /v1/subjects/{subjectId}`. */
export const subjectPathSchema = z.object({ subjectId: subjectIdSchema });

/** Where a customer stands with us. `visitor`: seen, and no more · `prospect`: filled a cart or got in touch, never
 * ordered · `first-time`: one order · `repeat`: more · `lapsing`: late by their own rhythm · `dormant`: no order for a
 * year. */
export const JOURNEY_STAGES = ['visitor', 'prospect', 'first-time', 'repeat', 'lapsing', 'dormant'] as const;
export type JourneyStage = (typeof JOURNEY_STAGES)[number];

const answersSchema = z.object({
  /** 0 worst, 100 best; for effort 0 is hardest. Null without an answer. */
  mean: z.number().min(0).max(100).nullable(),
  count,
});

const consentSchema = z.object({
  /** Null: no choice was made, the jurisdiction's default holds. */
  choice: z.enum(['granted', 'refused']).nullable(),
  at: time.nullable(),
  /** `explicit` by the customer, or `gpc` by their browser. */
  origin: z.enum(['explicit', 'gpc']).nullable(),
  /** What holds: choice and default together. */
  inEffect: z.boolean(),
});

/** A subject as operational systems see it. What the customer has not permitted is absent and named in `notComputed`. */
export const profileViewSchema = z.object({
  subjectId: subjectIdSchema,
  jurisdiction: z.string(),
  asOf: time,
  firstSeenAt: time.nullable(),
  lastSeenAt: time.nullable(),
  /** How many identifiers of each type belong to it, never which. */
  identifiers: z.partialRecord(identifierTypeSchema, count),
  /** Amounts in whole units of `currency`. */
  value: z.object({
    currency: z.string(),
    orders: count,
    orderValue: z.number(),
    averageOrder: z.number().nullable(),
    refunds: count,
    refundValue: z.number(),
    firstOrderAt: time.nullable(),
    lastOrderAt: time.nullable(),
    /** Mean days between two orders; null below two. */
    rhythmDays: z.number().nullable(),
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
  /** The most used of each; null when nothing was seen. */
  preferences: z
    .object({
      channel: z.enum(CONTACT_CHANNELS).nullable(),
      deliveryPart: z.enum(DAY_PARTS).nullable(),
    })
    .optional(),
  /** The cart that was opened last and neither ordered nor emptied; null when there is none. */
  openCart: z.object({ openedAt: time, value: z.number() }).nullable().optional(),
  /** Segments it is in now. `since` is null for one it has entered by the passing of time and not been published in. */
  segments: z.array(z.object({ name: z.string(), version: z.int(), since: time.nullable() })),
  /** By segment; null when the profile can't tell. */
  scores: z.record(z.string(), z.number().nullable()),
  /** What was left out, and the purposes that would have to be permitted for it. */
  notComputed: z.array(z.object({ what: z.string(), missing: z.array(purposeSchema).min(1) })),
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
  /** Finds the subject's alerts from before a merge too. */
  subjectId: subjectIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: alertCursorSchema.optional(),
});

/** An alert as it is told. */
export const alertViewSchema = z.object({
  alertId: alertIdSchema,
  /** The subject when the alert opened; after a merge this id leads to the subject it belongs to now. */
  subjectId: subjectIdSchema,
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
  messageId: z.string().min(1).max(VALUE_LENGTH_MAX),
  identifiers: z.array(rawIdentifierSchema).max(IDENTIFIERS_MAX).optional(),
});

/** Answer of `POST /v1/receipts/lookup`: how one event ended. */
export const receiptViewSchema = z.object({
  messageId: z.string(),
  outcome: z.enum(OUTCOMES),
  /** Null for `applied`. */
  reason: z.string().nullable(),
  /** Null for `applied`: a profile keeps no such time. */
  receivedAt: time.nullable(),
  /** Quarantined only: when it was sent on after repair. */
  replayedAt: time.optional(),
});
export type ReceiptView = z.infer<typeof receiptViewSchema>;

/** Every error answer, as `application/problem+json` (RFC 9457). Texts quote nothing of the request. */
export const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  /** Where in the request the fault is, as JSON pointers. */
  at: z.array(z.string()).optional(),
  /** Names an unexpected error in the logs. */
  errorId: z.string().optional(),
});

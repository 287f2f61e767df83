import * as z from 'zod';
import { EVENT_CLASSES } from './event-classes.ts';
import { consentChoicesSchema, consentCodeSchema, languageSchema, purposeSchema } from './purpose-schemas.ts';
import { CONTACT_CHANNELS, IDENTIFIER_TYPES } from './signal-codes.ts';

/** What the profile understands of a signal. The registry's signal definitions translate names and properties into
 * these; the fold knows nothing else. Amounts are minor units (cents) of the jurisdiction's currency.
 * Codes are closed; no free text. */
export const factSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('order'), valueMinor: z.int().nonnegative(), items: z.int().nonnegative() }),
  z.object({ kind: z.literal('refund'), valueMinor: z.int().nonnegative() }),
  /** Browsing; `depth` 1 a page, 2 a product, 3 a list or search, 5 a checkout step. */
  z.object({ kind: z.literal('visit'), depth: z.int().min(1).max(5) }),
  /** A cart is `open` from a cart signal until an order or an emptied cart closes it. */
  z.object({ kind: z.literal('cart'), open: z.boolean(), valueMinor: z.int().nonnegative() }),
  z.object({ kind: z.literal('contact'), channel: z.enum(CONTACT_CHANNELS), escalated: z.boolean() }),
  z.object({ kind: z.literal('resolution'), firstContact: z.boolean(), minutes: z.int().nonnegative() }),
  z.object({
    kind: z.literal('delivery'),
    onTime: z.boolean(),
    /** Local hour of day 0–23. */ hour: z.int().min(0).max(23),
  }),
  /** 0 worst, 100 best; for effort 0 is hardest. */
  z.object({ kind: z.literal('satisfaction'), score: z.int().min(0).max(100) }),
  z.object({ kind: z.literal('effort'), score: z.int().min(0).max(100) }),
  /** A dated act: who chose what, shown which notice. */
  z.object({
    kind: z.literal('consent'),
    choices: consentChoicesSchema,
    guardian: z.literal(true).optional(),
    notice: consentCodeSchema.optional(),
    language: languageSchema.optional(),
    recorder: consentCodeSchema.optional(),
  }),
  /** Full years of age when it was said; everybody from 18 on is 18. */
  z.object({ kind: z.literal('age'), years: z.int().min(0).max(18) }),
  /** An agent flagged something about the relationship. */
  z.object({
    kind: z.literal('flag'),
    code: z.enum(['praise', 'complaint', 'vulnerable', 'churn-threat', 'fraud-suspected', 'other']),
  }),
]);

const identifierSchema = z.object({ type: z.enum(IDENTIFIER_TYPES), token: z.string().min(1).max(64) });
/** Shape check for what we wrote ourselves; a failure means a corrupt record or a version mismatch. */
export const signalSchema = z.object({
  messageToken: z.string().min(1).max(64),
  name: z.string().min(1).max(64),
  eventClass: z.enum(EVENT_CLASSES),
  sourceId: z.string().min(1).max(64),
  purposes: z.array(purposeSchema),
  occurredAt: z.int(),
  receivedAt: z.int(),
  timeEstimated: z.literal(true).optional(),
  identifiers: z.tuple([identifierSchema], identifierSchema),
  facts: z.array(factSchema),
  depth: z.literal('full').optional(),
  consent: consentChoicesSchema.optional(),
  gpc: z.literal(true).optional(),
  person: z.base64().max(16_384).optional(),
});

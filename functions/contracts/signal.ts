import * as z from 'zod';
import type { EpochMs } from '../kernel/time.ts';
import { EVENT_CLASSES, type EventClass } from './event-classes.ts';
import type { IdentifierToken, MessageToken } from './ids.ts';
import { type ConsentChoices, consentChoicesSchema, purposeSchema } from './purposes.ts';

export { EVENT_CLASSES, type EventClass };

/** Identifier types, highest priority first: the first one present names the signal's atom. */
export const IDENTIFIER_TYPES = ['userId', 'loyaltyId', 'email', 'phone', 'deviceId', 'anonymousId'] as const;
export type IdentifierType = (typeof IDENTIFIER_TYPES)[number];

export interface Identifier {
  readonly type: IdentifierType;
  readonly token: IdentifierToken;
}

export const CONTACT_CHANNELS = ['phone', 'email', 'chat', 'store', 'web', 'social', 'agent'] as const;
export type ContactChannel = (typeof CONTACT_CHANNELS)[number];

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
  z.object({ kind: z.literal('consent'), choices: consentChoicesSchema }),
  /** An agent flagged something about the relationship. */
  z.object({
    kind: z.literal('flag'),
    code: z.enum(['praise', 'complaint', 'vulnerable', 'churn-threat', 'fraud-suspected', 'other']),
  }),
]);
export type Fact = z.infer<typeof factSchema>;

/** One validated event, as it travels on the signals stream: tokens and facts, nothing raw (law 10). */
export interface Signal {
  readonly messageToken: MessageToken;
  /** Registry name, or `other` for a name the catalogue does not have (a free name could hold anything). */
  readonly name: string;
  readonly eventClass: EventClass;
  readonly sourceId: string;
  readonly purposes: readonly z.infer<typeof purposeSchema>[];
  readonly occurredAt: EpochMs;
  readonly receivedAt: EpochMs;
  /** At least one, highest priority first; the first names the atom. */
  readonly identifiers: readonly [Identifier, ...Identifier[]];
  readonly facts: readonly Fact[];
  /** Choices the event itself carries (`context.consent`), keyed by purpose. */
  readonly consent?: ConsentChoices;
  /** `Sec-GPC: 1` came with the request. Its absence means nothing. */
  readonly gpc?: true;
}

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
  identifiers: z.tuple([identifierSchema], identifierSchema),
  facts: z.array(factSchema),
  consent: consentChoicesSchema.optional(),
  gpc: z.literal(true).optional(),
});

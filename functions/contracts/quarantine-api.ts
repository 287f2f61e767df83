import * as z from 'zod';
import { leftOutSchema } from './collect-api.ts';
import { QUARANTINE_REASONS, type QuarantineReason } from './outcomes.ts';

/** An entry is known by its event's message token: it names nobody and may stand in a URL or a log. */
const entryId = z.string().regex(/^[\w-]{1,64}$/);
const reason = z.string().max(64);
/** A reason to ask for; one that is misspelt would find nothing, and look as if nothing waited. */
const askedReason = z.enum(Object.keys(QUARANTINE_REASONS) as [QuarantineReason, ...QuarantineReason[]]);
const sourceId = z.string().max(64);
const cursor = z.string().regex(/^\d{1,16}\.[\w-]{1,64}$/);

/** How many entries one replay takes; more come with the cursor. */
export const REPLAY_MAX = 100;

/** Query of `GET /v1/quarantine`. */
export const quarantineQuerySchema = z.strictObject({
  source: sourceId.optional(),
  reason: askedReason.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: cursor.optional(),
  /** The events themselves, which hold personal data: asks for the scope `quarantine:write` too. */
  include: z.literal('event').optional(),
});

/** Body of `POST /v1/quarantine/replay`: named entries, each with a repaired event or as it is, or all of a kind. */
export const replayRequestSchema = z.union([
  z.strictObject({
    entries: z
      .array(z.strictObject({ entryId, event: z.record(z.string(), z.unknown()).optional() }))
      .min(1)
      .max(REPLAY_MAX),
  }),
  z.strictObject({
    all: z.literal(true),
    source: sourceId.optional(),
    reason: askedReason.optional(),
    cursor: cursor.optional(),
  }),
]);
export type ReplayRequest = z.infer<typeof replayRequestSchema>;

/** One quarantined event, without its content unless that was asked for. */
export const quarantinedSchema = z.object({
  entryId,
  sourceId,
  reason,
  receivedAt: z.iso.datetime(),
  /** Path in the event to what is wrong, without values. Comes with the event. */
  at: z.array(z.string()).optional(),
  event: z.unknown().optional(),
});
export type Quarantined = z.infer<typeof quarantinedSchema>;

/** Answer of `GET /v1/quarantine`, newest first. */
export const quarantinePageSchema = z.object({
  entries: z.array(quarantinedSchema),
  cursor: cursor.optional(),
});

/** What became of one entry of a replay: `accepted` is on its way to the profile; `quarantined` and `misdirected` as
 * at collection, the entry stays; `already-replayed` and `not-found` did nothing. */
export const replayReceiptSchema = z.object({
  entryId,
  outcome: z.enum(['accepted', 'quarantined', 'misdirected', 'already-replayed', 'not-found']),
  reason: z.string().optional(),
  endpoint: z.string().optional(),
  leftOut: leftOutSchema.readonly().optional(),
});
export type ReplayReceipt = z.infer<typeof replayReceiptSchema>;

/** Answer of `POST /v1/quarantine/replay`; a cursor when `all` has more. */
export const replayAnswerSchema = z.object({
  receipts: z.array(replayReceiptSchema),
  cursor: cursor.optional(),
});

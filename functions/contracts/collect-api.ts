import * as z from 'zod';
import type { LeftOutReason, Receipt } from './outcomes.ts';
import { LEFT_OUT_REASONS, QUARANTINE_REASONS, type QuarantineReason } from './outcomes.ts';
import { consentChoicesSchema } from './purpose-schemas.ts';

/** Where consent travels in an event, and what else of the context is read. Everything else is taken and ignored. */
const contextSchema = z.looseObject({
  consent: z.looseObject({ categoryPreferences: consentChoicesSchema.optional() }).optional(),
  traits: z.record(z.string(), z.unknown()).optional(),
});

/** An id as text, or as a whole number, which counts as its decimal digits. Beyond 2^53 - 1 JSON rounds: send text. */
const idSchema = z.union([z.string(), z.int()]);

/** One call of the Segment wire API, as far as it is read. An event that does not fit is quarantined by itself and
 * never fails its batch, so nothing here is enforced on the request as a whole. */
const segmentCallSchema = z.looseObject({
  messageId: z.string().min(1),
  userId: idSchema.optional(),
  anonymousId: idSchema.optional(),
  timestamp: z.iso.datetime({ offset: true }).optional(),
  /** Of `track`: the name in the catalogue. */
  event: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  traits: z.record(z.string(), z.unknown()).optional(),
  context: contextSchema.optional(),
});

const callTypeSchema = z.enum(['track', 'identify', 'page', 'screen', 'group', 'alias']);

/** Body of `POST /v1/track` and its neighbours: one call, whose type is the path. */
export const segmentEventSchema = segmentCallSchema.extend({
  sentAt: z.iso.datetime({ offset: true }).optional(),
  /** Instead of the header, for clients that can't set one. */
  writeKey: z.string().optional(),
});

/** Body of `POST /v1/batch`. */
export const segmentBatchSchema = z.looseObject({
  batch: z.array(segmentCallSchema.extend({ type: callTypeSchema })),
  /** Counts for every event of the batch; an event's own context overrules it. */
  context: contextSchema.optional(),
  sentAt: z.iso.datetime({ offset: true }).optional(),
  writeKey: z.string().optional(),
});

/** A CloudEvent 1.0 in structured form. `id` and `source` together are its messageId. */
export const cloudEventSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  /** The signal's name, plain or after `com.rapport.signal.` */
  type: z.string().min(1),
  /** The customer, when `data.userId` does not say: an id, or `<identifier type>:<value>`. */
  subject: z.string().optional(),
  time: z.iso.datetime({ offset: true }).optional(),
  data: z.unknown().optional(),
});

/** Body of `POST /v1/events` in batched form. */
export const cloudEventsBatchSchema = z.array(cloudEventSchema);

const quarantineReasons = Object.keys(QUARANTINE_REASONS) as [QuarantineReason, ...QuarantineReason[]];

const leftOutReasons = Object.keys(LEFT_OUT_REASONS) as [LeftOutReason, ...LeftOutReason[]];

/** What an event stated and is not kept, though the event is. */
export const leftOutSchema = z
  .array(z.object({ attribute: z.literal('nationalId'), reason: z.enum(leftOutReasons) }))
  .describe(
    'Attributes that the event stated and that are not kept, and why. Correct or leave out, and send again.',
  );

/** What became of one event of a request: `accepted` is durably queued. */
export const receiptSchema: z.ZodType<Receipt> = z.object({
  messageId: z.string().nullable(),
  outcome: z.enum(['accepted', 'quarantined', 'misdirected']),
  reason: z
    .union([z.enum(quarantineReasons), z.templateLiteral(['jurisdiction:', z.string()])])
    .exactOptional(),
  leftOut: leftOutSchema.readonly().exactOptional(),
  endpoint: z.string().exactOptional(),
});

/** Answer of every collect route: a receipt per event, in the order of the request. */
export const collectAnswerSchema = z.object({
  success: z.boolean(),
  receipts: z.array(receiptSchema),
});

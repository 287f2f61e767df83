import * as z from 'zod';
import { CONSENT_ORIGINS } from './consent.ts';
import { IDENTIFIERS_MAX, rawIdentifierSchema, subjectIdSchema } from './operations.ts';
import {
  consentChoicesSchema,
  consentCodeSchema,
  consentDepthSchema,
  languageSchema,
  purposeSchema,
} from './purpose-schemas.ts';

const time = z.iso.datetime();
const identifiers = z.array(rawIdentifierSchema).min(1).max(IDENTIFIERS_MAX);

/** Body of `POST /v1/consents`: one act of one customer. */
export const consentRequestSchema = z.strictObject({
  requestId: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'The same request with the same id is the same act, and counts once. Absent: told by its time and content.',
    ),
  identifiers,
  choices: consentChoicesSchema
    .refine((choices) => Object.keys(choices).length > 0, 'no purpose is named')
    .describe('By purpose: yes, no, or a depth. A purpose that is not named keeps its earlier choice.'),
  notice: consentCodeSchema.optional().describe('Version of the notice that was shown.'),
  language: languageSchema.optional().describe('BCP 47, of the notice.'),
  at: time.optional().describe('When it was chosen; absent: now.'),
  recorder: consentCodeSchema.describe('The system or role that records it, not a person.'),
  guardian: z.boolean().optional().describe('A parent or guardian chose for a minor.'),
});
export type ConsentRequest = z.infer<typeof consentRequestSchema>;

/** Body of `POST /v1/consents/lookup`. */
export const consentLookupSchema = z.strictObject({ identifiers });

const partySchema = z.object({
  party_id: z.string(),
  party_address: z.string(),
  party_name: z.string(),
  party_role: z.string(),
  party_contact: z.string(),
  party_type: z.string(),
});

/** A receipt in the information structure of ISO/IEC TS 27560:2023; its names are the standard's, not ours. */
export const consentReceiptSchema = z.object({
  receipt: z.object({ schema_version: z.string(), receipt_id: z.string() }),
  record: z.object({
    schema_version: z.string(),
    record_id: z.string(),
    pii_principal_id: subjectIdSchema.describe('A pseudonym of this jurisdiction.'),
  }),
  pii_processing: z.object({
    privacy_notice: z.string().nullable(),
    language: z.string().nullable(),
    purposes: z.array(
      z.object({
        purpose: z.string(),
        purpose_type: purposeSchema,
        lawful_basis: z.string(),
        depth: consentDepthSchema.describe('An addition of ours.'),
        pii_information: z.array(
          z.object({
            pii_type: z.string(),
            pii_optional: z.boolean(),
            sensitive_pii_category: z.boolean(),
            special_pii_category: z.boolean(),
          }),
        ),
        pii_controllers: z.array(z.string()),
        collection_method: z.array(z.string()),
        processing_method: z.array(z.string()),
        storage_locations: z.array(z.string()),
        retention_period: z.string().describe('ISO 8601 duration.'),
        processing_locations: z.array(z.string()),
        geographic_restrictions: z.array(z.string()),
        jurisdiction: z.string(),
        recipient_third_parties: z.array(z.string()),
        withdrawal_method: z.string(),
        privacy_rights: z.array(z.string()),
      }),
    ),
  }),
  party_identification: z.array(partySchema),
  event: z
    .array(
      z.object({
        event_time: time,
        validity_duration: z.string().nullable().describe('Null: until it is taken back.'),
        entity_id: z.string(),
        event_type: z.literal('explicit'),
        event_state: z.enum(['given', 'refused', 'withdrawn']),
      }),
    )
    .describe('Oldest first.'),
});
export type ConsentReceipt = z.infer<typeof consentReceiptSchema>;

/** Answer of `POST /v1/consents`: the act is safely queued, and holds from the next batch on. */
export const consentAnswerSchema = z.object({
  messageId: z.string().describe('For `POST /v1/receipts/lookup`.'),
  subjectId: subjectIdSchema,
  receipts: z.array(consentReceiptSchema).describe('One for each purpose that was named.'),
});
export type ConsentAnswer = z.infer<typeof consentAnswerSchema>;

/** Answer of `POST /v1/consents/lookup`: how every purpose stands, and by what. */
export const consentViewSchema = z.object({
  subjectId: subjectIdSchema.nullable().describe('Null for a customer who is not known here: the law alone.'),
  jurisdiction: z.string(),
  asOf: time,
  gpc: z
    .object({ firstAt: time, lastAt: time })
    .nullable()
    .describe('When Global Privacy Control was signalled; its absence later means nothing.'),
  minor: z.boolean().describe("Younger than the jurisdiction's age of an adult, as far as was stated."),
  restricted: z
    .boolean()
    .describe('Processing of the customer is restricted: no purpose is in effect, whatever was chosen.'),
  purposes: z.record(
    purposeSchema,
    z.object({
      inEffect: z.boolean(),
      depth: consentDepthSchema,
      origin: z.enum(CONSENT_ORIGINS),
      at: time.nullable().describe('Of the choice or signal that decides.'),
      usableSince: time
        .nullable()
        .describe('What happened before is not used for it: it had been refused. Null: no bound.'),
      lawfulDefault: z.object({
        value: z.enum(['contract', 'opt-in', 'opt-out', 'legitimate-interest']),
        source: z.string(),
        evidence: z.enum(['primary source', 'secondary source', 'general knowledge']),
      }),
      history: z
        .array(
          z.object({
            recordId: z.string(),
            at: time,
            depth: consentDepthSchema,
            notice: z.string().nullable(),
            guardian: z.boolean(),
          }),
        )
        .describe('The newest acts, newest first; all of them are in the archive.'),
    }),
  ),
  receipts: z.array(consentReceiptSchema).describe('Of the newest act about each purpose.'),
});
export type ConsentView = z.infer<typeof consentViewSchema>;

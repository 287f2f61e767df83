import { z } from 'zod';
import { ARCHIVE_TABLES } from './lineage.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const whole = z.int().nonnegative();
const common = {
  /** Key of the object in the evidence bucket. */
  key: z.string().min(1).max(1_024),
  /** Of the object's bytes. */
  sha256,
  bytes: whole,
};
/** First UTC day on which retention may have removed the object; null when it is kept. */
const expires = z.iso.date().nullable();

const rows = z.strictObject({
  kind: z.literal('rows'),
  ...common,
  table: z.enum(ARCHIVE_TABLES),
  rows: whole.min(1),
  /** Root of the RFC 6962 tree over the object's rows. */
  rowsRoot: sha256,
  /** Compaction: places in the log of the entries whose objects this one replaces. Its rows are theirs, in this order. */
  supersedes: z.array(whole).min(2).optional(),
});
const document = z.strictObject({ kind: z.enum(['certificate', 'report', 'unreadable']), ...common });

/**
 * What is said of an object before it is written. `rows`: Parquet · `unreadable`: something on the lineage stream that was
 * no row, as it came · `report`: what the daily sweep and a month's roll-up say · `certificate`: a JSON document about an act that must stay provable, such as an erasure.
 */
export const logDraftSchema = z.discriminatedUnion('kind', [rows, document]);
export type LogDraft = z.infer<typeof logDraftSchema>;

/** A leaf of the evidence log: a draft whose object is there, and when that object may be gone. */
export const logEntrySchema = z.discriminatedUnion('kind', [
  rows.extend({ expires }),
  document.extend({ expires }),
]);
export type LogEntry = z.infer<typeof logEntrySchema>;
export type RowsEntry = Extract<LogEntry, { kind: 'rows' }>;

/** A document to be kept for good and made provable: codes, times and hashes, no personal data. */
export interface Certificate {
  /** Unique; letters, digits, `-` and `_`, at most 128. */
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Where acts that must stay provable are recorded. */
export interface EvidenceLog {
  /** Keeps a certificate, once: `present` when one of that id is there, which stays as it is.
   * @throws TransientError, ThrottledError; after one it is safe to call again */
  append(certificate: Certificate): Promise<'written' | 'present'>;
}

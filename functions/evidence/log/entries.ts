import type { z } from 'zod';
import {
  type LogDraft,
  type LogEntry,
  logDraftSchema,
  logEntrySchema,
} from '../../contracts/evidence-log.ts';

/** Lines of JSON, each ended by a newline. The line without it is what the log hashes. */
const linesOf = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

export const draftsText = (drafts: readonly LogDraft[]): string => linesOf(drafts);
export const entriesText = (entries: readonly LogEntry[]): string => linesOf(entries);

export interface EntryLine {
  /** The leaf, byte for byte. */
  readonly text: string;
  /** Null when the line is not an entry. */
  readonly entry: LogEntry | null;
}

/** The entries of a segment. A line that is no entry is a leaf all the same. */
export const readEntries = (bytes: Uint8Array): EntryLine[] =>
  textLines(bytes).map((text) => ({ text, entry: parsed(logEntrySchema, text) }));

/** The drafts of a pending file; null when it is not one. */
export function readDrafts(bytes: Uint8Array): LogDraft[] | null {
  const drafts = textLines(bytes).map((text) => parsed(logDraftSchema, text));
  const whole = drafts.filter((draft) => draft !== null);
  return whole.length === drafts.length && whole.length > 0 ? whole : null;
}

function textLines(bytes: Uint8Array): string[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

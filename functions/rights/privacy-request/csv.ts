import type { Part } from './export-parts.ts';

/** A cell (RFC 4180). A text that a spreadsheet would take for a formula is marked as text. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows of one kind as a table; columns are all members that any row has, in order of first appearance. */
function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join());
  return [columns.map(cell).join(), ...lines].map((line) => `${line}\r\n`).join('');
}

/** A part of an export as CSV files, by name. */
export const csvFiles = (exported: Part): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(exported).map(([name, value]) => [
      `${name}.csv`,
      table(
        Array.isArray(value)
          ? (value as Readonly<Record<string, unknown>>[])
          : [value as Readonly<Record<string, unknown>>],
      ),
    ]),
  );

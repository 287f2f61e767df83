import type { Answer } from './open.ts';

type Value = Answer['rows'][number][number];

const text = (value: Value): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** An answer as an aligned table, numbers to the right, with the number of rows below. */
export function asTable({ columns, rows }: Answer): string {
  const cells = rows.map((row) => row.map((value) => text(value).replaceAll(/\s+/g, ' ')));
  const widths = columns.map((name, at) =>
    Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const right = columns.map(
    (_, at) => rows.length > 0 && rows.every((row) => typeof (row[at] ?? 0) === 'number'),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (right[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const footer = `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`;
  return `${[line(columns), rule, ...cells.map(line), footer].join('\n')}\n`;
}

/** An answer as a JSON array of objects. */
export const asJson = ({ columns, rows }: Answer): string =>
  `${JSON.stringify(
    rows.map((row) => Object.fromEntries(row.map((value, at) => [columns[at], value]))),
    null,
    2,
  )}\n`;

/** An answer as CSV (RFC 4180) with a header line. */
export const asCsv = ({ columns, rows }: Answer): string =>
  [columns, ...rows].map((row) => `${row.map((value) => csvCell(text(value))).join(',')}\r\n`).join('');

const csvCell = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

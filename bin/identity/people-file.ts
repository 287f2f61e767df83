import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { pipeline, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import * as z from 'zod';
import {
  MATCH_ATTRIBUTES,
  type MatchAttribute,
  type Person,
} from '../../functions/registry/matching/attributes.ts';
import { UserError } from '../../lib/local/errors.ts';

/** Which column holds what. */
export interface ColumnMap {
  readonly row: string;
  readonly attributes: Readonly<Partial<Record<MatchAttribute, string>>>;
}

/** A record of an export, or why it could not be taken. */
export type PersonLine =
  | { readonly ok: true; readonly rowId: string; readonly person: Person; readonly bytesRead: number }
  | { readonly ok: false; readonly line: number; readonly reason: string; readonly bytesRead: number };

const columnMapSchema = z.strictObject({
  row: z.string().min(1),
  attributes: z.record(z.string(), z.string().min(1)),
});

/** @throws UserError when it is not JSON, not of the right shape, or names an attribute that matching does not know */
export async function readColumnMap(path: string): Promise<ColumnMap> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UserError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  });
  return columnMapOf(text, path);
}

export function columnMapOf(text: string, path: string): ColumnMap {
  let json: unknown;
  try {
    // Windows' editors begin a file with a mark that is no JSON.
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new UserError(`${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = columnMapSchema.safeParse(json);
  if (!parsed.success)
    throw new UserError(
      `${path} must be {"row": COLUMN, "attributes": {ATTRIBUTE: COLUMN, ...}}: ${z.prettifyError(parsed.error)}`,
    );
  const known: ReadonlySet<string> = new Set(MATCH_ATTRIBUTES);
  const unknown = Object.keys(parsed.data.attributes).filter((attribute) => !known.has(attribute));
  if (unknown.length > 0)
    throw new UserError(
      `${path}: unknown attribute ${unknown.join(', ')}; known are ${MATCH_ATTRIBUTES.join(', ')}`,
    );
  if (Object.keys(parsed.data.attributes).length === 0)
    throw new UserError(`${path} maps no attribute; known are ${MATCH_ATTRIBUTES.join(', ')}`);
  return parsed.data;
}

const RECORD_CHARACTERS_MAX = 256 * 1024;

/** Size in bytes, for progress.
 * @throws UserError when there is no such file */
export async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new UserError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  });
  if (!found.isFile()) throw new UserError(`${path} is not a file`);
  return found.size;
}

/**
 * Streams the records of a CSV export with a header, plain or gzip (told by its first bytes).
 * @throws UserError when the file cannot be read as CSV, or lacks a mapped column
 */
export async function* readPeople(path: string, columns: ColumnMap): AsyncGenerator<PersonLine> {
  const source = createReadStream(path, { highWaterMark: 64 * 1024 });
  const parser = parse({
    bom: true,
    trim: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    info: true,
    max_record_size: RECORD_CHARACTERS_MAX,
  });
  const onEnd = (): void => {};
  const encoding = utf8Check();
  if (await startsAsGzip(path)) pipeline(source, createGunzip(), encoding.stream, parser, onEnd);
  else pipeline(source, encoding.stream, parser, onEnd);
  let header: Header | undefined;
  const seen = new Set<string>();
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      if (header === undefined) header = headerOf(record, columns, path);
      else
        yield encoding.isBroken() && record.some((text) => text.includes('\uFFFD'))
          ? { ok: false, line: info.lines, reason: NOT_UTF8, bytesRead: source.bytesRead }
          : lineOf(record, info.lines, header, seen, source.bytesRead);
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`${path} cannot be read as CSV: ${(cause as Error).message}`, { cause });
  } finally {
    parser.destroy();
    source.destroy();
  }
  if (header === undefined) throw new UserError(`${path} is empty: a header line was expected`);
}

const NOT_UTF8 = 'characters that are not UTF-8: convert the file, as with iconv -f latin1 -t utf-8';

/** Passes bytes on and notices whether they are UTF-8. The parser replaces what is not, and different letters become the same
 * then; but a file in UTF-8 may hold that replacement itself, from a system that did so before. */
function utf8Check(): { readonly stream: Transform; isBroken(): boolean } {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let broken = false;
  const look = (bytes?: Uint8Array): void => {
    try {
      if (!broken) decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      broken = true;
    }
  };
  const stream = new Transform({
    transform(bytes: Uint8Array, _, done) {
      look(bytes);
      done(null, bytes);
    },
    flush(done) {
      look();
      done();
    },
  });
  return { stream, isBroken: () => broken };
}

interface Header {
  readonly width: number;
  readonly row: number;
  readonly attributes: readonly (readonly [MatchAttribute, number])[];
}

function headerOf(names: readonly string[], columns: ColumnMap, path: string): Header {
  const at = (column: string): number => {
    const index = names.indexOf(column);
    if (index < 0) throw new UserError(`${path} has no column ${column}; it has ${names.join(', ')}`);
    if (names.includes(column, index + 1))
      throw new UserError(
        `${path} has two columns ${column}: rename one, so that it is clear which is meant`,
      );
    return index;
  };
  return {
    width: names.length,
    row: at(columns.row),
    attributes: Object.entries(columns.attributes).map(
      ([attribute, column]) => [attribute as MatchAttribute, at(column)] as const,
    ),
  };
}

function lineOf(
  cells: readonly string[],
  line: number,
  header: Header,
  seen: Set<string>,
  bytesRead: number,
): PersonLine {
  const bad = (reason: string): PersonLine => ({ ok: false, line, reason, bytesRead });
  if (cells.length !== header.width) return bad(`${cells.length} cells, the header has ${header.width}`);
  const rowId = cells[header.row] ?? '';
  if (rowId === '') return bad('no row id');
  if (seen.has(rowId)) return bad('row id seen before in this file');
  seen.add(rowId);
  const person: Partial<Record<MatchAttribute, string>> = {};
  for (const [attribute, at] of header.attributes) {
    const value = cells[at];
    if (value !== undefined && value !== '') person[attribute] = value;
  }
  return { ok: true, rowId, person, bytesRead };
}

async function startsAsGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new UserError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  });
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

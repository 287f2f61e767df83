import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';

/** One row of an order file as it stands: strings, untouched; `undefined` where the row has no such column. */
export interface OrderLine {
  /** 1 for the first row after the header. */
  readonly row: number;
  readonly invoiceNo: string | undefined;
  readonly stockCode: string | undefined;
  readonly quantity: string | undefined;
  readonly invoiceDate: string | undefined;
  readonly unitPrice: string | undefined;
  readonly customerId: string | undefined;
  readonly country: string | undefined;
}

/** The file can't be read as order lines at all. The message is for the person who named the file. */
export class OrderFileError extends Error {
  override readonly name = 'OrderFileError';
}

type Field = Exclude<keyof OrderLine, 'row'>;

/** Header names in lower case without blanks or underscores; the second names are those of Online Retail II. */
const HEADERS: Readonly<Record<Field, readonly string[]>> = {
  invoiceNo: ['invoiceno', 'invoice'],
  stockCode: ['stockcode'],
  quantity: ['quantity'],
  invoiceDate: ['invoicedate'],
  unitPrice: ['unitprice', 'price'],
  customerId: ['customerid'],
  country: ['country'],
};

/** A longer row is an unclosed quote that swallows the file. */
const ROW_CHARACTERS_MAX = 256 * 1024;

/**
 * Streams the rows of a file in the UCI Online Retail format, plain or gzip (told by its first bytes, not by its
 * name). Memory does not grow with the file.
 * @param limit rows after the header to read; all when absent
 * @throws OrderFileError when the file is missing, truncated, not CSV, or its header lacks a column.
 */
export async function* readOrderLines(
  path: string,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<OrderLine> {
  const rows = await openRows(path);
  let columns: Record<Field, number> | undefined;
  let row = 0;
  try {
    for await (const cells of rows as AsyncIterable<string[]>) {
      if (columns === undefined) {
        columns = columnsOf(cells, path);
        continue;
      }
      if (row >= limit) break;
      row += 1;
      yield lineOf(row, cells, columns);
    }
  } catch (cause) {
    throw cause instanceof OrderFileError ? cause : new OrderFileError(explain(path, cause), { cause });
  } finally {
    rows.destroy();
  }
  if (columns === undefined) throw new OrderFileError(`${path} is empty: a header line was expected`);
}

async function openRows(path: string): Promise<Readable> {
  const gzipped = await startsAsGzip(path);
  const parser = parse({
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: ROW_CHARACTERS_MAX,
  });
  const source = createReadStream(path, { highWaterMark: 256 * 1024 });
  // `pipeline` hands every fault on to the parser, where the reader's loop meets it.
  const onEnd = (): void => {};
  if (gzipped) pipeline(source, createGunzip(), parser, onEnd);
  else pipeline(source, parser, onEnd);
  return parser;
}

async function startsAsGzip(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new OrderFileError(explain(path, cause), { cause });
  }
}

function columnsOf(header: readonly string[], path: string): Record<Field, number> {
  const names = header.map((name) => name.toLowerCase().replace(/[\s_]/g, ''));
  const columns = {} as Record<Field, number>;
  const missing: string[] = [];
  for (const field of Object.keys(HEADERS) as Field[]) {
    const at = names.findIndex((name) => HEADERS[field].includes(name));
    if (at < 0) missing.push(field);
    columns[field] = at;
  }
  if (missing.length > 0) {
    throw new OrderFileError(
      `${path} is not a file of order lines: its header lacks ${missing.join(', ')} ` +
        '(expected InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country)',
    );
  }
  return columns;
}

function lineOf(row: number, cells: readonly string[], columns: Record<Field, number>): OrderLine {
  const cell = (field: Field): string | undefined => cells[columns[field]]?.trim();
  return {
    row,
    invoiceNo: cell('invoiceNo'),
    stockCode: cell('stockCode'),
    quantity: cell('quantity'),
    invoiceDate: cell('invoiceDate'),
    unitPrice: cell('unitPrice'),
    customerId: cell('customerId'),
    country: cell('country'),
  };
}

function explain(path: string, cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  switch (code) {
    case 'ENOENT':
      return `${path}: no such file`;
    case 'EISDIR':
      return `${path} is a folder, not a file of order lines`;
    case 'EACCES':
      return `${path}: no permission to read it`;
    case 'Z_BUF_ERROR':
      return `${path}: the gzip file is cut short`;
    case 'Z_DATA_ERROR':
      return `${path}: the gzip file is damaged`;
    case 'CSV_MAX_RECORD_SIZE':
    case 'CSV_QUOTE_NOT_CLOSED':
      return `${path}: a quote near line ${(cause as { lines?: number }).lines ?? '?'} is never closed`;
    default:
      return `${path} can't be read as order lines: ${cause instanceof Error ? cause.message : 'unknown fault'}`;
  }
}

import { createHash } from 'node:crypto';
import type { ConsentChoices } from '../../functions/contracts/purposes.ts';
import type { EpochMs } from '../../functions/kernel/time.ts';
import { type Residence, type Route, residenceOf } from './countries.ts';
import { type OrderLine, readOrderLines } from './order-lines.ts';
import type { TrackEvent } from './wire.ts';

/** Currency of the UCI Online Retail files: their retailer is British. */
const CURRENCY = 'GBP';
/** Lines of unfinished invoices kept in memory at most; beyond it the oldest invoice is sent in parts. */
const HELD_LINES_MAX = 200_000;
/** Invoices whose lines are counted beforehand at most; a later one counts as finished when the next one begins. */
const COUNTED_INVOICES_MAX = 2_000_000;

/** What a first reading of the file says: how long each invoice is, and which time becomes now. */
export interface OrderScan {
  readonly rows: number;
  /** Newest readable time that is not in the future; null when no row has one. */
  readonly newestAt: EpochMs | null;
  /** Lines per invoice number. */
  readonly linesOf: ReadonlyMap<string, number>;
}

export interface OrderOptions {
  readonly limit?: number;
  /** Added to every event's time. */
  readonly shiftMs: number;
  /** Assumed choices, put on every event; absent: none. */
  readonly consent?: ConsentChoices;
  /** Where an order of this residence is sent. */
  route(residence: Residence): Route;
  readonly heldLinesMax?: number;
}

/** What became of the rows; complete when the generator has ended. Every row is in exactly one of the two counts. */
export interface OrderTally {
  rowsInEvents: number;
  /** Rows that move stock and concern no customer: no customer, price 0, not a cancellation. Not sent. */
  stockAdjustments: number;
  events: number;
  /** Invoices sent in more than one part, since too many were open at once. */
  splitInvoices: number;
  /** Rules applied to countries, with the number of events each touched. */
  readonly rules: Map<string, number>;
}

export const emptyTally = (): OrderTally => ({
  rowsInEvents: 0,
  stockAdjustments: 0,
  events: 0,
  splitInvoices: 0,
  rules: new Map(),
});

export interface OrderEvent {
  readonly event: TrackEvent;
  readonly jurisdiction: string;
  /** First and number of the rows it was made of. */
  readonly row: number;
  readonly lines: number;
}

/**
 * Reads the file once, to know how long each invoice is and how far times must shift.
 * @param now no row's time later than this can become the newest: a date in the future is impossible, not new
 * @throws OrderFileError as {@link readOrderLines}
 */
export async function scanOrders(
  path: string,
  now: EpochMs,
  limit?: number,
  onRow?: (row: number) => void,
): Promise<OrderScan> {
  const linesOf = new Map<string, number>();
  let rows = 0;
  let newestAt: EpochMs | null = null;
  for await (const line of readOrderLines(path, limit)) {
    rows = line.row;
    onRow?.(rows);
    const at = parseInvoiceDate(line.invoiceDate);
    if (at !== null && at <= now && (newestAt === null || at > newestAt)) newestAt = at;
    if (!line.invoiceNo || isStockAdjustment(line)) continue;
    const seen = linesOf.get(line.invoiceNo);
    if (seen !== undefined) linesOf.set(line.invoiceNo, seen + 1);
    else if (linesOf.size < COUNTED_INVOICES_MAX) linesOf.set(line.invoiceNo, 1);
  }
  return { rows, newestAt, linesOf };
}

/**
 * Turns order lines into events: an invoice becomes one `Order Completed`, a cancellation (`C…`) one
 * `Order Refunded`, whether its lines are adjacent or not. Values are carried as they are, however impossible: the
 * server quarantines them with a reason, and nothing here repairs or drops one. Only a cancellation's quantities
 * change sign, because its lines are negative by convention.
 *
 * Memory: lines of unfinished invoices only, at most `heldLinesMax`.
 */
export async function* readOrders(
  path: string,
  scan: OrderScan,
  options: OrderOptions,
  tally: OrderTally,
): AsyncGenerator<OrderEvent> {
  const open = new Map<string, OrderLine[]>();
  const parts = new Map<string, number>();
  const heldMax = options.heldLinesMax ?? HELD_LINES_MAX;
  let held = 0;
  let previous: string | undefined;

  const close = (key: string): OrderEvent | undefined => {
    const lines = open.get(key);
    if (lines === undefined) return undefined;
    open.delete(key);
    held -= lines.length;
    return toEvent(lines, options, tally, parts.get(key));
  };

  for await (const line of readOrderLines(path, options.limit)) {
    if (isStockAdjustment(line)) {
      tally.stockAdjustments += 1;
      continue;
    }
    if (!line.invoiceNo) {
      yield toEvent([line], options, tally);
      continue;
    }
    const key = line.invoiceNo;
    if (previous !== undefined && previous !== key && !scan.linesOf.has(previous)) {
      const done = close(previous);
      if (done !== undefined) yield done;
    }
    previous = key;
    const lines = open.get(key);
    if (lines === undefined) open.set(key, [line]);
    else lines.push(line);
    held += 1;
    const sent = parts.get(key) ?? 0;
    if ((open.get(key)?.length ?? 0) + sent === scan.linesOf.get(key)) {
      const done = close(key);
      parts.delete(key);
      if (done !== undefined) yield done;
    } else if (held > heldMax) {
      const oldest = open.keys().next().value ?? key;
      const going = open.get(oldest)?.length ?? 0;
      const done = close(oldest);
      parts.set(oldest, (parts.get(oldest) ?? 0) + going);
      tally.splitInvoices += 1;
      if (done !== undefined) yield done;
    }
  }
  for (const key of [...open.keys()]) {
    const done = close(key);
    if (done !== undefined) yield done;
  }
}

const isCancellation = (line: OrderLine): boolean => /^c/i.test(line.invoiceNo ?? '');

const isStockAdjustment = (line: OrderLine): boolean =>
  !line.customerId && line.unitPrice !== undefined && numberOf(line.unitPrice) === 0 && !isCancellation(line);

/** @param linesSent lines of the same invoice that went before, in an earlier part */
function toEvent(
  lines: readonly OrderLine[],
  options: OrderOptions,
  tally: OrderTally,
  linesSent = 0,
): OrderEvent {
  const first = lines[0] as OrderLine;
  const residence = residenceOf(first.country);
  if (residence.rule !== undefined)
    tally.rules.set(residence.rule, (tally.rules.get(residence.rule) ?? 0) + 1);
  const { jurisdiction, country } = options.route(residence);
  tally.events += 1;
  tally.rowsInEvents += lines.length;
  const refund = isCancellation(first);
  const invoice = first.invoiceNo || `row-${first.row}`;
  const customer = lines.find((line) => line.customerId)?.customerId;
  const context = {
    ...(country === null ? {} : { location: { country } }),
    ...(options.consent === undefined ? {} : { consent: { categoryPreferences: options.consent } }),
  };
  const event: TrackEvent = {
    type: 'track',
    event: refund ? 'Order Refunded' : 'Order Completed',
    messageId: `order-${invoice.slice(0, 60)}-${fingerprint(lines, linesSent)}`,
    ...(customer ? { userId: customer.replace(/^(\d+)\.0$/, '$1') } : { anonymousId: `invoice-${invoice}` }),
    ...timestampOf(lines, options.shiftMs),
    properties: {
      ...(first.invoiceNo ? { order_id: first.invoiceNo } : {}),
      currency: CURRENCY,
      ...(country === null ? {} : { country }),
      products: lines.map((line) => productOf(line, refund)),
    },
    context,
  };
  return { event, jurisdiction, row: first.row, lines: lines.length };
}

function productOf(line: OrderLine, refund: boolean): Record<string, unknown> {
  const quantity = cellValue(line.quantity);
  const price = cellValue(line.unitPrice);
  return {
    ...(line.stockCode ? { product_id: line.stockCode } : {}),
    ...(quantity === undefined
      ? {}
      : { quantity: refund && typeof quantity === 'number' ? 0 - quantity : quantity }),
    ...(price === undefined ? {} : { price }),
  };
}

/** A number where the cell is one, else the text as it stands; nothing where there is nothing. */
function cellValue(cell: string | undefined): number | string | undefined {
  if (cell === undefined || cell === '') return undefined;
  return numberOf(cell) ?? cell;
}

function numberOf(cell: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(cell) ? Number(cell) : undefined;
}

/** An invoice's time is its first line's, unless some line's is unreadable: then that one is sent, be it empty, to be
 * refused: an event without a time would count as one of now. */
function timestampOf(lines: readonly OrderLine[], shiftMs: number): { timestamp?: string } {
  const unreadable = lines.find((line) => parseInvoiceDate(line.invoiceDate) === null);
  if (unreadable !== undefined) return { timestamp: unreadable.invoiceDate ?? '' };
  const at = parseInvoiceDate(lines[0]?.invoiceDate) ?? 0;
  return { timestamp: new Date(at + shiftMs).toISOString() };
}

/** `2010-12-01 08:26:00` or `12/1/2010 8:26` (the original file's month-first form), read as UTC; null if it is no
 * date of the calendar. */
export function parseInvoiceDate(cell: string | undefined): EpochMs | null {
  if (cell === undefined) return null;
  const iso = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(cell);
  const us = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/.exec(cell);
  const [year, month, day, hour, minute, second] = iso
    ? iso.slice(1).map((part) => Number(part ?? 0))
    : us
      ? [us[3], us[1], us[2], us[4], us[5], '0'].map(Number)
      : [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(at);
  const real =
    back.getUTCMonth() === month - 1 &&
    back.getUTCDate() === day &&
    (hour ?? 0) < 24 &&
    (minute ?? 0) < 60 &&
    (second ?? 0) < 60;
  return real ? at : null;
}

/** Depends on the rows alone, not on the shift of this run, so that importing a file again yields duplicates. */
function fingerprint(lines: readonly OrderLine[], linesSent: number): string {
  const hash = createHash('sha256').update(`${linesSent}`);
  for (const line of lines) {
    const { row, ...cells } = line;
    hash.update(JSON.stringify(line.invoiceNo ? cells : { row, ...cells }));
  }
  return hash.digest('hex').slice(0, 12);
}

import * as z from 'zod';
import type { QuarantineReason } from '../../contracts/outcomes.ts';
import { localDayFrom } from '../../kernel/local-day.ts';
import { CURRENCIES, unitsPerEuro } from '../currencies.ts';
import type { FactContext } from '../signal-definition.ts';

/** Beyond these no retail order is plausible; currencies weaker than the euro get as many times more as they are
 * weaker, when the event names its currency. */
export const PRICE_MAX = 1_000_000;
export const AMOUNT_MAX = 10_000_000;
export const QUANTITY_MAX = 100_000;
/** Order lines in one event. */
const PRODUCTS_MAX = 10_000;

/** A number that must make sense, with the reason to give when it does not. Anything but a number is a
 * `schema-mismatch`: a price in words is another fault than an impossible one. */
const sensibleNumber = (
  reason: QuarantineReason,
  isSensible: (value: number) => boolean,
): z.ZodType<number> =>
  z.custom<number>().superRefine((value, context) => {
    if (typeof value !== 'number') context.addIssue({ code: 'custom', message: 'not a number' });
    else if (!isSensible(value)) context.addIssue({ code: 'custom', message: reason, params: { reason } });
  });

const WEAKEST = Math.max(...CURRENCIES.map(unitsPerEuro));
const upTo = (most: number) =>
  sensibleNumber('impossible-price', (value) => value >= 0 && value <= most * WEAKEST);

/** Price of one unit, in whole units of the currency; 0 is a gift. */
export const price = upTo(PRICE_MAX);
/** A sum of money in whole units of the currency. */
export const amount = upTo(AMOUNT_MAX);
/** Pieces: a whole number from 1. */
export const quantity = sensibleNumber(
  'impossible-quantity',
  (value) => Number.isInteger(value) && value >= 1 && value <= QUANTITY_MAX,
);
/** ISO 4217, any case; one that has a reference rate. */
export const currency = z
  .string()
  .transform((code) => code.toUpperCase())
  .refine((code) => CURRENCIES.includes(code));

const ISO_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** ISO 8601 text → milliseconds since the epoch, null when unreadable. A time without a zone is UTC, so that the
 * reading doesn't depend on the machine. */
export function readTime(value: unknown): number | null {
  if (typeof value !== 'string' || !ISO_TIME.test(value)) return null;
  const hasZone = value.length === 10 || /(Z|[+-]\d{2}:?\d{2})$/.test(value.slice(10));
  const at = Date.parse(hasZone ? value : `${value}Z`);
  // The engine takes 30 February for 2 March.
  return Number.isNaN(at) || localDayFrom(value.slice(0, 10)) === null ? null : at;
}

/** A moment, ISO 8601, as milliseconds since the epoch. */
export const time: z.ZodType<number> = z.unknown().transform((value, context) => {
  const at = readTime(value);
  if (at !== null) return at;
  context.addIssue({ code: 'custom', message: 'impossible-time', params: { reason: 'impossible-time' } });
  return z.NEVER;
});

const product = z.object({ price: price.optional(), quantity: quantity.optional() });
export type Product = z.infer<typeof product>;
export const products = z.array(product).max(PRODUCTS_MAX);

interface Amounts {
  readonly currency?: string | undefined;
  readonly price?: number | undefined;
  readonly total?: number | undefined;
  readonly revenue?: number | undefined;
  readonly value?: number | undefined;
  readonly products?: readonly Product[] | undefined;
}

/** Adds the check of amounts against the event's own currency, which a single field cannot see. */
export const plausible = <S extends z.ZodType<Amounts>>(schema: S): S =>
  schema.superRefine((properties, context) => {
    const scale = Math.max(1, unitsPerEuro(properties.currency ?? ''));
    const refuse = (path: (string | number)[]): void =>
      context.addIssue({
        code: 'custom',
        message: 'impossible-price',
        path,
        params: { reason: 'impossible-price' },
      });
    for (const key of ['total', 'revenue', 'value'] as const)
      if ((properties[key] ?? 0) > AMOUNT_MAX * scale) refuse([key]);
    if ((properties.price ?? 0) > PRICE_MAX * scale) refuse(['price']);
    if (sumOfLines(properties.products) > AMOUNT_MAX * scale) refuse(['products']);
    properties.products?.forEach((line, at) => {
      if ((line.price ?? 0) > PRICE_MAX * scale) refuse(['products', at, 'price']);
    });
  }) as S;

/** Worth in minor units: what the event says, else the sum of its lines (a line without quantity counts one). */
export function valueMinorOf(amounts: Amounts, context: FactContext): number {
  const stated = amounts.total ?? amounts.revenue ?? amounts.value;
  return context.toMinor(stated ?? sumOfLines(amounts.products), amounts.currency);
}

const sumOfLines = (lines: readonly Product[] = []): number =>
  lines.reduce((sum, { price: each = 0, quantity: pieces = 1 }) => sum + each * pieces, 0);

/** Pieces in all lines; an event that lists none still has one. */
export const piecesOf = (lines: readonly Product[] | undefined): number =>
  lines === undefined || lines.length === 0
    ? 1
    : lines.reduce((pieces, line) => pieces + (line.quantity ?? 1), 0);

/** The reason a failed parse gives: the first one a field named, else `schema-mismatch`. */
export function reasonOf(error: z.ZodError): QuarantineReason {
  for (const issue of error.issues) {
    const reason: unknown = issue.code === 'custom' ? issue.params?.reason : undefined;
    if (typeof reason === 'string') return reason as QuarantineReason;
  }
  return 'schema-mismatch';
}

/** Properties of an order or a refund: an amount, or products to work it out from. */
export const orderProperties = plausible(
  z
    .object({
      total: amount.optional(),
      revenue: amount.optional(),
      currency: currency.optional(),
      products: products.optional(),
    })
    .refine(
      ({ total, revenue, products: lines }) =>
        total !== undefined || revenue !== undefined || (lines?.length ?? 0) > 0,
    ),
);

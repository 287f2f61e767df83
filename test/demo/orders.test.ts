import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jurisdictionOfCountry } from '../../functions/registry/jurisdictions/index.ts';
import { routeOf } from '../../lib/demo/countries.ts';
import { OrderFileError } from '../../lib/demo/order-lines.ts';
import {
  emptyTally,
  type OrderEvent,
  type OrderOptions,
  type OrderTally,
  parseInvoiceDate,
  readOrders,
  scanOrders,
} from '../../lib/demo/orders.ts';

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
const NOW = Date.UTC(2026, 5, 1);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'orders-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const route: OrderOptions['route'] = (residence) => routeOf(residence, ['eu', 'uk'], jurisdictionOfCountry);

interface Outcome {
  readonly events: readonly OrderEvent[];
  readonly tally: OrderTally;
  readonly rows: number;
}

async function imported(content: string | Buffer, options: Partial<OrderOptions> = {}): Promise<Outcome> {
  const path = join(folder, 'lines.csv');
  writeFileSync(path, content);
  const scan = await scanOrders(path, NOW, options.limit);
  const tally = emptyTally();
  const events: OrderEvent[] = [];
  for await (const event of readOrders(path, scan, { shiftMs: 0, route, ...options }, tally))
    events.push(event);
  return { events, tally, rows: scan.rows };
}

const csv = (...lines: string[]): string => `${[HEADER, ...lines].join('\n')}\n`;
const line = (
  invoice: string,
  quantity = '6',
  price = '2.55',
  customer = '17850.0',
  country = 'United Kingdom',
): string =>
  `${invoice},85123A,WHITE HANGING HEART,${quantity},2010-12-01 08:26:00,${price},${customer},${country}`;

describe('an invoice', () => {
  it('becomes one Order Completed with its products, and carries no description', async () => {
    const { events } = await imported(csv(line('536365'), line('536365', '2', '3.39')));
    expect(events).toHaveLength(1);
    expect(events[0]?.event).toMatchObject({
      type: 'track',
      event: 'Order Completed',
      userId: '17850',
      timestamp: '2010-12-01T08:26:00.000Z',
      properties: {
        order_id: '536365',
        currency: 'GBP',
        country: 'GB',
        products: [
          { product_id: '85123A', quantity: 6, price: 2.55 },
          { product_id: '85123A', quantity: 2, price: 3.39 },
        ],
      },
      context: { location: { country: 'GB' } },
    });
    expect(JSON.stringify(events)).not.toContain('HEART');
  });

  it('is one order even when its lines are scattered over the file', async () => {
    const { events } = await imported(csv(line('1'), line('2'), line('1'), line('3'), line('2'), line('1')));
    expect(events.map(({ event, lines }) => [event.properties.order_id, lines])).toEqual(
      expect.arrayContaining([
        ['1', 3],
        ['2', 2],
        ['3', 1],
      ]),
    );
    expect(events).toHaveLength(3);
  });

  it('is sent in parts, with ids of their own, when too many invoices are open at once', async () => {
    const { events, tally } = await imported(
      csv(line('1'), line('2'), line('3'), line('1'), line('2'), line('3')),
      {
        heldLinesMax: 2,
      },
    );
    expect(tally.splitInvoices).toBeGreaterThan(0);
    expect(tally.rowsInEvents).toBe(6);
    expect(new Set(events.map(({ event }) => event.messageId)).size).toBe(events.length);
  });

  it('that is cancelled becomes one Order Refunded with positive quantities', async () => {
    const { events } = await imported(csv(line('C536379', '-1', '27.50'), line('C536379', '-2', '4')));
    expect(events[0]?.event.event).toBe('Order Refunded');
    expect(events[0]?.event.properties.products).toEqual([
      { product_id: '85123A', quantity: 1, price: 27.5 },
      { product_id: '85123A', quantity: 2, price: 4 },
    ]);
  });

  it('without a customer is an anonymous order', async () => {
    const { events } = await imported(csv(line('536544', '1', '2.51', '')));
    expect(events[0]?.event).toMatchObject({ anonymousId: 'invoice-536544' });
    expect(events[0]?.event).not.toHaveProperty('userId');
  });

  it('keeps its message id in a second import with another shift of time, and changes it with its content', async () => {
    const first = await imported(csv(line('1')));
    const again = await imported(csv(line('1')), { shiftMs: 86_400_000 });
    const other = await imported(csv(line('1', '7')));
    expect(again.events[0]?.event.messageId).toBe(first.events[0]?.event.messageId);
    expect(again.events[0]?.event.timestamp).toBe('2010-12-02T08:26:00.000Z');
    expect(other.events[0]?.event.messageId).not.toBe(first.events[0]?.event.messageId);
  });

  it('carries the consent that the run assumes, or none', async () => {
    const assumed = await imported(csv(line('1')), { consent: { personalisation: true, profiling: true } });
    const none = await imported(csv(line('1')));
    expect(assumed.events[0]?.event.context.consent).toEqual({
      categoryPreferences: { personalisation: true, profiling: true },
    });
    expect(none.events[0]?.event.context).not.toHaveProperty('consent');
  });
});

describe('a stock adjustment', () => {
  it('is counted and not sent: no customer, price 0, no cancellation', async () => {
    const { events, tally } = await imported(
      csv(line('536414', '56', '0.0', ''), line('536415', '-10', '0', '')),
    );
    expect(events).toEqual([]);
    expect(tally.stockAdjustments).toBe(2);
  });

  it('is not what a known customer gets for nothing, nor what is cancelled', async () => {
    const { tally } = await imported(csv(line('1', '1', '0'), line('C2', '-1', '0', '')));
    expect(tally).toMatchObject({ stockAdjustments: 0, events: 2 });
  });
});

describe('impossible values', () => {
  const productOf = async (quantity: string, price: string, invoice = '1') =>
    (await imported(csv(line(invoice, quantity, price)))).events[0]?.event.properties.products;

  it.each([
    ['a negative price', '1', '-11062.06', { quantity: 1, price: -11_062.06 }],
    ['a fraction of a piece', '1.5', '2', { quantity: 1.5, price: 2 }],
    ['a negative quantity', '-9', '2', { quantity: -9, price: 2 }],
    ['words', 'many', 'cheap', { quantity: 'many', price: 'cheap' }],
    ['nothing', '', '', {}],
    [
      'a number too large',
      '1e400'.slice(0, 5),
      '9e999',
      { quantity: Number('1e400'), price: Number('9e999') },
    ],
  ])('are sent as they are: %s', async (_, quantity, price, expected) => {
    expect(await productOf(quantity, price)).toEqual([{ product_id: '85123A', ...expected }]);
  });

  it('of a cancellation keep their sense: a positive line of it is sent as a negative quantity', async () => {
    expect(await productOf('4', '2', 'C1')).toEqual([{ product_id: '85123A', quantity: -4, price: 2 }]);
  });

  it('of a date are sent as the text that stands there', async () => {
    const bad = line('1').replace('2010-12-01 08:26:00', 'sometime');
    const none = line('2').replace('2010-12-01 08:26:00', '');
    const { events } = await imported(csv(bad, none));
    expect(events.map(({ event }) => event.timestamp)).toEqual(['sometime', '']);
  });

  it('of one line spoil its invoice, which is not repaired by the others', async () => {
    const { events } = await imported(
      csv(line('1'), line('1').replace('2010-12-01 08:26:00', '2010-02-31 00:00:00')),
    );
    expect(events[0]?.event.timestamp).toBe('2010-02-31 00:00:00');
  });

  it('of a shape are sent with what is there', async () => {
    const { events, tally } = await imported(csv('536370', '536371,22728,ALARM CLOCK,24', line('3')));
    expect(tally).toMatchObject({ rowsInEvents: 3, events: 3 });
    expect(events[0]?.event.properties).toMatchObject({ order_id: '536370', products: [{}] });
    expect(events[1]?.event.properties.products).toEqual([{ product_id: '22728', quantity: 24 }]);
  });
});

describe('the file', () => {
  it('may be gzipped, whatever its name, with a byte order mark, quotes, and carriage returns', async () => {
    const text = `\ufeff${csv(line('1'), '1,22423,"REGENCY ""CAKESTAND"", 3 TIER",1,12/1/2010 8:26,12.75,17850.0,EIRE')}`;
    const { events, rows } = await imported(gzipSync(text.replaceAll('\n', '\r\n')));
    expect(rows).toBe(2);
    expect(events[0]?.event.properties.products).toHaveLength(2);
  });

  it('may have its columns in another order and under the names of Online Retail II', async () => {
    const { events } = await imported(
      'Country,Customer ID,Price,InvoiceDate,Quantity,StockCode,Invoice\nFrance,12583.0,3.75,2010-12-01 08:45:00,24,22728,536370\n',
    );
    expect(events[0]).toMatchObject({ jurisdiction: 'eu', event: { userId: '12583' } });
  });

  it('is read as far as the limit says', async () => {
    const { rows, tally } = await imported(csv(line('1'), line('1'), line('2')), { limit: 2 });
    expect([rows, tally.rowsInEvents]).toEqual([2, 2]);
  });

  it.each([
    [
      'lacks a column',
      () => 'InvoiceNo,Quantity\n1,2\n',
      /header lacks stockCode, invoiceDate, unitPrice, customerId, country/,
    ],
    ['is empty', () => '', /is empty/],
    [
      'is cut short',
      () => gzipSync(csv(...Array.from({ length: 500 }, (_, at) => line(`${at}`)))).subarray(0, 900),
      /cut short/,
    ],
    [
      'is damaged',
      () => Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from('no gzip at all')]),
      /damaged/,
    ],
    ['has a quote that never closes', () => csv(`"${'x'.repeat(300_000)}`), /never closed/],
  ])('that %s is refused with a clear line', async (_, content, message) => {
    await expect(imported(content())).rejects.toThrow(message);
    await expect(imported(content())).rejects.toBeInstanceOf(OrderFileError);
  });

  it('that is not there is refused with a clear line', async () => {
    await expect(scanOrders(join(folder, 'nowhere.csv'), NOW)).rejects.toThrow(/no such file/);
  });
});

describe('time', () => {
  it('takes the newest possible date for now, and leaves a date in the future impossible', async () => {
    const path = join(folder, 'times.csv');
    writeFileSync(
      path,
      csv(
        line('1'),
        line('2').replace('2010-12-01', '2099-01-01'),
        line('3').replace('2010-12-01', '2011-03-05'),
      ),
    );
    const scan = await scanOrders(path, NOW);
    expect(scan.newestAt).toBe(Date.UTC(2011, 2, 5, 8, 26));
  });

  it.each(['2010-02-30 08:00:00', '2010-12-01 25:00:00', '13/13/2010 8:26', '2010-12-01', '', 'yesterday'])(
    'does not read %j as a date',
    (cell) => {
      expect(parseInvoiceDate(cell)).toBeNull();
    },
  );

  it('reads the month-first form of the original file', () => {
    expect(parseInvoiceDate('12/1/2010 8:26')).toBe(Date.UTC(2010, 11, 1, 8, 26));
  });
});

describe('country', () => {
  const at = async (country: string, running: string[]): Promise<readonly [string, unknown]> => {
    const { events } = await imported(csv(line('1', '6', '2.55', '17850.0', country)), {
      route: (residence) => routeOf(residence, running, jurisdictionOfCountry),
    });
    return [events[0]?.jurisdiction ?? '', events[0]?.event.properties.country];
  };

  it.each([
    ['United Kingdom', 'uk', 'GB'],
    ['EIRE', 'eu', 'IE'],
    ['Iceland', 'eu', 'IS'],
    ['Channel Islands', 'uk', 'GG'],
    ['European Community', 'eu', undefined],
    ['Unspecified', 'uk', 'GB'],
    ['', 'uk', 'GB'],
    ['RSA', 'uk', 'ZA'],
    ['Atlantis', 'uk', 'ZZ'],
  ])('%j goes to %s and states %s', async (country, jurisdiction, code) => {
    expect(await at(country, ['eu', 'uk'])).toEqual([jurisdiction, code]);
  });

  it('goes to its own jurisdiction where that runs', async () => {
    expect(await at('RSA', ['uk', 'za'])).toEqual(['za', 'ZA']);
    expect(await at('USA', ['uk', 'us'])).toEqual(['us', 'US']);
    expect(await at('Hong Kong', ['uk', 'cn'])).toEqual(['uk', 'HK']);
  });

  it('of a jurisdiction that does not run is stated to the home endpoint, which refuses it', async () => {
    expect(await at('France', ['uk'])).toEqual(['uk', 'FR']);
    expect(await at('European Community', ['uk'])).toEqual(['uk', 'EU']);
    expect(await at('United Kingdom', ['eu'])).toEqual(['eu', 'GB']);
  });
});

describe('every row', () => {
  const cell = fc.constantFrom('', '1', '-3', '0', '0.0', '2.55', '-7.1', 'many', '1e9');
  const rowOf = fc
    .record({
      invoice: fc.constantFrom('', '1', '2', '3', 'C1', 'c2', 'A5'),
      quantity: cell,
      price: cell,
      date: fc.constantFrom('2010-12-01 08:26:00', '', 'never', '2099-01-01 00:00:00'),
      customer: fc.constantFrom('', '17850.0', '12583'),
      country: fc.constantFrom('France', 'EIRE', 'Unspecified', 'Atlantis', ''),
      cut: fc.integer({ min: 0, max: 12 }),
    })
    .map((row) =>
      [row.invoice, 'S1', 'D', row.quantity, row.date, row.price, row.customer, row.country]
        .slice(0, row.cut > 8 || row.cut === 0 ? 8 : row.cut)
        .join(','),
    )
    // The reader skips lines without a single character, as it would a trailing newline.
    .filter((text) => text !== '');

  it('is in exactly one event or counted as a stock adjustment', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowOf, { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        async (rows, heldLinesMax) => {
          const { events, tally } = await imported(csv(...rows), { heldLinesMax });
          const lines = events.reduce((sum, event) => sum + event.lines, 0);
          const products = events.reduce(
            (sum, { event }) => sum + (event.properties.products as unknown[]).length,
            0,
          );
          expect(lines + tally.stockAdjustments).toBe(rows.length);
          expect(products).toBe(lines);
          expect(tally).toMatchObject({ rowsInEvents: lines, events: events.length });
          expect(new Set(events.map(({ event }) => event.messageId)).size).toBe(events.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});

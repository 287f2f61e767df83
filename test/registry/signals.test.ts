import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { factSchema } from '../../functions/contracts/signal-schemas.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { CURRENCIES, toMinorUnits } from '../../functions/registry/currencies.ts';
import { type FactContext, SOURCE_KINDS } from '../../functions/registry/signal-definition.ts';
import { readTime, reasonOf } from '../../functions/registry/signals/fields.ts';
import { signalNamed, signals } from '../../functions/registry/signals/index.ts';

const context: FactContext = {
  occurredAt: Date.UTC(2026, 2, 2, 12),
  toMinor: (amount, currency = 'EUR') => toMinorUnits(amount, currency, 'EUR'),
  localHour: (at) => new Date(at).getUTCHours(),
  endOfDay: (day) => (day + 1) * DAY_MS - 1,
};

describe.each(signals.map((signal) => [signal.name, signal] as const))('%s', (_, signal) => {
  it('turns its good examples into exactly the facts it states', () => {
    expect(signal.examples.good.length).toBeGreaterThan(0);
    for (const { properties, facts } of signal.examples.good) {
      const parsed = signal.properties.parse(properties);
      expect(signal.facts(parsed, context)).toEqual(facts);
      for (const fact of facts) expect(factSchema.parse(fact)).toEqual(fact);
    }
  });

  it('refuses its bad examples for the reason it states', () => {
    for (const { properties, reason } of signal.examples.bad) {
      const parsed = signal.properties.safeParse(properties);
      expect(parsed.success, JSON.stringify(properties)).toBe(false);
      if (!parsed.success) expect(reasonOf(parsed.error), JSON.stringify(properties)).toBe(reason);
    }
  });
});

describe('the catalogue', () => {
  it('lists every file that defines a signal', () => {
    const folder = new URL('../../functions/registry/signals/', import.meta.url);
    const files = readdirSync(folder).filter((file) =>
      readFileSync(new URL(file, folder), 'utf8').includes('defineSignal({'),
    );
    const index = readFileSync(new URL('index.ts', folder), 'utf8');
    for (const file of files) expect(index).toContain(`'./${file}'`);
    expect(files).toHaveLength(signals.length);
  });

  it('covers every kind of source and has no name twice', () => {
    expect(signals.length).toBeGreaterThanOrEqual(16);
    for (const kind of SOURCE_KINDS)
      expect(
        signals.some((signal) => signal.sources.includes(kind)),
        kind,
      ).toBe(true);
    expect(new Set(signals.map((signal) => signal.name.toLowerCase())).size).toBe(signals.length);
  });

  it('finds a signal however its name is cased and spaced, and nothing for a strange one', () => {
    expect(signalNamed('order_completed')?.name).toBe('Order Completed');
    expect(signalNamed('ORDER COMPLETED')?.name).toBe('Order Completed');
    expect(signalNamed('Order Completed Twice')).toBeUndefined();
    expect(signalNamed('constructor')).toBeUndefined();
  });
});

describe('amounts', () => {
  it('converts between currencies by the dated table, in whole minor units', () => {
    expect(toMinorUnits(19.99, 'EUR', 'EUR')).toBe(1_999);
    expect(toMinorUnits(0.87, 'GBP', 'EUR')).toBe(100);
    expect(toMinorUnits(1, 'EUR', 'JPY')).toBe(184);
    for (const currency of CURRENCIES)
      expect(Number.isInteger(toMinorUnits(12.345, currency, 'EUR'))).toBe(true);
    expect(() => toMinorUnits(1, 'XXX', 'EUR')).toThrow(RangeError);
  });

  it('takes a dear order in a weak currency, and not the same number in euros', () => {
    const order = signalNamed('Order Completed');
    expect(order?.properties.safeParse({ total: 50_000_000, currency: 'JPY' }).success).toBe(true);
    expect(order?.properties.safeParse({ total: 50_000_000, currency: 'EUR' }).success).toBe(false);
  });
});

describe('times', () => {
  it.each([
    ['2026-03-02T10:00:00.000Z', Date.UTC(2026, 2, 2, 10)],
    ['2026-03-02T10:00:00+02:00', Date.UTC(2026, 2, 2, 8)],
    ['2026-03-02 10:00:00', Date.UTC(2026, 2, 2, 10)],
    ['2026-03-02', Date.UTC(2026, 2, 2)],
    ['2026-13-02', null],
    ['1', null],
    ['Mon Mar 02 2026', null],
    [1_770_000_000_000, null],
  ])('reads %s the same on every machine', (written, at) => {
    expect(readTime(written)).toBe(at);
  });
});

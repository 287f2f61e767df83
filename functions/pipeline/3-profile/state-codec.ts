import {
  DAY_PARTS,
  FLAG_CODES,
  type Moments,
  type ProfileState,
  type RevocablePart,
  type WeekCounts,
} from '../../contracts/profile.ts';
import { PURPOSES } from '../../contracts/purposes.ts';
import { CONTACT_CHANNELS } from '../../contracts/signal.ts';
import { invariant } from '../../kernel/invariant.ts';
import { consentOf, consentRow } from './consent-codec.ts';
import { EMPTY_STATE } from './state.ts';

/**
 * The state at rest: a JSON array by position, because one DynamoDB write unit is 1 KB and a typical customer must fit
 * in it (a third of the size of the same object with names). Positions only grow; a change of meaning raises VERSION.
 */
const VERSION = 1;

export type Row = readonly unknown[];

/** Encodes a state. Equal states give equal text, so texts can be compared. */
export const encodeState = (state: ProfileState): string => JSON.stringify([VERSION, ...rowsOf(state)]);

function rowsOf(state: ProfileState): readonly unknown[] {
  return withoutEmptyEnd([
    [state.signals, state.firstSeenAt, state.lastSeenAt],
    trim([
      state.orders,
      state.orderValueMinor,
      state.orderValueSquares,
      state.items,
      state.firstOrderAt,
      state.lastOrderAt,
    ]),
    trim([state.refunds, state.refundValueMinor]),
    state.visits,
    trim([
      state.contacts,
      state.escalations,
      state.resolutions,
      state.firstContactResolutions,
      state.resolutionMinutes,
    ]),
    trim([state.deliveries, state.deliveriesOnTime]),
    trim([...momentsRow(state.satisfaction), ...momentsRow(state.effort)]),
    trim(CONTACT_CHANNELS.map((channel) => state.channels[channel] ?? 0)),
    trim(DAY_PARTS.map((part) => state.deliveryParts[part] ?? 0)),
    trim(FLAG_CODES.map((code) => state.flags[code] ?? 0)),
    [...state.weeks].sort(([a], [b]) => a - b).map(weekRow),
    recentRow(state.recentOrders),
    recentRow(state.recentContacts),
    recentRow(state.recentRefunds),
    trim([state.cartOpenedAt, state.cartValueMinor, state.cartClosedAt]),
    consentRow(state.consent),
    state.revocable.map(partRow),
  ]);
}

/** Rows at the end that say nothing need not be kept. */
function withoutEmptyEnd(rows: readonly unknown[]): readonly unknown[] {
  const isEmpty = (row: unknown): boolean => row === 0 || (Array.isArray(row) && row.length === 0);
  return rows.slice(0, rows.findLastIndex((row) => !isEmpty(row)) + 1);
}

/** A part's weeks stand as distances, since whoever browses does so in many. */
const partRow = ({ purposes, since, facts }: RevocablePart): Row => [
  purposes.map((purpose) => PURPOSES.indexOf(purpose)),
  since,
  ...rowsOf(facts).map((row, index) => (index === WEEKS_ROW ? asDistances(row as Row) : row)),
];

const partOf = ([purposes, since, ...rows]: Row): RevocablePart => ({
  purposes: PURPOSES.filter((_, index) => (purposes as readonly number[]).includes(index)),
  since: number(since),
  facts: stateOf([
    VERSION,
    ...rows.map((row, index) => (index === WEEKS_ROW ? fromDistances(row as Row) : row)),
  ]),
});

/** Where the weeks stand among the rows after the version. */
const WEEKS_ROW = 10;

const asDistances = (weeks: Row): Row =>
  (weeks as readonly Row[]).map(([week, ...counts], index) => [
    number(week) - (index === 0 ? 0 : number((weeks[index - 1] as Row)[0])),
    ...counts,
  ]);

function fromDistances(weeks: Row): Row {
  let last = 0;
  return (weeks as readonly Row[]).map(([distance, ...counts]) => {
    last += number(distance);
    return [last, ...counts];
  });
}

/** Reverse of {@link encodeState}.
 * @throws InvariantError for a version this code does not know. */
export function decodeState(text: string): ProfileState {
  const rows = JSON.parse(text) as Row;
  invariant(rows[0] === VERSION, 'profile state of an unknown version');
  return stateOf(rows);
}

function stateOf(rows: Row): ProfileState {
  const row = (index: number): Row => (rows[index] ?? []) as Row;
  const [signals, seen, orders, refunds, service, deliveries, moments] = [
    row(1),
    row(1),
    row(2),
    row(3),
    row(5),
    row(6),
    row(7),
  ];
  const cart = row(15);
  return {
    signals: number(signals[0]),
    firstSeenAt: time(seen[1]),
    lastSeenAt: time(seen[2]),
    orders: number(orders[0]),
    orderValueMinor: number(orders[1]),
    orderValueSquares: number(orders[2]),
    items: number(orders[3]),
    firstOrderAt: time(orders[4]),
    lastOrderAt: time(orders[5]),
    refunds: number(refunds[0]),
    refundValueMinor: number(refunds[1]),
    visits: number(rows[4]),
    contacts: number(service[0]),
    escalations: number(service[1]),
    resolutions: number(service[2]),
    firstContactResolutions: number(service[3]),
    resolutionMinutes: number(service[4]),
    deliveries: number(deliveries[0]),
    deliveriesOnTime: number(deliveries[1]),
    satisfaction: momentsOf(moments, 0),
    effort: momentsOf(moments, 3),
    channels: countsOf(CONTACT_CHANNELS, row(8)),
    deliveryParts: countsOf(DAY_PARTS, row(9)),
    flags: countsOf(FLAG_CODES, row(10)),
    weeks: weeksOf(row(11)),
    recentOrders: recentOf(row(12)),
    recentContacts: recentOf(row(13)),
    recentRefunds: recentOf(row(14)),
    cartOpenedAt: time(cart[0]),
    cartValueMinor: number(cart[1]),
    cartClosedAt: time(cart[2]),
    consent: consentOf(row(16)),
    revocable: row(17).map((part) => partOf(part as Row)),
  };
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const time = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** Drops zeros and nulls at the end. */
function trim(row: readonly (number | null)[]): readonly (number | null)[] {
  let length = row.length;
  while (length > 0 && (row[length - 1] === 0 || row[length - 1] === null)) length -= 1;
  return row.slice(0, length);
}

const momentsRow = (moments: Moments): number[] => [moments.count, moments.sum, moments.sumSquares];
const momentsOf = (row: Row, from: number): Moments => ({
  count: number(row[from]),
  sum: number(row[from + 1]),
  sumSquares: number(row[from + 2]),
});

const weekRow = ([week, counts]: readonly [number, WeekCounts]): Row =>
  trim([
    week,
    counts.orders,
    counts.orderValueMinor,
    counts.refunds,
    counts.visitDepth,
    counts.contacts,
    counts.feedback,
  ]);

function weeksOf(rows: Row): ReadonlyMap<number, WeekCounts> {
  if (rows.length === 0) return EMPTY_STATE.weeks;
  const weeks = new Map<number, WeekCounts>();
  for (const each of rows) {
    const row = each as Row;
    weeks.set(number(row[0]), {
      orders: number(row[1]),
      orderValueMinor: number(row[2]),
      refunds: number(row[3]),
      visitDepth: number(row[4]),
      contacts: number(row[5]),
      feedback: number(row[6]),
    });
  }
  return weeks;
}

/** Newest first, each but the first as its distance from the one before it. */
const recentRow = (minutes: readonly number[]): readonly number[] =>
  minutes.map((minute, index) => (index === 0 ? minute : (minutes[index - 1] ?? 0) - minute));

function recentOf(row: Row): readonly number[] {
  const minutes: number[] = [];
  for (const [index, value] of row.entries())
    minutes.push(index === 0 ? number(value) : (minutes[index - 1] ?? 0) - number(value));
  return minutes;
}

function countsOf<K extends string>(names: readonly K[], row: Row): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {};
  for (const [index, name] of names.entries()) {
    const value = number(row[index]);
    if (value > 0) counts[name] = value;
  }
  return counts;
}

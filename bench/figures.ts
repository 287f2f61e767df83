import { styleText } from 'node:util';

/** What a figure is held against. `most` for costs and times, `least` for rates. */
export type Bound = { readonly least: number } | { readonly most: number };

/** One line of the report. */
export interface Figure {
  /** What was measured, and under which circumstances. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Must hold for a release. */
  readonly target?: Bound;
  /** What the design aims at. */
  readonly goal?: Bound;
  /** Spread, parts or circumstances, in words. */
  readonly note?: string;
}

/** Whether the bound holds. */
export const holds = (value: number, bound: Bound): boolean =>
  'least' in bound ? value >= bound.least : value <= bound.most;

export const shown = (value: number): string =>
  Math.abs(value) >= 1_000
    ? Math.round(value).toLocaleString('en-GB')
    : String(Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3)));

const boundText = (bound: Bound | undefined): string =>
  bound === undefined ? '' : 'least' in bound ? `≥ ${shown(bound.least)}` : `≤ ${shown(bound.most)}`;

/** The line as printed: figure, target, goal, and whether they hold. */
export function lineOf({ name, value, unit, target, goal, note }: Figure): string {
  const verdicts = [
    target === undefined ? '' : `target ${boundText(target)} ${verdict(value, target)}`,
    goal === undefined ? '' : `goal ${boundText(goal)} ${verdict(value, goal)}`,
  ].filter((text) => text !== '');
  const figure = `${shown(value)} ${unit}`;
  const rest = [...verdicts, ...(note === undefined ? [] : [note])].join(' · ');
  return `  ${name.padEnd(62)} ${figure.padStart(22)}   ${rest}`.trimEnd();
}

const verdict = (value: number, bound: Bound): string =>
  holds(value, bound) ? styleText('green', 'holds') : styleText('red', 'misses');

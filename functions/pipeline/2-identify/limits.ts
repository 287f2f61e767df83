import type { IdentifierToken } from '../../contracts/ids.ts';
import { IDENTIFIER_TYPES, type IdentifierType } from '../../contracts/signal.ts';
import { type Edge, pairKey } from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import type { Limit, LimitWindow } from '../../registry/identifier-definition.ts';

/** The limits that resolution keeps, from the registry. */
export interface LinkPolicy {
  /** By type of an identifier: with how many distinct ones of each higher (or its own) type it may be seen. Limits towards
   * lower types are not used: a customer may have any number of browsers. */
  readonly links: Readonly<Record<IdentifierType, Readonly<Partial<Record<IdentifierType, Limit>>>>>;
  /** How many identifiers of a type one subject may have. */
  readonly subjects: Readonly<Partial<Record<IdentifierType, Limit>>>;
}

/** With so many times the number that a window allows, an identifier stands for nobody, in whatever windows they came: what
 * has to be remembered about it stays bounded. */
const WINDOWED_EVER_FACTOR = 8;

const WINDOW_DAYS: Readonly<Record<Exclude<LimitWindow, 'ever'>, number>> = {
  daily: 1,
  weekly: 7,
  monthly: 30,
};

/** The window of a limit in which a day lies; all days lie in one when the limit is for ever. */
export const windowOf = ({ window }: Limit, day: number): number =>
  window === 'ever' ? 0 : Math.floor(day / WINDOW_DAYS[window]);

/** Rank of a token's type: lower is of higher priority. */
export const rank = (token: IdentifierToken): number => IDENTIFIER_TYPES.indexOf(typeOfToken(token));
/** The end of the lower-priority type; of two of the same type, the second. */
export const lowerOf = ([a, b]: readonly [
  IdentifierToken,
  IdentifierToken,
  ...unknown[],
]): IdentifierToken => (rank(a) > rank(b) ? a : b);

/** A limit as evidence names it: `userId:3:ever`. */
export const limitCode = (type: IdentifierType, { max, window }: Limit): string => `${type}:${max}:${window}`;

/** An identifier that links too many, and the limit that says so. */
export interface Saturation {
  readonly token: IdentifierToken;
  readonly limit: string;
}

export interface Exceeded {
  /** Identifiers that stand for nobody from now on. */
  readonly saturated: ReadonlyMap<IdentifierToken, string>;
  /** Edges (by {@link pairKey}) that lie in an overfull window, with the limit. */
  readonly overfull: ReadonlyMap<string, string>;
}

/** What goes beyond the limits of links. A function of the set of edges alone.
 * @param already identifiers that are known to be saturated, and are not looked at */
export function exceededLimits(
  edges: readonly Edge[],
  { links }: LinkPolicy,
  already: ReadonlySet<IdentifierToken>,
): Exceeded {
  const counted = new Map<IdentifierToken, Map<IdentifierType, Edge[]>>();
  const note = (node: IdentifierToken, neighbour: IdentifierToken, edge: Edge): void => {
    if (already.has(node) || rank(neighbour) > rank(node)) return;
    const type = typeOfToken(neighbour);
    if (links[typeOfToken(node)][type] === undefined) return;
    const byType = counted.get(node) ?? new Map<IdentifierType, Edge[]>();
    counted.set(node, byType);
    const own = byType.get(type);
    if (own === undefined) byType.set(type, [edge]);
    else own.push(edge);
  };
  for (const edge of edges) {
    note(edge[0], edge[1], edge);
    note(edge[1], edge[0], edge);
  }
  const saturated = new Map<IdentifierToken, string>();
  const overfull = new Map<string, string>();
  for (const [node, byType] of counted) {
    for (const [type, own] of byType) {
      const limit = links[typeOfToken(node)][type];
      if (limit === undefined || own.length <= limit.max) continue;
      const everMax = limit.window === 'ever' ? limit.max : limit.max * WINDOWED_EVER_FACTOR;
      if (own.length > everMax) saturated.set(node, limitCode(type, { max: everMax, window: 'ever' }));
      else
        for (const [a, b] of inOverfullWindows(own, limit))
          overfull.set(pairKey(a, b), limitCode(type, limit));
    }
  }
  return { saturated, overfull };
}

function inOverfullWindows(edges: readonly Edge[], limit: Limit): readonly Edge[] {
  const windows = new Map<number, number>();
  for (const [, , day] of edges) {
    const window = windowOf(limit, day);
    windows.set(window, (windows.get(window) ?? 0) + 1);
  }
  return edges.filter(([, , day]) => (windows.get(windowOf(limit, day)) ?? 0) > limit.max);
}

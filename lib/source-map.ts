/** The fields of a source map (ECMA-426) that the bundler writes. */
export interface SourceMap {
  readonly version: number;
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

/** A decoded segment: generated column, or that and source, line, column and perhaps name. All absolute. */
type Segment =
  | readonly [number]
  | readonly [number, number, number, number]
  | readonly [number, number, number, number, number];

/**
 * The same map without the positions of sources that `keep` refuses. A bundle is nine tenths libraries, and their
 * positions are most of what a map weighs; stack traces need our own.
 */
export function keepSources(map: SourceMap, keep: (source: string) => boolean): SourceMap {
  const kept = map.sources.map((source, at) => ({ source, at })).filter(({ source }) => keep(source));
  const newIndex = new Map(kept.map(({ at }, index) => [at, index]));
  const lines = decode(map.mappings).map((line) =>
    line.map((segment) => without(segment, newIndex)).filter(changes),
  );
  return { ...map, sources: kept.map(({ source }) => source), names: [], mappings: encode(lines) };
}

/** A position in a refused source becomes "no source from this column on". Names only serve debuggers. */
function without(segment: Segment, newIndex: ReadonlyMap<number, number>): Segment {
  const [column, source, line, sourceColumn] = segment;
  const index = source === undefined ? undefined : newIndex.get(source);
  if (index === undefined || line === undefined || sourceColumn === undefined) return [column];
  return [column, index, line, sourceColumn];
}

/** Of a run of segments without a source, the first says it all. */
const changes = (segment: Segment, at: number, line: readonly Segment[]): boolean =>
  segment.length > 1 || (at > 0 && (line[at - 1]?.length ?? 0) > 1);

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUE = new Map([...DIGITS].map((digit, value) => [digit, value]));

function decode(mappings: string): readonly (readonly Segment[])[] {
  const last = [0, 0, 0, 0, 0];
  return mappings.split(';').map((line) => {
    last[0] = 0;
    if (line === '') return [];
    return line.split(',').map((text) => {
      const absolute = deltasOf(text).map((delta, field) => {
        const value = (last[field] ?? 0) + delta;
        last[field] = value;
        return value;
      });
      return absolute as unknown as Segment;
    });
  });
}

function encode(lines: readonly (readonly Segment[])[]): string {
  const last = [0, 0, 0, 0, 0];
  return lines
    .map((line) => {
      last[0] = 0;
      return line
        .map((segment) =>
          segment
            .map((value, field) => {
              const delta = value - (last[field] ?? 0);
              last[field] = value;
              return vlq(delta);
            })
            .join(''),
        )
        .join(',');
    })
    .join(';');
}

/** Base-64 variable-length quantities: five bits a digit, the lowest first, the sign in the lowest bit of all. */
function deltasOf(text: string): readonly number[] {
  const deltas: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of text) {
    const bits = VALUE.get(digit);
    if (bits === undefined) throw new Error(`not a base-64 digit in a source map: ${digit}`);
    value += (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) !== 0) continue;
    deltas.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return deltas;
}

function vlq(delta: number): string {
  let rest = delta < 0 ? (-delta << 1) | 1 : delta << 1;
  let text = '';
  do {
    const more = rest >>> 5;
    text += DIGITS.charAt((rest & 31) | (more > 0 ? 32 : 0));
    rest = more;
  } while (rest > 0);
  return text;
}

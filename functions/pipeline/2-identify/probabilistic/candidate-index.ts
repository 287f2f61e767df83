/** Where records are found by their blocking keys. The matcher asks it synchronously: a stored one reads the blocks of
 * a whole micro-batch beforehand, in one round trip, and writes what was added afterwards, in another. */
export interface CandidateIndex {
  /** The block of a key: its newest records, and how many it ever had. Undefined when none. */
  block(key: string): Block | undefined;
  add(key: string, row: number): void;
}

export interface Block {
  /** At most the index's bound; in no order. */
  readonly rows: readonly number[];
  readonly size: number;
}

/** An index in memory. A block keeps its newest `blockMax` records. */
export function memoryCandidateIndex(blockMax: number): CandidateIndex {
  const blocks = new Map<string, { rows: number[]; size: number }>();
  return {
    block: (key) => blocks.get(key),
    add(key, row) {
      const block = blocks.get(key);
      if (block === undefined) blocks.set(key, { rows: [row], size: 1 });
      else {
        if (block.rows.length < blockMax) block.rows.push(row);
        else block.rows[block.size % blockMax] = row;
        block.size++;
      }
    },
  };
}

/** The records that share keys with a new one, the most telling first: each shared key counts the logarithm of its
 * rarity (the inverse document frequency of Spärck Jones 1972).
 * @param population records seen so far
 * @returns at most `max`, without order beyond that bound mattering */
export function candidatesOf(
  index: CandidateIndex,
  keys: readonly string[],
  population: number,
  max: number,
): readonly number[] {
  const telling = new Map<number, number>();
  for (const key of keys) {
    const block = index.block(key);
    if (block === undefined) continue;
    const rarity = Math.log2((population + 1) / block.size);
    for (const row of block.rows) telling.set(row, (telling.get(row) ?? 0) + rarity);
  }
  if (telling.size <= max) return [...telling.keys()];
  return [...telling]
    .sort(([rowA, a], [rowB, b]) => b - a || rowA - rowB)
    .slice(0, max)
    .map(([row]) => row);
}

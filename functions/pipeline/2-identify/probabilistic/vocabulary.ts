/** Distinct values as small numbers. */
export class Vocabulary {
  readonly #ids = new Map<string, number>();
  readonly #values: string[] = [];

  /** The number of a value; a new one gets the next number. */
  idOf(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.#values.length;
    this.#ids.set(value, id);
    this.#values.push(value);
    return id;
  }

  valueOf(id: number): string {
    return this.#values[id] ?? '';
  }
}

/** Two value numbers in one exact double. */
const PAIR_FACTOR = 2 ** 26;
const NO_PAIR = [-1, -1] as const;

/** Pairs of numbers as small numbers; either may be -1. */
export class Pairs {
  readonly #ids = new Map<number, number>();
  readonly #pairs: (readonly [number, number])[] = [];

  /** The number of a pair; a new one gets the next number. */
  idOf(a: number, b: number): number {
    const pair = (a + 1) * PAIR_FACTOR + b + 1;
    const known = this.#ids.get(pair);
    if (known !== undefined) return known;
    const id = this.#pairs.length;
    this.#ids.set(pair, id);
    this.#pairs.push([a, b]);
    return id;
  }

  pairOf(id: number): readonly [number, number] {
    return this.#pairs[id] ?? NO_PAIR;
  }
}

/** How many records are held to have a value, by the value's number. What was learnt for one batch is forgotten with the
 * next, in constant time. */
export class Frequencies {
  readonly #records: number[] = [];
  readonly #learntIn: number[] = [];
  #batch = 0;

  forget(): void {
    this.#batch++;
  }

  learn(id: number, records: number): void {
    this.#records[id] = records;
    this.#learntIn[id] = this.#batch;
  }

  /** Undefined for a value nothing was learnt of. */
  of(id: number): number | undefined {
    return this.#learntIn[id] === this.#batch ? this.#records[id] : undefined;
  }
}

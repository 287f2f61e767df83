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

/** Distinct values as small numbers, and how often each was seen. */
export class Vocabulary {
  readonly #ids = new Map<string, number>();
  readonly #values: string[] = [];
  readonly #seen: number[] = [];
  #total = 0;

  /** The number of a value, whether or not it was ever counted. */
  idOf(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.#values.length;
    this.#ids.set(value, id);
    this.#values.push(value);
    this.#seen.push(0);
    return id;
  }

  valueOf(id: number): string {
    return this.#values[id] ?? '';
  }

  count(id: number): void {
    this.#seen[id] = (this.#seen[id] ?? 0) + 1;
    this.#total++;
  }

  /** Share of this value among all counted, drawn towards `prior` as if that many further records had it. */
  frequency(id: number, prior: number, priorRecords: number): number {
    return ((this.#seen[id] ?? 0) + priorRecords * prior) / (this.#total + priorRecords);
  }
}

/** A binary heap that gives the element of the highest rank first; among equals the one put in with the least `tie`. */
export class Heap<T> {
  readonly #elements: { readonly rank: number; readonly tie: number; readonly element: T }[] = [];

  push(rank: number, tie: number, element: T): void {
    const all = this.#elements;
    all.push({ rank, tie, element });
    let child = all.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  pop(): T | undefined {
    const all = this.#elements;
    const first = all[0];
    const last = all.pop();
    if (first === undefined || last === undefined) return undefined;
    if (all.length > 0) {
      all[0] = last;
      this.#sink();
    }
    return first.element;
  }

  #sink(): void {
    const all = this.#elements;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= all.length) return;
      if (child + 1 < all.length && this.#isBefore(child + 1, child)) child++;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #isBefore(i: number, j: number): boolean {
    const [a, b] = [this.#elements[i], this.#elements[j]];
    if (a === undefined || b === undefined) return false;
    return a.rank > b.rank || (a.rank === b.rank && a.tie < b.tie);
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#elements[i], this.#elements[j]];
    if (a === undefined || b === undefined) return;
    this.#elements[i] = b;
    this.#elements[j] = a;
  }
}

import type { Level } from '../../../registry/matching/attributes.ts';

const SLOTS = 2 ** 17;
const NOBODY = -1;

/** How alike pairs of values were found to be. A table of fixed size in which a later pair takes the place of an earlier
 * one: memory stays bounded however long the process lives, and what was forgotten is found out again. */
export class LevelCache {
  readonly #first = new Int32Array(SLOTS).fill(NOBODY);
  readonly #second = new Int32Array(SLOTS);
  readonly #kind = new Int8Array(SLOTS);
  readonly #level = new Int8Array(SLOTS);

  /** @param find called when the level is not known · @param kind of value · @param a not above `b` */
  level(kind: number, a: number, b: number, find: () => Level): Level {
    const mixed = Math.imul(a ^ (kind << 26), 0x9e3779b1) ^ Math.imul(b, 0x85ebca77);
    const slot = (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
    if (this.#first[slot] === a && this.#second[slot] === b && this.#kind[slot] === kind)
      return this.#level[slot] as Level;
    const level = find();
    this.#first[slot] = a;
    this.#second[slot] = b;
    this.#kind[slot] = kind;
    this.#level[slot] = level;
    return level;
  }
}

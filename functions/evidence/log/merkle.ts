import { hash } from 'node:crypto';

/** A SHA-256 hash, 32 bytes. */
export type Hash = Buffer;

/** RFC 6962 section 2.1: leaves and nodes are hashed with different first bytes, so that neither passes for the other. */
const LEAF = 0;
const NODE = 1;

const HASH_BYTES = 32;

/** Hash of a leaf: SHA-256(0x00 || text as UTF-8). RFC 6962 section 2.1. */
export const leafHash = (text: string): Hash => hash('sha256', `\u0000${text}`, 'buffer');

/** {@link leafHash} of bytes. */
export function leafHashOfBytes(bytes: Uint8Array): Hash {
  const input = new Uint8Array(bytes.length + 1);
  input[0] = LEAF;
  input.set(bytes, 1);
  return hash('sha256', input, 'buffer');
}

/** Where nodes are put together to be hashed: one for all, since hashing is over before the next begins. */
const pair = new Uint8Array(1 + 2 * HASH_BYTES);
pair[0] = NODE;

/** Hash of a node: SHA-256(0x01 || left || right). RFC 6962 section 2.1. */
export function nodeHash(left: Hash, right: Hash): Hash {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return hash('sha256', pair, 'buffer');
}

/** Root of a tree without leaves: SHA-256 of nothing. RFC 6962 section 2.1. */
export const emptyRoot = (): Hash => hash('sha256', '', 'buffer');

/**
 * What has to be kept of a tree to go on appending to it: the roots of its perfect subtrees, largest first. A tree of n
 * leaves has one for each bit that is set in n, so at most 53.
 */
export class GrowingTree {
  #size: number;
  readonly #peaks: Hash[];

  /** @param peaks roots of the perfect subtrees of a tree of `size` leaves, largest first.
   * @throws RangeError when their number is not that of the size. */
  constructor(size = 0, peaks: readonly Hash[] = []) {
    if (!Number.isSafeInteger(size) || size < 0 || peaks.length !== onesIn(size))
      throw new RangeError('these are not the peaks of a tree of that size');
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  get peaks(): readonly Hash[] {
    return this.#peaks;
  }

  append(leaf: Hash): void {
    let top = leaf;
    // As in binary counting: each bit that carries merges two subtrees of one size.
    for (let carry = this.#size; carry % 2 === 1; carry = Math.floor(carry / 2)) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new RangeError('a tree lost a peak');
      top = nodeHash(left, top);
    }
    this.#peaks.push(top);
    this.#size += 1;
  }

  /** The tree head of RFC 6962 section 2.1. */
  root(): Hash {
    const [last, ...others] = [...this.#peaks].reverse();
    if (last === undefined) return emptyRoot();
    return others.reduce((right, left) => nodeHash(left, right), last);
  }
}

function onesIn(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

/** Root over leaf hashes. */
export function rootOf(leaves: Iterable<Hash>): Hash {
  const tree = new GrowingTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

/** The largest power of two below `size`: where RFC 6962 splits a tree. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/**
 * The audit path of one leaf, from its sibling up: PATH(m, D[n]) of RFC 6962 section 2.1.1.
 * @throws RangeError when there is no such leaf.
 */
export function inclusionPath(leaves: readonly Hash[], index: number): Hash[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError('no such leaf');
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionPath(left, index), rootOf(right)]
    : [...inclusionPath(right, index - split), rootOf(left)];
}

/** The root that an audit path leads to, or null when the path cannot be one of leaf `index` in a tree of `size`.
 * RFC 9162 section 2.1.3.2, which says for RFC 6962 trees how to verify. */
export function rootFromPath(leaf: Hash, index: number, size: number, path: readonly Hash[]): Hash | null {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return null;
  let [at, last] = [index, size - 1];
  let root = leaf;
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sibling, root);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else root = nodeHash(root, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : null;
}

/**
 * Proves that the tree of all `leaves` begins with the tree of the first `size`: PROOF(m, D[n]) of RFC 6962 section 2.1.2.
 * Empty when both are the same tree.
 * @throws RangeError when there are not that many leaves, or `size` is 0, of which there is nothing to prove.
 */
export function consistencyPath(leaves: readonly Hash[], size: number): Hash[] {
  if (!Number.isSafeInteger(size) || size < 1 || size > leaves.length)
    throw new RangeError('no such earlier tree');
  return subProof(leaves, size, true);
}

function subProof(leaves: readonly Hash[], size: number, isWhole: boolean): Hash[] {
  if (size === leaves.length) return isWhole ? [] : [rootOf(leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...subProof(left, size, isWhole), rootOf(right)]
    : [...subProof(right, size - split, false), rootOf(left)];
}

/** Whether a consistency path proves that a tree of `newSize` and `newRoot` begins with one of `oldSize` and `oldRoot`.
 * RFC 9162 section 2.1.4.2. */
export function isConsistent(
  older: { readonly size: number; readonly root: Hash },
  newer: { readonly size: number; readonly root: Hash },
  path: readonly Hash[],
): boolean {
  if (older.size < 1 || older.size > newer.size) return false;
  if (older.size === newer.size) return path.length === 0 && older.root.equals(newer.root);
  const hashes = isPowerOfTwo(older.size) ? [older.root, ...path] : [...path];
  const first = hashes.shift();
  if (first === undefined) return false;
  let [at, last] = [older.size - 1, newer.size - 1];
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  let [old, root] = [first, first];
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = nodeHash(sibling, old);
      root = nodeHash(sibling, root);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else root = nodeHash(root, sibling);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && old.equals(older.root) && root.equals(newer.root);
}

const isPowerOfTwo = (size: number): boolean => onesIn(size) === 1;

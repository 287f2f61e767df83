import type { AtomId } from '../../../contracts/ids.ts';

/** The records of one blocking key. */
export interface Block {
  /** The newest, oldest first. */
  readonly members: readonly AtomId[];
  /** How many it ever had: what rarity is judged by. */
  readonly size: number;
}
export const EMPTY_BLOCK: Block = { members: [], size: 0 };

/** The block with one more record; the same object when it is there already. */
export function blockWith(block: Block, atomId: AtomId, blockMax: number): Block {
  if (block.members.includes(atomId)) return block;
  const members = [...block.members, atomId];
  return { members: members.slice(Math.max(0, members.length - blockMax)), size: block.size + 1 };
}

/** The block without a record; the same object when it is not in. */
export const blockWithout = (block: Block, atomId: AtomId): Block =>
  block.members.includes(atomId)
    ? { members: block.members.filter((each) => each !== atomId), size: block.size - 1 }
    : block;

/** The records that share keys with a new one, the most telling first: each shared key counts the logarithm of its
 * rarity (the inverse document frequency of Spärck Jones 1972).
 * @param population records seen so far
 * @returns at most `max`, without the record itself */
export function candidatesOf(
  atomId: AtomId,
  blocks: Iterable<Block>,
  population: number,
  max: number,
): readonly AtomId[] {
  const telling = new Map<AtomId, number>();
  for (const { members, size } of blocks) {
    const rarity = Math.log2((population + 1) / size);
    for (const member of members) telling.set(member, (telling.get(member) ?? 0) + rarity);
  }
  telling.delete(atomId);
  if (telling.size <= max) return [...telling.keys()];
  return [...telling]
    .sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1))
    .slice(0, max)
    .map(([id]) => id);
}

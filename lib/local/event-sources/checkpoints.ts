import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where each shard's consumer has come to, kept in one small file so that a restart goes on from there. */
export class Checkpoints {
  readonly #path: string | undefined;
  readonly #positions: Map<string, string>;

  /** @param path absent: kept in memory only. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#positions = new Map(path === undefined ? [] : Object.entries(readPositions(path)));
  }

  get(shardId: string): string | undefined {
    return this.#positions.get(shardId);
  }

  /** Records that every record up to and including this one is done. */
  set(shardId: string, sequenceNumber: string): void {
    this.#positions.set(shardId, sequenceNumber);
    if (this.#path === undefined) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(`${this.#path}.new`, JSON.stringify(Object.fromEntries(this.#positions)));
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function readPositions(path: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return {};
    throw cause;
  }
}

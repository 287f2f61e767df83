import { hash } from 'node:crypto';
import type { LogStore } from '../../evidence/log/ports.ts';
import { TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';

export interface MemoryEvidenceStore extends LogStore {
  readonly objects: Map<string, Uint8Array>;
}

/** The evidence bucket in memory, for unit tests.
 * @param clock dates the objects */
export function memoryEvidenceStore(clock: () => EpochMs = () => 0): MemoryEvidenceStore {
  const objects = new Map<string, Uint8Array>();
  const times = new Map<string, EpochMs>();
  return {
    objects,
    putOnce: async (key, bytes) => {
      if (objects.has(key)) return 'present';
      objects.set(key, bytes.slice());
      times.set(key, clock());
      return 'written';
    },
    keys: async (prefix, after = '') =>
      [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort(),
    read: async (key) => {
      const bytes = objects.get(key);
      if (bytes === undefined) throw new TransientError('evidence could not be read');
      return bytes.slice();
    },
    stat: async (key) => {
      const bytes = objects.get(key);
      return bytes === undefined ? null : { sha256: hash('sha256', bytes), at: times.get(key) ?? 0 };
    },
    remove: async (key) => {
      objects.delete(key);
    },
  };
}

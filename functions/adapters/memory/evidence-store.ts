import type { EvidenceStore } from '../../evidence/archive/ports.ts';
import { TransientError } from '../../kernel/invariant.ts';

export interface MemoryEvidenceStore extends EvidenceStore {
  readonly objects: ReadonlyMap<string, Uint8Array>;
}

/** The evidence bucket in memory, for unit tests. */
export function memoryEvidenceStore(): MemoryEvidenceStore {
  const objects = new Map<string, Uint8Array>();
  return {
    objects,
    putOnce: async (key, bytes) => {
      if (objects.has(key)) return 'present';
      objects.set(key, bytes.slice());
      return 'written';
    },
    keys: async (prefix, after = '') =>
      [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort(),
    read: async (key) => {
      const bytes = objects.get(key);
      if (bytes === undefined) throw new TransientError('evidence could not be read');
      return bytes.slice();
    },
  };
}

import type { QuarantineEntry } from '../../contracts/records.ts';

/** The quarantine bucket in memory, for unit tests. */
export function memoryQuarantineStore() {
  const objects = new Map<string, readonly string[]>();
  return {
    /** Objects by key, as lines of JSON. */
    objects,
    put: async (key: string, lines: readonly string[]): Promise<void> => {
      objects.set(key, [...lines]);
    },
    get: async (key: string): Promise<readonly QuarantineEntry[] | null> =>
      objects.get(key)?.map((line) => JSON.parse(line) as QuarantineEntry) ?? null,
  };
}

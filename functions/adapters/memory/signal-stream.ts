import type { Signal } from '../../contracts/signal.ts';

/** The signals stream in memory, for unit tests. */
export function memorySignalStream() {
  const appended: { readonly bucket: string; readonly signals: readonly Signal[] }[] = [];
  return {
    /** Every append as it came, oldest first. */
    appended,
    append: async (signalsByBucket: ReadonlyMap<string, readonly Signal[]>): Promise<void> => {
      for (const [bucket, signals] of signalsByBucket)
        appended.push({ bucket, signals: structuredClone(signals) });
    },
  };
}

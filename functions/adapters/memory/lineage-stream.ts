import type { LineageRow } from '../../contracts/lineage.ts';
import type { LineageStream } from '../aws/lineage-stream.ts';

export interface MemoryLineageStream extends LineageStream {
  /** Every append as it came: bucket and rows, oldest first. */
  readonly appended: readonly { readonly bucket: string; readonly rows: readonly LineageRow[] }[];
}

/** The lineage stream in memory, for unit tests. */
export function memoryLineageStream(): MemoryLineageStream {
  const appended: { bucket: string; rows: readonly LineageRow[] }[] = [];
  return {
    appended,
    append: async (rowsByBucket) => {
      for (const [bucket, rows] of rowsByBucket)
        if (rows.length > 0) appended.push({ bucket, rows: structuredClone(rows) });
    },
  };
}

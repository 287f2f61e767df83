import type { LineageRow } from '../../contracts/lineage.ts';
import { required } from '../../runtime/environment.ts';
import { packedRecords, putRecords } from './put-records.ts';

/** Where rows of evidence are handed to the archive. */
export interface LineageStream {
  /** Appends rows, keyed by their atom's bucket. Rows of one bucket keep their order when each comes in a call of its
   * own. After an error some rows may be on the stream: append them again marked `redelivered`.
   * @throws ThrottledError, TransientError */
  append(rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void>;
}

/** The lineage stream on Kinesis: one packed record per bucket and 700 KB. */
export function lineageStream(streamName = required('LINEAGE_STREAM')): LineageStream {
  return {
    append: async (rowsByBucket) => {
      const records = [...rowsByBucket].flatMap(([bucket, rows]) =>
        packedRecords(bucket, rows, markRedelivered),
      );
      if (records.length > 0) await putRecords({ streamName, records });
    },
  };
}

const markRedelivered = (row: LineageRow): LineageRow => ({ ...row, redelivered: true });

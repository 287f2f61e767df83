import type { Signal } from '../../contracts/signal.ts';
import { required } from '../../runtime/environment.ts';
import { packedRecords, putRecords } from './put-records.ts';

/** The signals stream on Kinesis: the partition key is the bucket, and one bucket's signals share packed records. */
export function signalStream(streamName = required('SIGNALS_STREAM')) {
  return {
    /** @throws ThrottledError, TransientError; some signals may be on the stream then, and may be sent again */
    append: async (signalsByBucket: ReadonlyMap<string, readonly Signal[]>): Promise<void> => {
      const records = [...signalsByBucket].flatMap(([bucket, signals]) => packedRecords(bucket, signals));
      if (records.length > 0) await putRecords({ streamName, records });
    },
  };
}

import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { Signal } from '../../contracts/signal.ts';
import { required } from '../../runtime/environment.ts';
import { packedRecords, putRecords } from './put-records.ts';

/** The signals stream on Kinesis: the partition key is the bucket, and what is of one bucket shares packed records. Orders
 * about identity travel on it too. */
export function signalStream(streamName = required('SIGNALS_STREAM')) {
  return {
    /** @throws ThrottledError, TransientError; some may be on the stream then, and may be sent again */
    append: async (byBucket: ReadonlyMap<string, readonly (Signal | IdentityOrder)[]>): Promise<void> => {
      const records = [...byBucket].flatMap(([bucket, values]) => packedRecords(bucket, values));
      if (records.length > 0) await putRecords({ streamName, records });
    },
  };
}

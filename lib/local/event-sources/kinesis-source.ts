import type { KinesisMapping, KinesisSourcePorts } from './kinesis-mapping.ts';
import { ShardReader } from './shard-reader.ts';
import { type EventSource, Pauses } from './source.ts';

/** Starts one reader per shard of the stream. */
export async function startKinesisSource(
  mapping: KinesisMapping,
  ports: KinesisSourcePorts,
): Promise<EventSource> {
  const { Shards } = await ports.kinesis.call<{ Shards: { ShardId: string }[] }>('ListShards', {
    StreamName: mapping.streamName,
  });
  const pauses = new Pauses();
  const readers = Shards.map(({ ShardId }) => new ShardReader(mapping, ShardId, ports, pauses));
  return {
    name: mapping.name,
    isDrained: (since) => readers.every((reader) => reader.isDrained(since)),
    closeWindows: () => {
      for (const reader of readers) reader.closeWindow();
    },
    stop: async () => {
      const stopping = readers.map((reader) => reader.stop());
      pauses.wake();
      await Promise.all(stopping);
    },
  };
}

import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { ResourceId, resources } from '../../functions/flow.ts';
import type { Buckets } from './buckets.ts';
import type { Encryption } from './encryption.ts';
import type { Streams } from './streams.ts';
import { type TableId, Tables } from './tables.ts';

/** One resource of the map as it stands in a stack. */
export interface Placed {
  readonly kind: (typeof resources)[ResourceId]['kind'];
  readonly arn: string;
  /** What a function is told: the physical name, or the ARN for a key. */
  readonly name: string;
  /** Tables only. */
  readonly indexes: readonly string[];
}
export type PlacedResources = Readonly<Record<ResourceId, Placed>>;

/** Every resource of `functions/flow.ts` in one stack. A resource added to the map and not here does not compile. */
export function place(parts: {
  readonly streams: Streams;
  readonly tables: Tables;
  readonly buckets: Buckets;
  readonly bus: EventBus;
  readonly encryption: Encryption;
}): PlacedResources {
  const stream = (id: 'signals' | 'lineage'): Placed => {
    const { streamArn: arn, streamName: name } = parts.streams.byId[id];
    return { kind: 'stream', arn, name, indexes: [] };
  };
  const table = (id: TableId): Placed => {
    const { tableArn: arn, tableName: name } = parts.tables.byId[id];
    return { kind: 'table', arn, name, indexes: Tables.indexesOf(id) };
  };
  const bucket = (id: 'evidence' | 'quarantine'): Placed => {
    const { bucketArn: arn, bucketName: name } = parts.buckets[id];
    return { kind: 'bucket', arn, name, indexes: [] };
  };
  const { keyArn } = parts.encryption.tokenKey;
  return {
    signals: stream('signals'),
    lineage: stream('lineage'),
    profiles: table('profiles'),
    subjects: table('subjects'),
    subjectKeys: table('subjectKeys'),
    rebuiltProfiles: table('rebuiltProfiles'),
    rebuiltSubjects: table('rebuiltSubjects'),
    records: table('records'),
    alerts: table('alerts'),
    incidents: table('incidents'),
    dueCues: table('dueCues'),
    evidence: bucket('evidence'),
    quarantine: bucket('quarantine'),
    events: { kind: 'bus', arn: parts.bus.eventBusArn, name: parts.bus.eventBusName, indexes: [] },
    tokenKey: { kind: 'mac-key', arn: keyArn, name: keyArn, indexes: [] },
  };
}

import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { MachineId, ResourceId, ResourceKind } from '../../functions/flow/resources.ts';
import type { Buckets } from './buckets.ts';
import type { Encryption } from './encryption.ts';
import { machineArn } from './state-machine.ts';
import type { Streams } from './streams.ts';
import type { TableId } from './table-shapes.ts';
import { Tables } from './tables.ts';

/** One resource of the map as it stands in a stack. */
export interface Placed {
  readonly kind: ResourceKind;
  readonly arn: string;
  /** What a function is told: the physical name, or the ARN for a key or a machine. */
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
  /** The jurisdiction's. */
  readonly code: string;
}): PlacedResources {
  const stream = (id: 'signals' | 'lineage'): Placed => {
    const { streamArn: arn, streamName: name } = parts.streams.byId[id];
    return { kind: 'stream', arn, name, indexes: [] };
  };
  const table = (id: TableId): Placed => {
    const { tableArn: arn, tableName: name } = parts.tables.byId[id];
    return { kind: 'table', arn, name, indexes: Tables.indexesOf(id) };
  };
  const bucket = (
    id: 'evidence' | 'checkpoints' | 'quarantine' | 'answers' | 'exports' | 'accessLogs',
  ): Placed => {
    const { bucketArn: arn, bucketName: name } = parts.buckets[id];
    return { kind: 'bucket', arn, name, indexes: [] };
  };
  const key = (kind: 'mac-key' | 'signing-key', { keyArn }: IKey): Placed => ({
    kind,
    arn: keyArn,
    name: keyArn,
    indexes: [],
  });
  const machine = (id: MachineId): Placed => {
    const arn = machineArn(parts.code, id);
    return { kind: 'machine', arn, name: arn, indexes: [] };
  };
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
    candidates: table('candidates'),
    identityReviews: table('identityReviews'),
    privacyRequests: table('privacyRequests'),
    evidence: bucket('evidence'),
    checkpoints: bucket('checkpoints'),
    answers: bucket('answers'),
    quarantine: bucket('quarantine'),
    exports: bucket('exports'),
    accessLogs: bucket('accessLogs'),
    events: { kind: 'bus', arn: parts.bus.eventBusArn, name: parts.bus.eventBusName, indexes: [] },
    tokenKey: key('mac-key', parts.encryption.tokenKey),
    privacyRequest: machine('privacyRequest'),
    privacyDaily: machine('privacyDaily'),
    retention: machine('retention'),
    compaction: machine('compaction'),
    signingKey: key('signing-key', parts.encryption.signingKey),
  };
}

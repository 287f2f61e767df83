/** What `flow.ts` says of a function: its triggers and its access, as plain values that `lib` turns into a template. */
import type { KeyPurpose } from '../contracts/key-purposes.ts';
import type { ResourceId } from './resources.ts';

/** Actions a function takes on one resource. Written out, never a wildcard. */
export interface Access {
  readonly on: ResourceId;
  readonly actions: readonly string[];
  /** For tables: the actions also reach the table's indexes. */
  readonly indexes?: true;
  /** For buckets: only keys under this prefix (default: all keys). */
  readonly prefix?: string;
}

export interface HttpTrigger {
  readonly kind: 'http';
  readonly api: 'collect' | 'operations';
  readonly routes: readonly HttpRoute[];
}
export interface HttpRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Scope that the operations API's JWT must carry. */
  readonly scope?: string;
  /** Scope with which the answer holds more; the function itself looks for it. */
  readonly fullerWith?: string;
  /** Pages in a browser call it too, from the origins that a deployment names. */
  readonly fromBrowsers?: true;
  readonly throttle: { readonly ratePerSecond: number; readonly burst: number };
}
export interface StreamTrigger {
  readonly kind: 'stream';
  readonly stream: 'signals' | 'lineage';
  readonly batchSize: number;
  /** Seconds; a number, or the name of a stack parameter. */
  readonly windowSeconds: number | { readonly parameter: 'ArchiveWindowSeconds' };
  readonly parallelizationFactor: number;
  readonly bisectOnError: boolean;
  readonly reportItemFailures: boolean;
  readonly retryAttempts: number;
  readonly recordAgeSecondsMax: number;
}
export interface ScheduleTrigger {
  readonly kind: 'schedule';
  readonly everyMinutes: number;
}
/** Records that a stream function gave up on: the queue that is that function's on-failure destination. */
export interface FailureTrigger {
  readonly kind: 'failures-of';
  readonly functions: readonly ('understand' | 'archive')[];
}
/** A step of a state machine invokes the function: see `machines`. */
export interface TaskTrigger {
  readonly kind: 'task';
}
/** What all other functions and the APIs log. Its own lines it never sees, or each would cause another. */
export interface LogsTrigger {
  readonly kind: 'logs';
}
/** Somebody who is no function of the map with access to the table read or wrote secrets of subjects there. */
export interface StrangersTrigger {
  readonly kind: 'strangers';
  readonly table: 'subjectKeys';
}

export interface FlowFunction {
  readonly entry: string;
  readonly purpose: string;
  readonly trigger:
    | HttpTrigger
    | StreamTrigger
    | ScheduleTrigger
    | FailureTrigger
    | TaskTrigger
    | LogsTrigger
    | StrangersTrigger;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Concurrent executions set aside (and the most there can be). Absent: unreserved. */
  readonly reservedConcurrency?: number;
  readonly access: readonly Access[];
  /** What it uses secrets of subjects for; with access to them, and only then. */
  readonly keyPurposes?: readonly KeyPurpose[];
}

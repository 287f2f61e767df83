import type { Engine } from './engines/engine.ts';
import type { BusEvent } from './engines/event-bridge.ts';
import type { Execution } from './engines/step-functions.ts';
import type { Invocation } from './functions/function-host.ts';
import type { MeterReading } from './functions/meter.ts';
import type { HttpFront } from './http/http-front.ts';
import type { Json, SynthesizedStack } from './template/template.ts';

/** Ports of a region's own listeners; 0 is any free one. */
export interface RegionPorts {
  readonly kinesis: number;
  readonly s3: number;
  readonly kms: number;
  readonly events: number;
  readonly sqs: number;
  readonly states: number;
}

export interface RegionOptions {
  readonly stack: SynthesizedStack;
  /** Values for the template's parameters; those it does not declare are ignored. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Folder for objects, keys, logs and checkpoints. */
  readonly directory: string;
  /** Shared by regions: each sees only its own tables, by its access key. */
  readonly dynamodb: Engine;
  /** Keep streams on disk, so that they outlive the process. */
  readonly durable?: boolean;
  readonly ports?: RegionPorts;
  /** Listeners opened beforehand, by the API's id in flow.ts (`collect`). */
  readonly fronts?: Readonly<Record<string, HttpFront>>;
  /** Workers of one function at most. */
  readonly concurrencyMax?: number;
  /** Shards of an on-demand stream. AWS begins with four; two keep two cores busy with half the polling. */
  readonly onDemandShards?: number;
  /** Time between two looks at an empty shard or queue, ms. */
  readonly pollMs?: number;
  /** Load every function at once, so that no first event waits. */
  readonly eager?: boolean;
}

/** A call that its function's role does not allow. */
export interface Violation {
  readonly functionId: string;
  readonly action: string;
}

/** One jurisdiction's stack, running on this machine. */
export interface Region {
  readonly jurisdiction: string;
  /** URL of each HTTP API, by its id in flow.ts. */
  readonly urls: Readonly<Record<string, string>>;
  /** Endpoints of the AWS services, and what a client needs to be this region's. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same for whoever is no function of the region: what they do in its tables is on the audit trail. */
  readonly trailed: Readonly<Record<string, string>>;
  /** Environment variables of each function as the template resolves them, by function id. */
  readonly functions: Readonly<
    Record<string, { readonly logicalId: string; readonly environment: Readonly<Record<string, string>> }>
  >;
  /** Physical name (`Ref`) of each resource, by logical id. */
  readonly resources: Readonly<Record<string, string>>;
  /** Events that went over the region's buses lately. */
  recentEvents(): readonly { readonly bus: string; readonly event: BusEvent }[];
  /** The region's time. `advance` moves it forward; what had fallen due by then has begun when it resolves, objects that
   * expired are gone, and `idle` waits for the rest. */
  readonly clock: { now(): number; advance(ms: number): Promise<void> };
  /** Executions of state machines, finished ones too. A machine is named as in flow.ts. */
  executions(): readonly (Execution & { readonly machineId: string })[];
  /** Starts a state machine, by its id in flow.ts. @returns the execution's ARN. */
  startMachine(machineId: string, input: Json): Promise<string>;
  invoke(functionId: string, event: unknown): Promise<Invocation>;
  /** Whether nothing is under way: streams and queues drained, no invocation running, no state machine but in a wait. */
  isIdle(): boolean;
  /** Resolves when everything that was put into the region before the call is carried to its end, with all that
   * followed from it. `closeWindows` (default) ends open batching windows instead of waiting for them.
   * @throws UserError after `timeoutMs` (default 120,000). */
  idle(options?: { readonly closeWindows?: boolean; readonly timeoutMs?: number }): Promise<void>;
  meter(): MeterReading;
  violations(): readonly Violation[];
  /** Stops everything the region started. May be called twice. */
  stop(): Promise<void>;
}

import { type App, Stack } from 'aws-cdk-lib';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { machines } from '../functions/flow/machines.ts';
import type { FlowFunction } from '../functions/flow/triggers.ts';
import { type FunctionId, flow } from '../functions/flow.ts';
import type { DeployableJurisdiction } from '../functions/registry/jurisdictions/index.ts';
import type { Bundler } from './bundle.ts';
import { Alarms } from './constructs/alarms.ts';
import { Buckets } from './constructs/buckets.ts';
import { Catalogue } from './constructs/catalogue.ts';
import { DeployedFunction } from './constructs/deployed-function.ts';
import { Encryption } from './constructs/encryption.ts';
import { TransitionsBus } from './constructs/event-bus.ts';
import { FailureFeed } from './constructs/failure-feed.ts';
import { FailureQueues, type StreamFunctionId } from './constructs/failure-queues.ts';
import { FlowHttpApi, type Routed } from './constructs/http-api.ts';
import { KeyTrail } from './constructs/key-trail.ts';
import { LogFeed } from './constructs/log-feed.ts';
import { tellOutputs } from './constructs/outputs.ts';
import { place } from './constructs/resources.ts';
import { FlowStateMachine, MachineTicker } from './constructs/state-machine.ts';
import { StreamFeed } from './constructs/stream-feed.ts';
import { Streams } from './constructs/streams.ts';
import { Tables } from './constructs/tables.ts';
import { Ticker } from './constructs/ticker.ts';
import { Parameters } from './parameters.ts';
import type { StreamCapacity } from './settings.ts';

export interface JurisdictionStackProps {
  readonly jurisdiction: DeployableJurisdiction;
  readonly account: string | undefined;
  readonly streams: StreamCapacity;
  readonly bundle: Bundler;
}

const FUNCTION_IDS = Object.keys(flow) as FunctionId[];
const STREAM_FUNCTION_IDS: readonly StreamFunctionId[] = flow.salvage.trigger.functions;

/**
 * All of Rapport for one jurisdiction, in its own region: nothing in it refers to another jurisdiction (law 5). What
 * differs between deployments of one template are its parameters.
 */
export class JurisdictionStack extends Stack {
  private readonly parameters: Parameters;
  private readonly encryption: Encryption;
  private readonly streams: Streams;
  private readonly buckets: Buckets;
  private readonly queues: FailureQueues;
  private readonly functions: ReadonlyMap<FunctionId, DeployedFunction>;
  private readonly code: string;
  private readonly logGroupPrefix: string;

  constructor(app: App, id: string, props: JurisdictionStackProps) {
    const { jurisdiction } = props;
    super(app, id, {
      description: `Rapport for ${jurisdiction.name}: signals, profiles and evidence of its residents stay here`,
      env: {
        region: jurisdiction.region,
        ...(props.account === undefined ? {} : { account: props.account }),
      },
      crossRegionReferences: false,
      terminationProtection: true,
      analyticsReporting: false,
      tags: { 'rapport:jurisdiction': jurisdiction.code },
    });
    this.code = jurisdiction.code;
    this.logGroupPrefix = `/rapport/${jurisdiction.code}/`;
    this.parameters = new Parameters(this, 'Parameters');
    this.encryption = new Encryption(this, 'Encryption', {
      code: jurisdiction.code,
      logGroupPrefix: this.logGroupPrefix,
    });
    const key = this.encryption.dataKey;
    this.streams = new Streams(this, 'Streams', { key, capacity: props.streams });
    this.buckets = new Buckets(this, 'Buckets', { key, jurisdiction });
    new Catalogue(this, 'Catalogue', { key, jurisdiction, buckets: this.buckets });
    this.queues = new FailureQueues(this, 'FailureQueues');
    const tables = new Tables(this, 'Tables', { key });
    this.functions = this.deployFunctions(props, {
      tables,
      bus: new TransitionsBus(this, 'Transitions', { code: jurisdiction.code, key }).bus,
    });
    this.allowKeys();
    for (const functionId of FUNCTION_IDS) this.trigger(functionId);
    const built = this.buildMachines();
    const apis = this.openApis();
    this.watchLogs(apis);
    this.watchStrangers(tables);
    this.watch(apis, built);
    tellOutputs(this, { apis, buckets: this.buckets, signingKey: this.encryption.signingKey });
  }

  private deployFunctions(
    props: JurisdictionStackProps,
    others: { readonly tables: Tables; readonly bus: EventBus },
  ): ReadonlyMap<FunctionId, DeployedFunction> {
    const placed = place({
      ...others,
      streams: this.streams,
      buckets: this.buckets,
      encryption: this.encryption,
      code: this.code,
    });
    return new Map(
      FUNCTION_IDS.map((functionId) => [
        functionId,
        new DeployedFunction(this, pascal(functionId), {
          functionId,
          placed,
          code: this.code,
          dataKey: this.encryption.dataKey,
          peerEndpoints: this.parameters.peerEndpoints,
          publicHolidays: this.parameters.publicHolidays,
          logGroupPrefix: this.logGroupPrefix,
          bundle: props.bundle,
        }),
      ]),
    );
  }

  private deployed(functionId: FunctionId): DeployedFunction {
    const found = this.functions.get(functionId);
    if (found === undefined) throw new Error(`function ${functionId} is not in functions/flow.ts`);
    return found;
  }

  /** The policies of the token key and the signing key name the roles that the map gives an action on them. */
  private allowKeys(): void {
    for (const on of ['tokenKey', 'signingKey'] as const) {
      const users = new Map<string, DeployedFunction[]>();
      for (const functionId of FUNCTION_IDS)
        for (const access of (flow[functionId] as FlowFunction).access)
          if (access.on === on)
            for (const action of access.actions)
              users.set(action, [...(users.get(action) ?? []), this.deployed(functionId)]);
      for (const [action, functions] of users)
        this.encryption.allow(
          on,
          action,
          functions.map(({ role }) => role),
        );
    }
  }

  private trigger(functionId: FunctionId): void {
    const { trigger } = flow[functionId] as FlowFunction;
    const target = this.deployed(functionId);
    switch (trigger.kind) {
      case 'stream': {
        const windowSeconds =
          typeof trigger.windowSeconds === 'number'
            ? trigger.windowSeconds
            : this.parameters.archiveWindowSeconds;
        new StreamFeed(target, 'Feed', {
          target,
          trigger,
          windowSeconds,
          streamArn: this.streams.byId[trigger.stream].streamArn,
          failures: this.queues.of[streamFunction(functionId)],
        });
        return;
      }
      case 'failures-of':
        for (const from of trigger.functions)
          new FailureFeed(target, `${pascal(from)}Failures`, { target, failures: this.queues.of[from] });
        return;
      case 'schedule':
        new Ticker(target, 'Ticker', { target, trigger, missedTicks: this.queues.missedTicks });
        return;
      case 'http':
        // Routes of several functions share an API: see openApis.
        return;
      case 'task':
        // Machines name their tasks: see buildMachines.
        return;
      case 'logs':
        // The access logs of the APIs are among what it reads: see watchLogs.
        return;
      case 'strangers':
        // Who is none follows from all functions: see watchStrangers.
        return;
    }
  }

  private buildMachines(): readonly FlowStateMachine[] {
    return Object.entries(machines).map(([machineId, machine]) => {
      const target = new FlowStateMachine(this, `${pascal(machineId)}Machine`, {
        machineId,
        machine,
        code: this.code,
        encryption: this.encryption,
        logGroupPrefix: this.logGroupPrefix,
        functionArn: (functionId) => this.deployed(functionId as FunctionId).lambda.functionArn,
      });
      const { everyMinutes } = machine;
      if (everyMinutes !== undefined)
        new MachineTicker(target, 'Ticker', { target, everyMinutes, missedTicks: this.queues.missedTicks });
      return target;
    });
  }

  private openApis(): Readonly<Record<'collect' | 'operations', FlowHttpApi>> {
    const { oidcIssuer, oidcAudience, browserOrigins } = this.parameters;
    const { code, logGroupPrefix } = this;
    const shared = { code, dataKey: this.encryption.dataKey, logGroupPrefix, browserOrigins };
    return {
      collect: new FlowHttpApi(this, 'CollectApi', {
        ...shared,
        name: 'collect',
        description: 'Rapport: receives signals',
        functions: this.routed('collect'),
        access: {
          openBecause:
            'Clients of the Segment wire API send a write key by Basic authentication or in the body, which no authorizer of API Gateway reads: collect checks it itself, in constant time, before anything else.',
        },
      }),
      operations: new FlowHttpApi(this, 'OperationsApi', {
        ...shared,
        name: 'operations',
        description: 'Rapport: answers operational systems',
        functions: this.routed('operations'),
        access: { authorizer: new HttpJwtAuthorizer('Oidc', oidcIssuer, { jwtAudience: [oidcAudience] }) },
      }),
    };
  }

  private routed(api: 'collect' | 'operations'): readonly Routed[] {
    return FUNCTION_IDS.flatMap((functionId) => {
      const { trigger, timeoutSeconds }: FlowFunction = flow[functionId];
      return trigger.kind === 'http' && trigger.api === api
        ? [{ target: this.deployed(functionId), trigger, timeoutSeconds }]
        : [];
    });
  }

  /** Feeds what all functions and APIs log to the function that searches it, but not that function's own lines: each
   * would cause another. */
  private watchLogs(apis: Readonly<Record<string, FlowHttpApi>>): void {
    for (const [functionId, target] of this.functions) {
      const { trigger }: FlowFunction = flow[functionId];
      if (trigger.kind !== 'logs') continue;
      const others = [...this.functions].filter(([id]) => id !== functionId);
      new LogFeed(target, 'Feed', {
        target,
        groups: {
          ...Object.fromEntries(others.map(([id, { logGroup }]) => [pascal(id), logGroup])),
          ...Object.fromEntries(
            Object.entries(apis).map(([name, { accessLogs }]) => [`Access${pascal(name)}`, accessLogs]),
          ),
        },
      });
    }
  }

  /** Hands calls to a table, by anybody but the functions that the map gives access to it, to the function that looks into
   * them. */
  private watchStrangers(tables: Tables): void {
    for (const [functionId, target] of this.functions) {
      const { trigger }: FlowFunction = flow[functionId];
      if (trigger.kind !== 'strangers') continue;
      new KeyTrail(target, 'Trail', {
        code: this.code,
        table: tables.byId[trigger.table],
        insiders: FUNCTION_IDS.filter((id) =>
          (flow[id] as FlowFunction).access.some(({ on }) => on === trigger.table),
        ).map((id) => this.deployed(id)),
        bucket: this.buckets.accessLogs,
        target,
      });
    }
  }

  private watch(apis: Readonly<Record<string, FlowHttpApi>>, built: readonly FlowStateMachine[]): void {
    new Alarms(this, 'Alarms', {
      functions: [...this.functions.values()],
      streamFunctions: STREAM_FUNCTION_IDS.map((id) => ({
        id,
        target: this.deployed(id),
        lateMinutes: LATE_MINUTES[id],
      })),
      queues: this.queues,
      apis: Object.entries(apis).map(([name, api]) => ({ name, api })),
      machines: built,
    });
  }
}

/** Minutes a consumer may be behind before somebody is told. The archive waits for its window on purpose. */
const LATE_MINUTES: Readonly<Record<StreamFunctionId, number>> = { understand: 5, archive: 30 };

const pascal = (id: string): string => `${id.charAt(0).toUpperCase()}${id.slice(1)}`;

function streamFunction(functionId: FunctionId): StreamFunctionId {
  const found = STREAM_FUNCTION_IDS.find((id) => id === functionId);
  if (found === undefined)
    throw new Error(`function ${functionId} reads a stream, so salvage must list it in functions/flow.ts`);
  return found;
}

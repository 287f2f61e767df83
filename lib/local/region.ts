import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RegionClock } from './clock.ts';
import type { Engine } from './engines/engine.ts';
import { startTrail } from './engines/trail.ts';
import { UserError } from './errors.ts';
import type { LogSource } from './event-sources/log-source.ts';
import type { EventSource } from './event-sources/source.ts';
import { FunctionHost, type Invocation } from './functions/function-host.ts';
import { Grants } from './functions/grants.ts';
import { LogFile } from './functions/log-file.ts';
import { Meter } from './functions/meter.ts';
import { apiIdOf } from './http/api-id.ts';
import { HttpFront } from './http/http-front.ts';
import { type RegionEngines, regionClients, regionEnvironment, startEngines } from './region-engines.ts';
import type { Region, RegionOptions, Violation } from './region-types.ts';
import type { Build } from './resources/build.ts';
import { makeResource, requireKnownTypes } from './resources/index.ts';
import { Properties } from './resources/properties.ts';
import { executionsOf, machineArnOf, startMachines } from './start-machines.ts';
import { startApis, startRules, startSources, startSubscriptions } from './start-triggers.ts';
import { type Created, creationOrder, parameterValues, resolve, type Scope } from './template/intrinsics.ts';
import type { JsonMap } from './template/template.ts';

export type { Region, RegionOptions } from './region-types.ts';

/** Makes all that the template declares and runs it.
 * @throws TemplateError when it declares what the local region does not know. */
export async function startRegion(options: RegionOptions): Promise<Region> {
  const { stack } = options;
  requireKnownTypes(stack.template.Resources);
  const stops: (() => Promise<void> | void)[] = [];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      for (const end of stops.splice(0).reverse()) await end();
    })();
    return stopped;
  };
  try {
    return await new RegionMaker(options, stops, stop).make();
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Carries the parts of a start from one step to the next. */
class RegionMaker {
  readonly #options: RegionOptions;
  readonly #stops: (() => Promise<void> | void)[];
  readonly #stop: () => Promise<void>;
  readonly #hosts = new Map<string, FunctionHost>();
  readonly #clock = new RegionClock();
  readonly #meter = new Meter();
  readonly #violations = new Map<string, Violation>();
  readonly #faults: LogFile;
  readonly #sources: EventSource[] = [];
  /** By the short name of the log. */
  #logFeeds: ReadonlyMap<string, readonly LogSource[]> = new Map();
  #lastActivity = performance.now();
  #engines: RegionEngines | undefined;

  constructor(options: RegionOptions, stops: (() => Promise<void> | void)[], stop: () => Promise<void>) {
    this.#options = options;
    this.#stops = stops;
    this.#stop = stop;
    this.#faults = this.#log('region');
    stops.push(() => this.#faults.close());
  }

  async make(): Promise<Region> {
    const { stack } = this.#options;
    const engines = await startEngines(
      this.#options,
      this.#clock,
      (engine) => this.#stops.push(() => engine.stop()),
      (cause) => this.#noteFault(cause),
    );
    this.#engines = engines;
    const environment = regionEnvironment(stack, engines);
    const clients = regionClients(stack, engines);
    this.#stops.push(() => {
      for (const client of Object.values(clients)) client.close();
    });
    const build: Build = {
      stack,
      engines,
      clients,
      grants: new Grants(),
      front: (name) => this.#front(name),
      onDemandShards: this.#options.onDemandShards ?? 2,
      functions: new Map(),
      managedPolicies: new Map(),
      queues: new Map(),
      mappings: [],
      rules: [],
      subscriptions: [],
      selectors: [],
      apis: new Map(),
      integrations: new Map(),
      authorizers: new Map(),
      routes: [],
      stages: new Map(),
      machines: new Map(),
    };
    const created = await this.#create(build);
    this.#host(build, environment, engines);
    const surroundings = {
      build,
      directory: this.#options.directory,
      durable: this.#options.durable ?? false,
      pollMs: this.#options.pollMs ?? 250,
      invoke: (arn: string, event: unknown) => this.#invoke(arn, event),
      openLog: (name: string) => this.#openLog(name),
      onFault: (cause: unknown) => this.#noteFault(cause),
    };
    this.#stops.push(async () => {
      await Promise.all([
        ...this.#sources.map((source) => source.stop()),
        ...[...this.#hosts.values()].map((host) => host.stop()),
      ]);
    });
    this.#logFeeds = startSubscriptions(surroundings);
    this.#sources.push(...[...this.#logFeeds.values()].flat());
    startApis(surroundings);
    startMachines(surroundings, ({ name }) => this.#noteViolation(name, 'lambda:InvokeFunction'));
    this.#keepTime(engines);
    this.#stops.push(startRules(surroundings));
    await startSources(surroundings, this.#sources);
    if (this.#options.eager ?? false) for (const host of this.#hosts.values()) host.warm();
    const trailed = await startTrail({
      dynamodb: engines.dynamodb,
      events: engines.events,
      selectors: build.selectors,
      account: stack.account,
      region: stack.region,
      now: this.#clock.now,
    });
    this.#stops.push(() => trailed.stop());
    return this.#region(build, created, environment, trailed);
  }

  async #front(apiName: string): Promise<HttpFront> {
    const given = this.#options.fronts?.[apiIdOf(apiName)];
    const front = given ?? (await HttpFront.open(0));
    this.#stops.push(() => front.stop());
    return front;
  }

  async #create(build: Build): Promise<ReadonlyMap<string, Created>> {
    const { stack, parameters = {} } = this.#options;
    const created = new Map<string, Created>();
    const scope: Scope = {
      template: stack.template,
      parameters: parameterValues(stack.template, parameters),
      pseudo: {
        'AWS::Partition': 'aws',
        'AWS::Region': stack.region,
        'AWS::AccountId': stack.account,
        'AWS::URLSuffix': 'amazonaws.com',
        'AWS::StackName': stack.stackName,
        'AWS::StackId': `arn:aws:cloudformation:${stack.region}:${stack.account}:stack/${stack.stackName}/local`,
      },
      created,
    };
    for (const logicalId of creationOrder(scope)) {
      const resource = stack.template.Resources[logicalId];
      if (resource === undefined) continue;
      const properties = new Properties(
        logicalId,
        resolve(resource.Properties ?? {}, scope, logicalId) as JsonMap,
      );
      created.set(logicalId, await makeResource(resource.Type, properties, build));
    }
    return created;
  }

  #host(build: Build, environment: Readonly<Record<string, string>>, engines: RegionEngines): void {
    const servicesByPort = Object.fromEntries(
      Object.entries(engines).map(([service, engine]) => [String(engine.port), service]),
    );
    for (const spec of build.functions.values()) {
      const runtime = {
        AWS_LAMBDA_FUNCTION_NAME: spec.functionName,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        LAMBDA_TASK_ROOT: spec.bundleFolder,
      };
      const host = new FunctionHost(spec, {
        environment: { ...environment, ...runtime },
        servicesByPort,
        ahead: this.#clock.ahead,
        log: this.#log(spec.functionId, (name, value) => this.#meter.addMetric(spec.functionId, name, value)),
        concurrencyMax: this.#options.concurrencyMax ?? 4,
        onReport: (report) => {
          this.#meter.addCalls(report);
          for (const action of report.actions) {
            if (!build.grants.allows(spec.role, action)) this.#noteViolation(spec.functionId, action);
          }
        },
      });
      this.#hosts.set(spec.arn, host);
    }
  }

  async #invoke(arn: string, event: unknown): Promise<Invocation> {
    const host = this.#hosts.get(arn);
    if (host === undefined)
      return {
        ok: false,
        error: { errorType: 'ResourceNotFoundException', errorMessage: `no function ${arn}` },
      };
    this.#lastActivity = performance.now();
    const invocation = await host.invoke(event);
    this.#lastActivity = performance.now();
    return invocation;
  }

  #log(name: string, onMetric: (name: string, value: number) => void = () => undefined): LogFile {
    return new LogFile(
      join(this.#options.directory, 'logs', this.#options.stack.jurisdiction, `${name}.log`),
      onMetric,
      (lines) => {
        for (const feed of this.#logFeeds.get(name) ?? []) feed.add(lines, Date.now());
      },
    );
  }

  #openLog(name: string): LogFile {
    const log = this.#log(name);
    this.#stops.push(() => log.close());
    return log;
  }

  #noteFault(cause: unknown): void {
    this.#faults.write(
      0,
      Buffer.from(
        `${new Date().toISOString()} ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`,
      ),
    );
  }

  #noteViolation(functionId: string, action: string): void {
    this.#violations.set(`${functionId} ${action}`, { functionId, action });
  }

  /** Lets objects expire, once a day as S3 does, and whenever the clock is moved. */
  #keepTime({ s3, events }: RegionEngines): void {
    const expire = async (): Promise<void> => void (await s3.applyLifecycle(this.#clock.now()));
    this.#clock.onAdvance(expire);
    this.#stops.push(events.addSchedule({ name: 'S3 lifecycle', everyMs: DAY_MS, target: expire }));
  }

  #isIdle(since: number): boolean {
    if (!(this.#engines?.states.isIdle(NEAR_WAIT_MS) ?? true)) return false;
    for (const host of this.#hosts.values()) if (host.inFlight > 0) return false;
    const last = Math.max(since, this.#lastActivity);
    return this.#sources.every((source) => source.isDrained(last));
  }

  async #idle(closeWindows: boolean, timeoutMs: number): Promise<void> {
    const began = performance.now();
    while (!this.#isIdle(began)) {
      if (performance.now() - began > timeoutMs) {
        const busy = this.#sources.filter((source) => !source.isDrained(began)).map((source) => source.name);
        throw new UserError(
          `region ${this.#options.stack.jurisdiction} is still busy after ${timeoutMs} ms (${busy.join(', ') || 'invocations'})`,
        );
      }
      if (closeWindows) for (const source of this.#sources) source.closeWindows();
      await pause(20);
    }
    // Output of the last invocations may still be on its way from their workers.
    await pause(20);
  }

  #region(
    build: Build,
    created: ReadonlyMap<string, Created>,
    environment: Readonly<Record<string, string>>,
    trailed: Engine,
  ): Region {
    const specs = [...build.functions.values()];
    const arnBy = (functionId: string): string =>
      specs.find((spec) => [spec.functionId, spec.logicalId, spec.functionName].includes(functionId))?.arn ??
      functionId;
    return {
      jurisdiction: this.#options.stack.jurisdiction,
      urls: Object.fromEntries([...build.apis.values()].map(({ name, front }) => [apiIdOf(name), front.url])),
      environment,
      trailed: { ...environment, AWS_ENDPOINT_URL_DYNAMODB: trailed.url },
      functions: Object.fromEntries(
        specs.map((spec) => [spec.functionId, { logicalId: spec.logicalId, environment: spec.environment }]),
      ),
      resources: Object.fromEntries([...created].map(([logicalId, { ref }]) => [logicalId, ref])),
      recentEvents: () => build.engines.events.recent(),
      clock: { now: this.#clock.now, advance: (ms) => this.#clock.advance(ms) },
      executions: () => executionsOf(build),
      startMachine: (machineId, input) => build.engines.states.start(machineArnOf(build, machineId), input),
      invoke: (functionId, event) => this.#invoke(arnBy(functionId), event),
      isIdle: () => this.#isIdle(0),
      idle: ({ closeWindows = true, timeoutMs = 120_000 } = {}) => this.#idle(closeWindows, timeoutMs),
      meter: () => this.#meter.read(),
      violations: () => [...this.#violations.values()],
      stop: this.#stop,
    };
  }
}

const DAY_MS = 86_400_000;
/** A state machine that waits for longer is not under way, ms. */
const NEAR_WAIT_MS = 2_000;

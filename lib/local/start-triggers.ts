import { join } from 'node:path';
import type { EventPattern, Target } from './engines/event-bridge.ts';
import { TemplateError } from './errors.ts';
import { Checkpoints } from './event-sources/checkpoints.ts';
import { startKinesisSource } from './event-sources/kinesis-source.ts';
import { type LogSource, startLogSource } from './event-sources/log-source.ts';
import type { EventSource } from './event-sources/source.ts';
import { startSqsSource } from './event-sources/sqs-source.ts';
import type { Invocation } from './functions/function-host.ts';
import type { LogFile } from './functions/log-file.ts';
import { type Build, functionOf } from './resources/build.ts';
import { periodMs } from './resources/events.ts';
import { routesOf } from './resources/http.ts';
import type { Properties } from './resources/properties.ts';
import type { Json } from './template/template.ts';

/** What triggers need of their region. */
export interface TriggerSurroundings {
  readonly build: Build;
  readonly directory: string;
  readonly durable: boolean;
  readonly pollMs: number;
  invoke(functionArn: string, event: unknown): Promise<Invocation>;
  openLog(name: string): LogFile;
  onFault(cause: unknown): void;
}

/** Begins to serve the HTTP APIs. */
export function startApis({ build, invoke, openLog }: TriggerSurroundings): void {
  for (const [apiId, { front, cors }] of build.apis) {
    const stage = build.stages.get(apiId);
    if (stage === undefined) throw new TemplateError(apiId, `${apiId}: the API has no stage`);
    const { accessLog } = stage;
    const log = accessLog === undefined ? undefined : openLog(accessLog.name);
    front.serve(
      {
        apiId,
        accountId: build.stack.account,
        stage: stage.name,
        routes: routesOf(build, apiId),
        ...(cors === undefined ? {} : { cors }),
      },
      {
        invoke,
        ...(log === undefined || accessLog === undefined
          ? {}
          : {
              onAccess: (line) => {
                const values: Record<string, string> = {
                  requestId: line.requestId,
                  requestTimeEpoch: String(Date.now()),
                  routeKey: line.routeKey,
                  status: String(line.status),
                  responseLatency: line.latencyMs.toFixed(0),
                  responseLength: String(line.responseBytes),
                };
                const text = accessLog.format.replace(
                  /\$context\.([\w.]+)/g,
                  (_whole, name: string) => values[name] ?? '-',
                );
                log.write(0, Buffer.from(`${text}\n`));
              },
            }),
      },
    );
  }
}

/** Starts schedules and rules.
 * @returns what ends the schedules. */
export function startRules(surroundings: TriggerSurroundings): () => void {
  const { events } = surroundings.build.engines;
  const endings: (() => void)[] = [];
  for (const rule of surroundings.build.rules) {
    const targets = rule.each('Targets').map((target) => targetOf(surroundings, target));
    const schedule = rule.optionalText('ScheduleExpression');
    if (schedule !== undefined) {
      const everyMs = periodMs(rule.logicalId, schedule);
      for (const target of targets)
        endings.push(events.addSchedule({ name: rule.logicalId, everyMs, target }));
    }
    if (rule.raw('EventPattern') !== undefined) {
      const bus = rule.optionalText('EventBusName')?.split('event-bus/').at(-1) ?? 'default';
      events.addRule({
        name: rule.logicalId,
        bus,
        pattern: rule.map('EventPattern') as EventPattern,
        targets,
      });
    }
  }
  return () => {
    for (const end of endings) end();
  };
}

/** Times an asynchronous invocation is tried unless the target says otherwise. */
const RETRIES = 2;

function targetOf(surroundings: TriggerSurroundings, target: Properties): Target {
  const { build, invoke, openLog } = surroundings;
  const arn = target.text('Arn');
  const input = target.optionalText('Input');
  const spec = functionOf(build, arn);
  if (spec !== undefined) {
    const retries = target.within('RetryPolicy').number('MaximumRetryAttempts', RETRIES);
    const dead = build.queues.get(target.within('DeadLetterConfig').optionalText('Arn') ?? '');
    return async (event) => {
      const payload: unknown = input === undefined ? event : JSON.parse(input);
      for (let attempt = 0; attempt <= retries; attempt += 1)
        if ((await invoke(spec.arn, payload)).ok) return;
      if (dead !== undefined) await send(build, dead.url, payload);
    };
  }
  if (build.machines.has(arn))
    return async (event) =>
      void (await build.engines.states.start(arn, (input === undefined ? event : JSON.parse(input)) as Json));
  const queue = build.queues.get(arn);
  if (queue !== undefined) return (event) => send(build, queue.url, event);
  const group = /:log-group:([^:]+)/.exec(arn)?.[1]?.split('/').at(-1);
  if (group !== undefined) {
    const log = openLog(group);
    return (event) => log.write(0, Buffer.from(`${JSON.stringify(event)}\n`));
  }
  throw new TemplateError(
    target.logicalId,
    `${target.logicalId}: the local region cannot send events to ${arn}`,
  );
}

async function send(build: Build, queueUrl: string, message: unknown): Promise<void> {
  await build.clients.sqs.call('SendMessage', { QueueUrl: queueUrl, MessageBody: JSON.stringify(message) });
}

/** Time that log lines are gathered before they are delivered, ms. CloudWatch Logs takes seconds. */
const LOG_GATHER_MS = 1_000;

/** Starts the subscriptions to log groups.
 * @returns the feeds of each log, by its short name (the last part of the log group's) */
export function startSubscriptions({
  build,
  invoke,
}: Pick<TriggerSurroundings, 'build' | 'invoke'>): ReadonlyMap<string, readonly LogSource[]> {
  const feeds = new Map<string, readonly LogSource[]>();
  for (const filter of build.subscriptions) {
    const { logicalId } = filter;
    const logGroup = filter.text('LogGroupName');
    const spec = functionOf(build, filter.text('DestinationArn'));
    if (spec === undefined)
      throw new TemplateError(logicalId, `${logicalId}: the local region delivers logs to functions only`);
    const name = logGroup.split('/').at(-1) ?? logGroup;
    const feed = startLogSource(
      { name: logicalId, logGroup, account: build.stack.account },
      { invoke: (event) => invoke(spec.arn, event), gatherMs: LOG_GATHER_MS },
    );
    feeds.set(name, [...(feeds.get(name) ?? []), feed]);
  }
  return feeds;
}

/** Starts the event source mappings.
 * @param started gets each as soon as it runs, so that those before a failing one are stopped */
export async function startSources(surroundings: TriggerSurroundings, started: EventSource[]): Promise<void> {
  for (const mapping of surroundings.build.mappings) started.push(await startSource(surroundings, mapping));
}

function startSource(surroundings: TriggerSurroundings, mapping: Properties): Promise<EventSource> {
  const { logicalId } = mapping;
  const source = mapping.text('EventSourceArn');
  const spec = functionOf(surroundings.build, mapping.text('FunctionName'));
  if (spec === undefined)
    throw new TemplateError(logicalId, `${logicalId}: its function is not in the template`);
  const service = source.split(':')[2];
  if (service === 'kinesis') return kinesisSource(surroundings, mapping, source, spec.arn);
  if (service === 'sqs') return sqsSource(surroundings, mapping, source, spec.arn);
  throw new TemplateError(logicalId, `${logicalId}: the local region has no event source for ${service}`);
}

/** Seconds as ms; a negative number means no limit and stays. */
const limitMs = (seconds: number): number => (seconds < 0 ? -1 : seconds * 1_000);

function kinesisSource(
  surroundings: TriggerSurroundings,
  mapping: Properties,
  streamArn: string,
  functionArn: string,
): Promise<EventSource> {
  const { build, directory, durable } = surroundings;
  const startingPosition = mapping.text('StartingPosition');
  if (startingPosition !== 'TRIM_HORIZON' && startingPosition !== 'LATEST')
    throw new TemplateError(
      mapping.logicalId,
      `${mapping.logicalId}: the local region does not start at ${startingPosition}`,
    );
  const failureArn = mapping.within('DestinationConfig').within('OnFailure').optionalText('Destination');
  const failures = failureArn === undefined ? undefined : build.queues.get(failureArn);
  if (failureArn !== undefined && failures === undefined)
    throw new TemplateError(
      mapping.logicalId,
      `${mapping.logicalId}: on failure it must send to a queue of the template`,
    );
  return startKinesisSource(
    {
      name: mapping.logicalId,
      streamName: streamArn.split('/').at(-1) ?? '',
      streamArn,
      region: build.stack.region,
      functionArn,
      batchSize: mapping.number('BatchSize', 100),
      windowMs: mapping.number('MaximumBatchingWindowInSeconds', 0) * 1_000,
      parallelizationFactor: mapping.number('ParallelizationFactor', 1),
      startingPosition,
      policy: {
        bisectOnError: mapping.flag('BisectBatchOnFunctionError'),
        reportFailures: mapping.texts('FunctionResponseTypes').includes('ReportBatchItemFailures'),
        retryAttemptsMax: mapping.number('MaximumRetryAttempts', -1),
        recordAgeMsMax: limitMs(mapping.number('MaximumRecordAgeInSeconds', -1)),
      },
    },
    {
      kinesis: build.clients.kinesis,
      checkpoints: new Checkpoints(
        durable
          ? join(directory, 'checkpoints', build.stack.jurisdiction, `${mapping.logicalId}.json`)
          : undefined,
      ),
      invoke: (event) => surroundings.invoke(functionArn, event),
      onFailure: failures === undefined ? undefined : (message) => send(build, failures.url, message),
      pollMs: surroundings.pollMs,
      onFault: surroundings.onFault,
    },
  );
}

async function sqsSource(
  surroundings: TriggerSurroundings,
  mapping: Properties,
  queueArn: string,
  functionArn: string,
): Promise<EventSource> {
  const queue = surroundings.build.queues.get(queueArn);
  if (queue === undefined)
    throw new TemplateError(mapping.logicalId, `${mapping.logicalId}: its queue is not in the template`);
  return startSqsSource(
    {
      name: mapping.logicalId,
      queueUrl: queue.url,
      queueArn,
      region: surroundings.build.stack.region,
      batchSize: mapping.number('BatchSize', 10),
      windowMs: mapping.number('MaximumBatchingWindowInSeconds', 0) * 1_000,
      reportFailures: mapping.texts('FunctionResponseTypes').includes('ReportBatchItemFailures'),
    },
    {
      sqs: surroundings.build.clients.sqs,
      invoke: (event) => surroundings.invoke(functionArn, event),
      pollMs: surroundings.pollMs,
      onFault: surroundings.onFault,
    },
  );
}

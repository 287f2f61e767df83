import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { AwsError, awsJsonHandler, type JsonObject } from './aws-json.ts';
import type { Engine } from './engine.ts';
import { type EventPattern, matchesPattern, requireValidPattern } from './event-bridge/pattern.ts';
import { type Clock, startSchedule, systemClock } from './event-bridge/schedule.ts';
import { serveLoopback } from './loopback-server.ts';

export type { EventPattern } from './event-bridge/pattern.ts';
export type { Clock } from './event-bridge/schedule.ts';

/** An event as a target receives it. */
export type BusEvent = {
  readonly version: '0';
  readonly id: string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601, whole seconds, UTC. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly 'detail-type': string;
  readonly detail: JsonObject;
};

export type Target = (event: BusEvent) => void | Promise<void>;

export type Schedule = { readonly everyMs: number; readonly target: Target };

export type Rule = {
  readonly name: string;
  /** Name of the bus; `default` unless given. */
  readonly bus?: string;
  readonly pattern: EventPattern;
  readonly targets: readonly Target[];
};

export type EventBridgeOptions = {
  readonly port?: number;
  readonly region?: string;
  readonly accountId?: string;
  /** Each accepted event is added here as one NDJSON line: `{"bus", "event"}`. */
  readonly file?: string;
  /** How many events `recent` remembers. */
  readonly recentMax?: number;
  readonly clock?: Clock;
  /** Told when a target or a schedule throws; the bus goes on. */
  readonly onTargetError?: (cause: unknown, name: string) => void;
};

export type EventBridgeEngine = Engine & {
  /** Makes a bus; events to an unknown one are refused. `default` is always there. */
  createBus(name: string): void;
  /** @throws AwsError InvalidEventPatternException when the pattern has a form this engine does not know. */
  addRule(rule: Rule): void;
  /** Calls `target` every `everyMs` with the event that a schedule rule sends. A run that is late is not repeated,
   * and runs do not overlap. @returns a function that ends it. */
  addSchedule(schedule: Schedule & { readonly name?: string }): () => void;
  /** Puts an event as the HTTP API does, without its checks. */
  publish(bus: string, event: BusEvent): void;
  /** The newest events, oldest first. */
  recent(): readonly { readonly bus: string; readonly event: BusEvent }[];
  /** Resolves when every target called so far has ended and the file is written. */
  settled(): Promise<void>;
};

const ENTRIES_MAX = 10;
const ENTRY_BYTES_MAX = 262_144;
const RECENT_MAX = 1_000;

type Failure = { readonly ErrorCode: string; readonly ErrorMessage: string };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function parseDetail(detail: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(detail);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Size as EventBridge counts it: 14 bytes for a time, and UTF-8 lengths of source, detail-type, detail and resources
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html). */
function entryBytes(entry: JsonObject): number {
  const resources = Array.isArray(entry.Resources) ? entry.Resources : [];
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...resources];
  const timeBytes = entry.Time === undefined ? 0 : 14;
  return texts.reduce<number>((sum, part) => sum + Buffer.byteLength(text(part)), timeBytes);
}

function entryFailure(entry: JsonObject): Failure | undefined {
  const invalid = (name: string): Failure => ({
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  });
  if (text(entry.Source) === '') return invalid('Source');
  if (text(entry.DetailType) === '') return invalid('DetailType');
  if (text(entry.Detail) === '') return invalid('Detail');
  if (parseDetail(text(entry.Detail)) === undefined)
    return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  return undefined;
}

const busName = (nameOrArn: unknown): string => {
  const name = text(nameOrArn);
  return name === '' ? 'default' : name.replace(/^arn:[^/]*:event-bus\//, '');
};

/** Starts EventBridge: PutEvents over HTTP; rules, schedules and buses are made by the program.
 * @throws EngineError when the port is taken. */
export async function startEventBridge(options: EventBridgeOptions = {}): Promise<EventBridgeEngine> {
  const clock = options.clock ?? systemClock;
  const recentMax = options.recentMax ?? RECENT_MAX;
  const onTargetError =
    options.onTargetError ??
    ((cause, name) => console.error(`event target ${name} failed: ${String(cause)}`));
  const buses = new Set(['default']);
  const rules: Rule[] = [];
  const recent: { bus: string; event: BusEvent }[] = [];
  const endings = new Set<() => void>();
  const running = new Set<Promise<void>>();
  let filed = Promise.resolve();

  const run = (name: string, target: Target, event: BusEvent): Promise<void> => {
    const ended = (async () => target(event))().catch((cause: unknown) => onTargetError(cause, name));
    running.add(ended);
    return ended.finally(() => running.delete(ended));
  };
  const makeEvent = (
    part: Pick<BusEvent, 'source' | 'detail-type' | 'detail'>,
    at: number,
    resources: string[],
  ): BusEvent => ({
    version: '0',
    id: randomUUID(),
    account: options.accountId ?? '000000000000',
    time: new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: options.region ?? 'us-east-1',
    resources,
    ...part,
  });
  const publish = (bus: string, event: BusEvent): void => {
    recent.push({ bus, event });
    if (recent.length > recentMax) recent.splice(0, recent.length - recentMax);
    const file = options.file;
    if (file !== undefined) {
      const line = `${JSON.stringify({ bus, event })}\n`;
      filed = filed.then(() => appendFile(file, line)).catch((cause: unknown) => onTargetError(cause, file));
    }
    for (const rule of rules) {
      if ((rule.bus ?? 'default') !== bus || !matchesPattern(rule.pattern, event)) continue;
      for (const target of rule.targets) void run(rule.name, target, event);
    }
  };

  const putEvents = (input: JsonObject): JsonObject => {
    const entries: unknown = input.Entries;
    if (!Array.isArray(entries) || entries.length === 0 || entries.length > ENTRIES_MAX)
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${ENTRIES_MAX}`,
      );
    const bytes = entries.reduce<number>((sum, entry) => sum + entryBytes({ ...entry }), 0);
    if (bytes > ENTRY_BYTES_MAX)
      throw new AwsError(
        'ValidationException',
        'Total size of the entries in the request is over the limit.',
      );
    const results = entries.map((one: unknown) => {
      const entry: JsonObject = { ...(one as JsonObject) };
      const failure = entryFailure(entry);
      if (failure !== undefined) return failure;
      const bus = busName(entry.EventBusName);
      // The service accepts an unknown bus silently, which would hide a wiring mistake on one machine.
      if (!buses.has(bus))
        return { ErrorCode: 'ResourceNotFoundException', ErrorMessage: `Event bus ${bus} does not exist.` };
      const at = typeof entry.Time === 'number' ? entry.Time * 1_000 : clock.now();
      const resources = Array.isArray(entry.Resources) ? entry.Resources.map(text) : [];
      const detail = parseDetail(text(entry.Detail)) ?? {};
      const event = makeEvent(
        { source: text(entry.Source), 'detail-type': text(entry.DetailType), detail },
        at,
        resources,
      );
      publish(bus, event);
      return { EventId: event.id };
    });
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  };

  const engine = await serveLoopback(awsJsonHandler('AWSEvents', { PutEvents: putEvents }), options.port);
  return {
    ...engine,
    createBus: (name) => void buses.add(name),
    addRule: (rule) => {
      requireValidPattern(rule.pattern);
      buses.add(rule.bus ?? 'default');
      rules.push(rule);
    },
    addSchedule: (schedule) => {
      const name = schedule.name ?? 'schedule';
      const end = startSchedule(clock, schedule.everyMs, (at) =>
        run(
          name,
          schedule.target,
          makeEvent({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }, at, []),
        ),
      );
      endings.add(end);
      return () => {
        endings.delete(end);
        end();
      };
    },
    publish,
    recent: () => [...recent],
    settled: async () => {
      while (running.size > 0) await Promise.all(running);
      await filed;
    },
    stop: async () => {
      for (const end of endings) end();
      endings.clear();
      await engine.stop();
      await filed;
    },
  };
}

import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type EventSource, type Invoke, Pauses } from './source.ts';

/** Subscription of a function to a log group, as the template states it. */
export interface LogSubscription {
  readonly name: string;
  readonly logGroup: string;
  readonly account: string;
}

export interface LogSourcePorts {
  readonly invoke: Invoke;
  /** Time that lines are gathered before they are delivered, ms. */
  readonly gatherMs: number;
}

/** A log group's feed: lines go in as they are written, and to the function in batches. */
export interface LogSource extends EventSource {
  add(lines: readonly string[], at: number): void;
}

/** Lines of one delivery at most; CloudWatch Logs packs up to a megabyte. */
const LINES_MAX = 1_000;
/** Times a delivery is tried, as Lambda tries asynchronous invocations. */
const ATTEMPTS = 3;

/** Starts to deliver the lines of one log group. */
export function startLogSource(subscription: LogSubscription, ports: LogSourcePorts): LogSource {
  const pauses = new Pauses();
  const waiting: { readonly id: string; readonly timestamp: number; readonly message: string }[] = [];
  let stopped = false;
  let delivering = false;
  let wake = (): void => undefined;

  const deliver = async (): Promise<void> => {
    delivering = true;
    const logEvents = waiting.splice(0, LINES_MAX);
    const message = {
      messageType: 'DATA_MESSAGE',
      owner: subscription.account,
      logGroup: subscription.logGroup,
      logStream: 'local',
      subscriptionFilters: [subscription.name],
      logEvents,
    };
    const event = { awslogs: { data: gzipSync(JSON.stringify(message)).toString('base64') } };
    for (let attempt = 0; attempt < ATTEMPTS && !stopped; attempt += 1)
      if ((await ports.invoke(event)).ok) break;
    delivering = false;
  };

  const follow = async (): Promise<void> => {
    while (!stopped) {
      if (waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (!stopped) await pauses.pause(ports.gatherMs);
      while (waiting.length > 0 && !stopped) await deliver();
    }
  };

  const running = follow();
  return {
    name: subscription.name,
    add: (lines, at) => {
      for (const message of lines) waiting.push({ id: randomUUID(), timestamp: at, message });
      wake();
    },
    isDrained: () => waiting.length === 0 && !delivering,
    closeWindows: () => pauses.wake(),
    stop: async () => {
      stopped = true;
      wake();
      pauses.wake();
      await running;
    },
  };
}

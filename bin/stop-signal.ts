import process from 'node:process';

const PARENT_LOOK_MS = 250;

/** Calls `stop` once, at the first sign that this process is to end: an interrupt, a request to terminate, a closed
 * terminal, or the end of the npm that started it. (npm passes a signal on to its shell, which dies without telling us.) */
export function onStopRequest(stop: () => void): void {
  let asked = false;
  const ask = (): void => {
    if (asked) return;
    asked = true;
    stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    ask();
  }, PARENT_LOOK_MS);
  watch.unref();
}

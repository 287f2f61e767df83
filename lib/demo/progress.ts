/** One line on standard error that says how far a long step has come. On a terminal it is rewritten in place; in a log
 * it appears every few seconds. */
export interface Progress {
  /** @param done steps so far · @param all absent when not known */
  step(label: string, done: number, all?: number): void;
  /** Ends the line, so that other output starts on its own. */
  end(): void;
}

const TERMINAL_EVERY_MS = 100;
const LOG_EVERY_MS = 2_000;
const BAR_WIDTH = 24;

export function progressOn(stream: NodeJS.WriteStream = process.stderr): Progress {
  const inPlace = stream.isTTY === true;
  const every = inPlace ? TERMINAL_EVERY_MS : LOG_EVERY_MS;
  let shownAt = performance.now();
  let shown = '';
  return {
    step(label, done, all) {
      const now = performance.now();
      if (now - shownAt < every) return;
      shownAt = now;
      shown = lineOf(label, done, all);
      stream.write(inPlace ? `\r\u001b[K${shown}` : `${shown}\n`);
    },
    end() {
      if (inPlace && shown !== '') stream.write('\r\u001b[K');
      shown = '';
      shownAt = performance.now();
    },
  };
}

function lineOf(label: string, done: number, all: number | undefined): string {
  const count = done.toLocaleString('en-US');
  if (all === undefined || all === 0) return `  ${label} ${count}`;
  const share = Math.min(1, done / all);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
  return `  ${label} [${bar}] ${Math.floor(100 * share)} % (${count} of ${all.toLocaleString('en-US')})`;
}

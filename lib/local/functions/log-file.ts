import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

interface MetricLine {
  readonly _aws: {
    readonly CloudWatchMetrics?: readonly { readonly Metrics?: readonly { readonly Name: string }[] }[];
  };
  readonly [name: string]: unknown;
}

const NEWLINE = 10;

/** A function's log on disk. Lines in CloudWatch's embedded metric format are also summed, as CloudWatch would. */
export class LogFile {
  readonly path: string;
  readonly #onMetric: (name: string, value: number) => void;
  readonly #onLines: (lines: readonly string[]) => void;
  readonly #partial = new Map<number, Buffer>();
  #stream: WriteStream | undefined;

  constructor(
    path: string,
    onMetric: (name: string, value: number) => void,
    onLines: (lines: readonly string[]) => void = () => undefined,
  ) {
    this.path = path;
    this.#onMetric = onMetric;
    this.#onLines = onLines;
  }

  /** Appends output of one writer; lines of different writers are not mixed when their numbers differ. */
  write(writer: number, chunk: Buffer): void {
    const whole = Buffer.concat([this.#partial.get(writer) ?? Buffer.alloc(0), chunk]);
    const end = whole.lastIndexOf(NEWLINE) + 1;
    this.#partial.set(writer, whole.subarray(end));
    if (end === 0) return;
    const lines = whole.subarray(0, end);
    this.#open().write(lines);
    const texts = lines
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    for (const line of texts) if (line.includes('"_aws"')) this.#sum(line);
    this.#onLines(texts);
  }

  /** Writes what is left and closes the file. */
  async close(): Promise<void> {
    for (const rest of this.#partial.values())
      if (rest.length > 0) this.#open().write(Buffer.concat([rest, Buffer.from('\n')]));
    this.#partial.clear();
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined) await new Promise<void>((resolve) => stream.end(() => resolve()));
  }

  #open(): WriteStream {
    if (this.#stream === undefined) {
      mkdirSync(dirname(this.path), { recursive: true });
      this.#stream = createWriteStream(this.path, { flags: 'a' });
      this.#stream.on('error', () => undefined);
    }
    return this.#stream;
  }

  #sum(line: string): void {
    let parsed: MetricLine;
    try {
      parsed = JSON.parse(line) as MetricLine;
    } catch {
      return;
    }
    for (const { Metrics = [] } of parsed._aws?.CloudWatchMetrics ?? []) {
      for (const { Name } of Metrics) {
        for (const value of [parsed[Name]].flat()) if (typeof value === 'number') this.#onMetric(Name, value);
      }
    }
  }
}

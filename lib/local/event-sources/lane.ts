import {
  type BatchPorts,
  batchLength,
  consumeBatch,
  eventBytes,
  PAYLOAD_BYTES_MAX,
  type RetryPolicy,
  type StreamRecord,
} from './shard-consumer.ts';

export interface LanePorts extends BatchPorts {
  /** Told when records have come to their end, in order. */
  finished(records: readonly StreamRecord[]): void;
  onFault(cause: unknown): void;
}

/** One of a shard's concurrent batches: gathers records until the batch is full, its payload is, or the window ends;
 * then carries it to its end before it begins the next. */
export class Lane {
  readonly #batchSize: number;
  readonly #windowMs: number;
  readonly #policy: RetryPolicy;
  readonly #ports: LanePorts;
  #buffered: StreamRecord[] = [];
  #bytes = 0;
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #windowEnded = false;

  constructor(batchSize: number, windowMs: number, policy: RetryPolicy, ports: LanePorts) {
    this.#batchSize = batchSize;
    this.#windowMs = windowMs;
    this.#policy = policy;
    this.#ports = ports;
  }

  /** Whether the reader should wait before it takes more. */
  isFull(): boolean {
    return this.#buffered.length >= 2 * this.#batchSize || this.#bytes >= 2 * PAYLOAD_BYTES_MAX;
  }

  add(record: StreamRecord): void {
    this.#buffered.push(record);
    this.#bytes += eventBytes(record);
    this.#consider();
  }

  closeWindow(): void {
    this.#windowEnded = this.#buffered.length > 0;
    this.#consider();
  }

  #consider(): void {
    if (this.#ports.stopped()) {
      clearTimeout(this.#timer);
      return;
    }
    if (this.#busy || this.#buffered.length === 0) return;
    const full = this.#buffered.length >= this.#batchSize || this.#bytes >= PAYLOAD_BYTES_MAX;
    if (full || this.#windowEnded) this.#begin();
    else
      this.#timer ??= setTimeout(() => {
        this.#windowEnded = true;
        this.#timer = undefined;
        this.#consider();
      }, this.#windowMs);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#windowEnded = false;
    this.#busy = true;
    const batch = this.#buffered.splice(0, batchLength(this.#buffered, this.#batchSize));
    for (const record of batch) this.#bytes -= eventBytes(record);
    void this.#carry(batch).finally(() => {
      this.#busy = false;
      this.#consider();
    });
  }

  /** A fault outside the function (a queue that cannot be reached) starts the batch again: at least once. */
  async #carry(batch: readonly StreamRecord[]): Promise<void> {
    while (!this.#ports.stopped()) {
      try {
        if (await consumeBatch(batch, this.#policy, this.#ports)) this.#ports.finished(batch);
        return;
      } catch (cause) {
        this.#ports.onFault(cause);
        await this.#ports.pause(1_000);
      }
    }
  }
}

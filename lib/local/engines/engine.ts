/** A local engine: what stands in for one AWS service on this machine. It listens on 127.0.0.1 only. */
export type Engine = {
  /** Endpoint for an AWS SDK client, such as `http://127.0.0.1:4601`. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, drops open connections and ends what the engine started. May be called twice. */
  stop(): Promise<void>;
};

/** An engine cannot start or go on. `message` says what is wrong, `remedy` what the reader should do, each in
 * one line. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly remedy: string;
  constructor(message: string, remedy: string, options: { cause?: unknown } = {}) {
    super(`${message}: ${remedy}`, options.cause === undefined ? {} : { cause: options.cause });
    this.remedy = remedy;
  }
}

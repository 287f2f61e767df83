import { S3Error } from './s3-error.ts';

const LINE_BYTES_MAX = 8_192;

const incomplete = (why: string): S3Error =>
  new S3Error('IncompleteBody', 400, `The request body terminated unexpectedly: ${why}.`);

/** Reads lines and runs of bytes from a stream of buffers. */
class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #more(): Promise<void> {
    const next = await this.#source.next();
    if (next.done === true) throw incomplete('it ended inside a chunk');
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
  }

  /** Up to the next CR LF, which is left out. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#held.indexOf('\r\n');
      if (at >= 0) {
        const line = this.#held.subarray(0, at).toString('latin1');
        this.#held = this.#held.subarray(at + 2);
        return line;
      }
      if (this.#held.length > LINE_BYTES_MAX) throw incomplete('a chunk has no end of line');
      await this.#more();
    }
  }

  /** Some of the next `bytesMax` bytes, at least one. */
  async some(bytesMax: number): Promise<Buffer> {
    if (this.#held.length === 0) await this.#more();
    const bytes = this.#held.subarray(0, bytesMax);
    this.#held = this.#held.subarray(bytes.length);
    return bytes;
  }
}

/** Takes a body in `aws-chunked` coding apart: yields the payload and puts the trailing headers into `trailers`. Chunk
 * signatures are not checked
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html).
 * @throws S3Error IncompleteBody */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = new Reader(source);
  for (;;) {
    const [size = ''] = (await reader.line()).split(';');
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) throw incomplete('a chunk has no size');
    let left = Number.parseInt(size, 16);
    if (left === 0) break;
    while (left > 0) {
      const bytes = await reader.some(left);
      left -= bytes.length;
      yield bytes;
    }
    if ((await reader.line()) !== '') throw incomplete('a chunk is longer than its size');
  }
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers.set(line.slice(0, colon).toLowerCase().trim(), line.slice(colon + 1).trim());
  }
}

import { Agent, request } from 'node:http';

/** Error answered by a local AWS endpoint. */
export class AwsRequestError extends Error {
  override readonly name = 'AwsRequestError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

class ConnectionWasStale extends Error {}

/** Calls one local endpoint in AWS's JSON protocol. Local engines check no signature but want one to be there. */
export class AwsJsonClient {
  readonly #url: URL;
  readonly #target: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  /** @param target prefix of `X-Amz-Target`, such as `Kinesis_20131202`. */
  constructor(
    url: string,
    target: string,
    version: '1.0' | '1.1',
    credentials: { accessKeyId: string; region: string },
  ) {
    this.#url = new URL(url);
    this.#target = target;
    const scope = `${credentials.accessKeyId}/20000101/${credentials.region}/service/aws4_request`;
    this.#headers = {
      'content-type': `application/x-amz-json-${version}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      'x-amz-date': '20000101T000000Z',
    };
  }

  /** @throws AwsRequestError with the service's error code. */
  async call<T>(operation: string, input: object): Promise<T> {
    const body = JSON.stringify(input);
    try {
      return await this.#send<T>(operation, body);
    } catch (cause) {
      // An engine may close a kept connection just as it is used again; nothing of the request has been read then
      // (https://nodejs.org/api/http.html#requestreusedsocket).
      if (!(cause instanceof ConnectionWasStale)) throw cause;
      return this.#send<T>(operation, body);
    }
  }

  #send<T>(operation: string, body: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: this.#url.hostname,
          port: this.#url.port,
          method: 'POST',
          path: '/',
          agent: this.#agent,
          headers: {
            ...this.#headers,
            'x-amz-target': `${this.#target}.${operation}`,
            'content-length': Buffer.byteLength(body),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const failure = response.statusCode === 200 ? undefined : errorIn(text, response.statusCode ?? 0);
            if (failure !== undefined) reject(failure);
            else resolve((text === '' ? {} : JSON.parse(text)) as T);
          });
        },
      );
      outgoing.on('error', (cause: Error & { readonly code?: string }) =>
        reject(outgoing.reusedSocket && cause.code === 'ECONNRESET' ? new ConnectionWasStale() : cause),
      );
      outgoing.end(body);
    });
  }

  /** Closes the kept connections. */
  close(): void {
    this.#agent.destroy();
  }
}

function errorIn(text: string, status: number): AwsRequestError {
  try {
    const {
      __type = '',
      message,
      Message,
    } = JSON.parse(text) as { __type?: string; message?: string; Message?: string };
    return new AwsRequestError(
      __type.slice(__type.lastIndexOf('#') + 1) || `HTTP ${status}`,
      message ?? Message ?? '',
    );
  } catch {
    return new AwsRequestError(`HTTP ${status}`, text.slice(0, 200));
  }
}

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type RequestHandler, readBody } from './loopback-server.ts';

/** An error of an AWS service, as its SDK client will see it. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** The exception's name, such as `NotFoundException`. */
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export type JsonObject = { readonly [name: string]: unknown };
export type Operation = (input: JsonObject) => JsonObject | Promise<JsonObject>;

const CONTENT_TYPE = 'application/x-amz-json-1.1';
const BODY_BYTES_MAX = 8 * 1024 * 1024;

function send(response: ServerResponse, status: number, body: JsonObject, errorType?: string): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': CONTENT_TYPE,
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
    ...(errorType === undefined ? {} : { 'x-amzn-errortype': errorType }),
  });
  response.end(text);
}

const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function readInput(request: IncomingMessage): Promise<JsonObject> {
  const body = await readBody(request, BODY_BYTES_MAX);
  try {
    const input: unknown = JSON.parse(body.length === 0 ? '{}' : body.toString('utf8'));
    if (isJsonObject(input)) return input;
  } catch {
    // Answered below: what is no JSON and what is no object are the same error to a client.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object.');
}

/** Handles the AWS JSON 1.1 protocol: the operation's name is in `x-amz-target`, after `targetPrefix`. */
export function awsJsonHandler(
  targetPrefix: string,
  operations: { readonly [name: string]: Operation },
): RequestHandler {
  return async (request, response) => {
    try {
      const [prefix, name = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
      const operation =
        prefix === targetPrefix && Object.hasOwn(operations, name) ? operations[name] : undefined;
      const input = await readInput(request);
      if (operation === undefined)
        throw new AwsError('UnknownOperationException', `This local engine has no operation ${name}.`);
      send(response, 200, await operation(input));
    } catch (cause) {
      const error =
        cause instanceof AwsError
          ? cause
          : new AwsError('InternalFailure', `Local engine fault: ${String(cause)}`, 500);
      send(response, error.status, { __type: error.code, message: error.message }, error.code);
    }
  };
}

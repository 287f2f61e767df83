import type { IncomingMessage } from 'node:http';

/** Lambda's limit on the event of a synchronous invocation, bytes. */
const EVENT_BYTES_MAX = 6 * 1024 * 1024;

export interface RequestFacts {
  readonly apiId: string;
  readonly accountId: string;
  readonly stage: string;
  readonly routeKey: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly jwt?: { readonly claims: Readonly<Record<string, string>>; readonly scopes: readonly string[] };
}

/** Whether API Gateway hands a body over as text; anything else comes as base64. */
export const isTextBody = (headers: IncomingMessage['headers']): boolean => {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return false;
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return type.startsWith('text/') || /^application\/(json|xml|javascript|[\w.-]+\+(json|xml))$/.test(type);
};

/** The event of one request, payload format 2.0.
 * Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs". */
export function requestEvent(request: IncomingMessage, body: Buffer, facts: RequestFacts): object {
  const [rawPath = '/', rawQueryString = ''] = splitOnce(request.url ?? '/', '?');
  const { cookie, ...headers } = joined(request);
  const isText = body.length > 0 && isTextBody(request.headers);
  return {
    version: '2.0',
    routeKey: facts.routeKey,
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/) }),
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: queryOf(rawQueryString) }),
    requestContext: {
      accountId: facts.accountId,
      apiId: facts.apiId,
      ...(facts.jwt === undefined
        ? {}
        : {
            authorizer: {
              jwt: {
                claims: facts.jwt.claims,
                scopes: facts.jwt.scopes.length === 0 ? null : facts.jwt.scopes,
              },
            },
          }),
      domainName: request.headers.host ?? '127.0.0.1',
      domainPrefix: facts.apiId,
      http: {
        method: request.method ?? 'GET',
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: facts.requestId,
      routeKey: facts.routeKey,
      stage: facts.stage,
      time: new Date(facts.nowMs).toUTCString(),
      timeEpoch: facts.nowMs,
    },
    ...(Object.keys(facts.parameters).length === 0 ? {} : { pathParameters: facts.parameters }),
    ...(body.length === 0 ? {} : { body: isText ? body.toString('utf8') : body.toString('base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** Whether the event would be more than a function can be called with: then API Gateway answers 413 although the
 * request is under its own limit. Looked at closely only when it can matter. */
export function isTooLargeForFunction(body: Buffer, headers: IncomingMessage['headers']): boolean {
  if (body.length < EVENT_BYTES_MAX / 6) return false;
  if (!isTextBody(headers)) return (body.length * 4) / 3 > EVENT_BYTES_MAX;
  return Buffer.byteLength(JSON.stringify(body.toString('utf8'))) > EVENT_BYTES_MAX;
}

const splitOnce = (text: string, mark: string): [string, string] => {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)];
};

/** Headers as API Gateway joins repeated ones. */
const joined = (request: IncomingMessage): Record<string, string> & { cookie?: string } => {
  const headers: Record<string, string> = {};
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] ?? '').toLowerCase();
    const value = request.rawHeaders[at + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ','}${value}`;
  }
  return headers;
};

const queryOf = (query: string): Record<string, string> => {
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const before = Object.hasOwn(values, name) ? values[name] : undefined;
    values[name] = before === undefined ? value : `${before},${value}`;
  }
  return values;
};

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

const jsonAnswer = (status: number, body: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(body),
});

/** An answer that API Gateway gives itself. */
export const gatewayAnswer = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => {
  const answer = jsonAnswer(status, JSON.stringify({ message }));
  return { ...answer, headers: { ...answer.headers, ...headers } };
};

/** Turns a function's response into an HTTP answer; a response without `statusCode` is the body of a 200. */
export function answerOf(response: unknown): HttpAnswer {
  if (typeof response !== 'object' || response === null || !('statusCode' in response)) {
    return jsonAnswer(200, typeof response === 'string' ? response : JSON.stringify(response));
  }
  const {
    statusCode,
    headers = {},
    body = '',
    isBase64Encoded = false,
    cookies,
  } = response as {
    statusCode: unknown;
    headers?: Record<string, unknown>;
    body?: unknown;
    isBase64Encoded?: boolean;
    cookies?: readonly string[];
  };
  const status = Number(statusCode);
  if (
    !Number.isInteger(status) ||
    status < 100 ||
    status > 599 ||
    (body !== null && typeof body !== 'string')
  ) {
    return gatewayAnswer(500, 'Internal Server Error');
  }
  const named = Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return {
    status,
    headers: {
      'content-type': 'text/plain;charset=utf-8',
      ...named,
      ...(cookies === undefined ? {} : { 'set-cookie': cookies }),
    },
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  };
}

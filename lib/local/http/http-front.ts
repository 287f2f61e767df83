import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../engines/ports.ts';
import type { Invocation } from '../functions/function-host.ts';
import { jwtAuthorizer } from './authorizer.ts';
import { type CorsRules, preflightAnswer, withCors } from './cors.ts';
import { answerOf, gatewayAnswer, type HttpAnswer, isTooLargeForFunction, requestEvent } from './payload.ts';
import { type Route, routeTable } from './routes.ts';
import { tokenBucket } from './throttle.ts';

/** API Gateway's limits for HTTP APIs. */
const REQUEST_BYTES_MAX = 10 * 1024 * 1024;
const INTEGRATION_MS_MAX = 30_000;
/** How much of a refused body is read and thrown away, so that the client gets to read the answer. */
const DRAIN_BYTES_MAX = 64 * 1024 * 1024;

/** An HTTP API as the template states it. */
export interface ApiSpec {
  readonly apiId: string;
  readonly accountId: string;
  readonly stage: string;
  readonly routes: readonly Route[];
  /** Absent: pages of other origins get no say. */
  readonly cors?: CorsRules;
}

export interface AccessLine {
  readonly requestId: string;
  readonly routeKey: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly responseBytes: number;
}

export interface FrontPorts {
  invoke(functionArn: string, event: object): Promise<Invocation>;
  onAccess?(line: AccessLine): void;
}

type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The listening side of one HTTP API. It listens before its routes are known, since other resources name its URL. */
export class HttpFront {
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  #serve: Serve | undefined;
  #inFlight = 0;
  #stopped: Promise<void> | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @param port 0 for any free one.
   * @throws EngineError when the port is taken. */
  static async open(port: number): Promise<HttpFront> {
    const server = createServer({ keepAliveTimeout: 75_000, noDelay: true, maxHeaderSize: 10_240 });
    const front = new HttpFront(server, await listenOnLoopback(server, port));
    server.on('request', (request, response) => void front.#answer(request, response));
    return front;
  }

  /** Begins to answer with these routes; until then everything is 503. */
  serve(spec: ApiSpec, ports: FrontPorts): void {
    this.#serve = serveApi(spec, ports);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#stopped;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#inFlight += 1;
    try {
      if (this.#serve === undefined) send(response, gatewayAnswer(503, 'Service Unavailable'));
      else await this.#serve(request, response);
    } catch {
      // The client went away in the middle of its request; there is nobody to answer.
      response.destroy();
    } finally {
      this.#inFlight -= 1;
    }
  }
}

function serveApi(spec: ApiSpec, ports: FrontPorts): Serve {
  const prefix = spec.stage === '$default' ? '' : `/${spec.stage}`;
  const find = routeTable(
    spec.routes.map((route) => ({
      ...route,
      admits: route.throttle === undefined ? () => true : tokenBucket(route.throttle),
      authorize:
        route.authorizer === undefined
          ? undefined
          : jwtAuthorizer(route.authorizer.issuer, route.authorizer.audiences),
    })),
  );
  const answer = async (
    request: IncomingMessage,
    requestId: string,
    note: (routeKey: string) => void,
  ): Promise<HttpAnswer> => {
    const preflight = spec.cors === undefined ? undefined : preflightAnswer(request, spec.cors);
    if (preflight !== undefined) return preflight;
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const found = path.startsWith(prefix)
      ? find(request.method ?? 'GET', path.slice(prefix.length))
      : undefined;
    if (found === undefined) return refuse(request, 404, 'Not Found');
    const { route, parameters } = found;
    note(route.key);
    if (!route.admits(performance.now())) return refuse(request, 429, 'Too Many Requests');
    const scopes = route.authorizer?.scopes ?? [];
    const authorization = await route.authorize?.(request.headers.authorization, scopes);
    if (authorization?.outcome === 'unauthorized')
      return refuse(request, 401, 'Unauthorized', { 'www-authenticate': 'Bearer' });
    if (authorization?.outcome === 'forbidden')
      return refuse(request, 403, 'Forbidden', {
        'www-authenticate': `Bearer scope="${scopes.join(' ')}" error="insufficient_scope"`,
      });
    const body = await bodyOf(request);
    if (body === undefined || isTooLargeForFunction(body, request.headers))
      return gatewayAnswer(413, 'Request Entity Too Large');
    const event = requestEvent(request, body, {
      apiId: spec.apiId,
      accountId: spec.accountId,
      stage: spec.stage,
      routeKey: route.key,
      requestId,
      nowMs: Date.now(),
      parameters,
      ...(authorization === undefined ? {} : { jwt: { claims: authorization.claims, scopes } }),
    });
    const answered = await withinLimit(ports.invoke(route.functionArn, event));
    return spec.cors === undefined ? answered : withCors(answered, request, spec.cors);
  };
  return async (request, response) => {
    const began = performance.now();
    const requestId = randomUUID();
    let routeKey = '-';
    const result = await answer(request, requestId, (key) => {
      routeKey = key;
    });
    send(response, { ...result, headers: { ...result.headers, 'apigw-requestid': requestId } });
    ports.onAccess?.({
      requestId,
      routeKey,
      status: result.status,
      latencyMs: performance.now() - began,
      responseBytes: result.body.length,
    });
  };
}

async function withinLimit(invoked: Promise<Invocation>): Promise<HttpAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), INTEGRATION_MS_MAX);
  });
  const invocation = await Promise.race([invoked, limit]);
  clearTimeout(timer);
  if (invocation === undefined) return gatewayAnswer(503, 'Service Unavailable');
  return invocation.ok ? answerOf(invocation.response) : gatewayAnswer(500, 'Internal Server Error');
}

/** The body, or undefined when it is over the limit; what is over is read and forgotten. */
function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= REQUEST_BYTES_MAX) chunks.push(chunk);
      else chunks.length = 0;
      if (length > DRAIN_BYTES_MAX) request.destroy();
    });
    request.on('end', () => resolve(length > REQUEST_BYTES_MAX ? undefined : Buffer.concat(chunks, length)));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client went away')));
  });
}

async function refuse(
  request: IncomingMessage,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  await bodyOf(request);
  return gatewayAnswer(status, message, headers);
}

function send(response: ServerResponse, answer: HttpAnswer): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length } as Record<
    string,
    string | number | string[]
  >);
  response.end(answer.body);
}

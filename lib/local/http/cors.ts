import type { IncomingMessage } from 'node:http';
import type { HttpAnswer } from './payload.ts';

/** What an HTTP API lets pages of other origins do, without credentials that browsers add by themselves. */
export interface CorsRules {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  readonly maxAgeSeconds: number | undefined;
}

type Headers = Readonly<Record<string, string>>;

/** What an allowed origin reads in every answer; nothing for any other, and for who is no page. */
function originHeaders(request: IncomingMessage, rules: CorsRules): Headers {
  const { origin } = request.headers;
  if (origin === undefined || !rules.origins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    ...(rules.exposed.length === 0 ? {} : { 'access-control-expose-headers': rules.exposed.join(',') }),
  };
}

/**
 * The answer to a browser that asks whether a page may call the API: API Gateway gives it itself, whether there is such a route
 * or not, and without the headers to an origin that is not allowed; then the browser refuses.
 * @returns undefined when the request asks no such thing: both `Origin` and `Access-Control-Request-Method` are needed
 * Source: API Gateway Developer Guide, "Configure CORS for HTTP APIs".
 */
export function preflightAnswer(request: IncomingMessage, rules: CorsRules): HttpAnswer | undefined {
  const isPreflight =
    request.method === 'OPTIONS' &&
    request.headers.origin !== undefined &&
    request.headers['access-control-request-method'] !== undefined;
  if (!isPreflight) return undefined;
  const allowed = originHeaders(request, rules);
  const headers =
    Object.keys(allowed).length === 0
      ? {}
      : {
          ...allowed,
          'access-control-allow-methods': rules.methods.join(','),
          'access-control-allow-headers': rules.headers.join(','),
          ...(rules.maxAgeSeconds === undefined
            ? {}
            : { 'access-control-max-age': String(rules.maxAgeSeconds) }),
        };
  return { status: 204, headers, body: Buffer.alloc(0) };
}

/** A function's answer as a page gets it: the API's rules stand, and what the function says of them is ignored. What API Gateway
 * answers by itself is documented to have none, so a page cannot read it. */
export function withCors(answer: HttpAnswer, request: IncomingMessage, rules: CorsRules): HttpAnswer {
  const own = Object.entries(answer.headers).filter(([name]) => !name.startsWith('access-control-'));
  return { ...answer, headers: { ...Object.fromEntries(own), ...originHeaders(request, rules) } };
}

import middy from '@middy/core';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import type * as z from 'zod';
import { stableId } from '../kernel/codec.ts';
import { ThrottledError, TransientError } from '../kernel/invariant.ts';
import { emitMetrics, log, whereThrown } from './log.ts';
import { takeCounts } from './meter.ts';

/** What an HTTP function answers. A body goes out as JSON. */
export interface HttpAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpFunction {
  /** Name in `flow.ts`; the dimension of the function's metrics. */
  readonly functionId: string;
  handle(event: APIGatewayProxyEventV2, context: Context): Promise<HttpAnswer>;
}

/** A fault told to the caller (RFC 9457). Texts are ours and quote nothing of the request. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
  /** Lets the caller ask about a fault of ours; logged with its cause. */
  readonly errorId?: string;
  /** For invalid requests: where, as JSON pointers. */
  readonly at?: readonly string[];
}

/** An answer of type `application/problem+json`, with `Retry-After` when waiting helps. */
export function problem({ retryAfterSeconds, ...told }: Problem): HttpAnswer {
  return {
    status: told.status,
    body: { type: 'about:blank', ...told },
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
  };
}

/** The shell of every HTTP function: turns answers into API Gateway's form (payload 2.0) and errors into problems,
 * and writes one metric line per invocation. Only method and route are logged, never path, query, header or body.
 * @example export const handler = httpHandler({ functionId: 'serve', handle: async (event) => ({ status: 200 }) }); */
export const httpHandler = ({ functionId, handle }: HttpFunction) =>
  middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(async (event, context) => {
    const startedAt = Date.now();
    const start = performance.now();
    const answer = await handle(event, context).catch((error: unknown) => toProblem(error, event, context));
    const counts = takeCounts();
    emitMetrics(
      functionId,
      {
        ...counts,
        requests: 1,
        [`status${Math.floor(answer.status / 100)}xx`]: 1,
        durationMs: performance.now() - start,
      },
      startedAt,
    );
    return {
      statusCode: answer.status,
      headers: { 'content-type': 'application/json', ...answer.headers },
      body: answer.body === undefined ? '' : JSON.stringify(answer.body),
    };
  });

/** Answers 5xx only where a retry can help, and always says when: clients wait as they are told. */
function toProblem(error: unknown, event: APIGatewayProxyEventV2, context: Context): HttpAnswer {
  const fields = { route: event.routeKey, requestId: context.awsRequestId };
  if (error instanceof ThrottledError) {
    log.warn('throttled', fields);
    const { retryAfterSeconds } = error;
    return problem({
      status: 429,
      title: 'Too many requests',
      detail: 'Try again a little later.',
      retryAfterSeconds,
    });
  }
  if (error instanceof TransientError) {
    log.error('a service we need is not answering', error, fields);
    const { retryAfterSeconds } = error;
    return problem({
      status: 503,
      title: 'Temporarily unavailable',
      detail: 'Try again a little later.',
      retryAfterSeconds,
    });
  }
  const errorId = stableId(context.awsRequestId ?? 'no request id', Date.now());
  log.error('unexpected error', error, { ...fields, errorId, where: whereThrown(error) });
  return problem({ status: 500, title: 'Unexpected error', errorId });
}

/** Scopes of the caller's token, which API Gateway has verified. Issuers name the claim `scope` (RFC 8693) or `scp`; a list API
 * Gateway writes in brackets. */
export const scopesOf = (event: APIGatewayProxyEventV2): readonly string[] => {
  const { authorizer } = (event as Partial<APIGatewayProxyEventV2WithJWTAuthorizer>).requestContext ?? {};
  const { scope, scp } = authorizer?.jwt.claims ?? {};
  return String(scope ?? scp ?? '')
    .replace(/^\[|\]$/g, '')
    .split(' ');
};

export type Parsed<T> = { readonly value: T } | { readonly problem: Problem };

/** A value as a schema reads it, or the problem to answer: it says where the fault is and quotes no value. */
export function parsedBy<T>(schema: z.ZodType<T>, value: unknown): Parsed<T> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  const issues = result.error.issues.flatMap(nearest);
  const at = [...new Set(issues.map(({ path }) => pointerTo(path)))].slice(0, 10);
  return {
    problem: {
      status: 400,
      title: 'Invalid request',
      detail: `The request does not fit its schema: ${faultOf(issues[0])}.`,
      at,
    },
  };
}

/** JSON pointer (RFC 6901) to a member; the empty one is the whole. */
const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Where something fits none of several forms, the faults in the one it comes nearest to: the form that is read furthest, and
 * of those the one with the fewest faults. When none is read at all, that it fits none. */
function nearest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const forms = issue.errors.map((faults) => faults.flatMap(nearest));
  const depthOf = (faults: (typeof forms)[number]): number =>
    Math.max(0, ...faults.map(({ path }) => path.length));
  const [best] = forms.sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length);
  if (best === undefined || depthOf(best) === 0) return [issue];
  return best.map((fault) => ({ ...fault, path: [...issue.path, ...fault.path] }));
}

/** What is wrong, in the validator's words, which name types and options and quote no value. An unknown member it
 * would quote by name, and a name may hold anything. */
const faultOf = (issue: z.core.$ZodIssue | undefined): string =>
  issue === undefined || issue.code === 'unrecognized_keys'
    ? 'it has a member or parameter that is not known here'
    : issue.message.toLowerCase().startsWith('invalid')
      ? `${issue.message[0]?.toLowerCase()}${issue.message.slice(1)}`
      : issue.message;

/** The JSON body of a request as a schema reads it, or the problem to answer. */
export function parsedBody<T>(schema: z.ZodType<T>, event: APIGatewayProxyEventV2): Parsed<T> {
  const text = event.isBase64Encoded
    ? Buffer.from(event.body ?? '', 'base64').toString('utf8')
    : (event.body ?? '');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { problem: { status: 400, title: 'Malformed request', detail: 'The body is not valid JSON.' } };
  }
  return parsedBy(schema, body);
}

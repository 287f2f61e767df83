import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { exportStore } from '../../adapters/aws/export-store.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { machineDriver } from '../../adapters/aws/machine-driver.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { requestBook } from '../../adapters/aws/request-book.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import {
  accuracyBodySchema,
  exportRedeemSchema,
  extensionBodySchema,
  inputBodySchema,
  liftBodySchema,
  privacyRequestBodySchema,
  privacyRequestPathSchema,
  verificationBodySchema,
} from '../../contracts/privacy-requests-api.ts';
import type { flow } from '../../flow.ts';
import { required } from '../../runtime/environment.ts';
import { type HttpAnswer, httpHandler, parsedBody, problem } from '../../runtime/http-handler.ts';
import { lazily } from '../../runtime/lazily.ts';
import { extend, input, judgeAccuracy, statedByOperator, statusOf, verify } from './door.ts';
import { link, redeem } from './export-link.ts';
import { orderLift } from './lift.ts';
import { type PrivacyPolicy, policyOf } from './policy.ts';
import type { DoorPorts } from './ports.ts';
import { receive } from './receive.ts';
import type { Answered } from './request-view.ts';

interface Setting {
  readonly policy: PrivacyPolicy;
  readonly ports: DoorPorts;
}
type Route = (typeof flow.privacy.trigger.routes)[number];
type RouteKey = Route extends infer R ? (R extends Route ? `${R['method']} ${R['path']}` : never) : never;
type Respond = (event: APIGatewayProxyEventV2, setting: Setting) => Promise<HttpAnswer>;

const told = <T>(result: Answered<T>): HttpAnswer =>
  'refusal' in result ? problem(result.refusal) : { status: 200, body: result.answer };

/** For routes about one request. */
const about =
  (
    respond: (requestId: string, event: APIGatewayProxyEventV2, setting: Setting) => Promise<HttpAnswer>,
  ): Respond =>
  async (event, setting) => {
    const path = privacyRequestPathSchema.safeParse(event.pathParameters);
    return path.success
      ? respond(path.data.requestId, event, setting)
      : problem({ status: 404, title: 'Unknown request', detail: 'The path does not hold an id of ours.' });
  };

const responses: Readonly<Record<RouteKey, Respond>> = {
  'POST /v1/privacy-requests': async (event, { policy, ports }) => {
    const parsed = parsedBody(privacyRequestBodySchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const chance = randomBytes(17).toString('base64url').slice(0, 22);
    const result = await receive(parsed.value, chance, policy, ports, Date.now());
    return told(result);
  },
  'GET /v1/privacy-requests/{requestId}': about(async (requestId, _event, { policy, ports }) =>
    told(await statusOf(requestId, policy, ports)),
  ),
  'POST /v1/privacy-requests/{requestId}/verification': about(async (requestId, event, { policy, ports }) => {
    const parsed = parsedBody(verificationBodySchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await verify(requestId, parsed.value, policy, ports, Date.now()));
  }),
  'POST /v1/privacy-requests/{requestId}/input': about(async (requestId, event, { policy, ports }) => {
    const parsed = parsedBody(inputBodySchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await input(requestId, parsed.value, policy, ports, Date.now()));
  }),
  'POST /v1/privacy-requests/{requestId}/accuracy': about(async (requestId, event, { policy, ports }) => {
    const parsed = parsedBody(accuracyBodySchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await judgeAccuracy(requestId, parsed.value, policy, ports, Date.now()));
  }),
  'POST /v1/privacy-requests/{requestId}/lift': about(async (requestId, event, { policy, ports }) => {
    const parsed = parsedBody(liftBodySchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await orderLift(requestId, parsed.value, policy, ports, Date.now()));
  }),
  'POST /v1/privacy-requests/{requestId}/extension': about(async (requestId, event, { policy, ports }) => {
    const parsed = parsedBody(extensionBodySchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await extend(requestId, Date.parse(parsed.value.noticedAt), policy, ports, Date.now()));
  }),
  'POST /v1/privacy-requests/{requestId}/link': about(async (requestId, _event, { ports }) => {
    const answer = await link(requestId, randomBytes(32).toString('base64url'), ports, Date.now());
    return { ...told(answer), headers: { 'cache-control': 'no-store' } };
  }),
  'POST /v1/privacy-exports': async (event, { policy, ports }) => {
    const parsed = parsedBody(exportRedeemSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const { requestId, token } = parsed.value;
    const answer = told(await redeem(requestId, token, policy, ports, Date.now()));
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'no-store' } };
  },
};

const isRouteKey = (key: string): key is RouteKey => Object.hasOwn(responses, key);

const setting = lazily(async (): Promise<Setting> => {
  const secrets = await jurisdictionSecrets();
  const policy = policyOf(required, secrets);
  return {
    policy,
    ports: {
      requests: requestBook(policy.jurisdiction.logs.value.requestDays),
      subjects: profileStore(),
      keyring: subjectKeyring(secrets, { function: 'privacy', purpose: 'disclose' }),
      lineage: lineageStream(),
      events: eventBus(),
      driver: machineDriver(),
      verifier: statedByOperator,
      exports: exportStore(),
    },
  };
});

/** Privacy requests over HTTP. */
export const handler = httpHandler({
  functionId: 'privacy',
  handle: async (event) =>
    isRouteKey(event.routeKey)
      ? responses[event.routeKey](event, await setting())
      : problem({ status: 404, title: 'No such route' }),
});

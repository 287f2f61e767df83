import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { alertBook } from '../../adapters/aws/alert-book.ts';
import { conflictBook } from '../../adapters/aws/conflict-book.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { outcomeRecords } from '../../adapters/aws/outcome-records.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { reviewBook } from '../../adapters/aws/review-book.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { signalStream } from '../../adapters/aws/signal-stream.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { conflictsQuerySchema } from '../../contracts/conflicts-api.ts';
import { consentLookupSchema, consentRequestSchema } from '../../contracts/consents-api.ts';
import {
  reviewDecisionSchema,
  reviewPathSchema,
  reviewsQuerySchema,
  unmergeSchema,
} from '../../contracts/identity-api.ts';
import { asAlertId, asSubjectId } from '../../contracts/ids.ts';
import {
  alertPathSchema,
  alertsQuerySchema,
  profileLookupSchema,
  receiptLookupSchema,
  rowRefsLookupSchema,
  settlementSchema,
  subjectPathSchema,
} from '../../contracts/operations.ts';
import type { flow } from '../../flow.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { sources } from '../../registry/sources/index.ts';
import { required } from '../../runtime/environment.ts';
import {
  type HttpAnswer,
  httpHandler,
  parsedBody,
  parsedBy,
  problem,
  scopesOf,
} from '../../runtime/http-handler.ts';
import { lazily } from '../../runtime/lazily.ts';
import { type AlertAction, listAlerts, moveAlert } from './alerts.ts';
import { settleAttribute } from './attributes.ts';
import { listConflicts } from './conflicts.ts';
import { lookupConsent, recordConsent } from './consents.ts';
import { linksOfSubject } from './links.ts';
import type { ServePorts } from './ports.ts';
import { lookupProfile, profileOfSubject } from './profiles.ts';
import { lookupReceipt } from './receipts.ts';
import { decideReview, listReviews } from './reviews.ts';
import { lookupRowRefs } from './row-refs.ts';
import { type Answered, policyOf, type ServePolicy } from './setting.ts';
import { sourcePage } from './sources.ts';
import { unmerge } from './unmerge.ts';

export interface ServeSetting {
  readonly policy: ServePolicy;
  readonly ports: ServePorts;
  readonly clock: () => EpochMs;
}

type Route = (typeof flow.serve.trigger.routes)[number];
/** Every route that the map gives to this function, and no other: a new one there is a type error here. */
type RouteKey = Route extends infer R ? (R extends Route ? `${R['method']} ${R['path']}` : never) : never;
type Respond = (event: APIGatewayProxyEventV2, setting: ServeSetting) => Promise<HttpAnswer>;

const told = <T>(result: Answered<T>): HttpAnswer =>
  'refusal' in result ? problem(result.refusal) : { status: 200, body: result.answer };

const noSuch = (title: string): HttpAnswer =>
  problem({ status: 404, title, detail: 'The path does not hold an id of ours.' });

const move =
  (action: AlertAction): Respond =>
  async (event, { policy, ports, clock }) => {
    const path = alertPathSchema.safeParse(event.pathParameters);
    if (!path.success) return noSuch('Unknown alert');
    return told(await moveAlert(asAlertId(path.data.alertId), action, policy, ports, clock()));
  };

const responses: Readonly<Record<RouteKey, Respond>> = {
  'POST /v1/profiles/lookup': async (event, { policy, ports, clock }) => {
    const parsed = parsedBody(profileLookupSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await lookupProfile(parsed.value.identifiers, policy, ports, scopesOf(event), clock()));
  },
  'GET /v1/subjects/{subjectId}': async (event, { policy, ports, clock }) => {
    const path = subjectPathSchema.safeParse(event.pathParameters);
    if (!path.success) return noSuch('Unknown customer');
    return told(
      await profileOfSubject(asSubjectId(path.data.subjectId), policy, ports, scopesOf(event), clock()),
    );
  },
  'POST /v1/identity/conflicts/settle': async (event, { policy, ports, clock }) => {
    const parsed = parsedBody(settlementSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const { subjectId, ...said } = parsed.value;
    return told(
      await settleAttribute({ ...said, subjectId: asSubjectId(subjectId) }, policy, ports, clock()),
    );
  },
  'POST /v1/consents': async (event, { policy, ports, clock }) => {
    const parsed = parsedBody(consentRequestSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const answer = told(await recordConsent(parsed.value, policy, ports, clock()));
    // Queued, and not yet applied.
    return answer.status === 200 ? { ...answer, status: 202 } : answer;
  },
  'POST /v1/consents/lookup': async (event, { policy, ports, clock }) => {
    const parsed = parsedBody(consentLookupSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await lookupConsent(parsed.value.identifiers, policy, ports, clock()));
  },
  'GET /v1/alerts': async (event, { ports, clock }) => {
    const parsed = parsedBy(alertsQuerySchema, event.queryStringParameters ?? {});
    if ('problem' in parsed) return problem(parsed.problem);
    const { state, limit, rule, subjectId, cursor } = parsed.value;
    const filter = {
      state,
      limit,
      ...(rule === undefined ? {} : { rule }),
      ...(subjectId === undefined ? {} : { subjectId: asSubjectId(subjectId) }),
      ...(cursor === undefined ? {} : { cursor }),
    };
    return { status: 200, body: await listAlerts(filter, ports, clock()) };
  },
  'POST /v1/alerts/{alertId}/acknowledge': move('acknowledge'),
  'POST /v1/alerts/{alertId}/resolve': move('resolve'),
  'GET /v1/identity/reviews': async (event, { ports, clock }) => {
    const parsed = parsedBy(reviewsQuerySchema, event.queryStringParameters ?? {});
    if ('problem' in parsed) return problem(parsed.problem);
    const { limit, cursor } = parsed.value;
    const query = { limit, ...(cursor === undefined ? {} : { cursor }) };
    return { status: 200, body: await listReviews(query, ports, clock()) };
  },
  'GET /v1/identity/conflicts': async (event, { policy, ports, clock }) => {
    const parsed = parsedBy(conflictsQuerySchema, event.queryStringParameters ?? {});
    if ('problem' in parsed) return problem(parsed.problem);
    const { limit, owner, cursor } = parsed.value;
    const query = {
      limit,
      ...(owner === undefined ? {} : { owner }),
      ...(cursor === undefined ? {} : { cursor }),
    };
    return { status: 200, body: await listConflicts(query, policy, ports, scopesOf(event), clock()) };
  },
  'POST /v1/identity/reviews/{reviewId}': async (event, { policy, ports, clock }) => {
    const path = reviewPathSchema.safeParse(event.pathParameters);
    if (!path.success) return noSuch('Unknown review');
    const parsed = parsedBody(reviewDecisionSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await decideReview(path.data.reviewId, parsed.value.verdict, policy, ports, clock()));
  },
  'POST /v1/identity/unmerge': async (event, { policy, ports, clock }) => {
    const parsed = parsedBody(unmergeSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await unmerge(parsed.value, policy, ports, clock()));
  },
  'GET /v1/subjects/{subjectId}/links': async (event, { ports, clock }) => {
    const path = subjectPathSchema.safeParse(event.pathParameters);
    if (!path.success) return noSuch('Unknown customer');
    return told(await linksOfSubject(asSubjectId(path.data.subjectId), ports, clock()));
  },
  'GET /v1/sources': async (_event, { policy }) => ({
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: sourcePage(sources, policy.secrets),
  }),
  'POST /v1/receipts/lookup': async (event, { policy, ports }) => {
    const parsed = parsedBody(receiptLookupSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const { messageId, identifiers = [] } = parsed.value;
    return told(await lookupReceipt(messageId, identifiers, policy, ports));
  },
  'POST /v1/evidence/row-refs': async (event, { policy, ports }) => {
    const parsed = parsedBody(rowRefsLookupSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return told(await lookupRowRefs(parsed.value, policy, ports));
  },
};

const isRouteKey = (key: string): key is RouteKey => Object.hasOwn(responses, key);

/** The operations API over given ports. */
export const serveHandler = (setting: () => Promise<ServeSetting>) =>
  httpHandler({
    functionId: 'serve',
    handle: async (event) =>
      isRouteKey(event.routeKey)
        ? responses[event.routeKey](event, await setting())
        : problem({ status: 404, title: 'No such route' }),
  });

export const handler = serveHandler(
  lazily(async (): Promise<ServeSetting> => {
    const secrets = await jurisdictionSecrets();
    return {
      policy: policyOf(required, secrets),
      ports: {
        subjects: profileStore(),
        alerts: alertBook(),
        receipts: outcomeRecords(),
        reviews: reviewBook(),
        conflicts: conflictBook(),
        orders: signalStream(),
        signals: signalStream(),
        keyring: subjectKeyring(secrets, { function: 'serve', purpose: 'serve' }),
        lineage: lineageStream(),
      },
      clock: Date.now,
    };
  }),
);

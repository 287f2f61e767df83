import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { emptyTables, identityList } from '../../adapters/aws/identity-list.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { MemoryProfileStore } from '../../adapters/memory/profile-store.ts';
import {
  type ExplanationView,
  explainRequestSchema,
  rebuildRequestSchema,
} from '../../contracts/evidence-api.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import type { flow } from '../../flow.ts';
import { DAY_MS, type EpochMs, MINUTE_MS } from '../../kernel/time.ts';
import { contextOf } from '../../pipeline/understand/context.ts';
import { required } from '../../runtime/environment.ts';
import { type HttpAnswer, httpHandler, parsedBody, problem } from '../../runtime/http-handler.ts';
import { lazily } from '../../runtime/lazily.ts';
import { type Explanation, explain, VERDICTS } from './explain.ts';
import { compare, isEmpty, rebuildStep } from './rebuild.ts';
import { addRefs, type KeysByRef, monthsOf } from './rows.ts';

const wiring = lazily(async () => {
  const secrets = await jurisdictionSecrets();
  const tables = {
    profiles: required('REBUILT_PROFILES_TABLE'),
    subjects: required('REBUILT_SUBJECTS_TABLE'),
  };
  return {
    context: contextOf(required('JURISDICTION'), secrets),
    tables,
    ports: {
      evidence: evidenceStore(),
      keyring: subjectKeyring(secrets, { function: 'derive', purpose: 'derive' }),
      rebuilt: { ...profileStore(tables), ...identityList(tables.profiles) },
      live: identityList(required('PROFILES_TABLE')),
      scratch: () => new MemoryProfileStore(),
    },
  };
});
type Wiring = Awaited<ReturnType<typeof wiring>>;

/** References of all atoms, between two steps of one rebuild: no longer than a destroyed key may live anyway. */
let known: { readonly span: string; readonly until: EpochMs; readonly keys: KeysByRef } | undefined;

async function keysOf(from: EpochMs, to: EpochMs, { ports }: Wiring, now: EpochMs): Promise<KeysByRef> {
  const span = `${from} ${to}`;
  if (known?.span === span && known.until > now) return known.keys;
  const keys = new Map<string, { readonly atomId: AtomId; readonly key: SubjectKey }>();
  const months = monthsOf(from, to);
  for await (const page of ports.keyring.all())
    for (const [atomId, key] of page) addRefs(keys, atomId, key, months);
  known = { span, until: now + 5 * MINUTE_MS, keys };
  return keys;
}

const dayStart = (day: string): EpochMs => Date.parse(`${day}T00:00:00Z`);

const viewOf = (explanation: Explanation): ExplanationView => ({
  ...explanation,
  meaning: VERDICTS[explanation.verdict],
  from: [...explanation.from],
  at: explanation.at === null ? null : new Date(explanation.at).toISOString(),
});

type Route = (typeof flow.derive.trigger.routes)[number];
type RouteKey = Route extends infer R ? (R extends Route ? `${R['method']} ${R['path']}` : never) : never;

const responses: Readonly<
  Record<RouteKey, (event: APIGatewayProxyEventV2, wired: Wiring) => Promise<HttpAnswer>>
> = {
  'POST /v1/evidence/explain': async (event, { context, ports }) => {
    const parsed = parsedBody(explainRequestSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const explanation = await explain(parsed.value.lineageId, parsed.value.day ?? null, context, ports);
    return explanation === null
      ? problem({ status: 404, title: 'No such row', detail: 'The archive has no row with this id.' })
      : { status: 200, body: viewOf(explanation) };
  },
  'POST /v1/evidence/rebuild': async (event, wired) => {
    const parsed = parsedBody(rebuildRequestSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const { from, to, cursor } = parsed.value;
    const [first, last] = [dayStart(from), dayStart(to) + DAY_MS - 1];
    if (last < first)
      return problem({ status: 400, title: 'Invalid request', detail: '`to` is before `from`.' });
    if (cursor === undefined && !(await isEmpty(wired.ports.rebuilt)))
      return problem({
        status: 409,
        title: 'Not empty',
        detail: 'Something was rebuilt before: POST /v1/evidence/rebuild/clearing removes it.',
      });
    const now = Date.now();
    const request = { from: first, to: last, ...(cursor === undefined ? {} : { cursor }) };
    const keys = await keysOf(first, last, wired, now);
    return { status: 200, body: await rebuildStep(request, keys, wired.context, wired.ports, now) };
  },
  'POST /v1/evidence/rebuild/comparison': async (_event, { ports }) => ({
    status: 200,
    body: await compare(ports.live, ports.rebuilt),
  }),
  'POST /v1/evidence/rebuild/clearing': async (_event, { tables }) => ({
    status: 200,
    body: {
      removed: await emptyTables({ [tables.profiles]: ['id', 'part'], [tables.subjects]: ['subjectId'] }),
    },
  }),
};

const isRouteKey = (key: string): key is RouteKey => Object.hasOwn(responses, key);

/** The routes under `/v1/evidence` that derive things again. */
export const handler = httpHandler({
  functionId: 'derive',
  handle: async (event) =>
    isRouteKey(event.routeKey)
      ? responses[event.routeKey](event, await wiring())
      : problem({ status: 404, title: 'No such route' }),
});

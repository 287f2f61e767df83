import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { incidentStore } from '../../adapters/aws/incident-store.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { asIncidentId } from '../../contracts/incidents.ts';
import {
  type AffectedNamed,
  incidentAssessmentSchema,
  incidentNoticeSchema,
  incidentPathSchema,
  incidentQuerySchema,
  incidentReportSchema,
  incidentsQuerySchema,
} from '../../contracts/incidents-api.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import type { flow } from '../../flow.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { type HttpAnswer, httpHandler, parsedBody, parsedBy, problem } from '../../runtime/http-handler.ts';
import { lazily } from '../../runtime/lazily.ts';
import {
  type Alteration,
  assessed,
  change,
  closed,
  newIncident,
  notified,
  open,
  reportedId,
} from './change.ts';
import type { IncidentLaw } from './incident.ts';
import { lawOf } from './law.ts';
import type { AffectedPorts, IncidentPorts } from './ports.ts';
import { addAffected, affectedOnPage, incidentView, namedIn } from './requests.ts';

/** What the routes of incidents work with. */
export interface IncidentsSetting {
  readonly law: IncidentLaw;
  readonly secrets: JurisdictionSecrets;
  readonly ports: IncidentPorts & AffectedPorts;
  readonly clock: () => EpochMs;
}

type Route = (typeof flow.incidents.trigger.routes)[number];
type RouteKey = Route extends infer R ? (R extends Route ? `${R['method']} ${R['path']}` : never) : never;
type Respond = (event: APIGatewayProxyEventV2, setting: IncidentsSetting) => Promise<HttpAnswer>;

const NO_SUCH = problem({
  status: 404,
  title: 'Unknown incident',
  detail: 'There is no incident with this id.',
});

const invalid = (detail: string, ...at: readonly string[]): HttpAnswer =>
  problem({ status: 400, title: 'Invalid request', detail, at });

const NOBODY: AffectedNamed = { identifiers: [], subjectIds: [], rows: [] };

/** Changes the incident of the path and answers as it is then. */
async function altered(
  event: APIGatewayProxyEventV2,
  { law, ports }: IncidentsSetting,
  alter: Parameters<typeof change>[1],
): Promise<HttpAnswer> {
  const path = incidentPathSchema.safeParse(event.pathParameters);
  if (!path.success) return NO_SUCH;
  const result = await change(asIncidentId(path.data.id), alter, law, ports);
  if (result === null) return NO_SUCH;
  return 'obstacle' in result
    ? problem({ status: 409, title: 'Not now', detail: result.obstacle })
    : { status: 200, body: incidentView(result.incident, law) };
}

const responses: Readonly<Record<RouteKey, Respond>> = {
  'POST /v1/incidents': async (event, { law, secrets, ports, clock }) => {
    const parsed = parsedBody(incidentReportSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const { reference, kind, seriousness = null, people = null, affected = NOBODY } = parsed.value;
    const now = clock();
    const foundAt = Date.parse(parsed.value.foundAt);
    const beganAt = parsed.value.beganAt === undefined ? null : Date.parse(parsed.value.beganAt);
    if (foundAt > now) return invalid('`foundAt` is still to come.', '/foundAt');
    if (beganAt !== null && beganAt > foundAt) return invalid('`beganAt` is after `foundAt`.', '/beganAt');
    const named = namedIn(affected, secrets);
    if ('unusable' in named)
      return invalid('An identifier is not of its type, or is a placeholder.', ...named.unusable);
    const incidentId = reportedId(reference);
    const made = newIncident(incidentId, { kind, foundAt, beganAt, seriousness, people, finding: null }, now);
    const pages = await addAffected(incidentId, [], named, ports, now);
    const { stored, opened } = await open({ ...made, pages }, law, ports);
    if (!opened && (stored.incident.kind !== kind || stored.incident.foundAt !== foundAt))
      return problem({
        status: 409,
        title: 'Another incident',
        detail: 'This `reference` names an incident of another kind or time: choose a new one.',
      });
    return { status: opened ? 201 : 200, body: incidentView(stored.incident, law) };
  },
  'GET /v1/incidents': async (event, { law, ports }) => {
    const parsed = parsedBy(incidentsQuerySchema, event.queryStringParameters ?? {});
    if ('problem' in parsed) return problem(parsed.problem);
    const { state, limit, cursor } = parsed.value;
    const page = await ports.incidents.list({ state, limit, ...(cursor === undefined ? {} : { cursor }) });
    const incidents = page.incidents.map(({ incident }) => incidentView(incident, law));
    return {
      status: 200,
      body: { incidents, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) },
    };
  },
  'GET /v1/incidents/{id}': async (event, { law, ports }) => {
    const path = incidentPathSchema.safeParse(event.pathParameters);
    if (!path.success) return NO_SUCH;
    const query = parsedBy(incidentQuerySchema, event.queryStringParameters ?? {});
    if ('problem' in query) return problem(query.problem);
    const stored = await ports.incidents.read(asIncidentId(path.data.id));
    if (stored === null) return NO_SUCH;
    const subjects = await affectedOnPage(stored.incident, query.value.page, ports);
    return { status: 200, body: incidentView(stored.incident, law, subjects) };
  },
  'POST /v1/incidents/{id}/assess': async (event, setting) => {
    const parsed = parsedBody(incidentAssessmentSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const { seriousness, people = null, beganAt, affected = NOBODY } = parsed.value;
    const named = namedIn(affected, setting.secrets);
    if ('unusable' in named)
      return invalid('An identifier is not of its type, or is a placeholder.', ...named.unusable);
    const now = setting.clock();
    const began = beganAt === undefined ? null : Date.parse(beganAt);
    return altered(event, setting, async (incident): Promise<Alteration> => {
      if (incident.closedAt !== null)
        return assessed(incident, { seriousness, people, beganAt: began, pages: [] }, now);
      if (began !== null && began > incident.foundAt) return { obstacle: '`beganAt` is after `foundAt`.' };
      const pages = await addAffected(incident.incidentId, incident.pages, named, setting.ports, now);
      return assessed(incident, { seriousness, people, beganAt: began, pages }, now);
    });
  },
  'POST /v1/incidents/{id}/notify': async (event, setting) => {
    const parsed = parsedBody(incidentNoticeSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    const { to, toldAt, complete } = parsed.value;
    const now = setting.clock();
    const at = Date.parse(toldAt);
    if (at > now) return invalid('`toldAt` is still to come: record a notice once it is given.', '/toldAt');
    return altered(event, setting, (incident) => notified(incident, { to, at, complete }, now));
  },
  'POST /v1/incidents/{id}/close': async (event, setting) => {
    const now = setting.clock();
    return altered(event, setting, (incident) => closed(incident, setting.law, now));
  },
};

const isRouteKey = (key: string): key is RouteKey => Object.hasOwn(responses, key);

/** The routes under `/v1/incidents` over given ports. */
export const incidentsHandler = (setting: () => Promise<IncidentsSetting>) =>
  httpHandler({
    functionId: 'incidents',
    handle: async (event) =>
      isRouteKey(event.routeKey)
        ? responses[event.routeKey](event, await setting())
        : problem({ status: 404, title: 'No such route' }),
  });

export const handler = incidentsHandler(
  lazily(async (): Promise<IncidentsSetting> => {
    const secrets = await jurisdictionSecrets();
    return {
      law: lawOf(required),
      secrets,
      ports: {
        incidents: incidentStore(),
        lineage: lineageStream(),
        events: eventBus(),
        subjects: profileStore(),
        keyring: subjectKeyring(secrets, { function: 'incidents', purpose: 'affected' }),
      },
      clock: Date.now,
    };
  }),
);

import type { Incident, IncidentStep } from '../../contracts/incidents.ts';
import type { EffectRow } from '../../contracts/lineage.ts';
import { stableId } from '../../kernel/codec.ts';
import { type IncidentLaw, isTold, recordEnd } from './incident.ts';
import type { IncidentEvent, IncidentPorts, StoredIncident } from './ports.ts';

/** Version of what opens incidents and counts their times; evidence names it. */
export const BREACH_POLICY = 'breach@1';
/** Rows of incidents are nobody's, so they have a partition of their own on the lineage stream. */
const BUCKET = 'incidents';

/**
 * Tells what an incident's steps have not told yet, by evidence and events, and notes that they have. A crash anywhere
 * leaves steps untold; whoever comes next tells them again, under the same ids and marked as such.
 * @param fresh steps from this one on were written by this very call, so nobody can have told them before
 * @returns the incident as it is stored then
 * @throws ThrottledError, TransientError
 */
export async function tell(
  stored: StoredIncident,
  fresh: number,
  law: IncidentLaw,
  ports: IncidentPorts,
): Promise<StoredIncident> {
  const { incident, version } = stored;
  if (isTold(incident)) return stored;
  const expiresAt = incident.closedAt === null ? null : recordEnd(incident.closedAt, law);
  for (const page of incident.pages) await ports.incidents.keepPage(incident.incidentId, page, expiresAt);
  const untold = incident.steps.slice(incident.toldSteps);
  const rows = untold.map((step, index) => {
    const place = incident.toldSteps + index;
    return place >= fresh
      ? rowOf(incident, step, place)
      : { ...rowOf(incident, step, place), redelivered: true as const };
  });
  await ports.lineage.append(new Map([[BUCKET, rows]]));
  await ports.events.publish(
    untold.map((step, index) => eventOf(incident, step, incident.toldSteps + index)),
  );
  const told = { ...incident, toldSteps: incident.steps.length };
  // Somebody else changed it meanwhile: their telling, or the next look, repeats this one.
  return (await ports.incidents.write(told, version, expiresAt))
    ? { incident: told, version: version + 1 }
    : stored;
}

const idOf = ({ incidentId }: Incident, { kind }: IncidentStep, place: number): string =>
  stableId(incidentId, kind, place);

const rowOf = (incident: Incident, step: IncidentStep, place: number): EffectRow => ({
  table: 'effects',
  rowId: idOf(incident, step, place),
  eventClass: 'account',
  receivedAt: step.at,
  policyVersion: BREACH_POLICY,
  rowRef: null,
  kind: step.kind,
  name: incident.kind,
  reasons: step.reasons,
  latencyMs: null,
});

const EVENT_TYPES: Readonly<Record<IncidentStep['kind'], IncidentEvent['type']>> = {
  'incident-assessed': 'Incident Assessed',
  'incident-closed': 'Incident Closed',
  'incident-notified': 'Incident Notified',
  'incident-opened': 'Incident Opened',
  'incident-reminded': 'Incident Reminder',
};

const eventOf = (incident: Incident, step: IncidentStep, place: number): IncidentEvent => ({
  id: idOf(incident, step, place),
  type: EVENT_TYPES[step.kind],
  incidentId: incident.incidentId,
  name: incident.kind,
  reasons: step.reasons,
  occurredAt: step.at,
  ...(step.dueAt === undefined ? {} : { dueAt: step.dueAt }),
});

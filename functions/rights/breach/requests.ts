import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import { asSubjectId } from '../../contracts/ids.ts';
import type { Incident, IncidentId } from '../../contracts/incidents.ts';
import type { AffectedNamed, IncidentView } from '../../contracts/incidents-api.ts';
import { identifierToken, type JurisdictionSecrets } from '../../contracts/tokens.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import { atomsOf, type Named, pagesOf, subjectsOf } from './affected.ts';
import { type IncidentLaw, listedOf, type TrackedDuty, trackedDuties } from './incident.ts';
import type { AffectedPorts, IncidentStore } from './ports.ts';

/** Longest that pages wait for their incident to name them. */
export const UNNAMED_MS_MAX = 7 * DAY_MS;

/** Whom a request names, as tokens; or where it holds an identifier that is none. Raw values go no further. */
export function namedIn(
  { identifiers, subjectIds, rows }: AffectedNamed,
  secrets: JurisdictionSecrets,
): Named | { readonly unusable: readonly string[] } {
  const normalised = identifiers.map(({ type, value }) => ({
    type,
    value: normaliseIdentifier(type, value),
  }));
  const unusable = normalised.flatMap(({ value }, at) =>
    value === null ? [`/affected/identifiers/${at}/value`] : [],
  );
  if (unusable.length > 0) return { unusable };
  return {
    tokens: normalised.flatMap(({ type, value }) =>
      value === null ? [] : [identifierToken(secrets, type, value)],
    ),
    subjectIds: subjectIds.map(asSubjectId),
    rows: rows.map(({ rowRef, month }) => ({ rowRef, monthAt: Date.parse(`${month}-01T00:00:00Z`) })),
  };
}

/**
 * Writes down whom an incident affects, in pages beside it, and leaves out who is listed already.
 * @param listed pages that the incident names
 * @returns names of the new pages
 * @throws ThrottledError, TransientError
 */
export async function addAffected(
  incidentId: IncidentId,
  listed: readonly string[],
  named: Named,
  ports: AffectedPorts & { readonly incidents: IncidentStore },
  now: EpochMs,
): Promise<readonly string[]> {
  const atoms = await atomsOf(named, ports);
  const known = new Set<AtomId>();
  if (atoms.length > 0)
    for (const name of listed)
      for (const atom of (await ports.incidents.page(incidentId, name))?.atoms ?? []) known.add(atom);
  const pages = pagesOf(atoms.filter((atom) => !known.has(atom)));
  for (const page of pages) await ports.incidents.addPage(incidentId, page, now + UNNAMED_MS_MAX);
  return pages.map(({ page }) => page);
}

/** The subjects on one page of the affected; none beyond the last. @throws ThrottledError, TransientError */
export async function affectedOnPage(
  incident: Incident,
  page: number,
  ports: Pick<AffectedPorts, 'subjects'> & { readonly incidents: IncidentStore },
): Promise<readonly SubjectId[]> {
  const name = incident.pages[page];
  const found = name === undefined ? null : await ports.incidents.page(incident.incidentId, name);
  return found === null ? [] : subjectsOf(found.atoms, ports);
}

const iso = (at: EpochMs): string => new Date(at).toISOString();
const isoOrNull = (at: EpochMs | null): string | null => (at === null ? null : iso(at));

function dutyView({ duty, metAt }: TrackedDuty): IncidentView['duties'][number] {
  const due = duty.state === 'running' ? { dueAt: iso(duty.dueAt) } : {};
  if (metAt !== null) return { to: duty.to, state: 'met', ...due, metAt: iso(metAt) };
  return {
    to: duty.to,
    state: duty.state,
    ...due,
    ...(duty.state === 'waiting' ? { waitsFor: duty.for } : {}),
  };
}

/** An incident as the operations API tells it. */
export const incidentView = (
  incident: Incident,
  law: IncidentLaw,
  subjects?: readonly SubjectId[],
): IncidentView => ({
  incidentId: incident.incidentId,
  kind: incident.kind,
  state: incident.closedAt === null ? 'open' : 'closed',
  foundAt: iso(incident.foundAt),
  beganAt: isoOrNull(incident.beganAt),
  openedAt: iso(incident.openedAt),
  assessedAt: isoOrNull(incident.assessedAt),
  closedAt: isoOrNull(incident.closedAt),
  seriousness: incident.seriousness,
  people: incident.people,
  finding:
    incident.finding === null
      ? null
      : {
          ...incident.finding,
          firstAt: iso(incident.finding.firstAt),
          lastAt: iso(incident.finding.lastAt),
        },
  duties: trackedDuties(incident, law).map(dutyView),
  notices: incident.notices.map(({ to, at, complete }) => ({ to, toldAt: iso(at), complete })),
  affected: {
    listed: listedOf(incident),
    pages: incident.pages.length,
    ...(subjects === undefined ? {} : { subjects: [...subjects] }),
  },
});

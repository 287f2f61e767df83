import {
  asIncidentId,
  type Finding,
  type Incident,
  type IncidentId,
  type IncidentKind,
  type IncidentNotice,
  type IncidentStep,
} from '../../contracts/incidents.ts';
import { stableId } from '../../kernel/codec.ts';
import { TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { Seriousness } from '../../registry/jurisdiction-definition.ts';
import { closingObstacle, type IncidentLaw, withReminders } from './incident.ts';
import type { IncidentPorts, StoredIncident } from './ports.ts';
import { tell } from './tell.ts';

const ATTEMPTS_MAX = 6;

/** A new incident's first facts. */
export interface FirstFacts {
  readonly kind: IncidentKind;
  readonly foundAt: EpochMs;
  readonly beganAt: EpochMs | null;
  readonly seriousness: Seriousness | null;
  readonly people: number | null;
  readonly finding: Finding | null;
}

export function newIncident(incidentId: IncidentId, facts: FirstFacts, now: EpochMs): Incident {
  const by = facts.finding === null ? 'by:report' : `by:search,what:${facts.finding.what}`;
  return {
    ...facts,
    incidentId,
    openedAt: now,
    assessedAt: null,
    notices: [],
    closedAt: null,
    pages: [],
    steps: [{ kind: 'incident-opened', reasons: by, at: now }],
    toldSteps: 0,
    reminded: [],
  };
}

/** Id of an incident that somebody reports: from their own name for it, which is hashed and not kept, so that a repeated
 * report is the same incident. */
export const reportedId = (reference: string): IncidentId => asIncidentId(stableId('reported', reference));

/**
 * Writes an incident that is not there yet, and tells it.
 * @returns what is stored then, and whether this call opened it: a repeated report finds the first one
 * @throws ThrottledError, TransientError
 */
export async function open(
  incident: Incident,
  law: IncidentLaw,
  ports: IncidentPorts,
): Promise<{ readonly stored: StoredIncident; readonly opened: boolean }> {
  if (await ports.incidents.write(incident, null, null))
    return { stored: await tell({ incident, version: 1 }, 0, law, ports), opened: true };
  const stored = await ports.incidents.read(incident.incidentId);
  if (stored === null) throw new TransientError('the incident is being written');
  return { stored: await tell(stored, Number.POSITIVE_INFINITY, law, ports), opened: false };
}

/** What a change makes of an incident: the same object when nothing is to change, or why it cannot be. */
export type Alteration = Incident | { readonly obstacle: string };

/**
 * Changes an incident and tells it: read, altered and written under its version, from the start when somebody else was
 * faster. A call that changes nothing still tells what an earlier one left untold.
 * @returns null when there is no such incident
 * @throws ThrottledError, TransientError
 */
export async function change(
  incidentId: IncidentId,
  alter: (incident: Incident) => Promise<Alteration> | Alteration,
  law: IncidentLaw,
  ports: IncidentPorts,
): Promise<StoredIncident | { readonly obstacle: string } | null> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const stored = await ports.incidents.read(incidentId);
    if (stored === null) return null;
    const altered = await alter(stored.incident);
    if ('obstacle' in altered) return altered;
    if (altered === stored.incident) return tell(stored, Number.POSITIVE_INFINITY, law, ports);
    if (await ports.incidents.write(altered, stored.version, null))
      return tell(
        { incident: altered, version: stored.version + 1 },
        stored.incident.steps.length,
        law,
        ports,
      );
  }
  throw new TransientError('the incident is being changed');
}

const withStep = (incident: Incident, step: IncidentStep): Incident => ({
  ...incident,
  steps: [...incident.steps, step],
});

/** What somebody judged of an incident. */
export interface Assessment {
  readonly seriousness: Seriousness;
  readonly people: number | null;
  /** Null: not known, or as it was said before. */
  readonly beganAt: EpochMs | null;
  /** Further pages of affected atoms. */
  readonly pages: readonly string[];
}

/** The incident as assessed; itself when it already is so. The first assessment starts clocks, a later one corrects it. */
export function assessed(incident: Incident, assessment: Assessment, now: EpochMs): Alteration {
  if (incident.closedAt !== null) return { obstacle: 'It is closed.' };
  const { seriousness, people } = assessment;
  const beganAt = assessment.beganAt ?? incident.beganAt;
  const pages = assessment.pages.filter((page) => !incident.pages.includes(page));
  const isSame =
    incident.assessedAt !== null &&
    seriousness === incident.seriousness &&
    people === incident.people &&
    beganAt === incident.beganAt &&
    pages.length === 0;
  if (isSame) return incident;
  return withStep(
    {
      ...incident,
      seriousness,
      people,
      beganAt,
      pages: [...incident.pages, ...pages],
      assessedAt: incident.assessedAt ?? now,
    },
    {
      kind: 'incident-assessed',
      reasons: `seriousness:${seriousness},people:${people ?? 'unknown'}`,
      at: now,
    },
  );
}

/** The incident with a notice recorded; itself when that one is recorded. */
export function notified(incident: Incident, notice: IncidentNotice, now: EpochMs): Alteration {
  if (incident.notices.some(({ to, at }) => to === notice.to && at === notice.at)) return incident;
  if (incident.closedAt !== null) return { obstacle: 'It is closed.' };
  // A slip in the year would count as done what is still to do.
  if (notice.at < incident.foundAt) return { obstacle: '`toldAt` is before `foundAt`: correct its date.' };
  return withStep(
    { ...incident, notices: [...incident.notices, notice] },
    {
      kind: 'incident-notified',
      reasons: `to:${notice.to},${notice.complete ? 'complete' : 'first'}`,
      at: now,
    },
  );
}

/** The incident closed; itself when it is. */
export function closed(incident: Incident, law: IncidentLaw, now: EpochMs): Alteration {
  if (incident.closedAt !== null) return incident;
  const obstacle = closingObstacle(incident, law);
  return obstacle === null
    ? withStep({ ...incident, closedAt: now }, { kind: 'incident-closed', reasons: '', at: now })
    : { obstacle };
}

/** A search of ours that found something in a place. */
export interface Discovery {
  readonly kind: IncidentKind;
  readonly place: string;
  readonly what: string;
  readonly count: number;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
}

/**
 * Records what a search found: a new incident, or one more count on the one that is open for the same place and pattern.
 * What is found is not kept. A closed one is not reopened: the same thing found again is a new incident.
 * @throws ThrottledError, TransientError
 */
export async function discovered(
  discovery: Discovery,
  law: IncidentLaw,
  ports: IncidentPorts,
  now: EpochMs,
): Promise<StoredIncident> {
  const { kind, place, what, count, firstAt, lastAt } = discovery;
  const { incidents } = ports;
  const slot = stableId(kind, place, what);
  let standing = await incidents.claimed(slot);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    standing ??= await incidents.claim(slot, asIncidentId(stableId('found', slot, now)), null);
    const stored = await incidents.read(standing);
    if (stored === null) {
      const finding: Finding = { place, what, count, firstAt, lastAt };
      const facts = { kind, foundAt: now, beganAt: firstAt, seriousness: null, people: null, finding };
      const made = await open(newIncident(standing, facts, now), law, ports);
      if (made.opened) return made.stored;
      continue;
    }
    const { incident, version } = stored;
    if (incident.closedAt !== null) {
      standing = await incidents.claim(slot, asIncidentId(stableId('found', slot, now)), standing);
      continue;
    }
    const counted = withCount(incident, discovery);
    if (await incidents.write(counted, version, null))
      return tell({ incident: counted, version: version + 1 }, Number.POSITIVE_INFINITY, law, ports);
  }
  throw new TransientError('the incident is being changed');
}

const withCount = (incident: Incident, { place, what, count, firstAt, lastAt }: Discovery): Incident => {
  const { finding } = incident;
  return {
    ...incident,
    finding: {
      place,
      what,
      count: (finding?.count ?? 0) + count,
      firstAt: Math.min(finding?.firstAt ?? firstAt, firstAt),
      lastAt: Math.max(finding?.lastAt ?? lastAt, lastAt),
    },
    beganAt: Math.min(incident.beganAt ?? firstAt, firstAt),
  };
};

/** Open incidents read per call of {@link remind}'s walk. */
const PAGE = 50;

/**
 * Looks at every open incident: gives the reminders that are due, and tells what a crash left untold.
 * @returns how many there were, and reminders given
 * @throws ThrottledError, TransientError
 */
export async function remind(
  law: IncidentLaw,
  ports: IncidentPorts,
  now: EpochMs,
): Promise<{ readonly incidents: number; readonly reminders: number }> {
  let [incidents, reminders] = [0, 0];
  let cursor: string | undefined;
  do {
    const page = await ports.incidents.list({
      state: 'open',
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { incident } of page.incidents) {
      incidents += 1;
      let given = 0;
      await change(
        incident.incidentId,
        (current) => {
          const reminded = withReminders(current, law, now);
          given = reminded.steps.length - current.steps.length;
          return reminded;
        },
        law,
        ports,
      );
      reminders += given;
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { incidents, reminders };
}

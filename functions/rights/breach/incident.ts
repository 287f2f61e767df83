import type { Incident, IncidentNotice, IncidentStep } from '../../contracts/incidents.ts';
import { unreachable } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import type { LocalCalendar } from '../calendar.ts';
import { type BreachDuty, type BreachFacts, breachDuties } from './clock.ts';

/** What incidents are judged by. */
export interface IncidentLaw {
  readonly jurisdiction: Pick<JurisdictionDefinition, 'breach' | 'logs'>;
  readonly calendar: LocalCalendar;
}

/** A telling that the law demands, and when it was done; null while it was not. */
export interface TrackedDuty {
  readonly duty: BreachDuty;
  readonly metAt: EpochMs | null;
}

const factsOf = (incident: Incident): BreachFacts => ({
  awareAt: incident.foundAt,
  assessedAt: incident.assessedAt,
  peopleToldAt: noticesTo(incident, 'people')[0]?.at ?? null,
  seriousness: incident.seriousness,
  people: incident.people,
});

const noticesTo = ({ notices }: Incident, to: IncidentNotice['to']): readonly IncidentNotice[] =>
  notices.filter((notice) => notice.to === to).sort((a, b) => a.at - b.at);

/**
 * Whom the law wants told and which of it is done. Where it wants somebody told twice (at once, then in full), the first
 * notice meets the first duty, and a complete one meets all.
 */
export function trackedDuties(incident: Incident, law: IncidentLaw): readonly TrackedDuty[] {
  const seen = { regulator: 0, people: 0 };
  return breachDuties(law.jurisdiction, factsOf(incident), law.calendar).map((duty) => {
    const notices = noticesTo(incident, duty.to);
    const place = seen[duty.to];
    seen[duty.to] += 1;
    const meeting = notices.filter((notice, at) => at === place || notice.complete)[0];
    return { duty, metAt: meeting?.at ?? null };
  });
}

/** A reminder that is due. */
interface Reminder {
  /** The same for the same deadline. */
  readonly name: string;
  readonly step: IncidentStep;
}

/**
 * Reminders whose time has come and that were not given: when a duty without a number of its own arises, and at half and
 * at 80 % of a term and at its end.
 */
function remindersDue(incident: Incident, law: IncidentLaw, now: EpochMs): readonly Reminder[] {
  if (incident.closedAt !== null) return [];
  const given = new Set(incident.reminded);
  return trackedDuties(incident, law)
    .filter(({ metAt }) => metAt === null)
    .flatMap(({ duty }) => stagesOf(duty, now))
    .filter(({ name }) => !given.has(name));
}

function stagesOf(duty: BreachDuty, now: EpochMs): readonly Reminder[] {
  const reminder = (stage: string, from: EpochMs, dueAt?: EpochMs): Reminder => ({
    name: `${duty.to}.${from}.${stage}`,
    step: {
      kind: 'incident-reminded',
      reasons: `to:${duty.to},at:${stage}`,
      at: now,
      ...(dueAt === undefined ? {} : { dueAt }),
    },
  });
  switch (duty.state) {
    case 'waiting':
      return [];
    case 'at-once':
      return [reminder('once', duty.since)];
    case 'running':
      return (
        [
          ['half', duty.halfAt],
          ['four-fifths', duty.eightyPercentAt],
          ['overdue', duty.dueAt],
        ] as const
      )
        .filter(([, at]) => at <= now)
        .map(([stage]) => reminder(stage, duty.dueAt, duty.dueAt));
    default:
      return unreachable(duty);
  }
}

/** The incident with the reminders that are due now; itself when there are none. Of one deadline only the latest is
 * told: who looks late need not hear that half of the time is over. */
export function withReminders(incident: Incident, law: IncidentLaw, now: EpochMs): Incident {
  const due = remindersDue(incident, law, now);
  if (due.length === 0) return incident;
  const latest = new Map(due.map(({ step }) => [`${step.reasons.split(',')[0]} ${step.dueAt ?? ''}`, step]));
  return {
    ...incident,
    reminded: [...incident.reminded, ...due.map(({ name }) => name)],
    steps: [...incident.steps, ...latest.values()],
  };
}

/** Why an incident cannot be closed yet; null when it can. */
export function closingObstacle(incident: Incident, law: IncidentLaw): string | null {
  if (incident.assessedAt === null)
    return 'Assess it first: how serious it is and how many people it concerns.';
  const open = trackedDuties(incident, law).filter(
    ({ duty, metAt }) => metAt === null && duty.state !== 'waiting',
  );
  return open.length === 0
    ? null
    : `Tell ${[...new Set(open.map(({ duty }) => duty.to))].join(' and ')} first and record it, or assess the incident as one that need not be told.`;
}

/** When the record of a closed incident may go. */
export const recordEnd = (closedAt: EpochMs, { jurisdiction }: IncidentLaw): EpochMs =>
  closedAt + jurisdiction.logs.value.breachDays * DAY_MS;

/** Affected atoms that the incident's pages list, each once. */
export const listedOf = ({ pages }: Pick<Incident, 'pages'>): number =>
  pages.reduce((sum, page) => sum + Number(page.split('.')[0]), 0);

export const isTold = ({ steps, toldSteps }: Incident): boolean => toldSteps >= steps.length;

import { unreachable } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type {
  BreachClock,
  JurisdictionDefinition,
  Seriousness,
} from '../../registry/jurisdiction-definition.ts';
import { endOf, type LocalCalendar } from '../calendar.ts';

/** What is known of a breach so far. */
export interface BreachFacts {
  /** When it became known that personal data was exposed. */
  readonly awareAt: EpochMs;
  /** When it was assessed as one that has to be told; null while that is open. */
  readonly assessedAt: EpochMs | null;
  /** When the people concerned were told; null while they were not. */
  readonly peopleToldAt: EpochMs | null;
  /** Null while nobody has judged it: then every clock runs. */
  readonly seriousness: Seriousness | null;
  /** How many people are concerned; null while it is not known: then every clock runs. */
  readonly people: number | null;
}

/** One telling that the law demands. `waiting`: its time starts with something that hasn't happened · `at-once`: the law
 * gives no number · `running`: until `dueAt`. */
export type BreachDuty = { readonly to: 'regulator' | 'people' } & (
  | { readonly state: 'waiting'; readonly for: 'assessment' | 'notice-to-people' }
  | { readonly state: 'at-once'; readonly since: EpochMs }
  | {
      readonly state: 'running';
      readonly startsAt: EpochMs;
      readonly dueAt: EpochMs;
      /** When half of the time, and when 80 % of it, has passed: for reminders. */
      readonly halfAt: EpochMs;
      readonly eightyPercentAt: EpochMs;
    }
);

/** Each grade includes those before it. Laws scale differently; on this one order they are told rather too often. */
const RANK: Readonly<Record<Seriousness, number>> = { any: 0, risk: 1, 'high-risk': 2, serious: 3 };

/**
 * Whom the law of a jurisdiction wants told of a breach, and until when: the regulator first, then people.
 * What is not known yet counts as the worst, so that no clock is found to have run unseen.
 */
export function breachDuties(
  jurisdiction: Pick<JurisdictionDefinition, 'breach'>,
  facts: BreachFacts,
  calendar: LocalCalendar,
): readonly BreachDuty[] {
  const { regulator, people } = jurisdiction.breach.value;
  const owed = (clock: BreachClock) =>
    (facts.seriousness === null || RANK[facts.seriousness] >= RANK[clock.seriousness]) &&
    (facts.people === null || facts.people >= (clock.peopleMin ?? 1));
  return [
    ...regulator.filter(owed).map((clock) => dutyOf('regulator', clock, facts, calendar)),
    ...people.filter(owed).map((clock) => dutyOf('people', clock, facts, calendar)),
  ];
}

function dutyOf(
  to: BreachDuty['to'],
  { within, from }: BreachClock,
  facts: BreachFacts,
  calendar: LocalCalendar,
): BreachDuty {
  const startsAt = startOf(from, facts);
  if (startsAt === null)
    return { to, state: 'waiting', for: from === 'assessment' ? from : 'notice-to-people' };
  if (within === null) return { to, state: 'at-once', since: startsAt };
  const dueAt = endOf(startsAt, within, calendar);
  const shareAt = (share: number) => startsAt + Math.floor((dueAt - startsAt) * share);
  return { to, state: 'running', startsAt, dueAt, halfAt: shareAt(0.5), eightyPercentAt: shareAt(0.8) };
}

function startOf(from: BreachClock['from'], facts: BreachFacts): EpochMs | null {
  switch (from) {
    case 'awareness':
      return facts.awareAt;
    case 'assessment':
      return facts.assessedAt;
    case 'notice-to-people':
      return facts.peopleToldAt;
    default:
      return unreachable(from);
  }
}

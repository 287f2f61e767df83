import { endOfLocalDay, type LocalDay, localDayOf } from '../../kernel/local-day.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type {
  Extension,
  JurisdictionDefinition,
  RightsClock,
} from '../../registry/jurisdiction-definition.ts';
import type { Period } from '../../registry/period.ts';
import {
  addBusinessDays,
  businessDayFrom,
  businessDaysBetween,
  endOf,
  type LocalCalendar,
} from '../calendar.ts';

/** What one duty towards a person allows in time. */
export interface DeadlineRule {
  readonly within: Period;
  readonly extension: Extension | null;
  readonly clock: RightsClock;
}

/** `answer`: to do what was asked, or say why not · `opt-out`: to put an opt-out into effect · `acknowledge`: to confirm
 * that the request has come. */
export type Duty = 'answer' | 'opt-out' | 'acknowledge';

/** A time in which the person was waited for. */
export interface Pause {
  readonly from: EpochMs;
  /** Null: still waiting. */
  readonly to: EpochMs | null;
}

/** What has happened to a request so far. */
export interface RequestTimes {
  readonly receivedAt: EpochMs;
  readonly verifiedAt: EpochMs | null;
  readonly pauses: readonly Pause[];
  /** When the person was told that the answer takes longer; null when nobody did. */
  readonly extensionNoticedAt: EpochMs | null;
}

/** Where the clock of a duty stands. `not-started`: it waits for the person's identity · `stopped`: it waits for the
 * person since that instant · `running`: it ends at `dueAt`. */
export type Deadline =
  | { readonly state: 'not-started' }
  | { readonly state: 'stopped'; readonly since: EpochMs }
  | {
      readonly state: 'running';
      readonly startsAt: EpochMs;
      /** Last millisecond of the local day; the exact instant for a time in hours. */
      readonly dueAt: EpochMs;
      readonly extended: boolean;
      /** Until when the person may be told of an extension; null where the law knows none. */
      readonly extensionNoticeBy: EpochMs | null;
      /** When half of the running time, and when 80 % of it, has passed: for reminders. */
      readonly halfAt: EpochMs;
      readonly eightyPercentAt: EpochMs;
    };

/** What a jurisdiction's law says of a duty; null when it has no such duty. An opt-out without a time of its own has that of
 * any request. */
export function ruleFor(jurisdiction: JurisdictionDefinition, duty: Duty): DeadlineRule | null {
  const { answerIn, extension, clock } = jurisdiction.rights.value;
  const answer = { within: answerIn, extension, clock };
  if (duty === 'answer') return answer;
  const own = (duty === 'opt-out' ? jurisdiction.optOutIn : jurisdiction.acknowledgeIn).value;
  if (own === null) return duty === 'opt-out' ? answer : null;
  // A shorter time of its own needs no check of identity, and nobody may stretch it.
  return { within: own, extension: null, clock: 'from-receipt' };
}

/**
 * When a duty is due, by the jurisdiction's calendar.
 *
 * Days are local dates: the time ends with its last day there, months are clamped at their ends, business days skip
 * weekends and the holidays supplied. Where the clock stops for the person, it stands for the local dates from that of
 * the question to that of the reply. An extension counts if the person was told of it in time; told late, it is none.
 * A clock that is not stopped by law runs on, whatever `pauses` says.
 */
export function deadlineOf(rule: DeadlineRule, times: RequestTimes, calendar: LocalCalendar): Deadline {
  const startsAt = rule.clock === 'from-verification' ? times.verifiedAt : times.receivedAt;
  if (startsAt === null) return { state: 'not-started' };
  const pauses = rule.clock === 'from-receipt-stops-for-person' ? merged(times.pauses, startsAt) : [];
  const plain = afterPauses(endOf(startsAt, rule.within, calendar), pauses, rule.within, calendar);
  if (plain.stoppedSince !== null) return { state: 'stopped', since: plain.stoppedSince };
  const noticedAt = times.extensionNoticedAt;
  const extended = rule.extension !== null && noticedAt !== null && noticedAt <= plain.dueAt;
  const last = extended
    ? afterPauses(endOfExtended(startsAt, rule, calendar), pauses, rule.within, calendar)
    : plain;
  if (last.stoppedSince !== null) return { state: 'stopped', since: last.stoppedSince };
  const shareAt = (share: number) => instantAtShare(share, startsAt, last.dueAt, pauses);
  return {
    state: 'running',
    startsAt,
    dueAt: last.dueAt,
    extended,
    extensionNoticeBy: rule.extension === null ? null : plain.dueAt,
    halfAt: shareAt(0.5),
    eightyPercentAt: shareAt(0.8),
  };
}

/** One month and two further ones are three months from the start, not two from a clamped end of the first. */
function endOfExtended(
  startsAt: EpochMs,
  { within, extension }: DeadlineRule,
  calendar: LocalCalendar,
): EpochMs {
  if (extension === null) return endOf(startsAt, within, calendar);
  if (extension.unit === within.unit)
    return endOf(startsAt, { count: within.count + extension.count, unit: within.unit }, calendar);
  return endOf(endOf(startsAt, within, calendar), extension, calendar);
}

/** Pauses from the start on, in order, with those that overlap made one. */
function merged(pauses: readonly Pause[], startsAt: EpochMs): readonly Pause[] {
  const found: Pause[] = [];
  const sorted = pauses
    .map(({ from, to }) => ({ from: Math.max(from, startsAt), to }))
    .filter(({ from, to }) => to === null || to > from)
    .sort((a, b) => a.from - b.from);
  for (const pause of sorted) {
    const before = found.at(-1);
    if (before === undefined || (before.to !== null && before.to < pause.from)) found.push(pause);
    else if (before.to !== null)
      found[found.length - 1] = {
        from: before.from,
        to: pause.to === null ? null : Math.max(before.to, pause.to),
      };
  }
  return found;
}

interface Shifted {
  readonly dueAt: EpochMs;
  readonly stoppedSince: EpochMs | null;
}

/** A due time moved by each pause that began before it. */
function afterPauses(
  due: EpochMs,
  pauses: readonly Pause[],
  period: Period,
  calendar: LocalCalendar,
): Shifted {
  let dueAt = due;
  for (const { from, to } of pauses) {
    if (from > dueAt) break;
    if (to === null) return { dueAt, stoppedSince: from };
    dueAt = moved(dueAt, from, to, period, calendar);
  }
  return { dueAt, stoppedSince: null };
}

function moved(
  dueAt: EpochMs,
  from: EpochMs,
  to: EpochMs,
  { unit }: Period,
  calendar: LocalCalendar,
): EpochMs {
  if (unit === 'hours') return dueAt + (to - from);
  const dayOf = (at: EpochMs) => localDayOf(at, calendar.timeZone);
  const endOfDay = (day: LocalDay) => endOfLocalDay(day, calendar.timeZone);
  const [due, first, last] = [dayOf(dueAt), dayOf(from), dayOf(to)];
  if (unit !== 'business-days') return endOfDay(due + (last - first));
  const counted = addBusinessDays(due, businessDaysBetween(first, last, calendar), calendar);
  // A weekend counts for nothing, yet a clock that stood over it cannot have run out meanwhile.
  return endOfDay(Math.max(counted, businessDayFrom(last, calendar)));
}

/** The instant at which a share of the running time has passed; the clock does not run in pauses. */
function instantAtShare(share: number, startsAt: EpochMs, dueAt: EpochMs, pauses: readonly Pause[]): EpochMs {
  const stops = pauses.flatMap(({ from, to }) => (to === null || from > dueAt ? [] : [{ from, to }]));
  const stoodMs = stops.reduce((sum, { from, to }) => sum + (Math.min(to, dueAt) - from), 0);
  let at = startsAt + Math.floor((dueAt - startsAt - stoodMs) * share);
  for (const { from, to } of stops) if (from < at) at += to - from;
  return Math.min(at, dueAt);
}

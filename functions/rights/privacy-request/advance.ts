import {
  CLOSED_STATES,
  type PrivacyRequest,
  REMINDERS,
  type Reminder,
} from '../../contracts/privacy-requests.ts';
import { unreachable } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { awaitsWord, valuesForgotten } from './correction.ts';
import type { Deadline } from './deadline.ts';
import { eventOf, saved, type Told, tell } from './evidence.ts';
import { deadlineFor, isProven, type PrivacyPolicy } from './policy.ts';
import type { StepPorts } from './ports.ts';

/** What the machine does next. `wait`: until `wakeAt` · `choose`, `correct`, `restrict`, `lift`, `export`, `erase`: the work ·
 * `clear`: ends an erasure · `done`. */
export type Action =
  | 'wait'
  | 'choose'
  | 'correct'
  | 'restrict'
  | 'lift'
  | 'export'
  | 'erase'
  | 'clear'
  | 'done';

export interface Step {
  readonly action: Action;
  /** For `wait`. */
  readonly wakeAt: EpochMs | null;
  /** The request as it shall be; the same object when nothing changes. */
  readonly next: PrivacyRequest;
  readonly told: readonly Told[];
  /** Reminders that are due now. */
  readonly reminders: readonly Reminder[];
  readonly deadline: Deadline;
}

/** Days after which a request that nobody could prove is denied where the clock has not even begun. */
const UNPROVEN_DAYS_MAX = 90;
/** Longest sleep of a machine: whatever is forgotten by then is looked at again. */
const SLEEP_MS_MAX = 30 * DAY_MS;

/**
 * What a request needs next. Pure, and the same however often it is asked: it follows from the request and the time alone,
 * so a machine may be started twice, stopped anywhere and started again.
 */
export function stepOf(request: PrivacyRequest, policy: PrivacyPolicy, now: EpochMs): Step {
  const deadline = deadlineFor(request, policy);
  const reminders = remindersDue(request, deadline, now);
  const step = (action: Action, told: readonly Told[] = [], change: Partial<PrivacyRequest> = {}): Step => ({
    action,
    wakeAt: action === 'wait' ? wakeAt(request, deadline, now) : null,
    next:
      reminders.length === 0 && Object.keys(change).length === 0
        ? request
        : { ...request, ...change, reminded: [...request.reminded, ...reminders] },
    told,
    reminders,
    deadline,
  });
  if (CLOSED_STATES.has(request.state)) return { ...step('done'), next: request, reminders: [] };
  switch (request.state) {
    case 'received':
      if (isProven(request)) return step(workOf(request), [], { state: 'processing' });
      return unprovableFrom(request, deadline) <= now ? deny(request, deadline, now, step) : step('wait');
    case 'needs-input':
      return step('wait');
    case 'restricted':
      // An execution lasts a year at most; the daily machine comes back to what waits for longer than a sleep.
      if (isFarAhead(request, now)) return step('done');
      return (request.restrictedUntil ?? 0) > now ? step('wait') : step('erase');
    case 'key-deleted':
      return (request.pitrClearAt ?? 0) > now ? step('wait') : step('clear');
    case 'lifting':
      return step('lift');
    case 'pending':
    case 'processing':
    case 'failed':
      if (isLifting(request)) return step('lift', [], { state: 'lifting' });
      return step(workOf(request), [], request.state === 'processing' ? {} : { state: 'processing' });
    case 'erased':
    case 'complete':
    case 'denied':
      return step('done');
    default:
      return unreachable(request.state);
  }
}

/** Whether a restriction is to be lifted and not yet is. */
const isLifting = ({ lift }: PrivacyRequest): boolean => lift !== undefined && lift.doneAt === null;

/** Whether the law lets an erasure begin only after more than one sleep of a machine. */
export const isFarAhead = ({ state, restrictedUntil }: PrivacyRequest, now: EpochMs): boolean =>
  state === 'restricted' && (restrictedUntil ?? 0) > now + SLEEP_MS_MAX;

function workOf(request: PrivacyRequest): Action {
  const { type, correction } = request;
  switch (type) {
    case 'access':
    case 'port':
      return 'export';
    case 'erase':
      return 'erase';
    case 'restrict':
      return 'restrict';
    case 'correct': {
      const isToContest = correction?.word?.outcome === 'unascertained' && correction.contestedAt === null;
      return awaitsWord(request) && !isToContest ? 'wait' : 'correct';
    }
    case 'opt-out-sale':
    case 'opt-out-profiling':
    case 'object':
      return 'choose';
    default:
      return unreachable(type);
  }
}

/** When the time there was for showing who asks has passed. */
const unprovableFrom = (request: PrivacyRequest, deadline: Deadline): EpochMs =>
  1 + (deadline.state === 'running' ? deadline.dueAt : request.receivedAt + UNPROVEN_DAYS_MAX * DAY_MS);

function deny(
  request: PrivacyRequest,
  deadline: Deadline,
  now: EpochMs,
  step: (action: Action, told: readonly Told[], change: Partial<PrivacyRequest>) => Step,
): Step {
  const denial = request.identity === null ? 'identity-not-verified' : 'authority-not-verified';
  const at = unprovableFrom(request, deadline);
  return step('done', [{ kind: 'privacy-request-denied', reasons: denial, at }], {
    state: 'denied',
    denial,
    closedAt: now,
    ...valuesForgotten(request),
  });
}

const timesOf = (deadline: Deadline): Readonly<Record<Reminder, EpochMs>> | null =>
  deadline.state === 'running'
    ? { half: deadline.halfAt, eighty: deadline.eightyPercentAt, overdue: deadline.dueAt + 1 }
    : null;

/** The answer is given when keys are destroyed or processing is restricted; what follows has no deadline. */
const isAnswered = (request: PrivacyRequest): boolean =>
  request.state === 'key-deleted' || request.state === 'restricted' || isLifting(request);

function remindersDue(request: PrivacyRequest, deadline: Deadline, now: EpochMs): readonly Reminder[] {
  const times = timesOf(deadline);
  if (times === null || isAnswered(request)) return [];
  return REMINDERS.filter((reminder) => times[reminder] <= now && !request.reminded.includes(reminder));
}

function wakeAt(request: PrivacyRequest, deadline: Deadline, now: EpochMs): EpochMs {
  const times = isAnswered(request) ? null : timesOf(deadline);
  const moments = [
    now + SLEEP_MS_MAX,
    ...(times === null ? [] : Object.values(times)),
    ...(request.state === 'received' ? [request.receivedAt + UNPROVEN_DAYS_MAX * DAY_MS + 1] : []),
    ...(request.state === 'key-deleted' ? [request.pitrClearAt ?? now] : []),
    ...(request.state === 'restricted' ? [request.restrictedUntil ?? now] : []),
  ];
  return Math.min(...moments.filter((moment) => moment > now));
}

/** What the machine is told after a look at the request. */
export interface Advanced {
  readonly requestId: string;
  readonly driver: number;
  readonly action: Action;
  /** ISO 8601. */
  readonly wakeAt: string;
}

/**
 * Looks at a request and says what the machine does next. Reminders and evidence go out first and are safe to repeat: they bear
 * the time at which they fell due, whenever that is looked at. An execution that another has relieved is done.
 * @throws TransientError when somebody wrote meanwhile: the machine looks again
 */
export async function advance(
  { requestId, driver }: { readonly requestId: string; readonly driver: number },
  policy: PrivacyPolicy,
  ports: Pick<StepPorts, 'requests' | 'lineage' | 'events'>,
  now: EpochMs,
): Promise<Advanced> {
  const request = await ports.requests.find(requestId);
  const answer = (action: Action, wakeAt: EpochMs = now): Advanced => ({
    requestId,
    driver,
    action,
    wakeAt: new Date(wakeAt).toISOString(),
  });
  if (request === null || request.driver !== driver) return answer('done');
  const step = stepOf(request, policy, now);
  const dueAt = step.deadline.state === 'running' ? step.deadline.dueAt : null;
  const times = timesOf(step.deadline);
  const fellDueAt = (reminder: Reminder): EpochMs => times?.[reminder] ?? now;
  await tell(
    request,
    [
      ...step.told,
      ...step.reminders.map(
        (reason): Told => ({ kind: 'privacy-request-reminded', reasons: reason, at: fellDueAt(reason) }),
      ),
    ],
    policy,
    ports,
  );
  await ports.events.publish([
    ...step.reminders.map((reason) =>
      eventOf(request, 'Privacy Request Due', reason, fellDueAt(reason), dueAt),
    ),
    ...(step.next.state === 'denied' && request.state !== 'denied'
      ? [eventOf(request, 'Privacy Request Closed', 'denied', unprovableFrom(request, step.deadline))]
      : []),
  ]);
  if (step.next !== request) await saved(step.next, ports);
  return answer(step.action, step.wakeAt ?? now);
}

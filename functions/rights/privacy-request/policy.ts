import type { PrivacyRequest, PrivacyRequestType } from '../../contracts/privacy-requests.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { invariant, unreachable } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import { jurisdictions } from '../../registry/jurisdictions/index.ts';
import { calendarOf, type LocalCalendar } from '../calendar.ts';
import { type Deadline, type Duty, deadlineOf, type Pause, ruleFor } from './deadline.ts';

/** What requests are worked on by: the jurisdiction's law and calendar. */
export interface PrivacyPolicy {
  readonly jurisdiction: JurisdictionDefinition;
  readonly calendar: LocalCalendar;
  readonly secrets: JurisdictionSecrets;
  /** Partition buckets of the streams. */
  readonly buckets: number;
}

/** The policy of one stack.
 * @param setting reads JURISDICTION, SIGNAL_BUCKETS and PUBLIC_HOLIDAYS
 * @throws InvariantError when the stack is set up wrongly */
export function policyOf(setting: (name: string) => string, secrets: JurisdictionSecrets): PrivacyPolicy {
  const jurisdiction = jurisdictions[setting('JURISDICTION')];
  invariant(jurisdiction !== undefined, 'JURISDICTION is not in the registry');
  const buckets = Number(setting('SIGNAL_BUCKETS'));
  invariant(Number.isInteger(buckets) && buckets >= 1 && buckets <= 100, 'SIGNAL_BUCKETS is not 1 to 100');
  return { jurisdiction, calendar: calendarOf(jurisdiction, setting('PUBLIC_HOLIDAYS')), secrets, buckets };
}

/** Version of these rules, named by the evidence of every step. */
export const PRIVACY_POLICY = 'privacy-request@1';

/** Whether a request has to wait for proof. An opt-out and an objection need none: they can harm nobody, and a browser's
 * signal needs none either (CCPA § 1798.135(c)(1), regulations § 7026(d)). */
export function needsProof(type: PrivacyRequestType): boolean {
  switch (type) {
    case 'opt-out-sale':
    case 'opt-out-profiling':
    case 'object':
      return false;
    case 'access':
    case 'erase':
    case 'correct':
    case 'port':
    case 'restrict':
      return true;
    default:
      return unreachable(type);
  }
}

/** Whether everything that had to be shown was shown. */
export const isProven = ({ type, identity, authority, requester }: PrivacyRequest): boolean =>
  !needsProof(type) || (identity !== null && (requester === 'person' || authority !== null));

/** When the proof was complete; null before. */
export const provenAt = (request: PrivacyRequest): EpochMs | null => {
  if (!needsProof(request.type)) return request.receivedAt;
  if (!isProven(request)) return null;
  return Math.max(request.identity?.at ?? 0, request.authority?.at ?? 0);
};

const dutyOf = ({ type }: PrivacyRequest): Duty =>
  type === 'opt-out-sale' || type === 'opt-out-profiling' ? 'opt-out' : 'answer';

/** Where the clock of the law stands for a request. While proof is missing the person is waited for, which stops the clock
 * where the law says so. */
export function deadlineFor(request: PrivacyRequest, { jurisdiction, calendar }: PrivacyPolicy): Deadline {
  const rule = ruleFor(jurisdiction, dutyOf(request));
  invariant(rule !== null, 'every jurisdiction has a time to answer in');
  const verifiedAt = provenAt(request);
  const proving: readonly Pause[] = needsProof(request.type)
    ? [{ from: request.receivedAt, to: verifiedAt }]
    : [];
  return deadlineOf(
    rule,
    {
      receivedAt: request.receivedAt,
      verifiedAt,
      pauses: [...proving, ...request.pauses],
      extensionNoticedAt: request.extensionNoticedAt,
    },
    calendar,
  );
}

import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { calendarDays } from '../period.ts';
import {
  BEYOND_SERVICE,
  ERASED_AT_ONCE,
  FIFTY_PEOPLE,
  GPC_BY_DEFAULT,
  general,
  LOGS_BY_DEFAULT,
  NO_TIME_OF_ITS_OWN,
  onceKnown,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const NOTICE = 'APPI: notice of purpose; consent for third-party provision';

/**
 * Japan: Act on the Protection of Personal Information. Overall confidence: low to medium; an amendment bill is in the
 * Diet since April 2026.
 *
 * Use within the notified purpose needs no consent. The statute says "without delay" for requests: 14 days is the
 * product's own target.
 */
export const jp: JurisdictionDefinition = {
  code: 'jp',
  name: 'Japan',
  law: 'APPI (amendment bill in Diet since Apr 2026)',
  countries: ['JP'],
  partition: 'aws',
  region: 'ap-northeast-1',
  currency: 'JPY',
  timeZone: 'Asia/Tokyo',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', NOTICE),
    analytics: general('opt-out', NOTICE),
    personalisation: general('opt-out', NOTICE),
    profiling: general('opt-out', NOTICE),
    automatedDecisions: general('opt-out', 'APPI: none'),
    sharing: general('opt-in', NOTICE),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'effort to delete',
    source: 'APPI art. 22',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: general(
    {
      answerIn: calendarDays(14),
      extension: null,
      clock: 'from-receipt',
      erasure: true,
    },
    'statute: without delay; 14 is our SLO; erasure: conditional cease/delete',
  ),
  recipientsTold: general([], 'no rule was researched'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: general(
    {
      // Three to five days: the earlier is kept.
      regulator: [onceKnown(calendarDays(3), 'serious'), onceKnown(calendarDays(30), 'serious')],
      people: [onceKnown(null, 'serious')],
      rule: 'prelim 3-5 days, final 30 days; people promptly',
    },
    'APPI art. 26 and its enforcement rules',
  ),
  // No age today; the pending bill's is used.
  minors: secondary(
    {
      denied: [{ underAge: 16, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: 'none now; 16 in pending bill',
    },
    'morihamada.com newsletter 138006',
  ),
  automatedDecisions: general([], 'APPI: none'),
  transfers: secondary(
    'consent/equivalent system',
    'EU adequacy recital 76 via proteuscyber.com (old art 24)',
  ),
  aggregateThreshold: FIFTY_PEOPLE,
};

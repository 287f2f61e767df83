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
} from '../sourced.ts';

const INTERESTS = 'POPIA s. 11(1)(f): legitimate interests, with a right to object';

/**
 * South Africa: Protection of Personal Information Act. Overall confidence: low to medium; nearly everything here is
 * general knowledge and comes first to counsel.
 */
export const za: JurisdictionDefinition = {
  code: 'za',
  name: 'South Africa',
  law: 'POPIA',
  countries: ['ZA'],
  partition: 'aws',
  region: 'af-south-1',
  currency: 'ZAR',
  timeZone: 'Africa/Johannesburg',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'POPIA s. 11(1)(b)'),
    analytics: general('opt-out', INTERESTS),
    // Offers reach people by electronic means, and electronic marketing is opt-in.
    personalisation: general('opt-in', 'POPIA s. 69'),
    profiling: general('opt-out', INTERESTS),
    // Decisions on a profile alone are forbidden but for a contract or a code of conduct.
    automatedDecisions: general('opt-in', 'POPIA s. 71'),
    sharing: general('opt-in', 'POPIA s. 11(1)(a)'),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'no longer than necessary',
    source: 'POPIA s. 14',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: general(
    { answerIn: calendarDays(30), extension: null, clock: 'from-receipt', erasure: true },
    '30 days: general knowledge; erasure: POPIA s. 24',
  ),
  recipientsTold: general(['correction', 'erasure'], 'POPIA s. 24(3)'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: general(
    {
      regulator: [onceKnown(null, 'any')],
      people: [onceKnown(null, 'any')],
      rule: 'as soon as reasonably possible',
    },
    'POPIA s. 22 (section located at inforegulator.org.za; wording not displayed)',
  ),
  minors: general(
    {
      denied: [{ underAge: 18, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '18',
    },
    'POPIA s. 35: a competent person consents',
  ),
  automatedDecisions: general(['explain', 'human-review'], 'POPIA s. 71: logic and representations'),
  transfers: general('adequate protection, consent or contract', 'POPIA s. 72'),
  aggregateThreshold: FIFTY_PEOPLE,
};

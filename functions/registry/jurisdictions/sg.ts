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
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const NOTIFICATION = 'commoner-law.com: consent, also deemed by notification; withdrawal under PDPA s. 16';

/**
 * Singapore: Personal Data Protection Act 2012. Overall confidence: medium.
 *
 * Consent may be deemed once people were told and had a way to refuse: an opt-out. Thirty days is a benchmark for
 * answers and not the statute's.
 */
export const sg: JurisdictionDefinition = {
  code: 'sg',
  name: 'Singapore',
  law: 'PDPA 2012',
  countries: ['SG'],
  partition: 'aws',
  region: 'ap-southeast-1',
  currency: 'SGD',
  timeZone: 'Asia/Singapore',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'PDPA s. 15: deemed consent by conduct or contract'),
    analytics: secondary('opt-out', NOTIFICATION),
    personalisation: secondary('opt-out', NOTIFICATION),
    profiling: secondary('opt-out', NOTIFICATION),
    automatedDecisions: secondary('opt-out', NOTIFICATION),
    sharing: secondary('opt-out', NOTIFICATION),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'cease to retain when no purpose is served',
    source: 'PDPA s. 25',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  // No right to erasure: consent is withdrawn, and what it was for ceases. A request becomes a restriction.
  rights: secondary(
    { answerIn: calendarDays(30), extension: null, clock: 'from-receipt', erasure: false },
    'commoner-law.com (benchmark); no right to erasure is general knowledge',
  ),
  recipientsTold: general(['correction'], 'PDPA s. 22(2)(b): to whom it went in the year before'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [{ within: calendarDays(3), from: 'assessment', seriousness: 'serious' }],
      people: [{ within: null, from: 'assessment', seriousness: 'serious' }],
      rule: '3 calendar days after assessed notifiable',
    },
    'commoner-law.com',
  ),
  minors: general(
    {
      denied: [{ underAge: 13, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '13 guidance',
    },
    'guidance of the Personal Data Protection Commission',
  ),
  automatedDecisions: general([], 'PDPA: none binding'),
  transfers: general('comparable protection', 'PDPA s. 26'),
  aggregateThreshold: FIFTY_PEOPLE,
};

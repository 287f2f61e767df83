import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { calendarDays } from '../period.ts';
import {
  FIFTY_PEOPLE,
  GPC_BY_DEFAULT,
  general,
  IN_72_HOURS,
  LOGS_BY_DEFAULT,
  NO_TIME_OF_ITS_OWN,
  onceKnown,
  primary,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const CONSENT = 'DPDP s. 6: consent, or a legitimate use on the list of s. 7';
const RULE_8 = 'dpdpa.in/dpdpa_rules_2025/Rule_8.htm, schedule3.htm';

/**
 * India: DPDP Act 2023 with the Rules of 2025. Overall confidence: medium.
 *
 * Rule 8(3) is a MINIMUM of one year for personal data, traffic data and logs. An earlier request for erasure becomes a
 * restriction until it has passed. Large platforms (e-commerce and social media from two crore users) must erase after
 * three years without contact and say so 48 hours before. The substantive duties bind from May 2027; a proposal of
 * January 2026 would bring rule 8(3) forward. The product applies them now.
 */
export const india: JurisdictionDefinition = {
  code: 'in',
  name: 'India',
  law: 'DPDP Act 2023 + Rules 2025',
  countries: ['IN'],
  partition: 'aws',
  region: 'ap-south-1',
  currency: 'INR',
  timeZone: 'Asia/Kolkata',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'DPDP s. 7(a): given voluntarily for a specified purpose'),
    analytics: general('opt-in', CONSENT),
    personalisation: general('opt-in', CONSENT),
    profiling: general('opt-in', CONSENT),
    automatedDecisions: general('opt-in', CONSENT),
    sharing: general('opt-in', CONSENT),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: with consent, a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'rule 8(3): at least one year; rule 8(1): at most three years without contact on a large platform',
    source: RULE_8,
    evidence: 'primary source',
    minDays: 365,
  }),
  earlyErasure: primary('restrict-until-floor', RULE_8),
  rights: general(
    { answerIn: calendarDays(90), extension: null, clock: 'from-receipt', erasure: true },
    'published period, max 90 days grievance: rule 14(3); erasure: DPDP s. 12, subject to rule 8(3)',
  ),
  recipientsTold: general(['erasure'], 'DPDP s. 8(7)(b): processors'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [onceKnown(null, 'any'), onceKnown(IN_72_HOURS, 'any')],
      people: [onceKnown(null, 'any')],
      rule: 'to the Board without delay, and in full within 72 hours; to the people without delay',
    },
    'ndtvprofit.com 14 Nov 2025; getastra.com',
  ),
  minors: secondary(
    {
      denied: [
        { underAge: 18, purposes: ['analytics', 'personalisation', 'profiling'], unless: 'never' },
        { underAge: 18, purposes: ['automatedDecisions', 'sharing'], unless: 'guardian' },
      ],
      rule: '18; tracking/targeted ads barred',
    },
    'ndtvprofit.com',
  ),
  // No right to an explanation; a significant fiduciary owes diligence over its algorithms.
  automatedDecisions: secondary([], 'mahitiadhikar/Indian Express 23 Jan 2026'),
  transfers: secondary('allowed unless restricted; SDF localisation possible', 'ssrana.in/?p=43288'),
  aggregateThreshold: FIFTY_PEOPLE,
};

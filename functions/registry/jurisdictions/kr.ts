import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { calendarDays } from '../period.ts';
import {
  BEYOND_SERVICE,
  ERASED_AT_ONCE,
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

const CONSENT = 'dataguidance South Korea overview';
const AUTOMATED = 'prighter.com korean-pipa article 37-2';

/**
 * South Korea: Personal Information Protection Act. Overall confidence: medium; the breach clock was read in a draft of
 * the decree.
 */
export const kr: JurisdictionDefinition = {
  code: 'kr',
  name: 'South Korea',
  law: 'PIPA',
  countries: ['KR'],
  partition: 'aws',
  region: 'ap-northeast-2',
  currency: 'KRW',
  timeZone: 'Asia/Seoul',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'PIPA art. 15(1)(4)'),
    analytics: secondary('opt-in', CONSENT),
    personalisation: secondary('opt-in', CONSENT),
    profiling: secondary('opt-in', CONSENT),
    automatedDecisions: secondary('opt-in', CONSENT),
    sharing: secondary('opt-in', CONSENT),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: with consent, a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'destroy without delay when purpose ends',
    source: 'PIPA art. 21',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: general(
    { answerIn: calendarDays(10), extension: null, clock: 'from-receipt', erasure: true },
    '10 days: general knowledge; erasure: art. 36, prighter.com art 38, primary source',
  ),
  recipientsTold: general([], 'no rule was researched'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [{ ...onceKnown(IN_72_HOURS, 'any'), peopleMin: 1_000 }],
      people: [onceKnown(IN_72_HOURS, 'any')],
      rule: '72 hours; the regulator from 1000 subjects etc.',
    },
    'chambers.com (draft decree 2023)',
  ),
  minors: primary(
    {
      denied: [{ underAge: 14, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '14',
    },
    'prighter.com art 38(2)',
  ),
  automatedDecisions: primary(['explain', 'human-review', 'refuse', 'disclose'], AUTOMATED),
  transfers: primary('consent/cert/equivalence', 'PIPA art. 28-8: prighter.com decree IV-3'),
  aggregateThreshold: FIFTY_PEOPLE,
};

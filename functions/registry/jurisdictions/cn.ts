import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { businessDays, hours } from '../period.ts';
import {
  BEYOND_SERVICE,
  ERASED_AT_ONCE,
  FIFTY_PEOPLE,
  GPC_BY_DEFAULT,
  general,
  LOGS_BY_DEFAULT,
  NO_TIME_OF_ITS_OWN,
  onceKnown,
  primary,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const CONSENT = 'PIPL art. 13 and 29: consent, and separate consent for what is sensitive';
const AUTOMATED = 'PIPL art. 24';

/**
 * Mainland China: PIPL with the CAC provisions of 2024 and the incident measures of 2025. Overall confidence: medium.
 *
 * A partition and an account of its own; data stays there. Hong Kong, Macao and Taiwan have laws of their own. The
 * statute says "timely" for requests: 15 working days is the product's target. Working days include weekends that the
 * State Council moves to the working week: the deployer's calendar names them.
 */
export const cn: JurisdictionDefinition = {
  code: 'cn',
  name: 'China (mainland)',
  law: 'PIPL; CAC 2024 Provisions; 2025 Incident Measures',
  countries: ['CN'],
  exceptPlaces: ['CN-HK', 'CN-MO', 'CN-TW'],
  partition: 'aws-cn',
  region: 'cn-north-1',
  currency: 'CNY',
  timeZone: 'Asia/Shanghai',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'PIPL art. 13(2)'),
    analytics: general('opt-in', CONSENT),
    personalisation: general('opt-in', AUTOMATED),
    profiling: general('opt-in', CONSENT),
    automatedDecisions: general('opt-in', AUTOMATED),
    sharing: general('opt-in', 'PIPL art. 23: separate consent'),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: with consent, a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'shortest necessary',
    source: 'PIPL art. 19',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: general(
    { answerIn: businessDays(15), extension: null, clock: 'from-receipt', erasure: true },
    'statute only "timely" (PIPL art. 50); 15 working days is our SLO; erasure: PIPL art. 47',
  ),
  recipientsTold: general([], 'no rule was researched'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [onceKnown(null, 'any'), onceKnown(hours(4), 'serious')],
      people: [onceKnown(null, 'any')],
      rule: 'art. 57: at once; in 4 hours if relatively significant (>=1M people, say), 1 hour for critical infrastructure, which this product is not made for',
    },
    'conventuslaw.com/?p=130132',
  ),
  minors: primary(
    {
      denied: [{ underAge: 14, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '14',
    },
    'en.npc.gov.cn art 28',
  ),
  automatedDecisions: general(['explain', 'refuse'], AUTOMATED),
  transfers: secondary(
    'localised for CIIO/threshold (art 40); <100k non-sensitive/yr exempt; 100k-1M std contract; >1M assessment',
    'personalinformationprotectionlaw.com art 38 and 40; fangdalaw.com; translate.hicom-asia.com',
  ),
  aggregateThreshold: FIFTY_PEOPLE,
};

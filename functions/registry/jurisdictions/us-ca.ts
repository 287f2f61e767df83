import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { businessDays, calendarDays } from '../period.ts';
import {
  ERASED_AT_ONCE,
  FIFTY_PEOPLE,
  general,
  onceKnown,
  primary,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const OPT_OUT = 'law.cornell.edu/regulations/california/11-CCR-7025';
/** Logs of requests, and so of choices, are kept at least 24 months. */
const REQUEST_LOG_DAYS = 731;

/**
 * California: CCPA as amended by CPRA, with 11 CCR 7000 and following. Overall confidence: high.
 *
 * The clock runs from receipt, verified or not; receipt is acknowledged in 10 business days; an opt-out needs no check
 * of identity and takes 15 business days at most (general knowledge). Rules on automated decisions bind from 2027-01-01,
 * for significant decisions only; risk assessments from 2026-01-01.
 */
export const usCa: JurisdictionDefinition = {
  code: 'us-ca',
  name: 'California',
  law: 'CCPA/CPRA + 11 CCR 7000ff',
  countries: ['US-CA'],
  partition: 'aws',
  region: 'us-west-2',
  currency: 'USD',
  timeZone: 'America/Los_Angeles',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'Civ 1798.140(e): business purpose'),
    analytics: primary('opt-out', OPT_OUT),
    personalisation: primary('opt-out', OPT_OUT),
    profiling: primary('opt-out', OPT_OUT),
    automatedDecisions: secondary(
      'opt-out',
      'getprivisy.com/regulations/ccpa/7220; procopio.com; natlawreview.com (pre-OAL text: 21 Apr 2028; cf-6cy.pages.dev: 1 Apr 2028)',
    ),
    sharing: primary('opt-out', OPT_OUT),
  },
  identity: general(
    { deterministic: true, probabilistic: 'on' },
    'product default: no rule on matching was researched',
  ),
  // Binding for sale and sharing, in the browser and in linked and pseudonymous profiles. That it also stops profiling
  // is the product's reading of the last two: a profile that may not be shared is not built on the quiet either.
  globalPrivacyControl: primary(['profiling', 'sharing'], OPT_OUT),
  // (c)(3): a setting that conflicts yields to the signal; who then consents in the face of it has consented, and the
  // signal may be ignored for as long as the consumer is known.
  consentOverGpc: primary('once-given', `${OPT_OUT} (c)(3)`),
  retention: {
    ...purposeBound({
      rule: 'disclosed per category',
      source: '11 CCR 7101; advisori.com/cpra 7101 text',
      evidence: 'general knowledge',
    }),
    consent: primary(
      {
        minDays: REQUEST_LOG_DAYS,
        maxDays: 1_825,
        basis: "request logs at least 24 months; the maximum is the product's default",
      },
      'advisori.com/cpra 7101 text',
    ),
  },
  earlyErasure: ERASED_AT_ONCE,
  rights: primary(
    {
      answerIn: calendarDays(45),
      extension: { ...calendarDays(45), by: 'controller' },
      clock: 'from-receipt',
      erasure: true,
    },
    'advisori.com/cpra 7021 text; opt-out 15bd is G; erasure (Civ 1798.105) is general knowledge',
  ),
  recipientsTold: general(['correction', 'erasure'], 'Civ 1798.105(c); the regulations on corrections'),
  acknowledgeIn: primary(businessDays(10), 'advisori.com/cpra 7021 text'),
  optOutIn: general(businessDays(15), '11 CCR 7026(f)'),
  logs: primary(
    { requestDays: REQUEST_LOG_DAYS, breachDays: 1_095 },
    'advisori.com/cpra 7101 text; the record of breaches is a product default',
  ),
  breach: secondary(
    {
      regulator: [{ within: calendarDays(15), from: 'notice-to-people', seriousness: 'any', peopleMin: 501 }],
      people: [onceKnown(calendarDays(30), 'any')],
      rule: '720 hours to individuals; sample notice to the attorney general <=15 days after, if >500 residents',
    },
    'SB 446: dataprotectionreport.com 2025/11',
  ),
  minors: general(
    {
      denied: [
        { underAge: 13, purposes: ['sharing'], unless: 'guardian' },
        { underAge: 16, purposes: ['sharing'], unless: 'person' },
      ],
      rule: '<16 opt-in to sale/share; <13 parent',
    },
    'Civ 1798.120(c)',
  ),
  automatedDecisions: secondary(
    ['disclose', 'explain', 'refuse', 'appeal'],
    'getprivisy.com/regulations/ccpa/7220; procopio.com; natlawreview.com (pre-OAL text: 21 Apr 2028; cf-6cy.pages.dev: 1 Apr 2028)',
  ),
  transfers: general('free', 'no rule'),
  aggregateThreshold: FIFTY_PEOPLE,
};

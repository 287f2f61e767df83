import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { calendarDays } from '../period.ts';
import {
  BEYOND_SERVICE,
  ERASED_AT_ONCE,
  FIFTY_PEOPLE,
  general,
  LOGS_BY_DEFAULT,
  NO_TIME_OF_ITS_OWN,
  onceKnown,
  primary,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const PROFILING = 'simpliant.eu; EY ch';

/**
 * Switzerland: revised Federal Act on Data Protection. Overall confidence: high.
 *
 * Profiling is permitted unless it violates the personality; where consent is relied on for high-risk profiling it must
 * be explicit, which a deployer with such a use declares by changing `profiling` here.
 */
export const ch: JurisdictionDefinition = {
  code: 'ch',
  name: 'Switzerland',
  law: 'FADP (revDSG)',
  // Liechtenstein is in the European Economic Area: see eu.
  countries: ['CH'],
  partition: 'aws',
  region: 'eu-central-2',
  currency: 'CHF',
  timeZone: 'Europe/Zurich',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'FADP art. 31(2)(a)'),
    analytics: secondary('opt-out', PROFILING),
    personalisation: secondary('opt-out', PROFILING),
    profiling: secondary('opt-out', PROFILING),
    // Permitted with information and, on request, a human review.
    automatedDecisions: secondary('opt-out', 'chambers gpg 438'),
    sharing: general('opt-out', 'FADP art. 30(2)(b)'),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: general(
    ['analytics', 'personalisation', 'profiling', 'sharing'],
    'FADP art. 30(2)(b): an express declaration of the person against processing',
  ),
  retention: purposeBound({
    rule: 'purpose-bound',
    source: 'FADP art. 6(4)',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: primary(
    {
      answerIn: calendarDays(30),
      extension: null,
      clock: 'from-receipt',
      erasure: true,
    },
    'lawbrary.ch DSG art 25(7); erasure (art 32 claims) is general knowledge',
  ),
  recipientsTold: general(['correction', 'erasure'], "FADP art. 32(4): on the person's request"),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [onceKnown(null, 'high-risk')],
      // Told when it is needed for their protection or the regulator asks for it: the same risk is taken for that.
      people: [onceKnown(null, 'high-risk')],
      rule: 'asap, high risk, no 72h cap',
    },
    'chambers gpg 438',
  ),
  // The law has no age. The strictest age of the neighbouring jurisdictions stands in for capacity of judgement.
  minors: general(
    {
      denied: [{ underAge: 16, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: 'capacity of judgement',
    },
    'FADP; Swiss Civil Code art. 16',
  ),
  automatedDecisions: secondary(['disclose', 'explain', 'human-review'], 'chambers gpg 438'),
  transfers: secondary('art 16 adequacy/SCC', 'en.obsecom.ch'),
  aggregateThreshold: FIFTY_PEOPLE,
};

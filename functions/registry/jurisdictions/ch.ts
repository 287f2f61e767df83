import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { general, primary, purposeBound, secondary } from '../sourced.ts';

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
  rights: primary(
    {
      answerIn: { count: 30, unit: 'calendar-days' },
      extension: null,
      clock: 'from-receipt',
      erasure: true,
    },
    'lawbrary.ch DSG art 25(7); erasure (art 32 claims) is general knowledge',
  ),
  breach: secondary({ notifyRegulatorHours: null, rule: 'asap, high risk, no 72h cap' }, 'chambers gpg 438'),
  // The law has no age. The strictest age of the neighbouring jurisdictions stands in for capacity of judgement.
  minors: general({ adultAge: 16, rule: 'capacity of judgement' }, 'FADP; Swiss Civil Code art. 16'),
  automatedDecisions: secondary(['disclose', 'explain', 'human-review'], 'chambers gpg 438'),
  transfers: secondary('art 16 adequacy/SCC', 'en.obsecom.ch'),
  aggregateThreshold: general(20, 'product default'),
};

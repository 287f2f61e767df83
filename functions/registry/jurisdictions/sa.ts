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
  secondary,
} from '../sourced.ts';

const CONSENT = 'chambers gpg 364; dgp.sdaia.gov.sa';

/**
 * Saudi Arabia: Personal Data Protection Law with its implementing regulations. Confidence: medium in the law, low in a
 * region.
 *
 * Defined so that its residents are known and refused elsewhere, and not deployable: no AWS region in the kingdom was
 * verified, and me-south-1 and me-central-1 were physically damaged in March 2026.
 */
export const sa: JurisdictionDefinition = {
  code: 'sa',
  name: 'Saudi Arabia',
  law: 'KSA PDPL + Implementing Regs',
  countries: ['SA'],
  partition: 'aws',
  region: null,
  notDeployable:
    'no AWS region in Saudi Arabia is verified; give functions/registry/jurisdictions/sa.ts a region once there is one',
  currency: 'SAR',
  timeZone: 'Asia/Riyadh',
  weekend: general(['friday', 'saturday'], 'custom of the country since 2013'),
  purposes: {
    service: general('contract', 'PDPL art. 6(2)'),
    analytics: secondary('legitimate-interest', CONSENT),
    // Marketing needs consent.
    personalisation: secondary('opt-in', CONSENT),
    profiling: secondary('opt-in', CONSENT),
    automatedDecisions: general('opt-in', 'PDPL: explicit consent for solely automated decisions'),
    sharing: secondary('opt-in', CONSENT),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: with consent, a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'destroy without undue delay when purpose ends (art. 18)',
    source: 'saudi-pdpl.com/article-18',
    evidence: 'primary source',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: primary(
    {
      answerIn: calendarDays(30),
      extension: { ...calendarDays(30), by: 'controller' },
      clock: 'from-receipt',
      erasure: true,
    },
    'ksapdpl.com IR art 3; erasure: suhaskrishna.com/?p=1433 (draft regs), secondary source',
  ),
  recipientsTold: general(['correction'], 'PDPL art. 17(1)'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: primary(
    {
      regulator: [onceKnown(IN_72_HOURS, 'risk')],
      people: [onceKnown(null, 'risk')],
      rule: '72 hours to the authority; that people are told without undue delay is general knowledge',
    },
    'ksapdpl.com IR art 24',
  ),
  minors: general(
    {
      denied: [{ underAge: 18, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '18 / guardian',
    },
    'age of majority; the guardian acts',
  ),
  automatedDecisions: general([], 'PDPL: explicit consent for solely automated decisions'),
  transfers: secondary('adequacy / SCC, BCR, cert + risk assessment', 'insightplus.bakermckenzie.com'),
  aggregateThreshold: FIFTY_PEOPLE,
};

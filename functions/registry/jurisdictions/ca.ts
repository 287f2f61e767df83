import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { calendarDays } from '../period.ts';
import {
  BEYOND_SERVICE,
  ERASED_AT_ONCE,
  FIFTY_PEOPLE,
  GPC_BY_DEFAULT,
  general,
  NO_TIME_OF_ITS_OWN,
  onceKnown,
  primary,
  purposeBound,
  SATURDAY_AND_SUNDAY,
} from '../sourced.ts';

const CONSENT = 'PIPEDA sched. 1 cl. 4.3: meaningful consent; opt-out tolerated where nothing is sensitive';

/**
 * Canada but for Quebec, which has a jurisdiction of its own: PIPEDA. Overall confidence: medium; a bill (PPCDA) would
 * replace it (osler.com/?p=121915).
 *
 * Alberta and British Columbia have laws declared substantially similar, which were not researched; PIPEDA stands for
 * them. The stack is in Calgary, since Quebec's has Montreal: a region holds one jurisdiction.
 */
export const ca: JurisdictionDefinition = {
  code: 'ca',
  name: 'Canada, except Quebec',
  law: 'PIPEDA (bill PPCDA would replace; pending, osler.com/?p=121915)',
  countries: ['CA'],
  partition: 'aws',
  region: 'ca-west-1',
  currency: 'CAD',
  timeZone: 'America/Toronto',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'PIPEDA sched. 1 cl. 4.3.3: what the service needs'),
    analytics: general('opt-out', CONSENT),
    personalisation: general('opt-out', CONSENT),
    profiling: general('opt-out', CONSENT),
    automatedDecisions: general('opt-out', 'PIPEDA: none explicit'),
    sharing: general('opt-in', CONSENT),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'purpose-bound',
    source: 'PIPEDA sched. 1 cl. 4.5',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: general(
    { answerIn: calendarDays(30), extension: null, clock: 'from-receipt', erasure: true },
    'PIPEDA s. 8(3); erasure: limited',
  ),
  recipientsTold: general(['correction'], 'PIPEDA Sch. 1, cl. 4.9.5: where appropriate'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  // A record of every breach for 24 months; of requests, the product's default.
  logs: general({ requestDays: 1_095, breachDays: 731 }, '24-month breach log: PIPEDA s. 10.3'),
  breach: primary(
    {
      regulator: [onceKnown(null, 'serious')],
      people: [onceKnown(null, 'serious')],
      rule: 'as soon as feasible, when there is a real risk of significant harm',
    },
    'laws-lois.justice.gc.ca/eng/acts/P-8.6/section-10.1.html',
  ),
  minors: general(
    {
      denied: [{ underAge: 13, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '13 guidance',
    },
    'guidance of the Privacy Commissioner',
  ),
  automatedDecisions: general([], 'PIPEDA: none explicit'),
  transfers: general('accountability (free)', 'PIPEDA sched. 1 cl. 4.1.3'),
  aggregateThreshold: FIFTY_PEOPLE,
};

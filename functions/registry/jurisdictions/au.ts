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

const NOTICE = 'rulesmate.com.au';

/**
 * Australia: Privacy Act 1988 with the POLA Act 2024. Overall confidence: medium.
 *
 * Sensitive information is opt-in; the signals catalogue collects none. A children's code is due in December 2026.
 */
export const au: JurisdictionDefinition = {
  code: 'au',
  name: 'Australia',
  law: 'Privacy Act 1988; POLA Act 2024',
  countries: ['AU'],
  partition: 'aws',
  region: 'ap-southeast-2',
  currency: 'AUD',
  timeZone: 'Australia/Sydney',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'APP 6.1: primary purpose'),
    analytics: secondary('opt-out', NOTICE),
    personalisation: secondary('opt-out', NOTICE),
    profiling: secondary('opt-out', NOTICE),
    automatedDecisions: secondary('opt-out', 'APP 1.7 to 1.9: maddocks.com.au 16 Jun 2026; areebi.com'),
    sharing: secondary('opt-out', NOTICE),
  },
  identity: general(
    { deterministic: true, probabilistic: 'on' },
    'product default: no rule on matching was researched',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({ rule: 'APP 11.2', source: 'APP 11.2', evidence: 'general knowledge' }),
  earlyErasure: ERASED_AT_ONCE,
  // No general right to erasure: a request becomes a restriction.
  rights: general(
    {
      answerIn: calendarDays(30),
      extension: null,
      clock: 'from-receipt',
      erasure: false,
    },
    'APP 12.4; no general right to erasure',
  ),
  recipientsTold: general(['correction'], "APP 13.2: on the person's request"),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [{ within: null, from: 'assessment', seriousness: 'serious' }],
      people: [{ within: null, from: 'assessment', seriousness: 'serious' }],
      rule: 'as soon as practicable; 30-day assessment',
    },
    'rulesmate.com.au; theaicommand.com',
  ),
  minors: general(
    {
      denied: [{ underAge: 15, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: 'case by case / 15; code due Dec 2026',
    },
    'OAIC guidance',
  ),
  automatedDecisions: secondary(['disclose'], 'APP 1.7 to 1.9: maddocks.com.au 16 Jun 2026; areebi.com'),
  transfers: secondary('APP 8 accountability', NOTICE),
  aggregateThreshold: FIFTY_PEOPLE,
};

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

const VIRGINIA = 'self-law.org va 59.1-577 text';
const COLORADO = 'CO SB 26-189: ailegaljournal.com 2026/05; techjacksolutions.com';

/**
 * United States but for California, which has a jurisdiction of its own: the laws of Virginia and Colorado, stricter
 * than most, for every state. Overall confidence: medium.
 *
 * A state without a privacy law asks for less; one with a stricter law (of health or biometric facts, say) needs a file
 * of its own. Sensitive facts are opt-in; the signals catalogue collects none. From 2027-01-01 Colorado (SB 26-189)
 * wants automated decisions disclosed and adverse ones explained, within a time that is not settled.
 */
export const us: JurisdictionDefinition = {
  code: 'us',
  name: 'United States, except California',
  law: 'VCDPA 59.1-575ff; Colorado CPA; CO SB 26-189',
  // The territories have ISO codes of their own; no privacy law of theirs was researched.
  countries: ['US', 'PR', 'GU', 'VI', 'AS', 'MP', 'UM'],
  partition: 'aws',
  region: 'us-east-1',
  currency: 'USD',
  // The easternmost of the large zones: a day ends there first, so no deadline is late elsewhere.
  timeZone: 'America/New_York',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'VCDPA 59.1-578(A)(2): what the consumer was told it is needed for'),
    analytics: primary('opt-out', VIRGINIA),
    personalisation: primary('opt-out', VIRGINIA),
    profiling: primary('opt-out', VIRGINIA),
    automatedDecisions: secondary('opt-out', COLORADO),
    sharing: primary('opt-out', VIRGINIA),
  },
  identity: general(
    { deterministic: true, probabilistic: 'on' },
    'product default: no rule on matching was researched',
  ),
  // Colorado lists it for sale and targeted advertising. That it also stops profiling is the product's reading, as in
  // California: a profile that may not be shared is not built on the quiet either.
  globalPrivacyControl: secondary(['profiling', 'sharing'], 'mondaq 1485232'),
  consentOverGpc: general(
    'once-given',
    'C.R.S. 6-1-1306(1)(a)(IV)(C): consent takes precedence over the mechanism',
  ),
  retention: purposeBound({
    rule: 'minimise',
    source: 'law.lis.virginia.gov 59.1-578',
    evidence: 'secondary source',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: secondary(
    {
      answerIn: calendarDays(45),
      extension: { ...calendarDays(45), by: 'controller' },
      clock: 'from-receipt',
      erasure: true,
    },
    'lawcounty.com (CO); erasure: 59.1-577(A)(3), primary source',
  ),
  recipientsTold: general([], 'no rule was researched'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  // To whom Virginia's "without unreasonable delay" speaks was not researched beyond people.
  breach: secondary(
    {
      regulator: [],
      people: [onceKnown(calendarDays(30), 'any')],
      rule: 'Colorado: 30 days to people; Virginia: without unreasonable delay (general knowledge)',
    },
    'dataprotectionreport.com lists CO 30d',
  ),
  minors: secondary(
    {
      denied: [{ underAge: 13, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '13',
    },
    'lawserver.com 59.1-578',
  ),
  automatedDecisions: secondary(['disclose', 'explain', 'refuse'], COLORADO),
  transfers: general('free', 'no rule'),
  aggregateThreshold: FIFTY_PEOPLE,
};

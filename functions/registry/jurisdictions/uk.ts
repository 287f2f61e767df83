import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { calendarMonths } from '../period.ts';
import {
  BEYOND_SERVICE,
  ERASED_AT_ONCE,
  FIFTY_PEOPLE,
  general,
  IN_72_HOURS,
  LOGS_BY_DEFAULT,
  NO_TIME_OF_ITS_OWN,
  onceKnown,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const COMMENCEMENT = 'bratby.law/data-use-and-access-act-2025-commencement';

/**
 * United Kingdom: UK GDPR, DPA 2018 and PECR as amended by the Data (Use and Access) Act 2025. Overall confidence:
 * high.
 *
 * The Channel Islands (GG, JE) and the Isle of Man (IM) are neither in the UK nor in the EU and have laws of their own.
 * This product applies the UK's rules to their residents by default; counsel confirms.
 *
 * Complaints are acknowledged within 30 days from 2026-06-19 (SI 2026/82).
 */
export const uk: JurisdictionDefinition = {
  code: 'uk',
  name: 'United Kingdom',
  law: 'UK GDPR + DPA 2018 + PECR as amended by DUAA 2025',
  countries: ['GB', 'GG', 'JE', 'IM'],
  partition: 'aws',
  region: 'eu-west-2',
  currency: 'GBP',
  timeZone: 'Europe/London',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'UK GDPR art. 6(1)(b)'),
    // The exemption of s.112 has safeguards: clear information and a free way to object.
    analytics: secondary('legitimate-interest', COMMENCEMENT),
    personalisation: secondary('opt-in', COMMENCEMENT),
    profiling: secondary('opt-in', COMMENCEMENT),
    // Permitted with safeguards since 2026-02-05 (arts 22A-22D), but for special categories.
    automatedDecisions: secondary('legitimate-interest', 'lewissilkin.com 9 Feb 2026; kennedyslaw.com'),
    sharing: general('opt-in', 'UK GDPR art. 6(1)(a)'),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: general(
    ['analytics', 'personalisation', 'profiling', 'sharing'],
    'UK GDPR art. 21(5): objection by automated means',
  ),
  retention: purposeBound({
    rule: 'purpose-bound',
    source: 'UK GDPR art. 5(1)(e)',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  // Whether the two further months of the EU's rule remain was not researched: none is assumed, the safe side.
  rights: secondary(
    {
      answerIn: calendarMonths(1),
      extension: null,
      clock: 'from-receipt-stops-for-person',
      erasure: true,
    },
    'bratby.law (SI 2026/82); erasure art 17 is general knowledge',
  ),
  recipientsTold: general(['correction', 'erasure', 'restriction'], 'UK GDPR art. 19'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: general(
    {
      regulator: [onceKnown(IN_72_HOURS, 'risk')],
      people: [onceKnown(null, 'high-risk')],
      rule: '72 hours to the Information Commissioner; people without undue delay when the risk is high',
    },
    'UK GDPR art. 33 and 34',
  ),
  minors: general(
    { denied: [{ underAge: 13, purposes: BEYOND_SERVICE, unless: 'guardian' }], rule: '13' },
    'DPA 2018',
  ),
  automatedDecisions: secondary(
    ['explain', 'human-review', 'disclose'],
    'lewissilkin.com 9 Feb 2026; kennedyslaw.com',
  ),
  transfers: secondary('test: "not materially lower"; IDTA/Addendum', 'lewissilkin.com'),
  aggregateThreshold: FIFTY_PEOPLE,
};

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

const TRACKING =
  'opt-in for device tracking/ad profiles (ePrivacy art. 5(3), GDPR art. 6(1)(a)); LI only for first-party low-impact';

/** Overseas places with ISO codes under France and the Netherlands that are outside the Union (TFEU art. 355(2)). */
const EXCEPT = [
  ...['FR-BL', 'FR-NC', 'FR-PF', 'FR-PM', 'FR-TF', 'FR-WF'],
  ...['NL-AW', 'NL-CW', 'NL-SX', 'NL-BQ1', 'NL-BQ2', 'NL-BQ3'],
];

/**
 * European Union and European Economic Area: GDPR 2016/679 with the ePrivacy directive. Overall confidence: high.
 *
 * A 96-hour breach clock with a high-risk threshold is a proposal (COM(2025)837), not law.
 */
export const eu: JurisdictionDefinition = {
  code: 'eu',
  name: 'European Union and European Economic Area',
  law: 'GDPR 2016/679 + ePrivacy',
  exceptPlaces: EXCEPT,
  countries: [
    ...['AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IT'],
    ...['LT', 'LU', 'LV', 'MT', 'NL', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK'],
    // EEA: the GDPR applies through the EEA agreement.
    ...['IS', 'LI', 'NO'],
    // Åland and the French outermost regions have ISO codes of their own and are in the Union (TFEU art. 355(1), (4)).
    ...['AX', 'GF', 'GP', 'MF', 'MQ', 'RE', 'YT'],
  ],
  partition: 'aws',
  region: 'eu-central-1',
  currency: 'EUR',
  timeZone: 'Europe/Brussels',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'GDPR art. 6(1)(b)'),
    analytics: general('opt-in', TRACKING),
    personalisation: general('opt-in', TRACKING),
    profiling: general('opt-in', TRACKING),
    automatedDecisions: general('opt-in', 'GDPR art. 22(2)(c)'),
    sharing: general('opt-in', 'GDPR art. 6(1)(a)'),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: general(
    ['analytics', 'personalisation', 'profiling', 'sharing'],
    'GDPR art. 21(5): objection by automated means',
  ),
  retention: purposeBound({
    rule: 'purpose-bound art 5(1)(e)',
    source: 'GDPR art. 5(1)(e)',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: general(
    {
      answerIn: calendarMonths(1),
      extension: { ...calendarMonths(2), by: 'controller' },
      clock: 'from-receipt',
      erasure: true,
    },
    'GDPR art. 12(3) and art 17',
  ),
  recipientsTold: general(['correction', 'erasure', 'restriction'], 'GDPR art. 19'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: general(
    {
      regulator: [onceKnown(IN_72_HOURS, 'risk')],
      people: [onceKnown(null, 'high-risk')],
      rule: '72 hours to the supervisory authority; people without undue delay when the risk is high',
    },
    'GDPR art. 33(1) and 34(1); proposal: sourcingspeak.com digital-omnibus; noerr.com 18.06.2026 says not agreed',
  ),
  minors: general(
    {
      denied: [{ underAge: 16, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '16, states may go to 13',
    },
    'GDPR art. 8',
  ),
  automatedDecisions: secondary(
    ['explain', 'human-review'],
    'CJEU C-203/22 27 Feb 2025: dicopo.eu/?p=132891; bailii EUECJ 2025 C20322',
  ),
  transfers: general('adequacy/SCC/BCR', 'GDPR chapter V'),
  aggregateThreshold: FIFTY_PEOPLE,
};

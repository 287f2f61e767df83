import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { general, purposeBound, secondary } from '../sourced.ts';

const TRACKING =
  'opt-in for device tracking/ad profiles (ePrivacy 5(3), 6(1)(a)); LI only for first-party low-impact';

/**
 * European Union and European Economic Area: GDPR 2016/679 with the ePrivacy directive. Overall confidence: high.
 *
 * A 96-hour breach clock with a high-risk threshold is a proposal (COM(2025)837), not law.
 */
export const eu: JurisdictionDefinition = {
  code: 'eu',
  name: 'European Union and European Economic Area',
  law: 'GDPR 2016/679 + ePrivacy',
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
  rights: general(
    {
      answerIn: { count: 1, unit: 'calendar-months' },
      extension: { count: 2, unit: 'calendar-months' },
      clock: 'from-receipt',
      erasure: true,
    },
    'GDPR art. 12(3) and art 17',
  ),
  breach: general(
    { notifyRegulatorHours: 72, rule: '72 hours to the supervisory authority' },
    'proposal: sourcingspeak.com digital-omnibus; noerr.com 18.06.2026 says not agreed',
  ),
  minors: general({ adultAge: 16, rule: '16, states may go to 13' }, 'GDPR art. 8'),
  automatedDecisions: secondary(
    ['explain', 'human-review'],
    'CJEU C-203/22 27 Feb 2025: dicopo.eu/?p=132891; bailii EUECJ 2025 C20322',
  ),
  transfers: general('adequacy/SCC/BCR', 'GDPR chapter V'),
  aggregateThreshold: general(20, 'product default'),
};

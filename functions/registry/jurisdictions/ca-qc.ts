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
  onceKnown,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const ACTIVATION = 'legisquebec.gouv.qc.ca A-2.1 s. 65.0.1, the same wording as P-39.1 s. 8.1';
const DECISIONS = 'P-39.1 s. 12.1: kye-protocol.github.io/compliance/quebec-law-25.html';

/**
 * Quebec: act P-39.1 as amended by Law 25. Overall confidence: medium.
 *
 * Functions that identify, locate or profile are off, and the person is told how to switch them on.
 */
export const caQc: JurisdictionDefinition = {
  code: 'ca-qc',
  name: 'Quebec',
  law: 'Quebec P-39.1 as amended by Law 25',
  countries: ['CA-QC'],
  partition: 'aws',
  region: 'ca-central-1',
  currency: 'CAD',
  timeZone: 'America/Toronto',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'P-39.1 s. 12'),
    analytics: general('opt-in', 'P-39.1 s. 12 and 14'),
    personalisation: secondary('opt-in', ACTIVATION),
    profiling: secondary('opt-in', ACTIVATION),
    // Allowed with notice; but a decision here rests on a profile, which the person has to switch on.
    automatedDecisions: secondary('opt-in', ACTIVATION),
    sharing: general('opt-in', 'P-39.1 s. 13'),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: identifying by technology is one of the functions that are off; then a person looks first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'destroy or anonymise',
    source: 'P-39.1 s. 23',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  // What the law calls for is to cease dissemination and to de-index; erasing does both.
  rights: general(
    { answerIn: calendarDays(30), extension: null, clock: 'from-receipt', erasure: true },
    'P-39.1 s. 32; de-index/cease dissemination s. 28.1',
  ),
  recipientsTold: general(
    ['correction', 'erasure'],
    'Civil Code art. 40: who received it in the six months before',
  ),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [onceKnown(null, 'serious')],
      people: [onceKnown(null, 'serious')],
      rule: 'promptly (general knowledge), if there is a risk of serious injury',
    },
    'myprivacyrights.ca',
  ),
  minors: secondary(
    {
      denied: [{ underAge: 14, purposes: BEYOND_SERVICE, unless: 'guardian' }],
      rule: '14',
    },
    'dataguidance Law 25 part two',
  ),
  automatedDecisions: secondary(['disclose', 'explain', 'human-review'], DECISIONS),
  transfers: general('privacy impact assessment first', 'P-39.1 s. 17'),
  aggregateThreshold: FIFTY_PEOPLE,
};

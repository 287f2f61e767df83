import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { businessDays, calendarDays } from '../period.ts';
import {
  BEYOND_SERVICE,
  ERASED_AT_ONCE,
  FIFTY_PEOPLE,
  GPC_BY_DEFAULT,
  general,
  LOGS_BY_DEFAULT,
  NO_TIME_OF_ITS_OWN,
  onceKnown,
  primary,
  purposeBound,
  SATURDAY_AND_SUNDAY,
  secondary,
} from '../sourced.ts';

const BASES = 'LGPD art. 7: legitimate interest or consent';
const MINORS = 'blog.galalaw.com; kudupinter.com';

/**
 * Brazil: LGPD, with the children's statute for the digital world (ECA Digital). Overall confidence: high.
 *
 * A simplified answer is due at once, the complete one in 15 days. Profiling somebody under 18 for advertising is banned
 * since March 2026.
 */
export const br: JurisdictionDefinition = {
  code: 'br',
  name: 'Brazil',
  law: 'LGPD 13.709/2018; ECA Digital 15.211/2025',
  countries: ['BR'],
  partition: 'aws',
  region: 'sa-east-1',
  currency: 'BRL',
  timeZone: 'America/Sao_Paulo',
  weekend: SATURDAY_AND_SUNDAY,
  purposes: {
    service: general('contract', 'LGPD art. 7(V)'),
    analytics: general('legitimate-interest', BASES),
    personalisation: general('legitimate-interest', BASES),
    profiling: general('legitimate-interest', BASES),
    automatedDecisions: general('legitimate-interest', 'LGPD art. 20: permitted, with review'),
    sharing: general('opt-in', 'LGPD art. 7(I)'),
  },
  identity: general(
    { deterministic: true, probabilistic: 'review' },
    'product default: a probable match is looked at by a person first',
  ),
  globalPrivacyControl: GPC_BY_DEFAULT,
  retention: purposeBound({
    rule: 'purpose-bound',
    source: 'LGPD art. 15 and 16',
    evidence: 'general knowledge',
  }),
  earlyErasure: ERASED_AT_ONCE,
  rights: primary(
    { answerIn: calendarDays(15), extension: null, clock: 'from-receipt', erasure: true },
    'lgpd-brazil.info art 19; erasure (art. 18) is general knowledge',
  ),
  recipientsTold: general(['correction', 'erasure', 'restriction'], 'LGPD art. 18(6)'),
  acknowledgeIn: NO_TIME_OF_ITS_OWN,
  optOutIn: NO_TIME_OF_ITS_OWN,
  logs: LOGS_BY_DEFAULT,
  breach: secondary(
    {
      regulator: [onceKnown(businessDays(3), 'risk')],
      people: [onceKnown(businessDays(3), 'risk')],
      rule: '3 business days; that it is also the time to tell people is general knowledge',
    },
    'martinelli.adv.br (CD/ANPD 15/2024)',
  ),
  minors: secondary(
    {
      denied: [
        { underAge: 18, purposes: ['personalisation', 'profiling'], unless: 'never' },
        { underAge: 12, purposes: BEYOND_SERVICE, unless: 'guardian' },
      ],
      rule: '12/18; ad profiling of <18 banned from Mar 2026',
    },
    MINORS,
  ),
  automatedDecisions: general(['explain', 'human-review'], 'LGPD art. 20: review and criteria'),
  transfers: secondary('adequacy/ANPD SCC Res. 19/2024', 'becompliance.com; tabnews'),
  aggregateThreshold: FIFTY_PEOPLE,
};

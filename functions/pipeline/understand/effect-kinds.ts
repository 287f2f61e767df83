import type { EffectKind } from '../../contracts/lineage.ts';
import type { EventClass } from '../../contracts/signal.ts';
import type { DomainEvent } from './ports.ts';

/** What kind of evidence an effect is, and so how long it is kept. */
export const EFFECT_CLASS: Readonly<Partial<Record<EffectKind, EventClass>>> = {
  'subjects-merged': 'account',
  'subject-split': 'account',
  'link-refused': 'account',
  'identifier-blocked': 'account',
  'identity-decided': 'account',
  'match-made': 'account',
  'match-withdrawn': 'account',
  'link-severed': 'account',
  'incident-assessed': 'account',
  'incident-closed': 'account',
  'incident-notified': 'account',
  'incident-opened': 'account',
  'incident-reminded': 'account',
  'segment-entered': 'behaviour',
  'segment-left': 'behaviour',
  'alert-opened': 'service',
  'alert-acknowledged': 'service',
  'alert-resolved': 'service',
  'alert-closed': 'service',
  'consent-granted': 'consent',
  'consent-withdrawn': 'consent',
  'gpc-honoured': 'consent',
  'subject-erased': 'consent',
  'retention-swept': 'other',
  'month-rolled-up': 'other',
};

/** Effects that others are told of, and as what. */
export const EVENT_TYPE: Readonly<Partial<Record<EffectKind, DomainEvent['type']>>> = {
  'subjects-merged': 'Subjects Merged',
  'subject-split': 'Subject Split',
  'segment-entered': 'Segment Entered',
  'segment-left': 'Segment Left',
  'alert-opened': 'Alert Opened',
  'alert-closed': 'Alert Closed',
  'consent-withdrawn': 'Consent Withdrawn',
  'gpc-honoured': 'Consent Withdrawn',
};

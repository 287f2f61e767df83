import type { EpochMs } from '../kernel/time.ts';
import type { AtomId } from './ids.ts';

export type IncidentId = string & { readonly __brand: 'IncidentId' };
export const asIncidentId = (value: string): IncidentId => value as IncidentId;

/** What went wrong. Closed, and free of personal data. */
export const INCIDENT_KINDS = {
  'personal-data-in-log': 'a log line holds what must not stand in the open',
  'decrypt-outside-purpose':
    'secrets of subjects, or what they seal, were used by somebody or for something that is not meant to',
  'lost-credential': 'a key, token or password that opens personal data is in strange hands',
  'misdirected-disclosure': "a customer's data were given to somebody else",
  other: 'none of these; the organisation keeps the story',
} as const;
export type IncidentKind = keyof typeof INCIDENT_KINDS;

/** As the registry grades breaches: each grade includes those before it. */
export const SERIOUSNESS = ['any', 'risk', 'high-risk', 'serious'] as const;

/** Patterns that have no place in a log. */
export const LEAK_PATTERNS = {
  email: 'an e-mail address',
  phone: 'a telephone number with its country code (E.164)',
  'payment-card': 'a card number: 13 to 19 digits with a right check digit (ISO/IEC 7812)',
  'national-id': "a number of some state's that names a person",
  'event-payload': 'members of an event as a client sends it',
  'identifier-token': 'the token of an identifier: a pseudonym',
} as const;
export type LeakPattern = keyof typeof LEAK_PATTERNS;

/** What a search found, and nothing of what it found. */
export interface Finding {
  /** Log group, or `subject-keys/` and an operation. */
  readonly place: string;
  /** A {@link LeakPattern}, or the kind of identity that touched secrets of subjects. */
  readonly what: string;
  /** At least so often; a delivery that comes twice is counted twice. */
  readonly count: number;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
}

/** Somebody has been told of the incident. */
export interface IncidentNotice {
  readonly to: 'regulator' | 'people';
  readonly at: EpochMs;
  /** False: a first notice, with a full one to follow (laws that want two count it as the first). */
  readonly complete: boolean;
}

/** One thing that happened to an incident, in codes: what evidence and events say of it. */
export interface IncidentStep {
  readonly kind:
    | 'incident-assessed'
    | 'incident-closed'
    | 'incident-notified'
    | 'incident-opened'
    | 'incident-reminded';
  readonly reasons: string;
  readonly at: EpochMs;
  /** With a reminder: until when. */
  readonly dueAt?: EpochMs;
}

/** Exposure of personal data, or what may be one. Holds codes, numbers and times; whom it affects is kept in pages beside
 * it, as tokens. */
export interface Incident {
  readonly incidentId: IncidentId;
  readonly kind: IncidentKind;
  /** When it became known: clocks start with it. */
  readonly foundAt: EpochMs;
  /** When the exposure began; null while it is not known. */
  readonly beganAt: EpochMs | null;
  readonly openedAt: EpochMs;
  readonly seriousness: (typeof SERIOUSNESS)[number] | null;
  readonly assessedAt: EpochMs | null;
  /** How many people, as somebody judged; null: as many as are listed, or unknown when nobody is. */
  readonly people: number | null;
  readonly notices: readonly IncidentNotice[];
  readonly finding: Finding | null;
  readonly closedAt: EpochMs | null;
  /** Pages of affected atoms, by name: `<atoms in it>.<hash of them>`. */
  readonly pages: readonly string[];
  /** Oldest first. */
  readonly steps: readonly IncidentStep[];
  /** How many of the steps evidence and events have surely told. */
  readonly toldSteps: number;
  /** Reminders given: `<to>.<due at>.<share of the time>`. */
  readonly reminded: readonly string[];
}

/** Atoms that one page of affected ones holds at most: some 30 KB. */
export const AFFECTED_PER_PAGE_MAX = 1_000;

/** Atoms that an incident affects; one page of them. */
export interface AffectedPage {
  readonly page: string;
  readonly atoms: readonly AtomId[];
}

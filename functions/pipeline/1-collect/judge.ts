import type { LeftOut, QuarantineReason } from '../../contracts/outcomes.ts';
import type { PersonAttributes } from '../../contracts/person.ts';
import type { ConsentChoices, Purpose } from '../../contracts/purposes.ts';
import type { EventClass, Fact, Identifier } from '../../contracts/signal.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { FactContext, SignalDefinition } from '../../registry/signal-definition.ts';
import { reasonOf } from '../../registry/signals/fields.ts';
import { signalNamed } from '../../registry/signals/index.ts';
import type { SourceDefinition } from '../../registry/source-definition.ts';
import { isCloudEvent, trackOf } from './cloud-events.ts';
import { consentOf } from './consent.ts';
import { NOTHING_STATED, personOf } from './person.ts';
import { type CountryPolicy, countryOf } from './residence.ts';
import { CALL_TYPES, type CallType, occurrenceOf } from './segment.ts';
import { faultOf, isObject, type JsonObject, own, textAt } from './shape.ts';
import { identifiersOf } from './tokenise.ts';

/** What a good event says, still without its message token. */
export interface Meaning {
  readonly name: string;
  readonly eventClass: EventClass;
  readonly purposes: readonly Purpose[];
  readonly occurredAt: EpochMs;
  /** See `Signal`. */
  readonly timeEstimated?: true;
  readonly identifiers: readonly [Identifier, ...Identifier[]];
  readonly facts: readonly Fact[];
  readonly depth?: 'full';
  readonly consent?: ConsentChoices;
  /** What it states of the person; raw, and to be sealed before it goes anywhere. */
  readonly person?: PersonAttributes;
}

/** Why an event is bad, where in it, and what could still be told about it. */
export interface Fault {
  readonly reason: QuarantineReason;
  readonly at: readonly string[];
  readonly name: string;
  readonly eventClass: EventClass;
}

/** @property unknownCategories consent categories of the event that nobody has said the meaning of
 * @property leftOut what the event states of a person and is not kept */
export type Judgement =
  | { readonly meaning: Meaning; readonly unknownCategories: number; readonly leftOut: readonly LeftOut[] }
  | { readonly fault: Fault };

export interface Circumstances {
  readonly source: SourceDefinition;
  readonly sentAt: EpochMs | null;
  readonly receivedAt: EpochMs;
  readonly secrets: JurisdictionSecrets;
  readonly places: CountryPolicy;
  toMinor: FactContext['toMinor'];
  localHour: FactContext['localHour'];
  endOfDay: FactContext['endOfDay'];
}

/** What is not in the catalogue: kept as a sign of life, for measuring only. */
const OTHER = { name: 'other', eventClass: 'other', purposes: ['analytics'] } as const;

/** 2000-01-01: before it no signal can have happened, and an unset clock says 1970. */
const OCCURRED_AT_MIN: EpochMs = Date.UTC(2000, 0, 1);
const FUTURE_MS_MAX = DAY_MS;
/** Clients make UUIDs; more than this is a payload. */
const MESSAGE_ID_LENGTH_MAX = 500;

/** A CloudEvent in Segment's form, anything else as it is; undefined when a CloudEvent breaks its specification.
 * Asked before {@link faultOf}, it reads own keys at known places only. */
export const segmentForm = (event: unknown): unknown =>
  isCloudEvent(event) && isObject(event) ? trackOf(event) : event;

/** The id by which a retry can be told from a new event, or null. Halves of a character all become the same one in
 * UTF-8, and blanks are what a template leaves: neither tells one event from another. */
export function messageIdOf(event: unknown): string | null {
  const id = textAt(event, 'messageId');
  const isSound = id !== undefined && id.length <= MESSAGE_ID_LENGTH_MAX && id.isWellFormed();
  return isSound && id.trim() !== '' ? id : null;
}

/** Judges one event: what it means, or the first thing that is wrong with it. Pure.
 * @param raw as received, @param event its {@link segmentForm} */
export function judge(raw: unknown, event: unknown, circumstances: Circumstances): Judgement {
  const shapeFault = faultOf(raw);
  if (shapeFault !== null) return bad(shapeFault);
  if (!isObject(event)) return bad('schema-mismatch');
  const type = CALL_TYPES.find((known) => known === own(event, 'type'));
  if (type === undefined) return bad('unknown-type', ['type']);
  const written = nameOf(type, event);
  if (written === undefined) return bad('missing-name', ['event']);
  const definition = signalNamed(written);
  if (messageIdOf(event) === null) return bad('missing-message-id', ['messageId'], definition);
  const refusal = refusedBy(circumstances.source, definition);
  if (refusal !== null) return bad(refusal, ['event'], definition);
  return judgeContent(type, event, definition, circumstances);
}

function judgeContent(
  type: CallType,
  event: JsonObject,
  definition: SignalDefinition | undefined,
  circumstances: Circumstances,
): Judgement {
  const { sentAt, receivedAt, secrets } = circumstances;
  const occurrence = occurrenceOf(event, sentAt, receivedAt);
  const occurredAt = occurrence?.at ?? Number.NaN;
  const isSane = occurredAt >= OCCURRED_AT_MIN && occurredAt <= receivedAt + FUTURE_MS_MAX;
  if (!isSane) return bad('impossible-time', ['timestamp'], definition);
  const consent = consentOf(event, circumstances.source);
  if ('fault' in consent) return bad('schema-mismatch', consent.fault, definition);
  const { choices, unknownCategories } = consent;
  const country = (): string | undefined => countryOf(event, circumstances.places);
  const { identifiers, imprecise } = identifiersOf(event, secrets, country);
  if (imprecise !== undefined) return bad('imprecise-identifier', imprecise, definition);
  const [first, ...others] = identifiers;
  if (first === undefined) return bad('no-identifier', [], definition);
  const known = definition ?? OTHER;
  const meaning = {
    name: known.name,
    eventClass: known.eventClass,
    purposes: known.purposes,
    occurredAt,
    ...(occurrence?.isEstimated === true ? { timeEstimated: true as const } : {}),
    identifiers: [first, ...others] as const,
    ...(definition?.depth === undefined ? {} : { depth: definition.depth }),
    ...(choices === null || definition?.choiceInContext === true ? {} : { consent: choices }),
  };
  if (definition === undefined) return { meaning: { ...meaning, facts: [] }, unknownCategories, leftOut: [] };
  const key = type === 'identify' ? 'traits' : 'properties';
  const parsed = definition.properties.safeParse(own(event, key) ?? {});
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.map(String) ?? [];
    return bad(reasonOf(parsed.error), [key, ...path], definition);
  }
  const context: FactContext = {
    occurredAt,
    toMinor: circumstances.toMinor,
    localHour: circumstances.localHour,
    endOfDay: circumstances.endOfDay,
  };
  const { person, leftOut } = mayStateAttributes(definition)
    ? personOf(event, definition.eventClass === 'account', country)
    : NOTHING_STATED;
  const act: readonly Fact[] =
    definition.choiceInContext === true && choices !== null ? [{ kind: 'consent', choices }] : [];
  return {
    meaning: {
      ...meaning,
      facts: [...definition.facts(parsed.data, context), ...act],
      ...(person === null ? {} : { person }),
    },
    unknownCategories,
    leftOut,
  };
}

/** Attributes are kept to serve the customer, so only with a signal that serves them: a page view that repeats traits tells
 * nothing that may be kept. Whether this customer's may be is asked in `understand`, as for the signal itself. */
const mayStateAttributes = ({ purposes }: SignalDefinition): boolean => purposes.includes('service');

const bad = (
  reason: QuarantineReason,
  where: readonly string[] = [],
  definition?: SignalDefinition,
): Judgement => ({
  fault: {
    reason,
    at: where,
    name: definition?.name ?? OTHER.name,
    eventClass: definition?.eventClass ?? OTHER.eventClass,
  },
});

/** The signal name a call stands for; undefined when a track call has none. */
function nameOf(type: CallType, event: JsonObject): string | undefined {
  switch (type) {
    case 'track':
      return textAt(event, 'event')?.trim() || undefined;
    case 'identify':
      return 'Account Updated';
    case 'page':
    case 'screen':
      return 'Page Viewed';
    case 'alias':
      return 'Identity Linked';
    case 'group':
      // Companies are not customers: a group call is only a sign of life.
      return 'Group Joined';
  }
}

function refusedBy(
  source: SourceDefinition,
  definition: SignalDefinition | undefined,
): QuarantineReason | null {
  if (definition === undefined) {
    if (source.strict) return 'unknown-signal';
    return source.signals === 'any' ? null : 'signal-not-allowed';
  }
  return source.signals === 'any' || source.signals.includes(definition.name) ? null : 'signal-not-allowed';
}

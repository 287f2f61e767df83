import { bucketOf } from '../../contracts/bucket.ts';
import type { IdentifierToken, MessageToken } from '../../contracts/ids.ts';
import type { RefusalRow } from '../../contracts/lineage.ts';
import type { QuarantineReason, Receipt } from '../../contracts/outcomes.ts';
import { sealInTransit } from '../../contracts/person.ts';
import type { OutcomeRecord, QuarantineEntry } from '../../contracts/records.ts';
import type { EventClass, Signal } from '../../contracts/signal.ts';
import { messageToken } from '../../contracts/tokens.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { CURRENCY_RATES_VERSION } from '../../registry/currencies.ts';
import type { SourceDefinition } from '../../registry/source-definition.ts';
import { type Circumstances, type Fault, judge, messageIdOf, segmentForm } from './judge.ts';
import { type CountryPolicy, countryOf, otherJurisdictionOf, type ResidencePolicy } from './residence.ts';
import { jsonText } from './shape.ts';
import { identifiersOf } from './tokenise.ts';

/** What a stack knows about its place, the same for every request. */
export interface CollectPolicy
  extends ResidencePolicy,
    CountryPolicy,
    Pick<Circumstances, 'secrets' | 'toMinor' | 'localHour' | 'endOfDay'> {
  readonly buckets: number;
  /** Collect endpoints of other jurisdictions by code. */
  readonly peers: Readonly<Record<string, string>>;
}

/** Events that came together. */
export interface Arrival {
  readonly source: SourceDefinition;
  readonly events: readonly unknown[];
  readonly sentAt: EpochMs | null;
  readonly receivedAt: EpochMs;
  readonly gpc: boolean;
  /** For a replay: the events' original tokens, by position, so that the same event cannot count twice. */
  readonly tokens?: readonly MessageToken[];
}

/** An event that was not accepted, and all that must be kept of it. A misdirected one has no entry: what belongs to
 * another jurisdiction is not stored here. */
export interface RefusedEvent {
  readonly record: OutcomeRecord;
  readonly row: RefusalRow;
  readonly entry?: QuarantineEntry;
}

export interface Collected {
  readonly signals: ReadonlyMap<string, readonly Signal[]>;
  readonly refused: readonly RefusedEvent[];
  /** One per event, in the order they came. */
  readonly receipts: readonly Receipt[];
  /** Consent categories that nobody has said the meaning of; ignored. */
  readonly unknownCategories: number;
}

/** Version of this stage's rule and of the rates its amounts rest on, named by the rows it writes. */
export const COLLECT_POLICY = `collect@4+rates-${CURRENCY_RATES_VERSION}`;

/**
 * Judges every event of an arrival by itself: each one ends in exactly one of accepted (a signal in its bucket),
 * quarantined and misdirected (law 1), and one bad event holds up no other. Pure.
 */
export function collect(arrival: Arrival, policy: CollectPolicy): Collected {
  const { source, sentAt, receivedAt, gpc } = arrival;
  const circumstances: Circumstances = {
    source,
    sentAt,
    receivedAt,
    secrets: policy.secrets,
    places: policy,
    toMinor: policy.toMinor,
    localHour: policy.localHour,
    endOfDay: policy.endOfDay,
  };
  const signals = new Map<string, Signal[]>();
  const refused: RefusedEvent[] = [];
  let unknownCategories = 0;
  const receipts = arrival.events.map((raw, position): Receipt => {
    const event = segmentForm(raw);
    const messageId = messageIdOf(event);
    const token = arrival.tokens?.[position] ?? tokenOf(raw, messageId, arrival, policy);
    // First of all: what belongs elsewhere must not be stored here, be it good or bad (law 5).
    const elsewhere = otherJurisdictionOf(event, policy);
    if (elsewhere !== null) {
      const endpoint = policy.peers[elsewhere];
      const reason = `jurisdiction:${elsewhere}` as const;
      refused.push(refuse(arrival, token, 'misdirected', reason, OTHER));
      return { messageId, outcome: 'misdirected', reason, ...(endpoint === undefined ? {} : { endpoint }) };
    }
    const judgement = judge(raw, event, circumstances);
    if ('fault' in judgement) {
      const about = namedBy(event, judgement.fault, policy);
      refused.push(quarantine(arrival, token, raw, judgement.fault, about));
      return { messageId, outcome: 'quarantined', reason: judgement.fault.reason };
    }
    unknownCategories += judgement.unknownCategories;
    const { person, ...meaning } = judgement.meaning;
    const signal: Signal = {
      messageToken: token,
      ...meaning,
      sourceId: source.id,
      receivedAt,
      ...(gpc ? { gpc: true as const } : {}),
      ...(person === undefined ? {} : { person: sealInTransit(policy.secrets, person, token) }),
    };
    const bucket = bucketOf(signal.identifiers[0].token, policy.buckets);
    const together = signals.get(bucket);
    if (together === undefined) signals.set(bucket, [signal]);
    else together.push(signal);
    const { leftOut } = judgement;
    return { messageId, outcome: 'accepted', ...(leftOut.length === 0 ? {} : { leftOut }) };
  });
  return { signals, refused, receipts, unknownCategories };
}

const OTHER: { name: string; eventClass: EventClass } = { name: 'other', eventClass: 'other' };

/** An event without an id is known by its content, so that a client's retry of it is the same event again. */
function tokenOf(
  raw: unknown,
  messageId: string | null,
  arrival: Arrival,
  policy: CollectPolicy,
): MessageToken {
  return messageToken(policy.secrets, messageId ?? `\u0000${arrival.source.id}\u0000${jsonText(raw)}`);
}

/** Whom a bad event names, as far as it can be read: the person can ask for it, and for its erasure. */
const namedBy = (event: unknown, { reason }: Fault, policy: CollectPolicy): readonly IdentifierToken[] =>
  UNREADABLE.has(reason)
    ? []
    : identifiersOf(event, policy.secrets, () => countryOf(event, policy)).identifiers.map(
        ({ token }) => token,
      );
const UNREADABLE: ReadonlySet<QuarantineReason> = new Set([
  'not-an-object',
  'too-deep',
  'hostile-key',
  'too-large',
]);

function quarantine(
  arrival: Arrival,
  token: MessageToken,
  raw: unknown,
  fault: Fault,
  about: readonly IdentifierToken[],
): RefusedEvent {
  const entry: QuarantineEntry = {
    messageToken: token,
    sourceId: arrival.source.id,
    reason: fault.reason,
    at: fault.at,
    receivedAt: arrival.receivedAt,
    ...(arrival.sentAt === null ? {} : { sentAt: arrival.sentAt }),
    ...(arrival.gpc ? { gpc: true as const } : {}),
    event: raw,
  };
  const refused = refuse(arrival, token, 'quarantined', fault.reason, fault);
  const record = about.length === 0 ? refused.record : { ...refused.record, about };
  return { ...refused, record, entry };
}

function refuse(
  arrival: Arrival,
  token: MessageToken,
  outcome: 'quarantined' | 'misdirected',
  reason: string,
  signal: { readonly name: string; readonly eventClass: EventClass },
): RefusedEvent {
  const { receivedAt } = arrival;
  const sourceId = arrival.source.id;
  return {
    record: { messageToken: token, outcome, reason, sourceId, receivedAt },
    row: {
      table: 'refusals',
      rowId: stableId('refusals', token, outcome),
      eventClass: signal.eventClass,
      receivedAt,
      policyVersion: COLLECT_POLICY,
      rowRef: null,
      sourceId,
      signalName: signal.name,
      outcome,
      reason,
    },
  };
}

/** Where an event can end (law 1): exactly one of these, for every event that reached `collect`. */
export const OUTCOMES = [
  'applied',
  'duplicate',
  'quarantined',
  'withheld',
  'suppressed',
  'misdirected',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why an event was quarantined. Closed, and free of personal data. */
export const QUARANTINE_REASONS = {
  'not-an-object': 'the event is not a JSON object',
  'too-deep': 'the event nests deeper than 32 levels',
  'too-large': 'the event is larger than 256 KiB',
  'hostile-key': 'the event has a key such as __proto__',
  'unknown-type': 'the event type is none of track, identify, page, screen, group, alias',
  'missing-message-id': 'the event has no messageId, so a retry could not be told from a new event',
  'missing-name': 'a track event has no event name',
  'no-identifier':
    'the event names nobody: no identifier is left after normalising and dropping blocked values',
  'imprecise-identifier':
    'an identifier is a number with a fraction or beyond 2^53 - 1, which reading JSON rounds: send it as text',
  'impossible-time': 'the time is unreadable, before 2000-01-01 or more than a day in the future',
  'impossible-price': 'a price or amount is negative, not finite, or beyond any plausible order',
  'impossible-quantity': 'a quantity is not a positive whole number, or beyond any plausible order',
  'schema-mismatch': "the properties do not fit the signal's schema",
  'unknown-signal': 'the source is strict and this signal is not in the catalogue',
  'signal-not-allowed': 'this source may not send this signal',
  'unreadable-record': 'a stream record could not be unpacked',
} as const;
export type QuarantineReason = keyof typeof QUARANTINE_REASONS;

/** Why an event was withheld: no purpose it declares is allowed here for this customer. */
export const WITHHELD_REASONS = {
  'no-consent':
    "the jurisdiction's default denies every purpose of this signal and the customer has not opted in",
  'customer-refused':
    'the customer denied every purpose of this signal, by choice or by Global Privacy Control, or had when it happened',
  minor: 'the law denies every purpose of this signal for somebody of this age',
  'processing-restricted':
    'processing of this customer is restricted, and what is kept may only be stored; a choice in it counts all the same',
} as const;
export type WithheldReason = keyof typeof WITHHELD_REASONS;

/** Why an event was suppressed. */
export const SUPPRESSED_REASONS = {
  'subject-erased': 'it happened before the customer it names was erased, so it must not bring anything back',
} as const;
export type SuppressedReason = keyof typeof SUPPRESSED_REASONS;

/** Why an attribute of an event is not kept though the event is taken, and what to do about it. Closed, and free of
 * personal data: they follow from the country or the form alone. */
export const LEFT_OUT_REASONS = {
  'reserved-number':
    'the law of its country, or the regulator there, keeps this number for public purposes: do not send it, and know the customer by an id of your own',
  'needs-own-consent':
    'its country asks for a law or a consent of its own for this number, which is not on record here: do not send it, and know the customer by an id of your own',
  'no-check-digit':
    'the number has no public check digit, so that a slip of the pen could be another person: know the customer by an id of your own',
  'malformed-number':
    'the number has not the form of its country: correct it where it was typed, and send it again',
  'wrong-check-digit':
    'the check digit does not fit the number: correct it where it was typed, and send it again',
  'unknown-country':
    "nothing says whose number it is: send the customer's country (address.country), or write it before the number, as in ES12345678Z",
  'unknown-numbering': 'no rule is known for numbers of this country: know the customer by an id of your own',
} as const;
export type LeftOutReason = keyof typeof LEFT_OUT_REASONS;

/** An attribute that an event stated and that is not kept. */
export interface LeftOut {
  readonly attribute: 'nationalId';
  readonly reason: LeftOutReason;
}

/** What `collect` can say at once; `accepted` means durably queued, and `understand` decides the final outcome. */
export type ReceiptOutcome = 'accepted' | 'quarantined' | 'misdirected';

export interface Receipt {
  /** As the client sent it; null when the event had none. */
  readonly messageId: string | null;
  readonly outcome: ReceiptOutcome;
  readonly reason?: QuarantineReason | `jurisdiction:${string}`;
  /** For `accepted`: what the event stated and is not kept. */
  readonly leftOut?: readonly LeftOut[];
  /** For `misdirected`: the collect endpoint of the right jurisdiction, when this deployment knows it. */
  readonly endpoint?: string;
}

import type { EpochMs } from '../kernel/time.ts';
import type { OrderedIdentity } from './identity-order.ts';
import type { AtomId, AtomVersion, IdentifierToken, MessageToken, SubjectId } from './ids.ts';
import type { EffectKind } from './lineage.ts';
import type { PersonAttributes } from './person.ts';
import type { ConsentChoices, Purpose } from './purposes.ts';
import type { EventClass, Fact, Identifier, Signal } from './signal.ts';
import type { MatchChange } from './subject.ts';
import { type SubjectKey, seal, unseal } from './subject-keys.ts';
import { typeOfToken } from './tokens.ts';

/** First element of a payload's JSON: which form it has. */
const FORM = 1;

/** What an archive row keeps sealed, so that its effect can be derived again bit for bit (law 7). */

/** Of a signal that was applied, or withheld with a choice in it that counts. */
export interface SignalPayload {
  readonly signal: Signal;
  /** What the signal states of the person, taken out of its seal for the stream: that seal's secret outlives an erasure. */
  readonly stated?: PersonAttributes;
  /** Purposes it was applied for; none when it was withheld. */
  readonly allowed: readonly Purpose[];
  /** What its facts rested on: a moment that they are not older than; null when a contract carried them. */
  readonly since: EpochMs | null;
  /** Version of the atom's stored state that holds it. Told again after a crash it may name a later one. */
  readonly version: number;
}

/** Of an effect: from which states it followed. */
export interface EffectPayload {
  readonly subjectId: SubjectId;
  readonly kind: EffectKind;
  readonly name: string;
  readonly reasons: string;
  /** The atoms of the subject, each with the version of its state. */
  readonly atoms: readonly AtomVersion[];
  /** When it was judged, epoch ms. */
  readonly at: number;
  /** What a person ordered, when that is what the effect is. */
  readonly ordered?: OrderedIdentity;
  /** What matching concluded, when that is what the effect is. */
  readonly matched?: SealedMatch;
}

/** A {@link MatchChange}, sealed once more under the key of the other atom: it is about both, so it is gone as soon as
 * either of them is erased, and whoever comes back with a new key is not joined by it. */
export interface SealedMatch {
  /** Whose key opens it. The row's own owner is the other end. */
  readonly other: AtomId;
  /** Base64. */
  readonly sealed: string;
}

/** @param key of the atom `b` · @param rowId the row that it shall stand in */
export const sealedMatch = (change: MatchChange, key: SubjectKey, rowId: string): SealedMatch => ({
  other: change.b,
  sealed: Buffer.from(seal(key, JSON.stringify([FORM, change]), rowId)).toString('base64'),
});

/** @returns null when this key does not open it, or it has a form that this version does not know */
export function matchIn({ sealed }: SealedMatch, key: SubjectKey, rowId: string): MatchChange | null {
  const text = unseal(key, Buffer.from(sealed, 'base64'), rowId);
  const parts: unknown = text === null ? null : JSON.parse(text);
  return Array.isArray(parts) && parts[0] === FORM ? (parts[1] as MatchChange) : null;
}

/** Position by position, since names would be most of it. */
export const signalPayloadText = ({ signal, stated, allowed, version, since }: SignalPayload): string =>
  JSON.stringify([
    FORM,
    signal.messageToken,
    signal.name,
    signal.eventClass,
    signal.sourceId,
    signal.purposes,
    signal.occurredAt,
    signal.receivedAt,
    signal.identifiers.map(({ token }) => token),
    signal.facts,
    signal.consent ?? 0,
    signal.gpc === true ? 1 : 0,
    allowed,
    version,
    signal.depth === 'full' ? 1 : 0,
    since ?? -1,
    ...(stated === undefined ? [] : [stated]),
  ]);

export const effectPayloadText = (payload: EffectPayload): string => JSON.stringify([FORM, payload]);

/** @returns null when it is no payload of a form that this version knows */
export function signalPayloadIn(text: string): SignalPayload | null {
  const parts: unknown = JSON.parse(text);
  if (!Array.isArray(parts) || parts[0] !== FORM || parts.length < 14) return null;
  const at = parts as readonly unknown[];
  const identifiers = (at[8] as readonly IdentifierToken[]).map(
    (token): Identifier => ({ type: typeOfToken(token), token }),
  );
  const signal: Signal = {
    messageToken: at[1] as MessageToken,
    name: at[2] as string,
    eventClass: at[3] as EventClass,
    sourceId: at[4] as string,
    purposes: at[5] as readonly Purpose[],
    occurredAt: at[6] as number,
    receivedAt: at[7] as number,
    identifiers: identifiers as unknown as Signal['identifiers'],
    facts: at[9] as readonly Fact[],
    ...(at[10] === 0 ? {} : { consent: at[10] as ConsentChoices }),
    ...(at[11] === 1 ? { gpc: true as const } : {}),
    ...(at[14] === 1 ? { depth: 'full' as const } : {}),
  };
  return {
    signal,
    allowed: at[12] as readonly Purpose[],
    version: at[13] as number,
    since: typeof at[15] === 'number' && at[15] >= 0 ? at[15] : null,
    ...(at[16] === undefined ? {} : { stated: at[16] as PersonAttributes }),
  };
}

/** @returns null when it is no payload of a form that this version knows */
export function effectPayloadIn(text: string): EffectPayload | null {
  const parts: unknown = JSON.parse(text);
  return Array.isArray(parts) && parts[0] === FORM ? (parts[1] as EffectPayload) : null;
}

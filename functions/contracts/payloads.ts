import type { AtomId, SubjectId } from './ids.ts';
import type { EffectKind } from './lineage.ts';
import type { Purpose } from './purposes.ts';
import type { Signal } from './signal.ts';

/** What an archive row keeps sealed, so that its effect can be derived again bit for bit (law 7). */

/** Of a signal that was applied, or withheld with a choice in it that counts. */
export interface SignalPayload {
  readonly signal: Signal;
  /** Purposes it was applied for; none when it was withheld. */
  readonly allowed: readonly Purpose[];
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
}
export type AtomVersion = readonly [AtomId, number];

/** First element of a payload's JSON: which form it has. */
const FORM = 1;

/** Position by position, since names would be most of it. */
export const signalPayloadText = ({ signal, allowed, version }: SignalPayload): string =>
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
  ]);

export const effectPayloadText = (payload: EffectPayload): string => JSON.stringify([FORM, payload]);

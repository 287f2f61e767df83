import type { KeptUntil, ProfileState } from '../../contracts/profile.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { EMPTY_STATE } from './state.ts';
import { decodeState, encodeState } from './state-codec.ts';

const endsOf = ({ facts, parts, choices }: KeptUntil): readonly EpochMs[] =>
  [facts, ...parts, choices].filter((end) => end !== null);

/** When something of it has to be gone first. */
export const firstEnd = (kept: KeptUntil): EpochMs => Math.min(...endsOf(kept));
/** When the last of it has to be gone. */
export const lastEnd = (kept: KeptUntil): EpochMs => Math.max(...endsOf(kept));

/** Whether nothing is left but what the customer has chosen. */
export const isChoiceAlone = ({ facts, parts }: KeptUntil): boolean => facts === null && parts.length === 0;

export interface KeptState {
  /** Encoded, see `state-codec.ts`. */
  readonly state: string;
  readonly keptUntil: KeptUntil;
}

/**
 * A state without those parts whose time is over.
 * @returns null when nothing is left of it
 */
export function stateKeptAt({ state: text, keptUntil }: KeptState, now: EpochMs): KeptState | null {
  const state = decodeState(text);
  const isKept = (end: EpochMs | null | undefined): boolean => end != null && end > now;
  const facts: ProfileState = isKept(keptUntil.facts) ? state : EMPTY_STATE;
  const kept: KeptUntil = {
    facts: isKept(keptUntil.facts) ? keptUntil.facts : null,
    parts: keptUntil.parts.filter(isKept),
    choices: isKept(keptUntil.choices) ? keptUntil.choices : null,
  };
  if (endsOf(kept).length === 0) return null;
  const left: ProfileState = {
    ...facts,
    revocable: state.revocable.filter((_, index) => isKept(keptUntil.parts[index])),
    consent: kept.choices === null ? EMPTY_STATE.consent : state.consent,
  };
  return { state: encodeState(left), keptUntil: kept };
}

import type { ProfileState, RevocablePart } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { Standings } from '../../rights/consent/standing.ts';
import { mergeParts, mergeStates } from './state.ts';

/**
 * What a customer can take back is kept apart (decision 20). A signal that no contract carries is folded into the part of
 * the purposes it was applied for, and its facts are seen by what serves one of these purposes only. Taking a purpose back
 * takes it off the parts; a part that rests on nothing any more is gone, whole, and no permission given later brings it
 * back.
 */
export type StateFor = (purposes: readonly Purpose[]) => ProfileState;

/** Drops what rests on purposes that do not stand, or stand only since a later time. The same object when nothing does. */
export function withoutWithdrawn(state: ProfileState, standings: Standings): ProfileState {
  let changed = false;
  const standing: RevocablePart[] = [];
  for (const part of state.revocable) {
    const purposes = part.purposes.filter((purpose) => part.since >= standings[purpose].since);
    if (purposes.length === part.purposes.length) standing.push(part);
    else {
      changed = true;
      if (purposes.length > 0) standing.push({ ...part, purposes });
    }
  }
  return changed ? { ...state, revocable: mergeParts([], standing) } : state;
}

/** The state as something may see it that serves the purposes: what contracts carry, and what rests on all of those that
 * can be taken back. Nothing of it when it serves none of these. */
export function stateFor(state: ProfileState): StateFor {
  const known = new Map<string, ProfileState>();
  return (purposes) => {
    if (state.revocable.length === 0) return state;
    const revocable = purposes.filter((purpose) => purpose !== 'service');
    const key = revocable.join();
    const seen = known.get(key) ?? seenFor(state, revocable);
    known.set(key, seen);
    return seen;
  };
}

const seenFor = (state: ProfileState, purposes: readonly Purpose[]): ProfileState =>
  purposes.length === 0
    ? state
    : state.revocable
        .filter((part) => purposes.every((purpose) => part.purposes.includes(purpose)))
        .reduce((seen, { facts }) => mergeStates(seen, facts), state);

/** Everything that is kept, on whatever it rests. */
export const wholeState = (state: ProfileState): ProfileState =>
  state.revocable.reduce((seen, { facts }) => mergeStates(seen, facts), state);

/** Of each set of purposes an atom keeps two parts: what was before the newest grant, and what came after it. Older ones are
 * joined, and count as old as the oldest: a late refusal may reach more of them than it had to, and never less. */
export function withFewParts(parts: readonly RevocablePart[]): readonly RevocablePart[] {
  const bySet = Map.groupBy(parts, ({ purposes }) => purposes.join('+'));
  const few = [...bySet.values()].flatMap((own) => {
    const [newest, ...older] = own.toReversed();
    const oldest = older.at(-1);
    if (newest === undefined || oldest === undefined) return own;
    const facts = older.map((part) => part.facts).reduce(mergeStates);
    return [newest, { ...oldest, facts }];
  });
  return mergeParts([], few);
}

import type { SubjectId } from '../../contracts/ids.ts';
import type { WithheldReason } from '../../contracts/outcomes.ts';
import { STEWARDSHIP } from '../../contracts/person.ts';
import type { ConsentState, ProfileState } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import { type Permission, permissionFor } from '../../rights/consent/permission.ts';
import { foldSignals, isChoice } from '../3-profile/fold.ts';
import {
  messagePrefix,
  minuteOf,
  type SeenEntry,
  sight,
  tagsByMessage,
  withheldTag,
} from '../3-profile/seen.ts';
import type { Atom } from './atom.ts';
import type { UnderstandContext } from './context.ts';
import type { Delivery } from './delivery.ts';

/** How one signal ended, with what its evidence needs. */
export interface Ending {
  readonly delivery: Delivery;
  readonly subjectId: SubjectId;
  readonly outcome: 'applied' | 'duplicate' | 'withheld' | 'suppressed';
  readonly reason: string;
  readonly allowed: readonly Purpose[];
  /** Version of the atom's stored state that holds it. */
  readonly version: number;
  /** The state held it already, from this very place in the stream: an earlier attempt wrote it. */
  readonly repeated: boolean;
  /** … and that attempt was another invocation, so its evidence may exist already. */
  readonly redelivered: boolean;
}

export interface Judged {
  readonly endings: readonly Ending[];
  /** New signals that may be applied, with the purposes allowed. */
  readonly fresh: readonly { readonly delivery: Delivery; readonly allowed: readonly Purpose[] }[];
  readonly added: readonly SeenEntry[];
}

/** Says of each of an atom's signals how it ends: seen before, without permission, or applied.
 * @param consent the whole customer's · @param paged see `sight` · @param written see `planUnit` */
export function judge(
  atom: Atom,
  subjectId: SubjectId,
  consent: ConsentState,
  paged: ReadonlySet<string>,
  written: ReadonlySet<string>,
  context: UnderstandContext,
): Judged {
  const endings: Ending[] = [];
  const fresh: { delivery: Delivery; allowed: readonly Purpose[] }[] = [];
  const added: SeenEntry[] = [];
  const known = tagsByMessage(atom.window);
  const stored = atom.stored?.version ?? 0;
  const next = stored + 1;
  for (const delivery of atom.deliveries) {
    const { signal, tag } = delivery;
    const message = messagePrefix(signal.messageToken);
    const sighting = sight(known, paged, message, tag);
    const base = { delivery, subjectId, reason: '', version: next, repeated: false, redelivered: false };
    if (sighting === 'duplicate') {
      endings.push({ ...base, outcome: 'duplicate', reason: 'message-seen-before', allowed: [] });
      continue;
    }
    const permission = permissionFor(context.jurisdiction, consent, signal.purposes, delivery.recorded);
    if (sighting === 'redelivered') {
      const allowed = 'allowed' in permission ? permission.allowed : [];
      endings.push({
        ...base,
        outcome: 'applied',
        allowed,
        version: stored,
        repeated: true,
        redelivered: !written.has(`${atom.id} ${message}`),
      });
      continue;
    }
    if ('withheld' in permission || sighting === 'redelivered-withheld') {
      // A choice in it counts, and must not count again when a client sends it again.
      if (sighting === 'new' && isChoice(signal)) {
        known.set(message, withheldTag(tag));
        added.push({ message, minute: minuteOf(signal.occurredAt), tag: withheldTag(tag) });
      }
      endings.push({ ...base, outcome: 'withheld', reason: reasonOf(permission), allowed: [] });
      continue;
    }
    known.set(message, tag);
    added.push({ message, minute: minuteOf(signal.occurredAt), tag });
    fresh.push({ delivery, allowed: permission.allowed });
    endings.push({ ...base, outcome: 'applied', allowed: permission.allowed });
  }
  return { endings, fresh, added };
}

/** Why a signal is withheld. One that was withheld at first stays so, though permission may have come since. */
const reasonOf = (permission: Permission): WithheldReason =>
  'withheld' in permission ? permission.withheld : 'no-consent';

/** The atom's state with what may be applied, and with every choice the batch brought. */
export function foldAtom(atom: Atom, { fresh }: Judged): ProfileState {
  // A steward's decision is no act of the customer's.
  const own = fresh.filter(({ delivery }) => delivery.signal.sourceId !== STEWARDSHIP);
  const state = foldSignals(
    atom.state,
    own.map(({ delivery }) => delivery.signal),
    own.map(({ allowed }) => allowed),
  );
  return atom.consent === state.consent ? state : { ...state, consent: atom.consent };
}

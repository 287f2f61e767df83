import type { SubjectId } from '../../contracts/ids.ts';
import type { WithheldReason } from '../../contracts/outcomes.ts';
import { STEWARDSHIP } from '../../contracts/person.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { type Permission, permissionFor, type Rest } from '../../rights/consent/permission.ts';
import type { Standings } from '../../rights/consent/standing.ts';
import { carriesChoice } from '../../rights/consent/state.ts';
import { foldSignals } from '../3-profile/fold.ts';
import { withoutWithdrawn } from '../3-profile/revocable.ts';
import {
  messagePrefix,
  minuteOf,
  type SeenEntry,
  sight,
  tagsByMessage,
  withheldTag,
} from '../3-profile/seen.ts';
import type { Atom } from './atom.ts';
import type { Delivery } from './delivery.ts';

/** How one signal ended, with what its evidence needs. */
export interface Ending {
  readonly delivery: Delivery;
  readonly subjectId: SubjectId;
  readonly outcome: 'applied' | 'duplicate' | 'withheld' | 'suppressed';
  readonly reason: string;
  readonly allowed: readonly Purpose[];
  /** What its facts rest on, see `Rest`; null when a contract carries them. */
  readonly since: EpochMs | null;
  /** Version of the atom's stored state that holds it. */
  readonly version: number;
  /** The state, or for a withheld signal its choice, held it already, from this very place in the stream: an earlier attempt
   * wrote it. */
  readonly repeated: boolean;
  /** … and that attempt was another invocation, so its evidence may exist already. */
  readonly redelivered: boolean;
}

/** A new signal that may be applied, with the purposes allowed and what its facts rest on. */
interface Fresh {
  readonly delivery: Delivery;
  readonly allowed: readonly Purpose[];
  readonly rest: Rest | null;
}

export interface Judged {
  readonly endings: readonly Ending[];
  readonly fresh: readonly Fresh[];
  readonly added: readonly SeenEntry[];
}

/** Says of each of an atom's signals how it ends: seen before, without permission, or applied.
 * @param standings the whole customer's · @param paged see `sight` · @param written see `Knowledge` */
export function judge(
  atom: Atom,
  subjectId: SubjectId,
  standings: Standings,
  paged: ReadonlySet<string>,
  written: ReadonlySet<string>,
): Judged {
  const endings: Ending[] = [];
  const fresh: Fresh[] = [];
  const added: SeenEntry[] = [];
  const known = tagsByMessage(atom.window);
  const stored = atom.stored?.version ?? 0;
  const next = stored + 1;
  for (const delivery of atom.deliveries) {
    const { signal, tag } = delivery;
    const message = messagePrefix(signal.messageToken);
    const sighting = sight(known, paged, message, tag);
    const base = {
      delivery,
      subjectId,
      reason: '',
      since: null,
      version: next,
      repeated: false,
      redelivered: false,
    };
    if (sighting === 'duplicate') {
      endings.push({ ...base, outcome: 'duplicate', reason: 'message-seen-before', allowed: [] });
      continue;
    }
    const permission: Permission =
      delivery.restricted === true
        ? { withheld: 'processing-restricted' }
        : permissionFor(standings, signal, delivery.recorded);
    if (sighting === 'redelivered') {
      const allowed = 'allowed' in permission ? permission.allowed : [];
      const since = 'allowed' in permission ? (permission.rest?.since ?? null) : null;
      endings.push({
        ...base,
        outcome: 'applied',
        allowed,
        since,
        version: stored,
        repeated: true,
        redelivered: !written.has(`${atom.id} ${message}`),
      });
      continue;
    }
    if ('withheld' in permission || sighting === 'redelivered-withheld') {
      // A choice in it counts, and must not count again when a client sends it again.
      if (sighting === 'new' && carriesChoice(signal)) {
        known.set(message, withheldTag(tag));
        added.push({ message, minute: minuteOf(signal.occurredAt), tag: withheldTag(tag) });
      }
      const isKnown = sighting === 'redelivered-withheld';
      endings.push({
        ...base,
        ...(isKnown ? { version: stored, repeated: true } : {}),
        outcome: 'withheld',
        reason: reasonOf(permission),
        allowed: [],
      });
      continue;
    }
    known.set(message, tag);
    added.push({ message, minute: minuteOf(signal.occurredAt), tag });
    fresh.push({ delivery, ...permission });
    const since = permission.rest?.since ?? null;
    endings.push({ ...base, outcome: 'applied', allowed: permission.allowed, since });
  }
  return { endings, fresh, added };
}

/** Why a signal is withheld. One that was withheld at first stays so, though permission may have come since. */
const reasonOf = (permission: Permission): WithheldReason =>
  'withheld' in permission ? permission.withheld : 'no-consent';

/** The atom's state with what may be applied, and with every choice the batch brought; without what rested on purposes that
 * were taken back. */
export function foldAtom(atom: Atom, { fresh }: Judged, standings: Standings): ProfileState {
  // A steward's decision is no act of the customer's.
  const own = fresh.filter(({ delivery }) => delivery.signal.sourceId !== STEWARDSHIP);
  const state = foldSignals(
    atom.state,
    own.map(({ delivery }) => delivery.signal),
    own.map(({ allowed }) => allowed),
    own.map(({ rest }) => rest),
  );
  const chosen = atom.consent === state.consent ? state : { ...state, consent: atom.consent };
  return withoutWithdrawn(chosen, standings);
}

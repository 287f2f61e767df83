import { type ConsentState, EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { SubjectGraph } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { carriesChoice, foldConsent, mergeConsent } from '../../rights/consent/state.ts';
import {
  decodeWindow,
  EMPTY_WINDOW,
  messagePrefix,
  type SeenWindow,
  sight,
  tagsByMessage,
} from '../3-profile/seen.ts';
import { EMPTY_STATE } from '../3-profile/state.ts';
import { decodeState } from '../3-profile/state-codec.ts';
import type { UnderstandContext } from './context.ts';
import { type Delivery, decodeLinks, pairsOf, tokensOfOrder } from './delivery.ts';
import type { StoredNode, World } from './ports.ts';
import { StaleReadError } from './stale-read.ts';
import type { Unit } from './world.ts';

/** An atom while its batch is worked out. */
export interface Atom {
  readonly id: AtomId;
  readonly stored: StoredNode | undefined;
  readonly window: SeenWindow;
  readonly state: ProfileState;
  readonly deliveries: readonly Delivery[];
  /** Its choices, with those that the batch itself brings: they hold before anything else is looked at. */
  readonly consent: ConsentState;
  /** Prefixes of the identifiers it has been seen with. */
  readonly links: ReadonlySet<string>;
}

const NO_LINKS = new Uint8Array();

/** The atoms a unit is about: those that got signals, their fellows, and identifiers that are linked to them now.
 * @param paged see `sight`
 * @throws StaleReadError when one points at a subject that is not there */
export function atomsOf(
  unit: Unit,
  known: readonly SubjectGraph[],
  world: World,
  paged: ReadonlyMap<AtomId, ReadonlySet<string>>,
  context: UnderstandContext,
): ReadonlyMap<AtomId, Atom> {
  const ids = new Set<AtomId>(unit.deliveries.keys());
  for (const graph of known) for (const atom of graph.atoms) ids.add(atom);
  // An identifier that was its own subject until now brings its state along.
  for (const delivery of [...unit.deliveries.values()].flat()) {
    for (const { token } of delivery.signal.identifiers) {
      const linked = world.nodes.get(token);
      if (linked !== undefined && linked.state !== null && !linked.saturated) ids.add(token);
    }
  }
  for (const { order } of unit.orders)
    for (const token of tokensOfOrder(order)) if (world.nodes.get(token)?.state != null) ids.add(token);
  for (const [a, b] of pairsOf(unit.matches))
    for (const token of [a, b]) if (world.nodes.get(token)?.state != null) ids.add(token);
  const atoms = new Map<AtomId, Atom>();
  for (const id of ids) {
    const stored = world.nodes.get(id);
    const pointsAt = stored?.subjectId ?? null;
    if (pointsAt !== null && !known.some((graph) => graph.subjectId === pointsAt)) throw new StaleReadError();
    const state = stored?.state == null ? EMPTY_STATE : decodeState(stored.state);
    const deliveries = unit.deliveries.get(id) ?? [];
    const window = stored?.seen == null ? EMPTY_WINDOW : decodeWindow(stored.seen);
    const signals = firstCopies(deliveries, window, paged.get(id) ?? NO_MESSAGES);
    atoms.set(id, {
      id,
      stored,
      window,
      state,
      deliveries,
      consent: foldConsent(state.consent, signals, context.jurisdiction.globalPrivacyControl.value),
      links: decodeLinks(stored?.links ?? NO_LINKS),
    });
  }
  return atoms;
}

const NO_MESSAGES: ReadonlySet<string> = new Set();

/** The signals that are no second copies: what a client sends again must not choose again, since it may have been
 * chosen otherwise in between. */
function firstCopies(
  deliveries: readonly Delivery[],
  window: SeenWindow,
  paged: ReadonlySet<string>,
): readonly Signal[] {
  if (!deliveries.some(({ signal }) => carriesChoice(signal))) return [];
  const known = tagsByMessage(window);
  return deliveries
    .filter(({ signal, tag }) => {
      const message = messagePrefix(signal.messageToken);
      if (sight(known, paged, message, tag) === 'duplicate') return false;
      known.set(message, tag);
      return true;
    })
    .map(({ signal }) => signal);
}

/** What the customer whom these atoms make up has chosen. */
export const consentOf = (group: readonly Atom[]): ConsentState =>
  group.reduce((merged: ConsentState, atom) => mergeConsent(merged, atom.consent), EMPTY_CONSENT);

/** When the newest of the atoms' signals was received; null when none came. */
export const newestReceipt = (atoms: readonly Atom[]): EpochMs | null =>
  atoms
    .flatMap((atom) => atom.deliveries)
    .reduce((newest: EpochMs | null, { signal }) => Math.max(newest ?? 0, signal.receivedAt), null);

/** The partition bucket of the first atom that got signals. */
export const bucketOf = (atoms: readonly Atom[], otherwise: string): string =>
  atoms.find((atom) => atom.deliveries.length > 0)?.deliveries[0]?.bucket ?? otherwise;

import type { IdentifierToken } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import { restrictedUntilOf } from '../../contracts/restriction.ts';
import {
  NOTHING_PUBLISHED,
  type Published,
  type SubjectGraph,
  soloGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import { TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { EMPTY_STATE, mergeStates } from '../3-profile/state.ts';
import { decodeState } from '../3-profile/state-codec.ts';
import type { KnownNode, SubjectStore } from './ports.ts';

/** A subject as it stands: its identifiers, and the merge of its atoms' states. */
export interface FoundSubject {
  readonly graph: SubjectGraph;
  readonly state: ProfileState;
  readonly published: Published;
  /** Until when what is known of it may only be stored; 0: it may be told. */
  readonly restrictedUntil: EpochMs;
}

export type Search =
  | { readonly found: FoundSubject }
  /** Identifiers that lead elsewhere than the first one that is known. */
  | { readonly conflicting: readonly IdentifierToken[] }
  | { readonly found: null };

const ATTEMPTS_MAX = 4;

/**
 * The subject that the tokens lead to: one read for a subject of one identifier, three for others. Tokens of several
 * subjects are a conflict, since answering with one customer's profile for another's identifier does harm. A shared
 * identifier (it links too many) leads to nobody when another is known, and alone to what is known by it only.
 *
 * Reads are not one snapshot: what does not fit together is read again, consistently.
 * @throws ThrottledError, TransientError
 */
export async function findSubject(tokens: readonly IdentifierToken[], store: SubjectStore): Promise<Search> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const consistent = attempt > 0;
    const { nodes } = await store.read([...new Set(tokens)], [], consistent);
    const known = tokens.map((token) => nodes.get(token)).filter((node) => node !== undefined);
    const linking = known.filter((node) => !node.saturated && (node.subjectId ?? node.state) !== null);
    const leading = linking.length > 0 ? linking : known.filter((node) => node.state !== null).slice(0, 1);
    const [first] = leading;
    if (first === undefined) return { found: null };
    const conflicting = leading.filter((node) => homeOf(node) !== homeOf(first)).map((node) => node.id);
    if (conflicting.length > 0) {
      if (consistent) return { conflicting };
      continue;
    }
    const found = first.subjectId === null ? aloneOf(first) : await joinedOf(first, nodes, store, consistent);
    if (found === 'forgotten') return { found: null };
    if (found !== null) return { found };
  }
  throw new TransientError('the subject is being changed');
}

const homeOf = (node: KnownNode): string => node.subjectId ?? subjectIdOf([node.id]);

const stateOf = (node: KnownNode): ProfileState =>
  node.state === null ? EMPTY_STATE : decodeState(node.state);

const aloneOf = (node: KnownNode): FoundSubject => ({
  graph: soloGraph(node.id),
  state: stateOf(node),
  published: node.published ?? NOTHING_PUBLISHED,
  restrictedUntil: restrictedUntilOf([node]),
});

/** A subject of several identifiers; null when a merge or split is under way between the reads, `forgotten` when all that
 * was learnt of it is past its time. */
async function joinedOf(
  node: KnownNode,
  read: ReadonlyMap<IdentifierToken, KnownNode>,
  store: SubjectStore,
  consistent: boolean,
): Promise<FoundSubject | 'forgotten' | null> {
  if (node.subjectId === null) return null;
  const subject = (await store.read([], [node.subjectId], consistent)).subjects.get(node.subjectId);
  if (subject === undefined || !subject.graph.nodes.includes(node.id)) return null;
  const { graph, published } = subject;
  // Also those that hold no state: one of them may be restricted.
  const missing = graph.nodes.filter((id) => !read.has(id));
  const rest = missing.length === 0 ? new Map() : (await store.read(missing, [], consistent)).nodes;
  const stored = (id: IdentifierToken): KnownNode | undefined => read.get(id) ?? rest.get(id);
  const atoms = graph.atoms.map(stored);
  let state = EMPTY_STATE;
  for (const atom of atoms) {
    if (atom?.subjectId !== graph.subjectId) return null;
    state = mergeStates(state, stateOf(atom));
  }
  if (atoms.every((atom) => atom?.state === null)) return 'forgotten';
  return { graph, state, published, restrictedUntil: restrictedUntilOf(graph.nodes.map(stored)) };
}

import { bucketOf } from '../../contracts/bucket.ts';
import type { IdentifierRef, UnmergeAnswer, UnmergeRequest } from '../../contracts/identity-api.ts';
import type { IdentityOrder } from '../../contracts/identity-order.ts';
import { asIdentifierToken, type IdentifierToken } from '../../contracts/ids.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { compareTokens, orderedPair, pairKey, type SubjectGraph } from '../../contracts/subject.ts';
import { identifierToken, type JurisdictionSecrets, typeOfToken } from '../../contracts/tokens.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import type { ServePorts } from './ports.ts';
import type { Answered, Refusal, ServePolicy } from './setting.ts';

const UNUSABLE: Refusal = {
  status: 400,
  title: 'Unusable identifier',
  detail: 'The value is not of its type, or is a placeholder, so it identifies nobody.',
};
const NOT_LINKED: Refusal = {
  status: 404,
  title: 'No such link',
  detail:
    'Nothing links the two: they were never seen together or matched, the link was taken away, or one of them links too many to count.',
};

/** What to take away, and the two that stand for the sides. */
interface Cut {
  readonly severed: readonly (readonly [IdentifierToken, IdentifierToken])[];
  readonly sides: readonly [IdentifierToken, IdentifierToken];
}

/**
 * `POST /v1/identity/unmerge`: takes one link away, or all that links an atom to the rest of its subject. Seen together
 * again, or matched again, the two stay as they are: only a decision that they are the same brings the link back. With
 * `keepApart` the two sides also stay apart when anything else links them.
 *
 * What is to be done is worked out here and done by `understand`; a link that comes up in between is left alone.
 * @throws ThrottledError, TransientError
 */
export async function unmerge(
  request: UnmergeRequest,
  policy: Pick<ServePolicy, 'buckets' | 'secrets'>,
  ports: Pick<ServePorts, 'subjects' | 'orders'>,
  now: EpochMs,
): Promise<Answered<UnmergeAnswer>> {
  const tokens = [request.edge ?? [], request.atom ?? []].flat().map((ref) => tokenOf(ref, policy.secrets));
  const [first, second] = tokens;
  if (first == null || second === null) return { refusal: UNUSABLE };
  const graph = await graphOf(first, ports.subjects);
  const cut =
    graph === null ? null : second === undefined ? cutOff(first, graph) : cutLink(first, second, graph);
  if (cut === null) return { refusal: NOT_LINKED };
  const order = orderOf(cut, request, now);
  await ports.orders.append(new Map([[bucketOf(first, policy.buckets), [order]]]));
  const [a, b] = orderedPair(...cut.sides);
  return {
    answer: {
      orderId: order.orderId,
      severed: order.severed.map(([x, y]): [string, string] => [x, y]),
      ...(request.keepApart ? { keptApart: [a, b] as [string, string] } : {}),
    },
  };
}

function orderOf(cut: Cut, { keepApart, reason }: UnmergeRequest, now: EpochMs): IdentityOrder {
  const [a, b] = orderedPair(...cut.sides);
  return {
    orderId: stableId('unmerge', a, b, now),
    severed: cut.severed.map(([x, y]) => [...orderedPair(x, y), now]),
    decisions: keepApart ? [{ a, b, verdict: 'different', at: now, cause: 'operator' }] : [],
    receivedAt: now,
    reason,
  };
}

function tokenOf(ref: IdentifierRef, secrets: JurisdictionSecrets): IdentifierToken | null {
  if ('nodeId' in ref) return asIdentifierToken(ref.nodeId);
  const normalised = normaliseIdentifier(ref.type, ref.value);
  return normalised === null ? null : identifierToken(secrets, ref.type, normalised);
}

async function graphOf(
  token: IdentifierToken,
  subjects: ServePorts['subjects'],
): Promise<SubjectGraph | null> {
  const subjectId = (await subjects.read([token], [], true)).nodes.get(token)?.subjectId ?? null;
  if (subjectId === null) return null;
  return (await subjects.read([], [subjectId], true)).subjects.get(subjectId)?.graph ?? null;
}

type Pair = readonly [IdentifierToken, IdentifierToken];

const linksOf = ({ edges, matches, decisions }: SubjectGraph): readonly Pair[] => [
  ...edges.map(([a, b]): Pair => [a, b]),
  ...[...matches, ...decisions.filter(({ verdict }) => verdict === 'same')].map(({ a, b }): Pair => [a, b]),
];

function cutLink(a: IdentifierToken, b: IdentifierToken, graph: SubjectGraph): Cut | null {
  if (graph.saturated.includes(a) || graph.saturated.includes(b)) return null;
  return linksOf(graph).some(([x, y]) => pairKey(x, y) === pairKey(a, b))
    ? { severed: [[a, b]], sides: [a, b] }
    : null;
}

/** The rest of a subject is the part, once the atom is taken out, that holds the identifier of the highest priority; what
 * hangs on the atom alone (its browsers, say) goes with it. */
function cutOff(atom: IdentifierToken, graph: SubjectGraph): Cut | null {
  const inside = linksOf(graph).filter((link) => link.every((end) => graph.nodes.includes(end)));
  const others = graph.nodes
    .filter((node) => node !== atom)
    .sort((a, b) => rank(a) - rank(b) || compareTokens(a, b));
  const [head] = others;
  if (head === undefined) return null;
  const rest = new Set([head]);
  for (let isMore = true; isMore; ) {
    const before = rest.size;
    for (const [a, b] of inside) {
      if (a === atom || b === atom) continue;
      if (rest.has(a)) rest.add(b);
      else if (rest.has(b)) rest.add(a);
    }
    isMore = rest.size > before;
  }
  const severed = new Map(
    inside
      .filter(([a, b]) => (a === atom && rest.has(b)) || (b === atom && rest.has(a)))
      .map((link) => [pairKey(...link), link]),
  );
  return severed.size === 0 ? null : { severed: [...severed.values()], sides: [atom, head] };
}

const rank = (token: IdentifierToken): number => IDENTIFIER_TYPES.indexOf(typeOfToken(token));

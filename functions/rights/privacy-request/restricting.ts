import type { IdentifierToken } from '../../contracts/ids.ts';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { type Restriction, withRestriction } from '../../contracts/restriction.ts';
import { TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { saved } from './evidence.ts';
import type { StepPorts } from './ports.ts';
import { blankNode, findPerson, located } from './subject.ts';

/** A request for which processing is restricted. */
export type Restricting = PrivacyRequest & {
  readonly restriction: NonNullable<PrivacyRequest['restriction']>;
};

const ATTEMPTS_MAX = 6;

/**
 * Restricts processing of the person that a request is about: signals are withheld until then, and what is kept stays as it is.
 * Whom it reaches is kept before it reaches them, with the time at which it was first tried; what is told of it bears that time.
 * @param until when it ends by itself @throws TransientError, ThrottledError
 */
export async function restrictFor(
  request: PrivacyRequest,
  until: EpochMs,
  ports: Pick<StepPorts, 'requests' | 'subjects'>,
  now: EpochMs,
): Promise<Restricting> {
  const { at = now, nodes: before = [] } = request.restriction ?? {};
  const person = await findPerson(request.tokens, ports.subjects);
  const nodes = [...new Set([...before, ...located(person, request.tokens, null).nodes])].sort();
  const restriction = { at, until, nodes };
  const isKept = JSON.stringify(request.restriction) === JSON.stringify(restriction);
  const standing = isKept ? request : await saved({ ...request, restriction }, ports);
  await changed(nodes, { requestId: request.requestId, until, liftedAt: null }, ports);
  return { ...standing, restriction };
}

/**
 * Lifts what {@link restrictFor} did for the same request, wherever the identifiers that it reached belong by now, and no other
 * restriction. An identifier that was erased since has none.
 * @throws TransientError, ThrottledError
 */
export async function freeFrom(
  { requestId, restriction }: PrivacyRequest,
  liftedAt: EpochMs,
  ports: Pick<StepPorts, 'subjects'>,
): Promise<void> {
  if (restriction === undefined) return;
  const { until, nodes } = restriction;
  await changed(nodes, { requestId, until, liftedAt }, ports);
}

async function changed(
  ids: readonly IdentifierToken[],
  change: Restriction,
  { subjects }: Pick<StepPorts, 'subjects'>,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { nodes: stored } = await subjects.read(ids, [], true);
    const nodes = ids.flatMap((id) => {
      const node = stored.get(id) ?? blankNode(id);
      if (node.erasedAt !== null && change.liftedAt !== null) return [];
      const next = withRestriction(node, change);
      return next === node ? [] : [next];
    });
    if (nodes.length === 0) return;
    const [result] = await subjects.write([{ pages: [], nodes, subjects: [], atomic: true }]);
    if (result === 'written') return;
  }
  throw new TransientError('the subject is being changed');
}

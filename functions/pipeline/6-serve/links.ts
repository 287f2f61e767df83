import type { LinksView } from '../../contracts/identity-api.ts';
import type { IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import { nodeOfSubjectId, type SubjectGraph } from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import { DAY_MS, type EpochMs, utcDate } from '../../kernel/time.ts';
import type { ServePorts } from './ports.ts';
import { isRestricted } from './profile-view.ts';
import type { Answered } from './setting.ts';
import { findSubject } from './subject.ts';

/** `GET /v1/subjects/{subjectId}/links`: why a subject is what it is, for stewards. Names of identifiers that say nothing of
 * their values, days, codes and numbers. While processing of the subject is restricted there are none to tell; a wrong link can
 * be taken away all the same (`unmerge`), by the identifiers.
 * @throws ThrottledError, TransientError */
export async function linksOfSubject(
  subjectId: SubjectId,
  ports: Pick<ServePorts, 'subjects'>,
  now: EpochMs,
): Promise<Answered<LinksView>> {
  const search = await findSubject([nodeOfSubjectId(subjectId)], ports.subjects);
  if ('conflicting' in search || search.found === null) {
    const detail = 'No signal of this customer has been applied here.';
    return { refusal: { status: 404, title: 'Unknown customer', detail } };
  }
  const { graph } = search.found;
  return { answer: isRestricted(search.found, now) ? nothingOf(graph) : viewOf(graph) };
}

const nothingOf = ({ subjectId }: SubjectGraph): LinksView => ({
  subjectId,
  identifiers: [],
  links: [],
  decisions: [],
  severed: [],
  shared: [],
});

const iso = (at: EpochMs): string => new Date(at).toISOString();

function viewOf(graph: SubjectGraph): LinksView {
  const isOwn = (node: IdentifierToken): boolean => graph.nodes.includes(node);
  const link = (a: IdentifierToken, b: IdentifierToken, kind: LinksView['links'][number]['kind']) => ({
    a,
    b,
    kind,
    counts: isOwn(a) && isOwn(b),
  });
  return {
    subjectId: graph.subjectId,
    identifiers: graph.nodes.map((node) => ({
      nodeId: node,
      type: typeOfToken(node),
      isAtom: graph.atoms.includes(node),
    })),
    links: [
      ...graph.edges.map(([a, b, day]) => ({
        ...link(a, b, 'seen-together'),
        ...(day === 0 ? {} : { firstSeenOn: utcDate(day * DAY_MS) }),
      })),
      ...graph.matches.map(({ a, b, bits, contributions, model }) => ({
        ...link(a, b, 'match'),
        bits,
        contributions: { ...contributions },
        model,
      })),
      ...graph.decisions
        .filter(({ verdict }) => verdict === 'same')
        .map(({ a, b }) => link(a, b, 'decision')),
    ],
    decisions: graph.decisions.map(({ a, b, verdict, at, cause }) => ({ a, b, verdict, at: iso(at), cause })),
    severed: graph.severed.map(([a, b, at]) => ({ a, b, at: iso(at) })),
    shared: [...graph.saturated],
  };
}

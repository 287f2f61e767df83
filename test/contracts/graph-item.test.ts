import { describe, expect, it } from 'vitest';
import { decodeGraph, encodeGraph } from '../../functions/adapters/aws/graph-item.ts';
import {
  edgeOf,
  neighboursOf,
  orderedPair,
  type SubjectGraph,
  soloGraph,
  subjectIdOf,
} from '../../functions/contracts/subject.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { NOW, tokenOf } from '../arbitraries.ts';

const [user, other, email, till] = [
  tokenOf('userId', 'u1'),
  tokenOf('userId', 'u2'),
  tokenOf('email', 'e1'),
  tokenOf('deviceId', 'till'),
];
const nodes = [...orderedPair(user, email)];
const [a, b] = orderedPair(user, other);

const graph: SubjectGraph = {
  subjectId: subjectIdOf(nodes),
  nodes,
  atoms: [user],
  edges: [edgeOf(user, email, NOW), edgeOf(other, email, NOW - DAY_MS), edgeOf(user, till, NOW)],
  saturated: [till],
  matches: [{ a, b, bits: 12.5, contributions: { name: 9, birthDate: 3.5 }, model: 'shipped@1' }],
  decisions: [{ a, b, verdict: 'different', at: NOW, cause: 'review' }],
  severed: [[a, b, NOW]],
};

describe('a stored graph', () => {
  it('reads back as it was written, with all that links and all that keeps apart', () => {
    expect(decodeGraph(graph.subjectId, encodeGraph(graph))).toEqual(graph);
    expect(neighboursOf(decodeGraph(graph.subjectId, encodeGraph(graph)))).toEqual([other]);
    expect(decodeGraph(subjectIdOf([user]), encodeGraph(soloGraph(user)))).toEqual(soloGraph(user));
  });

  it('of an ordinary customer takes no more than the names of its identifiers and a few numbers', () => {
    const plain = {
      ...graph,
      edges: [edgeOf(user, email, NOW)],
      saturated: [],
      matches: [],
      decisions: [],
      severed: [],
    };
    expect(encodeGraph(plain).length).toBeLessThan(120);
  });

  it('from before anything was kept apart is understood: its outer ends are those that link too many', () => {
    const row = JSON.stringify({
      n: nodes,
      o: [till],
      a: [nodes.indexOf(user)],
      e: [
        [0, 1],
        [0, 2],
      ],
    });
    const old = decodeGraph(graph.subjectId, row);
    expect(old).toMatchObject({
      nodes,
      atoms: [user],
      saturated: [till],
      matches: [],
      decisions: [],
      severed: [],
    });
    expect(old.edges.map((edge) => edge[2])).toEqual([0, 0]);
    expect(neighboursOf(old)).toEqual([]);
  });
});

import {
  type AtomId,
  asIdentifierToken,
  type IdentifierToken,
  type SubjectId,
} from '../../functions/contracts/ids.ts';
import type { IdentifierType } from '../../functions/contracts/signal.ts';
import {
  type Edge,
  edgeOf,
  endsOf,
  neighboursOf,
  nodeOfSubjectId,
  type SubjectGraph,
  soloGraph,
} from '../../functions/contracts/subject.ts';
import type { NewEvidence } from '../../functions/pipeline/2-identify/evidence.ts';
import type { LinkPolicy } from '../../functions/pipeline/2-identify/limits.ts';
import type { People, StandingPeople } from '../../functions/pipeline/2-identify/probabilistic/matching.ts';
import type { KnownRecord } from '../../functions/pipeline/2-identify/probabilistic/ports.ts';
import type { MatchRecord } from '../../functions/pipeline/2-identify/probabilistic/record.ts';
import { Barriers, standingSubject } from '../../functions/pipeline/2-identify/probabilistic/standing.ts';
import { resolve } from '../../functions/pipeline/2-identify/resolve.ts';
import { identifiers, normaliseIdentifier } from '../../functions/registry/identifiers/index.ts';
import type { Person } from '../../functions/registry/matching/attributes.ts';
import type { Overlap } from './overlap.ts';

const links = Object.fromEntries(
  Object.entries(identifiers).map(([type, { linksMax }]) => [type, linksMax]),
) as LinkPolicy['links'];
/** A row is an account of its own, and a person may have any number of rows. */
const policy: LinkPolicy = { links, subjects: {} };
/** Rows have no time, and no limit of these types asks for one. */
const UNDATED = 0;

/** Attributes of an export that are identifiers in their own right. */
const IDENTIFIER_ATTRIBUTES = ['email', 'phone'] as const satisfies readonly IdentifierType[];

/** The rows of an export as accounts, and whom they belong to, through the resolution that the product runs. In memory. */
export class ExportPeople implements People {
  readonly #graphs = new Map<IdentifierToken, SubjectGraph>();
  readonly #saturated = new Set<IdentifierToken>();
  readonly #atoms = new Set<AtomId>();
  readonly #records = new Map<AtomId, MatchRecord>();
  readonly #sources = new Map<AtomId, number>();
  readonly #overlap: Overlap | null;
  readonly #householdPriorBits: number;

  /** @param overlap where the rows of one file are different people */
  constructor(overlap: Overlap | null, householdPriorBits: number) {
    this.#overlap = overlap;
    this.#householdPriorBits = householdPriorBits;
  }

  /** Takes a row in, and links it to those with which it shares an identifier. Where the rows of a file are different
   * people, identifiers are shared at times, and link nobody by themselves.
   * @returns the subject it is in */
  add(atomId: AtomId, person: Person, record: MatchRecord, source: number): SubjectId | null {
    this.#atoms.add(atomId);
    this.#records.set(atomId, record);
    this.#sources.set(atomId, source);
    this.#overlap?.arrive(source);
    if (this.#overlap !== null) return null;
    const edges: Edge[] = [];
    for (const type of IDENTIFIER_ATTRIBUTES) {
      const value = person[type] === undefined ? null : normaliseIdentifier(type, person[type]);
      if (value !== null) edges.push(edgeOf(atomId, asIdentifierToken(`${type}.${value}`), UNDATED));
    }
    if (edges.length > 0) this.apply({ edges });
    return this.#graphs.get(atomId)?.subjectId ?? null;
  }

  async records(atomIds: readonly AtomId[]): Promise<ReadonlyMap<AtomId, KnownRecord>> {
    const found = new Map<AtomId, KnownRecord>();
    for (const atomId of atomIds) {
      const record = this.#records.get(atomId);
      if (record !== undefined)
        found.set(atomId, { record, subjectId: this.#graphs.get(atomId)?.subjectId ?? null });
    }
    return found;
  }

  async subjects(subjectIds: readonly SubjectId[]): Promise<StandingPeople> {
    const graphs = new Set(subjectIds.map((id) => this.graphOf(nodeOfSubjectId(id))));
    const records = new Map<AtomId, MatchRecord>();
    for (const { atoms } of graphs)
      for (const atom of atoms) {
        const record = this.#records.get(atom);
        if (record !== undefined) records.set(atom, record);
      }
    const barriers = new Barriers(graphs);
    return {
      subjects: [...graphs].map((graph) => standingSubject(graph, policy)),
      records,
      withheld: new Set(),
      areApart: (a, b) => this.#shareSource(a, b) || barriers.areApart(a, b),
      householdPriorBits: (a, b) =>
        this.#householdPriorBits + (this.#overlap?.bits(this.#sourceOf(a), this.#sourceOf(b)) ?? 0),
    };
  }

  /** The subject that an identifier belongs to. */
  graphOf(node: IdentifierToken): SubjectGraph {
    return this.#graphs.get(node) ?? soloGraph(node);
  }

  /** Joins of a subject that only evidence made. */
  matchedJoins(graph: SubjectGraph): number {
    return Math.max(0, standingSubject(graph, policy).groups.length - 1);
  }

  recordOf(atomId: AtomId): MatchRecord | undefined {
    return this.#records.get(atomId);
  }

  /** Takes up what is new about identities. */
  apply(added: NewEvidence): void {
    const named = [
      ...(added.edges ?? []).flatMap(endsOf),
      ...(added.withdrawn ?? []).flat(),
      ...[...(added.matches ?? []), ...(added.decisions ?? [])].flatMap(({ a, b }) => [a, b]),
    ];
    if (named.length === 0) return;
    const known = new Set(named.flatMap((node) => this.#graphs.get(node) ?? []));
    for (const graph of known)
      for (const node of neighboursOf(graph)) known.add(this.#graphs.get(node) ?? graph);
    const own = new Set(named.filter((node) => this.#atoms.has(node)));
    const { graphs, saturated } = resolve([...known], added, this.#saturated, own, policy);
    for (const graph of known) this.#replace(graph, null);
    for (const graph of graphs) this.#replace(graph, graph);
    for (const { token } of saturated) this.#saturated.add(token);
  }

  #replace({ nodes, atoms }: SubjectGraph, by: SubjectGraph | null): void {
    for (const node of nodes) {
      if (by === null) this.#graphs.delete(node);
      else this.#graphs.set(node, by);
    }
    if (atoms.length > 1)
      for (const atom of atoms) this.#overlap?.join(this.#sourceOf(atom), by === null ? -1 : 1);
  }

  #shareSource(a: readonly AtomId[], b: readonly AtomId[]): boolean {
    if (this.#overlap === null) return false;
    const sources = new Set(a.map((atom) => this.#sourceOf(atom)));
    return b.some((atom) => sources.has(this.#sourceOf(atom)));
  }

  #sourceOf(atomId: AtomId): number {
    return this.#sources.get(atomId) ?? -1;
  }
}

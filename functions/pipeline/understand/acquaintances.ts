import { type ConsentState, EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { PersonState } from '../../contracts/person.ts';
import { isRestrictedAt } from '../../contracts/restriction.ts';
import { nodeOfSubjectId, type SubjectGraph } from '../../contracts/subject.ts';
import type { SubjectKey, SubjectKeyring } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { permits } from '../../rights/consent/permission.ts';
import { standingsOf } from '../../rights/consent/standing.ts';
import { mergeConsent } from '../../rights/consent/state.ts';
import type { People, StandingPeople } from '../2-identify/probabilistic/matching.ts';
import type { KnownRecord } from '../2-identify/probabilistic/ports.ts';
import { type MatchRecord, matchRecordOf } from '../2-identify/probabilistic/record.ts';
import { Barriers, standingSubject } from '../2-identify/probabilistic/standing.ts';
import { personOf } from '../3-profile/person.ts';
import { decodeState } from '../3-profile/state-codec.ts';
import { readAlong } from './around.ts';
import type { UnderstandContext } from './context.ts';
import { openPersons } from './person.ts';
import type { ProfileStore, StoredNode, World } from './ports.ts';
import { StaleReadError } from './stale-read.ts';

/** The purpose that comparing people with each other serves: it is part of making a profile of them (GDPR art. 4(4)). */
export const MATCHING_PURPOSE = 'profiling';

/** A subject as the batch would leave it without any match. */
export interface PlannedSubject {
  readonly graph: SubjectGraph;
  /** Whether the customer, and the law, allow that they are compared. */
  readonly allows: boolean;
  /** Its atoms that were there before the batch. */
  readonly former: readonly AtomId[];
  /** Of these, those who may be found by what their persons say. */
  readonly findable: readonly AtomId[];
  /** Whether the batch joins it of several, parts it, or does what somebody ordered about it: what it is compared with, and
   * may be one with, is looked at anew. */
  readonly isReshaped: boolean;
  /** Whether they did before the batch. */
  readonly allowedBefore: boolean;
  /** An earlier attempt at the same choices may have stored them, and died before it went on. */
  readonly isRepeated: boolean;
}

export const recordOfPerson = (person: PersonState): MatchRecord => matchRecordOf(personOf(person));

/** Those whom a batch's records are compared with: as stored, or as the batch leaves them. Nobody is among them whose
 * customer does not allow it, or asked that nothing be done (restriction), or whose identifier stands for nobody. */
export class Acquaintances implements People {
  readonly #store: Pick<ProfileStore, 'read'>;
  readonly #keyring: Pick<SubjectKeyring, 'read'>;
  readonly #keys: Map<AtomId, SubjectKey>;
  readonly #planned = new Map<IdentifierToken, PlannedSubject>();
  /** What those who were found say is around their subjects. */
  readonly #along = new Map<SubjectId, ReturnType<typeof readAlong>>();
  /** Atoms whose keys were asked for. */
  readonly #keyless = new Set<AtomId>();
  /** By atom whose person was read; null where it may not be compared. */
  readonly #records = new Map<AtomId, MatchRecord | null>();
  readonly #context: UnderstandContext;
  readonly #now: EpochMs;
  readonly #householdPriorBits: number;
  readonly #isLast: boolean;

  constructor(
    world: {
      readonly store: Pick<ProfileStore, 'read'>;
      readonly keyring: Pick<SubjectKeyring, 'read'>;
      readonly keys: Map<AtomId, SubjectKey>;
      readonly planned: Iterable<PlannedSubject>;
      /** Whether nothing can be read again: whoever is being changed right now is left alone then. */
      readonly isLast: boolean;
    },
    context: UnderstandContext,
    now: EpochMs,
  ) {
    this.#store = world.store;
    this.#keyring = world.keyring;
    this.#keys = world.keys;
    this.#isLast = world.isLast;
    this.#context = context;
    this.#now = now;
    this.#householdPriorBits = context.matching.policy.householdPriorBits;
    for (const subject of world.planned)
      for (const node of subject.graph.nodes) this.#planned.set(node, subject);
  }

  async records(atomIds: readonly AtomId[], consistent: boolean): Promise<ReadonlyMap<AtomId, KnownRecord>> {
    const { nodes, records } = await this.#read({ nodes: atomIds, persons: atomIds }, consistent);
    const found = new Map<AtomId, KnownRecord>();
    for (const [atomId, record] of records) {
      const subjectId = this.#planned.get(atomId)?.graph.subjectId ?? nodes.get(atomId)?.subjectId ?? null;
      found.set(atomId, { record, subjectId });
    }
    return found;
  }

  /** One read, since every row by which somebody was found says who is around it. What somebody changed in the meantime is
   * read after that.
   * @throws StaleReadError when a subject is gone since somebody who belongs to it was read */
  async subjects(subjectIds: readonly SubjectId[], consistent: boolean): Promise<StandingPeople> {
    const planned = new Map<SubjectId, SubjectGraph>();
    for (const id of subjectIds) {
      const graph = this.#planned.get(nodeOfSubjectId(id))?.graph;
      if (graph?.subjectId === id) planned.set(id, graph);
    }
    const own = [...planned.values()].flatMap((graph) => graph.atoms);
    const stored = subjectIds.filter((id) => !planned.has(id));
    // The batch itself has read its atoms.
    const known = await this.#read({ nodes: own, persons: [] }, consistent);
    const along = [
      ...[...known.nodes.values()].map(readAlong),
      ...stored.map((id) => this.#along.get(id)).filter((each) => each !== undefined),
    ];
    const first = await this.#read(
      {
        // The other identifiers come along: should the subject be joined, all have to be pointed elsewhere.
        nodes: [...nodesOf(planned.values()), ...along.flatMap(({ nodes }) => nodes)],
        persons: [...own, ...along.flatMap(({ atoms }) => atoms)],
        subjects: [...stored, ...along.flatMap(({ subjects }) => subjects)],
      },
      consistent,
    );
    const graphs = new Map(planned);
    for (const id of stored) {
      const graph = first.subjects.get(id)?.graph;
      if (graph !== undefined) graphs.set(id, graph);
    }
    const atoms = [...graphs.values()].flatMap((graph) => graph.atoms);
    const { nodes, records } = await this.#read(
      { nodes: nodesOf(graphs.values()), persons: atoms },
      consistent,
    );
    if (!this.#isLast && stored.some((id) => !graphs.has(id))) throw new StaleReadError();
    // A subject that somebody is changing right now is left alone: what is known of it does not fit together.
    const withheld = new Set(subjectIds.filter((id) => !graphs.has(id)));
    for (const [id, graph] of graphs) if (!this.#isPermitted(graph, nodes)) withheld.add(id);
    const kept = [...graphs].filter(([id]) => !withheld.has(id)).map(([, graph]) => graph);
    const barriers = new Barriers(kept);
    return {
      subjects: kept.map((graph) => standingSubject(graph, this.#context.linkPolicy)),
      records,
      withheld,
      areApart: (a, b) => barriers.areApart(a, b),
      householdPriorBits: () => this.#householdPriorBits,
    };
  }

  async #read(
    wanted: {
      readonly nodes: readonly IdentifierToken[];
      readonly persons: readonly AtomId[];
      readonly subjects?: readonly SubjectId[];
    },
    consistent: boolean,
  ): Promise<World & { readonly records: ReadonlyMap<AtomId, MatchRecord> }> {
    const persons = [...new Set(wanted.persons)];
    const unkeyed = persons.filter((id) => !this.#keys.has(id) && !this.#keyless.has(id));
    const [world, keys] = await Promise.all([
      this.#store.read(
        [...new Set([...wanted.nodes, ...persons])],
        [...new Set(wanted.subjects)],
        consistent,
        persons,
      ),
      unkeyed.length === 0 ? new Map<AtomId, SubjectKey>() : this.#keyring.read(unkeyed),
    ]);
    for (const id of unkeyed) this.#keyless.add(id);
    for (const [id, key] of keys) this.#keys.set(id, key);
    for (const node of world.nodes.values())
      if (node.subjectId !== null && node.around !== undefined)
        this.#along.set(node.subjectId, readAlong(node));
    const closed = new Map([...world.persons].filter(([id]) => !this.#records.has(id)));
    const opened = await openPersons(closed, this.#keys, this.#keyring);
    for (const id of closed.keys()) {
      const [person, node] = [opened.get(id), world.nodes.get(id)];
      const isComparable = person !== undefined && node !== undefined && this.#mayBeCompared(node);
      this.#records.set(id, isComparable ? recordOfPerson(person) : null);
    }
    const records = new Map<AtomId, MatchRecord>();
    for (const id of persons) {
      const record = this.#records.get(id) ?? null;
      if (record !== null) records.set(id, record);
    }
    return { ...world, records };
  }

  #mayBeCompared(node: StoredNode): boolean {
    if (node.saturated || isRestrictedAt([node], this.#now)) return false;
    return this.#planned.get(node.id)?.allows ?? this.#allows(consentIn(node));
  }

  #isPermitted(graph: SubjectGraph, nodes: ReadonlyMap<AtomId, StoredNode>): boolean {
    const own = graph.atoms.map((atom) => nodes.get(atom)).filter((node) => node !== undefined);
    const planned = this.#planned.get(nodeOfSubjectId(graph.subjectId));
    return planned?.allows ?? this.#allows(own.map(consentIn).reduce(mergeConsent, EMPTY_CONSENT));
  }

  #allows(consent: ConsentState): boolean {
    return permits(standingsOf(this.#context.jurisdiction, consent, this.#now)[MATCHING_PURPOSE]);
  }
}

const consentIn = ({ state }: StoredNode): ConsentState =>
  state === null ? EMPTY_CONSENT : decodeState(state).consent;

const nodesOf = (graphs: Iterable<SubjectGraph>): readonly IdentifierToken[] =>
  [...graphs].flatMap((graph) => graph.nodes);

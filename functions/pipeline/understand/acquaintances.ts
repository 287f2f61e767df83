import { type ConsentState, EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { PersonState } from '../../contracts/person.ts';
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
import type { UnderstandContext } from './context.ts';
import { openPersons } from './person.ts';
import type { ProfileStore, StoredNode } from './ports.ts';

/** The purpose that comparing people with each other serves: it is part of making a profile of them (GDPR art. 4(4)). */
export const MATCHING_PURPOSE = 'profiling';

/** A subject as the batch would leave it without any match. */
export interface PlannedSubject {
  readonly graph: SubjectGraph;
  /** Whether the customer, and the law, allow that they are compared. */
  readonly allows: boolean;
  /** Its atoms that were there before the batch. */
  readonly former: readonly AtomId[];
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
  readonly #context: UnderstandContext;
  readonly #now: EpochMs;
  readonly #householdPriorBits: number;

  constructor(
    world: {
      readonly store: Pick<ProfileStore, 'read'>;
      readonly keyring: Pick<SubjectKeyring, 'read'>;
      readonly keys: Map<AtomId, SubjectKey>;
      readonly planned: Iterable<PlannedSubject>;
    },
    context: UnderstandContext,
    now: EpochMs,
  ) {
    this.#store = world.store;
    this.#keyring = world.keyring;
    this.#keys = world.keys;
    this.#context = context;
    this.#now = now;
    this.#householdPriorBits = context.matching.policy.householdPriorBits;
    for (const subject of world.planned)
      for (const node of subject.graph.nodes) this.#planned.set(node, subject);
  }

  async records(atomIds: readonly AtomId[], consistent: boolean): Promise<ReadonlyMap<AtomId, KnownRecord>> {
    const { nodes, records } = await this.#read(atomIds, consistent);
    const found = new Map<AtomId, KnownRecord>();
    for (const [atomId, record] of records) {
      const subjectId = this.#planned.get(atomId)?.graph.subjectId ?? nodes.get(atomId)?.subjectId ?? null;
      found.set(atomId, { record, subjectId });
    }
    return found;
  }

  async subjects(subjectIds: readonly SubjectId[], consistent: boolean): Promise<StandingPeople> {
    const graphs = new Map<SubjectId, SubjectGraph>();
    const stored: SubjectId[] = [];
    for (const id of subjectIds) {
      const planned = this.#planned.get(nodeOfSubjectId(id));
      if (planned?.graph.subjectId === id) graphs.set(id, planned.graph);
      else stored.push(id);
    }
    const found = await this.#store.read([], stored, consistent);
    for (const [id, { graph }] of found.subjects) graphs.set(id, graph);
    const atoms = [...graphs.values()].flatMap((graph) => graph.atoms);
    // The other identifiers come along: should the subject be joined, all have to be pointed elsewhere.
    const members = [...graphs.values()].flatMap((graph) => graph.nodes);
    const { nodes, records } = await this.#read(atoms, consistent, members);
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
    atomIds: readonly AtomId[],
    consistent: boolean,
    members = atomIds,
  ): Promise<{
    readonly nodes: ReadonlyMap<AtomId, StoredNode>;
    readonly records: ReadonlyMap<AtomId, MatchRecord>;
  }> {
    const unkeyed = atomIds.filter((id) => !this.#keys.has(id));
    const [world, keys] = await Promise.all([
      this.#store.read(members, [], consistent, atomIds),
      unkeyed.length === 0 ? new Map<AtomId, SubjectKey>() : this.#keyring.read(unkeyed),
    ]);
    for (const [id, key] of keys) this.#keys.set(id, key);
    const records = new Map<AtomId, MatchRecord>();
    for (const [id, person] of await openPersons(world, this.#keys, this.#keyring)) {
      const node = world.nodes.get(id);
      if (node !== undefined && this.#mayBeCompared(node)) records.set(id, recordOfPerson(person));
    }
    return { nodes: world.nodes, records };
  }

  #mayBeCompared(node: StoredNode): boolean {
    if (node.saturated || (node.restrictedUntil !== null && this.#now < node.restrictedUntil)) return false;
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

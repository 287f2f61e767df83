import { isEmptyConsent } from '../../contracts/consent.ts';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import { neighboursOf, type SubjectGraph, subjectIdOf } from '../../contracts/subject.ts';
import { MINUTE_MS } from '../../kernel/time.ts';
import { keptUntil, pageKeptUntil, type RetentionByClass } from '../../rights/retention/kept-until.ts';
import { encodeWindow, type SeenPage, type SeenWindow } from '../3-profile/seen.ts';
import { encodeState } from '../3-profile/state-codec.ts';
import { Surroundings } from './around.ts';
import { decodeLinks, encodeLinks, linkPrefix } from './delivery.ts';
import type { OpenPerson } from './person.ts';
import type { NodeWrite, PageWrite, StoredNode, SubjectWrite, World, WriteUnit } from './ports.ts';
import type { PublishedGroup } from './publish.ts';
import { StaleReadError } from './stale-read.ts';

/** Identifiers remembered per atom as already linked: a cache only, so a longer list may be cut. */
const LINKS_MAX = 40;

/** A unit whose persons are still open: the plan is made before every atom has a secret to seal with. */
export interface PlannedUnit extends Omit<WriteUnit, 'persons'> {
  readonly persons: readonly OpenPerson[];
}

interface GrowingUnit {
  readonly nodes: NodeWrite[];
  readonly persons: OpenPerson[];
  readonly subjects: SubjectWrite[];
  atomic: boolean;
}

/** Gathers what a plan has to write, as units that must not be torn apart. */
export class WriteCollector {
  readonly #world: World;
  readonly #before: ReadonlyMap<IdentifierToken, SubjectId>;
  readonly #nodes = new Map<IdentifierToken, NodeWrite>();
  readonly #pages: PageWrite[] = [];
  readonly #persons: OpenPerson[] = [];
  readonly #findable = new Set<AtomId>();
  readonly #retention: RetentionByClass;

  /** @param before the subject of every node before the batch. */
  constructor(world: World, before: ReadonlyMap<IdentifierToken, SubjectId>, retention: RetentionByClass) {
    this.#world = world;
    this.#before = before;
    this.#retention = retention;
  }

  /** An atom as it is after the batch. Nothing is written when nothing changed.
   * @returns whether it is written */
  atom(
    id: AtomId,
    state: ProfileState,
    seen: { readonly window: SeenWindow; readonly pages: readonly SeenPage[] },
    links: ReadonlySet<IdentifierToken>,
  ): boolean {
    const stored = this.#world.nodes.get(id);
    const text = encodeState(state);
    const window = encodeWindow(seen.window);
    if (
      stored === undefined &&
      seen.window.entries.length === 0 &&
      state.signals === 0 &&
      isEmptyConsent(state.consent)
    )
      return false;
    if (
      stored?.state === text &&
      stored.seen !== null &&
      Buffer.compare(stored.seen, window) === 0 &&
      links.size === 0
    )
      return false;
    const prefixes = new Set(decodeLinks(stored?.links ?? new Uint8Array()));
    for (const link of links) if (prefixes.size < LINKS_MAX) prefixes.add(linkPrefix(link));
    for (const { key, messages, newestMinute } of seen.pages)
      this.#pages.push({
        atomId: id,
        key,
        messages,
        keptUntil: pageKeptUntil(newestMinute * MINUTE_MS, this.#retention),
      });
    this.#nodes.set(id, {
      ...this.#node(id),
      state: text,
      seen: window,
      links: encodeLinks(prefixes),
      keptUntil: keptUntil(state, newestIn(seen.window), this.#retention),
    });
    return true;
  }

  /** What is known of an atom's person after the batch. */
  person(person: OpenPerson): void {
    this.#persons.push(person);
  }

  /** An atom that others may find by what its person says. */
  findable(id: AtomId): void {
    this.#findable.add(id);
  }

  /** The node as it will be so far.
   * @throws StaleReadError for one that a subject names and nobody read. */
  #node(id: IdentifierToken): StoredNode {
    const node = this.#nodes.get(id) ?? this.#world.nodes.get(id);
    if (node !== undefined) return node;
    const subject = this.#before.get(id);
    if (subject !== undefined && this.#world.subjects.get(subject)?.graph.nodes.includes(id) === true)
      throw new StaleReadError();
    return {
      id,
      version: 0,
      subjectId: null,
      saturated: false,
      state: null,
      seen: null,
      links: new Uint8Array(),
      published: null,
      erasedAt: null,
      restrictedUntil: null,
      keptUntil: null,
    };
  }

  /** Closes the collection.
   * @param known graphs before · @param graphs graphs after · @param saturated nodes found to link too many. */
  units(
    known: readonly SubjectGraph[],
    graphs: readonly SubjectGraph[],
    saturated: readonly IdentifierToken[],
    published: readonly PublishedGroup[],
  ): readonly PlannedUnit[] {
    for (const token of saturated) this.#nodes.set(token, { ...this.#node(token), saturated: true });
    this.#point(known, graphs);
    this.#surround(known, graphs);
    this.#publishAlone(published);
    const touched = [...this.#nodes.keys(), ...this.#persons.map(({ id }) => id)];
    const rootOf = roots(known, graphs, saturated, this.#before, touched);
    const units = new Map<string, GrowingUnit>();
    const unitOf = (key: string): GrowingUnit => {
      const root = rootOf(key);
      const unit = units.get(root) ?? { nodes: [], persons: [], subjects: [], atomic: false };
      units.set(root, unit);
      return unit;
    };
    for (const [id, node] of this.#nodes) unitOf(id).nodes.push(node);
    for (const person of this.#persons) unitOf(person.id).persons.push(person);
    for (const write of this.#subjectWrites(known, graphs, published)) {
      const unit = unitOf(write.subjectId);
      unit.subjects.push(write);
      unit.atomic ||= write.next === null || !known.includes(write.next.graph);
    }
    return [...units.values()].map((unit) => ({
      ...unit,
      pages: this.#pages.filter((page) => unit.nodes.some((node) => node.id === page.atomId)),
    }));
  }

  /** Makes every node point at the subject it now belongs to. */
  #point(known: readonly SubjectGraph[], graphs: readonly SubjectGraph[]): void {
    const now = new Map<IdentifierToken, SubjectId>();
    for (const graph of graphs) for (const node of graph.nodes) now.set(node, graph.subjectId);
    const pointed = new Map<IdentifierToken, SubjectId>();
    for (const graph of known) for (const node of graph.nodes) pointed.set(node, graph.subjectId);
    for (const id of new Set([...now.keys(), ...pointed.keys()])) {
      const subjectId = now.get(id) ?? null;
      if (subjectId === (pointed.get(id) ?? null)) continue;
      this.#nodes.set(id, { ...this.#node(id), subjectId, published: null });
    }
  }

  /** Writes into the row of everyone who may be found who is around them now. */
  #surround(known: readonly SubjectGraph[], graphs: readonly SubjectGraph[]): void {
    const isErased = (id: IdentifierToken): boolean => this.#world.nodes.get(id)?.erasedAt != null;
    const surroundings = new Surroundings(graphs, isErased);
    const concerned = new Set<IdentifierToken>(this.#findable);
    for (const graph of [...known, ...graphs]) for (const node of graph.nodes) concerned.add(node);
    for (const id of concerned) {
      const node = this.#nodes.get(id) ?? this.#world.nodes.get(id);
      if (node === undefined || (node.around === undefined && !this.#findable.has(id))) continue;
      const around = surroundings.of(id, node.around);
      if (around !== node.around) this.#nodes.set(id, { ...node, around });
    }
  }

  /** A node alone keeps in its own row what was published about it. */
  #publishAlone(published: readonly PublishedGroup[]): void {
    for (const group of published) {
      if (group.alone === null) continue;
      const stored = this.#world.nodes.get(group.alone);
      const leftSubject = stored !== undefined && stored.subjectId !== null;
      if (!group.changed && !leftSubject) continue;
      if (stored === undefined && !this.#nodes.has(group.alone)) continue;
      this.#nodes.set(group.alone, { ...this.#node(group.alone), published: group.next });
    }
  }

  *#subjectWrites(
    known: readonly SubjectGraph[],
    graphs: readonly SubjectGraph[],
    published: readonly PublishedGroup[],
  ): Generator<SubjectWrite> {
    const versionOf = (id: SubjectId): number => this.#world.subjects.get(id)?.version ?? 0;
    for (const graph of graphs) {
      const group = published.find((each) => each.subjectId === graph.subjectId);
      if (group === undefined || (known.includes(graph) && !group.changed)) continue;
      yield {
        subjectId: graph.subjectId,
        version: versionOf(graph.subjectId),
        next: { graph, published: group.next },
      };
    }
    const remaining = new Set(graphs.map((graph) => graph.subjectId));
    for (const graph of known) {
      if (!remaining.has(graph.subjectId))
        yield { subjectId: graph.subjectId, version: versionOf(graph.subjectId), next: null };
    }
  }
}

/** When the newest message of a window happened; null for an empty one. */
const newestIn = ({ entries }: SeenWindow): number | null =>
  entries.length === 0 ? null : Math.max(...entries.map(({ minute }) => minute)) * MINUTE_MS;

/** Everything that shares a subject, before or after, has one root. */
function roots(
  known: readonly SubjectGraph[],
  graphs: readonly SubjectGraph[],
  saturated: readonly IdentifierToken[],
  before: ReadonlyMap<IdentifierToken, SubjectId>,
  nodes: readonly IdentifierToken[],
): (key: string) => string {
  const parent = new Map<string, string>();
  const root = (key: string): string => {
    let at = key;
    for (let next = parent.get(at); next !== undefined; next = parent.get(at)) at = next;
    return at;
  };
  const join = (a: string, b: string): void => {
    const [x, y] = [root(a), root(b)];
    if (x !== y) parent.set(x, y);
  };
  for (const graph of [...known, ...graphs]) for (const node of graph.nodes) join(node, graph.subjectId);
  // A graph that takes an end for one that links too many must not be seen before that end says so itself.
  const found = new Set(saturated);
  for (const graph of graphs) {
    for (const end of graph.saturated) if (found.has(end)) join(end, graph.subjectId);
    // What keeps two subjects apart is in both of them, or in neither.
    for (const end of neighboursOf(graph)) join(end, graph.subjectId);
    for (const { a, b } of graph.decisions) join(a, b);
    for (const [a, b] of graph.severed) join(a, b);
  }
  for (const node of nodes) {
    const old = before.get(node);
    if (old !== undefined && old !== subjectIdOf([node])) join(node, old);
  }
  return root;
}

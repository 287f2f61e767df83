import { MemoryCandidateStore } from '../functions/adapters/memory/candidate-store.ts';
import { MemoryEffects } from '../functions/adapters/memory/effects.ts';
import { MemoryProfileStore } from '../functions/adapters/memory/profile-store.ts';
import { MemorySubjectKeyring } from '../functions/adapters/memory/subject-keys.ts';
import type { IdentityOrder } from '../functions/contracts/identity-order.ts';
import type { SubjectId } from '../functions/contracts/ids.ts';
import type { LineageRow } from '../functions/contracts/lineage.ts';
import type { Signal } from '../functions/contracts/signal.ts';
import {
  neighboursOf,
  nodeOfSubjectId,
  type SubjectOutline,
  subjectIdOf,
} from '../functions/contracts/subject.ts';
import { unseal } from '../functions/contracts/subject-keys.ts';
import { TransientError } from '../functions/kernel/invariant.ts';
import { contextOf } from '../functions/pipeline/understand/context.ts';
import type { StreamRecord } from '../functions/pipeline/understand/delivery.ts';
import {
  personContext,
  type StoredNode,
  type UnderstandPorts,
} from '../functions/pipeline/understand/ports.ts';
import { understand } from '../functions/pipeline/understand/understand.ts';
import { NOW, SECRETS } from './arbitraries.ts';

/** A stack's `understand` in memory: the real code over memory adapters, with crashes on demand. */
export class MemoryRegion {
  /** What is past its time by this clock is not seen; until it is set, nothing is. */
  time = Number.NEGATIVE_INFINITY;
  readonly store = new MemoryProfileStore(() => this.time);
  readonly effects = new MemoryEffects();
  readonly keyring = new MemorySubjectKeyring(SECRETS);
  readonly candidates = new MemoryCandidateStore();
  /** Raw records kept, by their key. */
  readonly quarantined = new Map<string, Uint8Array>();
  readonly context;
  #calls = 0;
  #crash: { readonly atCall: number; readonly after: boolean } | null = null;
  #sequence = 0;

  constructor(jurisdiction = 'eu') {
    this.context = contextOf(jurisdiction, SECRETS);
  }

  /** Makes the nth external call from now fail: before it does anything, or after it has done everything. */
  crashAt(call: number, after: boolean): void {
    this.#crash = { atCall: this.#calls + call, after };
  }

  get calls(): number {
    return this.#calls;
  }

  record(signals: readonly (Signal | IdentityOrder)[]): StreamRecord {
    this.#sequence += 1;
    return {
      shardId: 'shard-0',
      sequenceNumber: String(this.#sequence).padStart(10, '0'),
      partitionKey: 'b00',
      values: signals,
    };
  }

  /** Delivers records once; a crash surfaces as an error. */
  deliver(records: readonly StreamRecord[], now = NOW): ReturnType<typeof understand> {
    return understand(records, this.context, this.#ports(now), now);
  }

  /** Delivers records as a stream does: again until nothing fails. */
  async deliverUntilDone(records: readonly StreamRecord[], now = NOW): Promise<void> {
    for (let attempt = 0; attempt < 12; attempt += 1) {
      try {
        const { failed } = await this.deliver(records, now);
        if (failed.length === 0) return;
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
      }
    }
    throw new Error('never done');
  }

  #ports(now: number): UnderstandPorts {
    const guard =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        this.#calls += 1;
        const crash = this.#crash?.atCall === this.#calls ? this.#crash : null;
        if (crash !== null) this.#crash = null;
        if (crash?.after === false) throw new TransientError('crashed before the call');
        const result = await call(...args);
        if (crash?.after === true) throw new TransientError('crashed after the call');
        return result;
      };
    const { store, effects, keyring } = this;
    return {
      profiles: {
        read: guard(store.read.bind(store)),
        storedPersons: guard(store.storedPersons.bind(store)),
        pagedMessages: guard(store.pagedMessages.bind(store)),
        write: guard(store.write.bind(store)),
      },
      keyring: {
        read: guard(keyring.read.bind(keyring)),
        create: guard(keyring.create.bind(keyring)),
        all: keyring.all.bind(keyring),
        destroy: guard(keyring.destroy.bind(keyring)),
      },
      records: { put: guard(effects.records.put) },
      reviews: {
        waiting: guard(effects.reviews.waiting),
        put: guard(effects.reviews.put),
        drop: guard(effects.reviews.drop),
      },
      conflicts: { open: guard(effects.conflicts.open), close: guard(effects.conflicts.close) },
      candidates: {
        read: guard(this.candidates.read.bind(this.candidates)),
        write: guard(this.candidates.write.bind(this.candidates)),
      },
      quarantine: {
        putOnce: guard(async (key: string, bytes: Uint8Array) => void this.quarantined.set(key, bytes)),
      },
      alerts: { open: guard(effects.alerts.open), close: guard(effects.alerts.close) },
      dueCues: { arm: guard(effects.dueCues.arm) },
      lineage: { append: guard(effects.lineage.append) },
      events: { publish: guard(effects.events.publish) },
      clock: () => now,
    };
  }

  /** What the archive would hold: redelivered rows only where the row is not there already. */
  archived(): LineageRow[] {
    const rows: LineageRow[] = [];
    const known = new Set<string>();
    for (const row of this.effects.rows) {
      const id = `${row.table} ${row.rowId}`;
      if (row.redelivered === true && known.has(id)) continue;
      known.add(id);
      rows.push(row);
    }
    return rows;
  }

  /** Atom states by id, for comparing two regions. */
  states(): Record<string, string> {
    const states = [...this.store.nodes.values()]
      .filter((node) => node.state !== null)
      .map((node) => [node.id, node.state ?? ''] as const);
    return Object.fromEntries(states.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What is known of each atom's person, for comparing two regions. */
  async persons(store: MemoryProfileStore = this.store): Promise<Record<string, string>> {
    const keys = await this.keyring.read([...store.persons.keys()]);
    const persons = [...store.persons.values()].map(({ id, sealed }) => {
      const key = keys.get(id);
      return [
        id,
        key === undefined ? 'shredded' : (unseal(key, sealed, personContext(id)) ?? 'unreadable'),
      ] as const;
    });
    return Object.fromEntries(persons.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Groups of identifiers that belong together, for comparing two regions. */
  partition(): string[] {
    const groups = new Map<string, string[]>();
    for (const node of this.store.nodes.values()) {
      const key = node.subjectId ?? `s.${node.id}`;
      groups.set(key, [...(groups.get(key) ?? []), node.id]);
    }
    return [...groups.values()].map((nodes) => nodes.sort().join(' ')).sort();
  }

  /** Where a subject id leads now. */
  subjectOf(subjectId: SubjectId): SubjectId {
    const node = nodeOfSubjectId(subjectId);
    return this.store.nodes.get(node)?.subjectId ?? subjectIdOf([node]);
  }

  /** Its subject, and those that something keeps apart from that or from one of them. */
  #around({ subjectId }: StoredNode): readonly SubjectOutline[] {
    const graphOf = (id: SubjectId | null) => (id === null ? undefined : this.store.subjects.get(id)?.graph);
    const home = graphOf(subjectId);
    const circle = new Set(home === undefined ? [] : [home]);
    for (const graph of circle)
      for (const neighbour of neighboursOf(graph)) {
        const other = graphOf(this.store.nodes.get(neighbour)?.subjectId ?? null);
        if (other !== undefined) circle.add(other);
      }
    if (home === undefined) return [];
    circle.delete(home);
    const others = [...circle].sort((a, b) => (a.subjectId < b.subjectId ? -1 : 1));
    return [{ nodes: home.nodes, atoms: home.atoms }, ...others.map(({ nodes }) => ({ nodes, atoms: [] }))];
  }

  /** Segments published per subject that is in any. */
  segments(store: MemoryProfileStore = this.store): Record<string, string[]> {
    const published: Record<string, string[]> = {};
    for (const [id, subject] of store.subjects)
      published[id] = Object.keys(subject.published.segments).sort();
    for (const node of store.nodes.values()) {
      if (node.subjectId === null && node.published !== null)
        published[`s.${node.id}`] = Object.keys(node.published.segments).sort();
    }
    return Object.fromEntries(Object.entries(published).filter(([, names]) => names.length > 0));
  }

  /** The store's own consistency: every pointer leads to a graph that names the node, and back; and whoever may be found by
   * what they say knows who is around them. */
  inconsistencies(): string[] {
    const faults: string[] = [];
    for (const node of this.store.nodes.values()) {
      const around = this.#around(node);
      if (node.around !== undefined && JSON.stringify(node.around) !== JSON.stringify(around))
        faults.push(
          `${node.id} knows ${JSON.stringify(node.around)} around it, not ${JSON.stringify(around)}`,
        );
    }
    for (const node of this.store.nodes.values()) {
      if (
        node.subjectId !== null &&
        this.store.subjects.get(node.subjectId)?.graph.nodes.includes(node.id) !== true
      )
        faults.push(`${node.id} points at ${node.subjectId}`);
    }
    for (const [id, { graph }] of this.store.subjects) {
      if (nodeOfSubjectId(id) !== graph.nodes[0]) faults.push(`${id} is not named after its least node`);
      for (const node of graph.nodes)
        if (this.store.nodes.get(node)?.subjectId !== id)
          faults.push(`${id} names ${node}, which points elsewhere`);
      for (const node of graph.nodes) {
        const holdsState = this.store.nodes.get(node)?.state != null;
        if (holdsState !== graph.atoms.includes(node))
          faults.push(`${id}: ${node} holds state: ${holdsState}`);
      }
    }
    return faults;
  }
}

import { paginateScan } from '@aws-sdk/client-dynamodb';
import { attributeConflicts } from '../../functions/adapters/aws/attribute-conflicts.ts';
import { toCandidateEntry } from '../../functions/adapters/aws/candidate-items.ts';
import { candidateStore } from '../../functions/adapters/aws/candidate-store.ts';
import { conflictBook } from '../../functions/adapters/aws/conflict-book.ts';
import { identityReviews } from '../../functions/adapters/aws/identity-reviews.ts';
import {
  NODE_PART,
  PERSON_PART,
  toNode,
  toPerson,
  toSubject,
} from '../../functions/adapters/aws/profile-items.ts';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { reviewBook } from '../../functions/adapters/aws/review-book.ts';
import type { ListedConflict } from '../../functions/contracts/attribute-conflict.ts';
import type { IdentityReview } from '../../functions/contracts/identity-review.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import type { StreamRecord } from '../../functions/pipeline/understand/delivery.ts';
import type { UnderstandPorts } from '../../functions/pipeline/understand/ports.ts';
import { understand } from '../../functions/pipeline/understand/understand.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { NOW } from '../arbitraries.ts';
import type { LocalTables } from '../local-tables.ts';
import { MemoryRegion } from '../understand-harness.ts';
import type { FaultyClients } from './faulty-clients.ts';

const DELIVERIES_MAX = 9;
const ofMode = (mode: 'on' | 'review') =>
  Object.values(jurisdictions).find(({ identity }) => identity.value.probabilistic === mode)?.code;

export interface StoredSetting {
  readonly local: LocalTables;
  readonly faults: FaultyClients;
  /** What evidence may do where it is. */
  readonly mode: 'on' | 'review';
}

interface Tables {
  readonly profiles: string;
  readonly subjects: string;
  readonly candidates: string;
  readonly reviews: string;
}

const freshTables = async (local: LocalTables): Promise<Tables> => ({
  profiles: await local.fresh('profiles'),
  subjects: await local.fresh('subjects'),
  candidates: await local.fresh('candidates'),
  reviews: await local.fresh('identityReviews'),
});

/** Instances of `understand` over tables of their own in DynamoDB. */
export class StoredRegion {
  readonly #local: LocalTables;
  readonly #faults: FaultyClients;
  readonly memory: MemoryRegion;
  readonly #tables: Tables;
  readonly #ports: UnderstandPorts;
  #sequence = 0;

  private constructor(tables: Tables, { local, faults, mode }: StoredSetting) {
    this.#local = local;
    this.#faults = faults;
    this.memory = new MemoryRegion(ofMode(mode));
    this.#tables = tables;
    this.#ports = {
      ...this.memory.effects,
      // Nothing is past its time here.
      profiles: profileStore(tables, () => 0),
      keyring: this.memory.keyring,
      candidates: candidateStore(tables.candidates),
      reviews: identityReviews(tables.reviews),
      conflicts: attributeConflicts(tables.reviews),
      quarantine: { putOnce: async () => undefined },
      clock: () => NOW,
    };
  }

  static async fresh(setting: StoredSetting): Promise<StoredRegion> {
    return new StoredRegion(await freshTables(setting.local), setting);
  }

  /** Customers of whom values contradict each other. */
  async conflicts(): Promise<readonly ListedConflict[]> {
    return (await conflictBook(this.#tables.reviews).list({ limit: 100 })).conflicts;
  }

  /** Pairs that wait for a steward. */
  async queue(): Promise<readonly IdentityReview[]> {
    return (await reviewBook(this.#tables.reviews).list({ limit: 100 })).reviews;
  }

  /** Delivers as a stream does: again until nothing fails. @returns conflicts with others */
  async deliver(signals: readonly Signal[], shard = 0): Promise<number> {
    this.#sequence += 1;
    const record: StreamRecord = {
      shardId: `shard-${shard}`,
      sequenceNumber: String(this.#sequence),
      partitionKey: `b0${shard}`,
      values: signals,
    };
    let conflicts = 0;
    for (let delivery = 1; delivery <= DELIVERIES_MAX; delivery += 1) {
      try {
        const done = await understand([record], this.memory.context, this.#ports, NOW);
        conflicts += done.conflicts;
        if (done.failed.length === 0) return conflicts;
      } catch {
        await this.#faults.revive();
      }
    }
    throw new Error('never done');
  }

  /** Copies what is stored into the region in memory, to look at. */
  async look(): Promise<MemoryRegion> {
    const { store, candidates } = this.memory;
    for await (const { Items = [] } of paginateScan(
      { client: this.#local.client },
      { TableName: this.#tables.profiles },
    )) {
      for (const item of Items) {
        if (item.part?.S === NODE_PART) store.nodes.set(toNode(item).id, toNode(item));
        if (item.part?.S === PERSON_PART) store.persons.set(toPerson(item).id, toPerson(item));
      }
    }
    for await (const { Items = [] } of paginateScan(
      { client: this.#local.client },
      { TableName: this.#tables.subjects },
    ))
      for (const item of Items) store.subjects.set(...toSubject(item));
    for await (const { Items = [] } of paginateScan(
      { client: this.#local.client },
      { TableName: this.#tables.candidates },
    )) {
      for (const entry of Items.map(toCandidateEntry)) {
        if ('block' in entry) candidates.blocks.set(entry.key, entry.block);
        else candidates.samples.set(entry.key, entry.sample);
      }
    }
    return this.memory;
  }
}

import { randomBytes } from 'node:crypto';
import type { AtomId } from '../../contracts/ids.ts';
import {
  SUBJECT_SECRET_BYTES,
  type SubjectKey,
  type SubjectKeyring,
  subjectKeyOf,
} from '../../contracts/subject-keys.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';

/** Subject secrets in memory; for unit and property tests. */
export class MemorySubjectKeyring implements SubjectKeyring {
  readonly secrets = new Map<AtomId, Uint8Array>();
  readonly #jurisdiction: JurisdictionSecrets;

  constructor(jurisdiction: JurisdictionSecrets) {
    this.#jurisdiction = jurisdiction;
  }

  async read(atomIds: readonly AtomId[]): Promise<ReadonlyMap<AtomId, SubjectKey>> {
    const keys = new Map<AtomId, SubjectKey>();
    for (const id of atomIds) {
      const secret = this.secrets.get(id);
      if (secret !== undefined) keys.set(id, subjectKeyOf(this.#jurisdiction, secret));
    }
    return keys;
  }

  async create(atomIds: readonly AtomId[]): Promise<ReadonlyMap<AtomId, SubjectKey>> {
    for (const id of atomIds)
      if (!this.secrets.has(id)) this.secrets.set(id, randomBytes(SUBJECT_SECRET_BYTES));
    return this.read(atomIds);
  }

  async *all(): AsyncIterable<ReadonlyMap<AtomId, SubjectKey>> {
    yield await this.read([...this.secrets.keys()]);
  }

  async destroy(atomIds: readonly AtomId[]): Promise<void> {
    for (const id of atomIds) this.secrets.delete(id);
  }
}

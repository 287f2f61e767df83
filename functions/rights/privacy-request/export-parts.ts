import { createHash } from 'node:crypto';
import type { AtomId } from '../../contracts/ids.ts';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { type SubjectKey, type SubjectKeyring, seal, unseal } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { Entry, PersonExport } from './export-document.ts';
import type { ExportStore } from './ports.ts';

/** Characters of JSON in one part. An answer has a part as JSON and as CSV, where every quote is written three or four times,
 * and Lambda takes answers of up to 6 MB. */
export const PART_LENGTH_MAX = 1_400_000;

/** A piece of an export: some of its tables, or some rows of them. */
export type Part = Partial<PersonExport>;

/** Fills parts with rows, one after another, so that no more than one is in memory. */
export class PartFiller {
  #rows: Entry[] = [];
  #length = 0;

  /** @returns the rows of a part that is full, without this one; none while there is room */
  add(row: Entry): readonly Entry[] {
    const length = JSON.stringify(row).length + 1;
    const full = this.#length + length > PART_LENGTH_MAX ? this.take() : [];
    this.#rows.push(row);
    this.#length += length;
    return full;
  }

  /** @returns what there is, which is none any more */
  take(): readonly Entry[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#length = 0;
    return rows;
  }
}

/** The tables of a document in parts: as many whole ones together as fit, and a long one by rows. */
export function partsOf(document: PersonExport): readonly Part[] {
  const parts: Record<string, unknown>[] = [{}];
  let length = 0;
  const place = (name: string, value: Entry | readonly Entry[], size: number): void => {
    if (length + size > PART_LENGTH_MAX && length > 0) {
      parts.push({});
      length = 0;
    }
    const part = parts.at(-1) ?? {};
    const before = part[name];
    part[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
    length += size;
  };
  for (const [name, value] of Object.entries(document) as [string, Entry | readonly Entry[]][]) {
    const size = JSON.stringify(value).length;
    if (size <= PART_LENGTH_MAX || !Array.isArray(value)) place(name, value, size);
    else for (const row of value as readonly Entry[]) place(name, [row], JSON.stringify(row).length + 1);
  }
  return parts as readonly Part[];
}

const placeOf = (requestId: string, name: string): string => `v1/${requestId}/${name}`;
const contextOf = (requestId: string, name: string): string => `export ${requestId} ${name}`;

/**
 * Keeps a part under a name that follows from what it says: whoever repeats the work writes the same bytes, and nobody else's.
 * @param key the person's own; null when nothing is held of them, and so nothing has to be sealed
 * @throws TransientError, ThrottledError
 */
export async function keepPart(
  requestId: string,
  part: Part,
  key: SubjectKey | null,
  exports: Pick<ExportStore, 'put'>,
): Promise<string> {
  const text = JSON.stringify(part);
  const name = createHash('sha256').update(requestId).update(text).digest('base64url').slice(0, 16);
  const bytes = key === null ? Buffer.from(text) : seal(key, text, contextOf(requestId, name));
  await exports.put(placeOf(requestId, name), bytes);
  return name;
}

/** Opens one part; null when the export has expired, the part is gone, or the person was erased since.
 * @param at which one, from 0 @throws TransientError, ThrottledError */
export async function openPart(
  { requestId, exported }: Pick<PrivacyRequest, 'requestId' | 'exported'>,
  at: number,
  ports: { readonly exports: Pick<ExportStore, 'get'>; readonly keyring: Pick<SubjectKeyring, 'read'> },
  now: EpochMs,
): Promise<Part | null> {
  const name = exported?.parts[at];
  if (exported === null || name === undefined || exported.expiresAt <= now) return null;
  const bytes = await ports.exports.get(placeOf(requestId, name));
  if (bytes === null) return null;
  const { atomId } = exported;
  if (atomId === null) return JSON.parse(Buffer.from(bytes).toString('utf8')) as Part;
  const key = (await ports.keyring.read([atomId], { fresh: true })).get(atomId);
  const text = key === undefined ? null : unseal(key, bytes, contextOf(requestId, name));
  return text === null ? null : (JSON.parse(text) as Part);
}

/** The key that seals an export: of the atom that was chosen first, or of the first that has one. */
export const sealingAtom = (atoms: readonly AtomId[], keys: ReadonlyMap<AtomId, SubjectKey>): AtomId | null =>
  atoms.find((atom) => keys.has(atom)) ?? null;

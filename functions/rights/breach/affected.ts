import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import { AFFECTED_PER_PAGE_MAX, type AffectedPage } from '../../contracts/incidents.ts';
import { nodeOfSubjectId, subjectIdOf } from '../../contracts/subject.ts';
import { rowRef } from '../../contracts/subject-keys.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AffectedPorts } from './ports.ts';

/** Whom an incident affects, as whoever reports it can name them. */
export interface Named {
  readonly tokens: readonly IdentifierToken[];
  readonly subjectIds: readonly SubjectId[];
  /** References of archive rows, and the start of the UTC month of the rows. */
  readonly rows: readonly { readonly rowRef: string; readonly monthAt: EpochMs }[];
}

/**
 * The atoms of everybody named: all atoms of a subject, since what is known of one is known of the person. Who is
 * unknown here is nobody's.
 * @returns sorted, each once
 * @throws ThrottledError, TransientError
 */
export async function atomsOf(named: Named, ports: AffectedPorts): Promise<readonly AtomId[]> {
  const byRow = named.rows.length === 0 ? [] : await atomsOfRows(named.rows, ports);
  const wanted = [...new Set([...named.tokens, ...named.subjectIds.map(nodeOfSubjectId), ...byRow])];
  if (wanted.length === 0) return [];
  const { nodes } = await ports.subjects.read(wanted, [], true);
  const joined = [...new Set([...nodes.values()].flatMap(({ subjectId }) => subjectId ?? []))];
  const { subjects } = await ports.subjects.read([], joined, true);
  const atoms = new Set<AtomId>(byRow);
  for (const { id, subjectId } of nodes.values())
    for (const atom of (subjectId === null ? undefined : subjects.get(subjectId)?.graph.atoms) ?? [id])
      atoms.add(atom);
  return [...atoms].sort();
}

/** Only an atom's secret leads from it to its rows, so every atom is asked. */
async function atomsOfRows(rows: Named['rows'], { keyring }: AffectedPorts): Promise<readonly AtomId[]> {
  const wanted = new Set(rows.map((row) => row.rowRef));
  const months = [...new Set(rows.map(({ monthAt }) => monthAt))];
  const atoms: AtomId[] = [];
  for await (const page of keyring.all())
    for (const [atomId, key] of page)
      if (months.some((at) => wanted.has(rowRef(key, at)))) atoms.push(atomId);
  return atoms;
}

/** Atoms in pages. Names follow from contents, so that a repeated request makes the same. */
export function pagesOf(atoms: readonly AtomId[]): readonly AffectedPage[] {
  const pages: AffectedPage[] = [];
  for (let start = 0; start < atoms.length; start += AFFECTED_PER_PAGE_MAX) {
    const part = atoms.slice(start, start + AFFECTED_PER_PAGE_MAX);
    pages.push({ page: `${part.length}.${stableId(...part)}`, atoms: part });
  }
  return pages;
}

/** Subjects that atoms belong to now. @throws ThrottledError, TransientError */
export async function subjectsOf(
  atoms: readonly AtomId[],
  { subjects }: Pick<AffectedPorts, 'subjects'>,
): Promise<readonly SubjectId[]> {
  const { nodes } = await subjects.read(atoms, [], false);
  return [...new Set(atoms.map((atom) => nodes.get(atom)?.subjectId ?? subjectIdOf([atom])))].sort();
}

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { columnsOf, PARTITIONS } from '../../functions/contracts/archive-columns.ts';
import { ARCHIVE_TABLES, type ArchiveTable } from '../../functions/contracts/lineage.ts';
import type { EvidenceFolders } from './evidence-folders.ts';

const SQL_TYPES = { string: 'VARCHAR', int32: 'INTEGER', date: 'DATE', bytes: 'BLOB' } as const;

/** SQL that makes one view per archive table over all given jurisdictions, each with a `jurisdiction` column.
 * `refusals` has each row once: its events may come again with another time of receipt, and so in another folder. */
export function viewStatements(folders: EvidenceFolders): string[] {
  return ARCHIVE_TABLES.map((table) => {
    const parts = Object.entries(folders).flatMap(([code, folder]) => tablePart(table, code, folder));
    const all = parts.length === 0 ? emptyTable(table) : parts.join(' UNION ALL BY NAME ');
    const rows =
      table === 'refusals'
        ? `SELECT * FROM (${all}) QUALIFY row_number() OVER (PARTITION BY jurisdiction, row_id ORDER BY dt, hh) = 1`
        : all;
    return `CREATE VIEW ${table} AS ${rows}`;
  });
}

function tablePart(table: ArchiveTable, code: string, folder: string): string[] {
  const root = join(folder, 'v1', table);
  if (!holdsParquet(root)) return [];
  const types = Object.entries(PARTITIONS).map(([name, type]) => `'${name}': ${SQL_TYPES[type]}`);
  const names = [...columnsOf[table].map((column) => column.name), ...Object.keys(PARTITIONS)];
  const files = quoted(join(literal(root), 'event_class=*', 'dt=*', 'hh=*', '*.parquet'));
  const read = (more: string): string =>
    `read_parquet(${files}, filename = true, hive_partitioning = true, hive_types = {${types.join(', ')}}) AS ${more}`;
  // Until the small objects that a compacted one replaces are gone, their rows are there twice.
  return [
    `SELECT ${quoted(code)} AS jurisdiction, ${names.join(', ')} FROM ${read('rows')}
     WHERE ${isCompacted('rows')} OR NOT EXISTS (
       SELECT 1 FROM ${read('compacted')} WHERE ${isCompacted('compacted')}
       AND ${['row_id', ...Object.keys(PARTITIONS)].map((name) => `compacted.${name} = rows.${name}`).join(' AND ')})`,
  ];
}

/** Whether a row is from an object that compaction made: by its name, as the functions give it. */
const isCompacted = (rows: string): string => `contains(${rows}.filename, '/compacted_')`;

/** A view over no files is an error, so a table without objects is a table without rows. */
function emptyTable(table: ArchiveTable): string {
  const columns = [
    ...columnsOf[table].map(({ name, type }) => [name, type] as const),
    ...Object.entries(PARTITIONS),
  ];
  const nulls = columns.map(([name, type]) => `CAST(NULL AS ${SQL_TYPES[type]}) AS ${name}`);
  return `SELECT CAST(NULL AS VARCHAR) AS jurisdiction, ${nulls.join(', ')} WHERE false`;
}

const holdsParquet = (folder: string): boolean =>
  existsSync(folder) &&
  readdirSync(folder, { recursive: true }).some((path) => String(path).endsWith('.parquet'));

/** A path of which no character means something to a glob. */
export const literal = (path: string): string => path.replace(/[*?[]/g, '[$&]');

/** A string as SQL has it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

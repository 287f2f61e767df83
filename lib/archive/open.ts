import { resolve } from 'node:path';
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBTypeId,
  type Json,
  StatementType,
} from '@duckdb/node-api';
import { UserError } from '../local/errors.ts';
import { type EvidenceFolders, evidenceFolders } from './evidence-folders.ts';
import { literal, quoted, viewStatements } from './views.ts';

export interface Answer {
  readonly columns: readonly string[];
  /** In the order of `columns`. Dates and times are text; whole numbers too large for a number are text. */
  readonly rows: readonly (readonly Json[])[];
}

/** The archive as SQL: views `signals`, `refusals` and `effects`. */
export interface Archive {
  /** Runs one SELECT (also WITH, FROM, DESCRIBE, SUMMARIZE, SHOW).
   * @param values for each `?` in the statement, in order
   * @throws UserError with DuckDB's message in one line, or when the statement could change something. */
  ask(sql: string, values?: readonly string[]): Promise<Answer>;
  /** Like {@link ask}; each row an object by column name.
   * @example await archive.query<{ n: number }>('SELECT count(*) AS n FROM signals') */
  query<Row>(sql: string, values?: readonly string[]): Promise<Row[]>;
  close(): void;
}

/** Opens the archives that are in a data folder (`.rapport`), or evidence bucket folders by jurisdiction code. Tables
 * that have no object yet are empty; objects that come later are seen, except for the first ones of a table.
 * @throws UserError when there is no archive. */
export async function openArchive(source: string | EvidenceFolders): Promise<Archive> {
  const found = typeof source === 'string' ? evidenceFolders(source) : source;
  const folders = Object.fromEntries(Object.entries(found).map(([code, folder]) => [code, resolve(folder)]));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const view of viewStatements(folders)) await connection.run(view);
  await confine(connection, folders);

  const ask = async (sql: string, values: readonly string[] = []): Promise<Answer> => {
    try {
      await assertOnlyReads(connection, sql);
      const reader = await connection.runAndReadAll(sql, [...values]);
      const numeric = reader.columnTypes().map(({ typeId }) => WIDE_NUMBERS.has(typeId));
      const rows = reader
        .getRowsJson()
        .map((row) => row.map((value, at) => (numeric[at] ? asNumber(value) : value)));
      return { columns: reader.columnNames(), rows };
    } catch (error) {
      throw error instanceof UserError ? error : new UserError(oneLine(error), { cause: error });
    }
  };
  return {
    ask,
    query: async <Row>(sql: string, values: readonly string[] = []) => {
      const { columns, rows } = await ask(sql, values);
      return rows.map((row) => Object.fromEntries(row.map((value, at) => [columns[at], value])) as Row);
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** No files but the archives', no network, no extensions, and no way back. */
async function confine(connection: DuckDBConnection, folders: EvidenceFolders): Promise<void> {
  // DuckDB compares the glob itself with these, and then the files it finds.
  const allowed = Object.values(folders).flatMap((folder) => [quoted(folder), quoted(literal(folder))]);
  await connection.run(`SET allowed_directories = [${allowed.join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

/** The archives' own folders stay writable for DuckDB, so statements that write are refused by their kind. */
async function assertOnlyReads(connection: DuckDBConnection, sql: string): Promise<void> {
  if (sql.trim() === '') throw new UserError('the query is empty');
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) throw new UserError('one statement at a time');
  const statement = await statements.prepare(0);
  if (statement.statementType !== StatementType.SELECT)
    throw new UserError('only SELECT: the archive is read-only');
}

/** Types that come as text because they can be larger than a number holds. */
const WIDE_NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
]);

function asNumber(value: Json): Json {
  const number = Number(value);
  return typeof value === 'string' && Number.isSafeInteger(number) ? number : value;
}

const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/\n\nLINE 1:.*$/s, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();

import { parseArgs } from 'node:util';
import type { RowRefs } from '../../functions/contracts/operations.ts';
import { queries } from '../../functions/registry/queries/index.ts';
import type { QueryDefinition } from '../../functions/registry/query-definition.ts';
import { type EvidenceFolders, evidenceFolders } from '../../lib/archive/evidence-folders.ts';
import { askNamed, type Parameters, withDefaults } from '../../lib/archive/named.ts';
import { type Answer, openArchive } from '../../lib/archive/open.ts';
import { asCsv, asJson, asTable } from '../../lib/archive/print.ts';
import { UserError } from '../../lib/local/errors.ts';
import { identifierIn, type RawIdentifier, readReady, settings, under } from '../arguments.ts';
import type { Command } from '../command.ts';
import { askOperations } from '../operations-client.ts';

const usage = `Usage: npx rapport query NAME [--param NAME=VALUE]… [--identifier TYPE=VALUE]… [--data-dir DIR] [--jurisdiction CODE]
                               [--json | --csv]
       npx rapport query "SQL" [--data-dir DIR] [--jurisdiction CODE] [--json | --csv]
       npx rapport query --list

Asks the local archive (DuckDB, read-only): a question by its name, the same text that lies ready in Athena, or your own
SQL. Views, over all jurisdictions that are there:
  signals    one row per applied signal
  refusals   one row per event that ended any other way
  effects    one row per merge, refused link, segment move, alert and step of an erasure
Columns: DESCRIBE signals. Rows of one customer within a month share row_ref.

  --list                   the questions that have a name, with their parameters
  --param NAME=VALUE       a parameter of the question; may come several times
  --identifier TYPE=VALUE  of a customer, such as userId=C-1042: stands for --param row_refs, while the region runs
  --data-dir DIR           where the region keeps its state (default .rapport)
  --jurisdiction CODE      only this jurisdiction's archive
  --json, --csv            machine-readable instead of a table

Examples: npx rapport query withheld --param from=2026-11-01
          npx rapport query decisions-about-subject --identifier email=ada@lovelace.org
          npx rapport query "SELECT jurisdiction, signal_name, count(*) AS n FROM signals GROUP BY ALL ORDER BY n DESC"
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      param: { type: 'string', multiple: true, default: [] },
      identifier: { type: 'string', multiple: true, default: [] },
      'data-dir': { type: 'string', default: '.rapport' },
      jurisdiction: { type: 'string' },
      json: { type: 'boolean', default: false },
      csv: { type: 'boolean', default: false },
    },
  });
  if (values.list) {
    process.stdout.write(queries.map(described).join('\n'));
    return 0;
  }
  const [wanted] = positionals;
  if (wanted === undefined || positionals.length > 1)
    throw new UserError('query takes the name of a question or one SQL statement, in quotes; see --help');
  if (values.json && values.csv) throw new UserError('--json or --csv, not both');

  const given = settings('--param', values.param);
  const folders = chosen(evidenceFolders(values['data-dir']), values.jurisdiction);
  if (!NAME.test(wanted)) {
    if (values.param.length + values.identifier.length > 0)
      throw new UserError(
        '--param and --identifier are for questions with a name; write the values into your SQL',
      );
    print(await askSql(wanted, folders), values);
    return 0;
  }
  const query = questionOf(wanted);
  const identifiers = values.identifier.map(identifierIn);
  const parameters =
    identifiers.length === 0
      ? new Map(Object.keys(folders).map((code) => [code, withDefaults(query, given, today())]))
      : await withRowRefs(query, given, identifiers, Object.keys(folders), values['data-dir']);
  print(await askNamed(query, parameters, folders), values);
  return 0;
}

/** One word: no SQL statement is. */
const NAME = /^[a-z][a-z-]*$/;

const today = (): string => new Date().toISOString().slice(0, 10);

function print(answer: Answer, form: { readonly json: boolean; readonly csv: boolean }): void {
  process.stdout.write(form.json ? asJson(answer) : form.csv ? asCsv(answer) : asTable(answer));
}

function questionOf(name: string): QueryDefinition {
  const found = queries.find((query) => query.name === name);
  if (found === undefined)
    throw new UserError(
      `no question is called ${name}; there are: ${queries.map((query) => query.name).join(', ')}`,
    );
  return found;
}

/** Parameters with the references that each jurisdiction has for a customer; nothing for one that does not know them. */
async function withRowRefs(
  query: QueryDefinition,
  given: Parameters,
  identifiers: readonly RawIdentifier[],
  codes: readonly string[],
  dataDir: string,
): Promise<ReadonlyMap<string, Parameters>> {
  if (!Object.hasOwn(query.parameters, 'row_refs'))
    throw new UserError(`${query.name} is not about one customer: leave --identifier out`);
  const { from, to } = withDefaults(query, { ...given, row_refs: 'asked-for' }, today());
  const { jurisdictions } = readReady(dataDir);
  const known = new Map<string, Parameters>();
  for (const code of codes) {
    const region = jurisdictions[code];
    if (region === undefined)
      throw new UserError(`${code} is not running here; there are: ${Object.keys(jurisdictions).join(', ')}`);
    const question = { identifiers, from, to };
    const found = await askOperations<RowRefs>(code, region, '/v1/evidence/row-refs', question);
    if (found !== null && found.rowRefs.length > 0)
      known.set(code, withDefaults(query, { ...given, row_refs: found.rowRefs.join() }, today()));
  }
  if (known.size === 0) throw new UserError('no customer is known here by that identifier');
  return known;
}

async function askSql(sql: string, folders: EvidenceFolders): Promise<Answer> {
  const archive = await openArchive(folders);
  try {
    return await archive.ask(sql);
  } finally {
    archive.close();
  }
}

const described = ({ name, question, parameters }: QueryDefinition): string =>
  [
    `${name}\n  ${question}`,
    ...Object.entries(parameters).map(([parameter, { meaning }]) => `    ${parameter}: ${meaning}`),
    '',
  ].join('\n');

function chosen(folders: EvidenceFolders, code: string | undefined): EvidenceFolders {
  if (code === undefined) return folders;
  const folder = under(folders, code);
  if (folder === undefined)
    throw new UserError(`no archive of ${code} here; there are: ${Object.keys(folders).join(', ')}`);
  return { [code]: folder };
}

export const command: Command = { name: 'query', summary: 'ask the local archive with SQL', usage, run };

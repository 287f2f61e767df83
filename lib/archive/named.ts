import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { compileQuery, type QueryDefinition } from '../../functions/registry/query-definition.ts';
import { sources } from '../../functions/registry/sources/index.ts';
import { UserError } from '../local/errors.ts';
import type { EvidenceFolders } from './evidence-folders.ts';
import { type Answer, openArchive } from './open.ts';

/**
 * Asks a named question of each jurisdiction's archive by itself, as Athena would there, and puts the answers below each
 * other with the jurisdiction in front.
 * @param parameters all of them by name, for each jurisdiction that is to be asked; see {@link withDefaults}
 * @throws UserError when DuckDB refuses it
 */
export async function askNamed(
  query: QueryDefinition,
  parameters: ReadonlyMap<string, Parameters>,
  folders: EvidenceFolders,
): Promise<Answer> {
  let columns: readonly string[] = [];
  const rows: Answer['rows'][number][] = [];
  for (const [code, folder] of Object.entries(folders)) {
    const jurisdiction = jurisdictions[code];
    if (jurisdiction === undefined) throw new UserError(`the registry has no jurisdiction ${code}`);
    const given = parameters.get(code);
    if (given === undefined) continue;
    const { text, order } = compileQuery(query, { jurisdiction, sources });
    const archive = await openArchive({ [code]: folder });
    try {
      const answer = await archive.ask(
        text,
        order.map((name) => given[name] ?? ''),
      );
      columns = answer.columns;
      rows.push(...answer.rows.map((row) => [code, ...row]));
    } finally {
      archive.close();
    }
  }
  return { columns: ['jurisdiction', ...columns], rows };
}

export type Parameters = Readonly<Record<string, string>>;

/**
 * All parameters of a question: what is given, and what is meant when nothing is.
 * @param today UTC date
 * @throws UserError when a parameter is missing or unknown, or a value is not what the question takes
 */
export function withDefaults(
  { name, parameters }: QueryDefinition,
  given: Parameters,
  today: string,
): Parameters {
  const unknown = Object.keys(given).filter((each) => !Object.hasOwn(parameters, each));
  if (unknown.length > 0)
    throw new UserError(
      `${name} has no parameter ${unknown.join(', ')}; it has: ${Object.keys(parameters).join(', ')}`,
    );
  return Object.fromEntries(
    Object.entries(parameters).map(([each, { form, meaning, otherwise }]) => {
      const value = given[each] ?? otherwise?.(today);
      if (value === undefined) throw new UserError(`${name} needs --param ${each}=… (${meaning})`);
      if (!form.test(value))
        throw new UserError(`--param ${each} is not ${JSON.stringify(value)}: ${meaning}`);
      return [each, value] as const;
    }),
  );
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrinoSQL } from 'dt-sql-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { queries } from '../../functions/registry/queries/index.ts';
import {
  compileQuery,
  type QueryDefinition,
  type QuerySetting,
} from '../../functions/registry/query-definition.ts';
import { sources } from '../../functions/registry/sources/index.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { writeDataFolder } from '../archive/data-folder.ts';

const settingOf = (code: string): QuerySetting => {
  const jurisdiction = jurisdictions[code];
  if (jurisdiction === undefined) throw new Error(`no jurisdiction ${code}`);
  return { jurisdiction, sources };
};
const codes = Object.keys(jurisdictions);
const named = queries.map((query) => [query.name, query] as const);

/** Faults that Athena's dialect (Trino's grammar) finds in a text. */
const faultsOf = (text: string): readonly string[] =>
  new TrinoSQL().validate(text).map(({ message }) => message);

/** Tables that a text reads and does not make itself. */
function tablesOf(text: string): readonly string[] {
  const own = new Set(
    [...text.matchAll(/(?:WITH|,)\s+(\w+)(?:\s*\([^()]*\))?\s+AS\s+\(/g)].map(([, name]) => name),
  );
  const read = [...text.matchAll(/\b(?:FROM|JOIN)\s+(\w+)/g)].map(([, name]) => name ?? '');
  return [...new Set(read.filter((name) => !own.has(name)))];
}

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-queries-'));
});
afterAll(() => rm(directory, { recursive: true }));

it('has a query for each question that auditors ask, under names that differ', () => {
  const names = queries.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining([
      'decisions-about-subject',
      'withheld',
      'past-retention',
      'decisions-by-policy',
      'erasures',
      'quarantine-by-source',
      'lineage-gaps',
    ]),
  );
  for (const name of names) expect(name).toMatch(/^[a-z][a-z-]*$/);
});

it('has a parser that tells the dialects apart', () => {
  expect(faultsOf('SELECT a FROM t GROUP BY ALL')).not.toEqual([]);
  expect(faultsOf('SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY a) = 1')).not.toEqual([]);
  expect(faultsOf('SELECT a, count(*) AS n FROM t WHERE b = ? GROUP BY a')).toEqual([]);
});

describe.each(named)('%s', (_, query) => {
  it.each(codes)('is one statement in the dialect of Athena, for %s', (code) => {
    const { text } = compileQuery(query, settingOf(code));
    expect(faultsOf(text)).toEqual([]);
    expect(new TrinoSQL().splitSQLByStatement(text)).toHaveLength(1);
  });

  it('reads the tables of the archive alone, and each within days: Athena lists no more than those', () => {
    const { text, order } = compileQuery(query, settingOf('eu'));
    expect(['signals', 'refusals', 'effects']).toEqual(expect.arrayContaining([...tablesOf(text)]));
    expect(text).toMatch(/\bdt (?:BETWEEN|<) CAST\(\? AS DATE\)/);
    expect(order.length).toBe(text.match(/\?/g)?.length);
    expect([...new Set(order)].sort()).toEqual(Object.keys(query.parameters).sort());
  });

  it('has defaults and examples of the form that it asks for', () => {
    for (const [name, { form, otherwise }] of Object.entries(query.parameters)) {
      if (otherwise !== undefined) expect(otherwise('2026-03-31')).toMatch(form);
      for (const { parameters } of query.examples)
        if (name in parameters) expect(parameters[name]).toMatch(form);
    }
  });

  it.each(query.examples.map((example) => [example.why, example] as const))(
    'gives in DuckDB the answer that is known: %s',
    async (_why, example) => {
      const folder = await mkdtemp(join(directory, 'example-'));
      const archive = await openArchive(await writeDataFolder(folder, { eu: example.rows }));
      try {
        const { text, order } = compileQuery(query, settingOf('eu'));
        expect(
          await archive.query(
            text,
            order.map((name) => parameterOf(query, example.parameters, name)),
          ),
        ).toEqual(example.answer);
      } finally {
        archive.close();
      }
    },
  );
});

function parameterOf(query: QueryDefinition, given: Readonly<Record<string, string>>, name: string): string {
  const value = given[name] ?? query.parameters[name]?.otherwise?.('2026-03-31');
  if (value === undefined) throw new Error(`the example says nothing of ${name}`);
  return value;
}

it('refuses a text that names an unknown parameter, and leaves texts in quotes alone', () => {
  const query: QueryDefinition = {
    name: 'tried-here',
    question: '',
    parameters: { day: { meaning: '', form: /./ } },
    sql: () => "SELECT ':day' FROM t WHERE dt = :day AND x = 'it''s :day'",
    examples: [],
  };
  expect(compileQuery(query, settingOf('eu'))).toEqual({
    text: "SELECT ':day' FROM t WHERE dt = ? AND x = 'it''s :day'",
    order: ['day'],
  });
  expect(() => compileQuery({ ...query, parameters: {} }, settingOf('eu'))).toThrow('does not declare :day');
});

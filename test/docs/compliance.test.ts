import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type JurisdictionDefinition, jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { PROJECT, textOf } from './documents.ts';

const PATH = 'docs/compliance.md';
const text = textOf(PATH);

/** How sources name a place in a law, and the name under which this document has it. Each pattern ends in a number, and
 * may go on with another after "and" or a comma. */
const CITATIONS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['art.', /\bart(?:icle)?[.\s-]*(\d+(?:-\d+)?)(?:\(\w+\))*(?:(?:,| and) (\d+)(?:\(\w+\))*)?/g],
  ['s.', /(?:\bs\. |section-)(\d+(?:\.\d+)*)(?:\(\w+\))*(?:(?:,| and) (\d+(?:\.\d+)*))?/g],
  ['cl.', /\bcl\. (\d+(?:\.\d+)*)/g],
  ['rule', /\b[Rr]ule[ _](\d+)/g],
  ['APP', /\bAPP (\d+(?:\.\d+)?)/g],
  ['Civ', /\bCiv (1798\.\d+)/g],
  ['CCR', /(?:\bCCR[ -]|\bcpra |\bccpa\/)(\d{4})/g],
  ['SB', /\bSB (\d+(?:-\d+)?)/g],
  ['VCDPA', /\b59\.1-(\d+)/g],
];

const citationsIn = (source: string): readonly string[] =>
  CITATIONS.flatMap(([name, pattern]) =>
    [...source.matchAll(pattern)].flatMap(([, ...numbers]) =>
      numbers.filter((number) => number !== undefined).map((number) => `${name} ${number}`),
    ),
  );

/** Every source of a definition, however deep. */
function sourcesOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('evidence' in value && 'source' in value) return [String(value.source)];
  return Object.values(value).flatMap(sourcesOf);
}

const cited = (definition: JurisdictionDefinition): ReadonlySet<string> =>
  new Set(sourcesOf(definition).flatMap(citationsIn));

interface Row {
  readonly article: string;
  readonly cells: readonly string[];
}

/** Rows of a jurisdiction's table: article, demand, code, test, counsel. */
function rowsOf(code: string, document = text): readonly Row[] {
  const section = document.split(/^## /m).find((part) => part.startsWith(`${code}: `)) ?? '';
  return [...section.matchAll(/^\| (.+) \|$/gm)]
    .map(([, row = '']) => row.split(' | '))
    .filter(([article]) => article !== 'article')
    .map((cells) => ({ article: cells[0] ?? '', cells }));
}

const references = new Map(
  [...text.matchAll(/^\[([\w-]+)\]: \.\.\/(\S+)$/gm)].map(([, name = '', path = '']) => [name, path]),
);
const pathsIn = (cell: string): readonly (string | undefined)[] =>
  [...cell.matchAll(/\[([\w-]+)\]/g)].map(([, name = '']) => references.get(name));

describe.each(Object.values(jurisdictions))(`${PATH} on $code`, (definition) => {
  const rows = rowsOf(definition.code);
  const listed = new Set(rows.flatMap(({ article }) => citationsIn(article)));

  it('has a row for every article and section that the registry cites, and for no other', () => {
    const registry = cited(definition);
    expect(registry.size).toBeGreaterThan(0);
    expect([...listed].sort()).toEqual([...registry].sort());
  });

  it('says in each what it demands, which code and test meet it, and what counsel confirms', () => {
    for (const { article, cells } of rows) {
      expect([article, cells.length]).toEqual([article, 5]);
      expect(cells.every((cell) => cell.trim() !== '')).toBe(true);
      const [, , code = '', test = ''] = cells;
      for (const [cell, folders] of [
        [code, /^(functions|lib)\//],
        [test, /^test\//],
      ] as const) {
        const paths = pathsIn(cell);
        expect([article, paths.length > 0]).toEqual([article, true]);
        for (const path of paths) expect(path).toMatch(folders);
      }
    }
  });
});

describe(PATH, () => {
  it('names only code and tests that exist, and no reference twice or in vain', () => {
    expect(references.size).toBeGreaterThan(10);
    for (const [name, path] of references) {
      expect([path, existsSync(join(PROJECT, path))]).toEqual([path, true]);
      expect([name, text.split(`[${name}]`).length > 2]).toEqual([name, true]);
    }
    expect([...text.matchAll(/^\[([\w-]+)\]: /gm)]).toHaveLength(references.size);
  });

  it('has a section for each jurisdiction and for nothing else', () => {
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    const known = Object.values(jurisdictions).map(({ code, name }) => `${code}: ${name}`);
    expect(sections.sort()).toEqual(known.sort());
  });
});

describe('a citation is found', () => {
  it.each([
    ['GDPR art. 12(3) and art 17', ['art. 12', 'art. 17']],
    ['LGPD art. 15 and 16', ['art. 15', 'art. 16']],
    ['prighter.com korean-pipa article 37-2', ['art. 37-2']],
    ['legisquebec.gouv.qc.ca A-2.1 s. 65.0.1, the same wording as P-39.1 s. 8.1', ['s. 65.0.1', 's. 8.1']],
    ['advisori.com/cpra 7021 text', ['CCR 7021']],
    ['laws-lois.justice.gc.ca/eng/acts/P-8.6/section-10.1.html', ['s. 10.1']],
    ['dpdpa.in/dpdpa_rules_2025/Rule_8.htm, schedule3.htm', ['rule 8']],
    ['rulesmate.com.au; commoner-law.com', []],
  ])('in %j', (source, expected) => {
    expect(citationsIn(source)).toEqual(expected);
  });
});

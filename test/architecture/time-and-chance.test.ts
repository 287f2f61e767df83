import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const FUNCTIONS = join(import.meta.dirname, '../../functions');
const PURE = ['pipeline', 'rights', 'evidence', 'governance', 'registry', 'contracts', 'kernel'];

/** Law 9: what a stage computes from, it is given. Each with a line that breaks it. */
const BANNED: readonly (readonly [what: string, pattern: RegExp, breach: string])[] = [
  ['the clock', /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)/, 'const now = new Date();'],
  ['a monotonic clock', /\bperformance\b|\bhrtime\b/, 'const began = performance.now();'],
  ['chance', /\bMath\.random\b/, 'const jitter = Math.random();'],
  [
    'chance from the crypto module',
    /\b(randomUUID|randomBytes|randomInt|getRandomValues|generateKey)\b/,
    'const id = randomUUID();',
  ],
  ['the environment', /\bprocess\b|\bimport\.meta\b/, 'const code = process.env.JURISDICTION;'],
  ['timers', /\b(setTimeout|setInterval|setImmediate)\b/, 'setTimeout(retry, 100);'],
];

/** Program text without comments: they may speak of what the program must not do. */
const programOf = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

const sources = PURE.flatMap((folder) => {
  try {
    return readdirSync(join(FUNCTIONS, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(FUNCTIONS, folder, name),
    );
  } catch {
    return []; // A part of the layout that has no file so far.
  }
}).filter((path) => path.endsWith('.ts') && !path.endsWith('handler.ts'));

describe('stages, registry, contracts and kernel', () => {
  it.each(BANNED)('never ask for %s themselves', (_what, pattern, breach) => {
    expect(sources.length).toBeGreaterThan(60);
    expect(pattern.test(programOf(`/* ${breach} */\n// ${breach}\n`))).toBe(false);
    expect(pattern.test(programOf(breach))).toBe(true);
    const breaches = sources
      .filter((path) => pattern.test(programOf(readFileSync(path, 'utf8'))))
      .map((path) => relative(FUNCTIONS, path));
    expect(breaches).toEqual([]);
  });
});

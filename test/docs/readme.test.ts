import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { commandText, documents, innerLinks, namedBlocks, PROJECT, textOf } from './documents.ts';

const readme = textOf('README.md');
const entries = namedBlocks(readme).filter(({ file }) => file.endsWith('.ts'));

/** What `rapport <name> --help` prints. */
async function usageOf(name: string): Promise<string> {
  const path = pathToFileURL(join(PROJECT, 'bin', 'commands', `${name}.ts`)).href;
  const loaded = (await import(path)) as { usage?: string; command?: { usage: string } };
  return loaded.command?.usage ?? loaded.usage ?? '';
}

describe.each(documents)('%s', (path) => {
  const text = textOf(path);

  it('links only to what exists', () => {
    const missing = innerLinks(text).filter((target) => !existsSync(join(PROJECT, dirname(path), target)));
    expect(missing).toEqual([]);
  });

  it('names only scripts and commands that exist', () => {
    const code = commandText(text);
    const scripts = [...code.matchAll(/\bnpm (?:run )?(?:--silent )?([a-z]+)/g)].map(([, name = '']) => name);
    const known = [...Object.keys(packageJson.scripts), 'ci', 'run', 'rebuild', 'install'];
    expect(scripts.filter((name) => !known.includes(name))).toEqual([]);
    const commands = [...code.matchAll(/\bnpx rapport ([a-z]+)/g)].map(([, name = '']) => `${name}.ts`);
    const files = readdirSync(join(PROJECT, 'bin', 'commands'));
    expect(commands.filter((file) => !files.includes(file))).toEqual([]);
  });

  it('gives commands only options they have', async () => {
    const lines = commandText(text).split('\n');
    for (const line of lines) {
      const [, script, command] = /\b(?:npm (?:run )?(start|demo) --|npx rapport ([a-z]+)) /.exec(line) ?? [];
      const name = script ?? command;
      if (name === undefined) continue;
      const usage = await usageOf(name);
      for (const [option] of line.replace(/ #.*$/, '').matchAll(/--[a-z][a-z-]+/g))
        expect(usage, line).toContain(option);
    }
  });

  it('uses plain punctuation', () => {
    expect(text).not.toMatch(/[\u2013\u2014]/);
  });
});

describe('the catalogue entries in README', () => {
  it('are a signal and an alert rule, under names that are free', () => {
    expect(entries.map(({ file }) => dirname(file)).sort()).toEqual([
      'functions/registry/alert-rules',
      'functions/registry/signals',
    ]);
    for (const { file } of entries) expect(existsSync(join(PROJECT, file)), file).toBe(false);
  });

  it.each(entries)('$file behaves as its examples say', ({ file, code }) => {
    const kind = file.includes('/signals/') ? 'signal' : 'rule';
    const [, exported] = /export const (\w+)/.exec(code) ?? [];
    const { stdout, stderr, status } = run(`${absolute(code, file)}\n${CHECK[kind](exported ?? '')}`);
    expect(stderr.replace(/^.*(Warning|Use `node).*$/gm, '').trim()).toBe('');
    expect([status, stdout]).toEqual([0, 'as stated']);
  });
});

it('every TypeScript example compiles under the strict settings of the project', { timeout: 120_000 }, () => {
  const examples = documents
    .flatMap((path) => namedBlocks(textOf(path)))
    .filter(({ file }) => file.endsWith('.ts'));
  expect(examples.length).toBeGreaterThanOrEqual(entries.length);
  expect(diagnosticsOf(examples.map(({ file, code }) => [join(PROJECT, file), code]))).toEqual([]);
});

/** Compiles source texts as if they lay at those paths. */
function diagnosticsOf(files: readonly (readonly [path: string, code: string])[]): readonly string[] {
  const texts = new Map(files);
  const { config } = ts.readConfigFile(join(PROJECT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, PROJECT);
  const host = ts.createCompilerHost({ ...options, incremental: false, tsBuildInfoFile: '' });
  const { readFile, fileExists } = host;
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  const { tsBuildInfoFile: _, ...rest } = options;
  const program = ts.createProgram([...texts.keys()], { ...rest, incremental: false }, host);
  return [...texts.keys()].flatMap((path) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  );
}

const urlOf = (...path: string[]): string => pathToFileURL(join(PROJECT, ...path)).href;

/** Code with its relative imports made absolute, so that it runs from anywhere. */
const absolute = (code: string, file: string): string =>
  code.replace(/from '(\.[^']+)'/g, (_, to: string) => `from '${urlOf(dirname(file), to)}'`);

/** What the registry's own tests ask of an entry, as a program that prints `as stated`. */
const CHECK = {
  signal: (name: string) => `
    import { deepStrictEqual as same } from 'node:assert';
    import { reasonOf } from '${urlOf('functions/registry/signals/fields.ts')}';
    const context = { occurredAt: 0, toMinor: (amount) => Math.round(amount * 100), localHour: () => 0, endOfDay: () => 0 };
    for (const { properties, facts } of ${name}.examples.good)
      same(${name}.facts(${name}.properties.parse(properties), context), facts);
    for (const { properties, reason } of ${name}.examples.bad)
      same(reasonOf(${name}.properties.safeParse(properties).error), reason);
    process.stdout.write('as stated');`,
  rule: (name: string) => `
    import { ok } from 'node:assert';
    import { EMPTY_STATE } from '${urlOf('functions/pipeline/3-profile/state.ts')}';
    const cue = ({ state, segments = [], now }) =>
      ${name}.cue({ state: { ...EMPTY_STATE, ...state }, segments: new Set(segments), now });
    for (const example of ${name}.examples.fires) ok(cue(example), example.why);
    for (const example of ${name}.examples.quiet) ok(!cue(example), example.why);
    process.stdout.write('as stated');`,
} as const;

function run(code: string): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, ['--input-type=module-typescript', '-'], {
    cwd: PROJECT,
    encoding: 'utf8',
    input: code,
    timeout: 60_000,
  });
}

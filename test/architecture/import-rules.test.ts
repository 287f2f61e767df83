import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = '.dependency-cruiser.cjs';
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

interface Rule {
  readonly name: string;
}
const { forbidden } = createRequire(import.meta.url)(join(ROOT, CONFIG)) as { forbidden: readonly Rule[] };

/** Imports that a rule must find: `from` imports `to`. */
const BREACHES: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  'core-is-pure': [
    ['functions/pipeline/1-collect/reads-file.ts', 'node:fs'],
    ['functions/pipeline/1-collect/asks-net.ts', 'node:https'],
    ['functions/pipeline/4-score/calls-aws.ts', '@aws-sdk/client-s3'],
    ['functions/registry/segments/uses-adapter.ts', 'functions/adapters/aws/clients.ts'],
    ['functions/evidence/archive/uses-shell.ts', 'functions/runtime/log.ts'],
    ['functions/kernel/asks-smithy.ts', '@smithy/node-http-handler'],
  ],
  'stages-meet-only-in-contracts': [
    ['functions/pipeline/3-profile/asks-stage.ts', 'functions/pipeline/4-score/score.ts'],
    ['functions/pipeline/5-alert/asks-archive.ts', 'functions/evidence/archive/archive.ts'],
  ],
  'serve-only-reads': [
    ['functions/pipeline/6-serve/folds.ts', 'functions/pipeline/3-profile/fold.ts'],
    ['functions/pipeline/6-serve/alerts-too.ts', 'functions/pipeline/5-alert/alert.ts'],
  ],
  'adapters-see-only-ports': [
    ['functions/adapters/aws/runs-stage.ts', 'functions/pipeline/4-score/score.ts'],
    ['functions/adapters/memory/asks-right.ts', 'functions/rights/consent/permission.ts'],
  ],
  'lib-reads-facts-not-code': [
    ['lib/runs-stage.ts', 'functions/pipeline/4-score/score.ts'],
    ['lib/uses-adapter.ts', 'functions/adapters/aws/clients.ts'],
  ],
  'functions-know-no-cdk': [
    ['functions/runtime/asks-lib.ts', 'lib/stack.ts'],
    ['functions/adapters/aws/asks-cdk.ts', 'aws-cdk-lib'],
    ['functions/pipeline/handler.ts', 'constructs'],
  ],
  'kernel-is-the-bottom': [['functions/kernel/asks-contract.ts', 'functions/contracts/ids.ts']],
  'contracts-above-kernel': [
    ['functions/contracts/asks-registry.ts', 'functions/registry/segments/value.ts'],
  ],
  'registry-above-contracts': [
    ['functions/registry/segments/asks-stage.ts', 'functions/pipeline/4-score/score.ts'],
  ],
  'runtime-knows-no-stage': [['functions/runtime/asks-stage.ts', 'functions/pipeline/4-score/score.ts']],
  'no-cycles': [['functions/kernel/one.ts', 'functions/kernel/other.ts']],
  'no-orphan-dependency': [['functions/kernel/asks-nothing.ts', 'no-such-package']],
};

/** Imports that every rule must let pass. */
const SOUND: readonly (readonly [from: string, to: string])[] = [
  // Half of the cycle, which is told once.
  ['functions/kernel/other.ts', 'functions/kernel/one.ts'],
  ['functions/pipeline/4-score/score.ts', 'functions/registry/segments/value.ts'],
  ['functions/pipeline/4-score/handler.ts', 'functions/adapters/aws/clients.ts'],
  ['functions/pipeline/4-score/handler.ts', 'functions/runtime/log.ts'],
  ['functions/pipeline/4-score/handler.ts', 'functions/pipeline/4-score/score.ts'],
  ['functions/pipeline/understand/understand.ts', 'functions/pipeline/4-score/score.ts'],
  ['functions/registry/segments/value.ts', 'functions/contracts/ids.ts'],
  ['functions/contracts/ids.ts', 'functions/kernel/time.ts'],
  ['functions/adapters/aws/clients.ts', '@aws-sdk/client-s3'],
  ['functions/adapters/aws/clients.ts', 'functions/pipeline/understand/ports.ts'],
  ['lib/stack.ts', 'aws-cdk-lib'],
  ['lib/stack.ts', 'functions/contracts/ids.ts'],
];

interface Violation {
  readonly rule: Rule;
  readonly from: string;
  readonly to: string;
}
let directory = '';
let violations: readonly Violation[] = [];

const isFile = (target: string): boolean => target.endsWith('.ts');
const packageOf = (target: string): string =>
  target.startsWith('@') ? target.split('/', 2).join('/') : target;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

/** A tree like ours in small, with every sound import and every breach. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rapport-imports-'));
  for (const file of [CONFIG, 'tsconfig.json']) copyFileSync(join(ROOT, file), join(directory, file));
  write('package.json', '{"type":"module"}');
  const imports = new Map<string, string[]>();
  for (const [from, to] of [...SOUND, ...Object.values(BREACHES).flat()]) {
    imports.set(from, [...(imports.get(from) ?? []), to]);
    if (isFile(to)) imports.set(to, imports.get(to) ?? []);
    else if (!to.startsWith('node:') && to !== 'no-such-package') {
      write(`node_modules/${packageOf(to)}/package.json`, JSON.stringify({ name: to, main: 'index.js' }));
      write(`node_modules/${packageOf(to)}/index.js`, 'export const it = 1;\n');
    }
  }
  for (const [from, targets] of imports) {
    const up = '../'.repeat(from.split('/').length - 1);
    const lines = targets.map((to, at) => `import * as it${at} from '${isFile(to) ? `${up}${to}` : to}';`);
    write(from, `${lines.join('\n')}\nexport const all = [${targets.map((_, at) => `it${at}`).join()}];\n`);
  }
  const json = await new Promise<string>((resolve) => {
    const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', 'functions', 'lib'];
    // It exits with the number of errors; what it found is on its output all the same.
    execFile(process.execPath, args, { cwd: directory, maxBuffer: 2 ** 24 }, (_error, out, err) =>
      resolve(out === '' ? err : out),
    );
  });
  violations = (JSON.parse(json) as { summary: { violations: Violation[] } }).summary.violations;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const leadsTo = (to: string, target: string): boolean =>
  to === target ||
  to.replace(/^node:/, '') === target.replace(/^node:/, '') ||
  to.startsWith(`node_modules/${target}`);

describe('the import rules', () => {
  it('have a seeded breach each', () => {
    expect(Object.keys(BREACHES).sort()).toEqual(forbidden.map(({ name }) => name).sort());
  });

  it.each(
    Object.entries(BREACHES).flatMap(([rule, breaches]) =>
      breaches.map(([from, to]) => [rule, from, to] as const),
    ),
  )('%s catches that %s imports %s', (rule, from, to) => {
    const caught = violations.filter((each) => each.rule.name === rule && each.from === from);
    expect(caught.map((each) => each.to)).toEqual([expect.any(String)]);
    expect([to, leadsTo(caught[0]?.to ?? '', to)]).toEqual([to, true]);
  });

  it.each(SOUND)('let %s import %s', (from, to) => {
    expect(violations.filter((each) => each.from === from && leadsTo(each.to, to))).toEqual([]);
  });
});

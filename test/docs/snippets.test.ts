import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Regions, startRegions } from '../../lib/local/regions.ts';
import { namedBlocks, PROJECT, textOf } from './documents.ts';

const snippets = new Map(namedBlocks(textOf('README.md')).map(({ file, code }) => [file, code]));

/** A newcomer's folder: the snippets read `.rapport/ready.json` and the installed packages from where they are run. */
const folder = mkdtempSync(join(tmpdir(), 'rapport-readme-'));
let regions: Regions | undefined;

beforeAll(async () => {
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  regions = await startRegions({
    jurisdictions: ['eu'],
    dataDir: join(folder, '.rapport'),
    basePort: 0,
    inMemory: true,
    tuning: { pollMs: 50, concurrencyMax: 1 },
  });
}, 120_000);
afterAll(async () => {
  await regions?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program in the folder, without holding up the region, which lives in this very process. */
function run(...args: readonly string[]): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (out += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out }));
  });
}

async function runSnippet(file: string): Promise<string> {
  const code = snippets.get(file);
  if (code === undefined) throw new Error(`README has no ${file}`);
  writeFileSync(join(folder, file), code);
  const result = await run(file);
  expect([result.code, result.out]).toEqual([0, expect.any(String)]);
  return result.out;
}

describe('a newcomer who follows README', () => {
  it('sends signals with the Segment client, and finds one customer by e-mail', async () => {
    await runSnippet('send.mjs');
    await regions?.regions.eu?.idle({ timeoutMs: 60_000 });
    const profile = JSON.parse(await runSnippet('ask.mjs'));
    expect(profile).toMatchObject({
      identifiers: { userId: 1, email: 1, anonymousId: 1 },
      value: { currency: 'EUR', orders: 1, orderValue: 49.8 },
      journeyStage: 'first-time',
      notComputed: [],
    });
  });

  it('has the order counted once when the script runs again', async () => {
    await runSnippet('send.mjs');
    await regions?.regions.eu?.idle({ timeoutMs: 60_000 });
    expect(JSON.parse(await runSnippet('ask.mjs'))).toMatchObject({ value: { orders: 1 } });
  });

  it('asks for a receipt and queries the archive', async () => {
    const cli = join(PROJECT, 'bin', 'rapport.js');
    expect(await run(cli, 'receipt', 'order-O-1001')).toEqual({
      code: 0,
      out: expect.stringMatching(/^eu: /),
    });
    const sql = "SELECT count(*) AS n FROM signals WHERE signal_name = 'Order Completed'";
    expect(await run(cli, 'query', sql, '--csv')).toEqual({ code: 0, out: 'n\n1\n' });
  });
});

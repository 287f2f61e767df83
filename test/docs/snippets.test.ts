import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asIdentifierToken, asMessageToken } from '../../functions/contracts/ids.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import { subjectIdOf } from '../../functions/contracts/subject.ts';
import { resources } from '../../functions/flow/resources.ts';
import { pack } from '../../functions/kernel/codec.ts';
import { salvage } from '../../functions/pipeline/1-collect/salvage.ts';
import { type Regions, startRegions } from '../../lib/local/regions.ts';
import { documents, namedBlocks, PROJECT, textOf } from './documents.ts';

const snippets = new Map(
  documents.flatMap((path) => namedBlocks(textOf(path))).map(({ file, code }) => [file, code]),
);

/** A newcomer's folder: what the snippets import and read lies beside them, as in the project's own folder. */
const folder = mkdtempSync(join(tmpdir(), 'rapport-readme-'));
let regions: Regions | undefined;

beforeAll(async () => {
  for (const name of ['node_modules', 'functions']) symlinkSync(join(PROJECT, name), join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
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

function eu() {
  const [region, ready] = [regions?.regions.eu, regions?.ready.jurisdictions.eu];
  if (region === undefined || ready === undefined) throw new Error('the region does not run');
  return { region, ready, settled: () => region.idle({ timeoutMs: 60_000 }) };
}

/** Runs a program in the folder, without holding up the region, which lives in this very process. */
function run(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...environment } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function runSnippet(file: string, args: readonly string[] = [], env = {}): Promise<string> {
  const code = snippets.get(file);
  if (code === undefined) throw new Error(`no document has ${file}`);
  writeFileSync(join(folder, file), code);
  const result = await run([file, ...args], env);
  expect(result, result.err).toMatchObject({ code: 0 });
  return result.out;
}

describe('a newcomer who follows README', () => {
  it('sends signals with the Segment client, and finds one customer by e-mail', async () => {
    await runSnippet('send.mjs');
    await eu().settled();
    expect(JSON.parse(await runSnippet('ask.mjs'))).toMatchObject({
      identifiers: { userId: 1, email: 1, anonymousId: 1 },
      value: { currency: 'EUR', orders: 1, orderValue: 49.8 },
      journeyStage: 'first-time',
      notComputed: [],
    });
  });

  it('has the order counted once when the script runs again', async () => {
    await runSnippet('send.mjs');
    await eu().settled();
    expect(JSON.parse(await runSnippet('ask.mjs'))).toMatchObject({ value: { orders: 1 } });
  });

  it('asks for a receipt and queries the archive', async () => {
    const cli = join(PROJECT, 'bin', 'rapport.js');
    expect(await run([cli, 'receipt', 'order-O-1001'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^eu: /),
    });
    const sql = "SELECT count(*) AS n FROM signals WHERE signal_name = 'Order Completed'";
    expect(await run([cli, 'query', sql, '--json'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('"n": 1\n'),
    });
  });
});

describe('an operator who follows the runbook of records given up', () => {
  const token = asIdentifierToken(`userId.${'s'.repeat(22)}`);
  const signal: Signal = {
    messageToken: asMessageToken('m'.repeat(22)),
    name: 'Order Completed',
    eventClass: 'transaction',
    sourceId: 'pos',
    purposes: ['service'],
    occurredAt: Date.now(),
    receivedAt: Date.now(),
    identifiers: [{ type: 'userId', token }],
    facts: [{ kind: 'order', valueMinor: 1_200, items: 1 }],
  };

  /** An object as salvage makes it, of one record. */
  async function salvaged(streamName: string, bytes: Uint8Array): Promise<string> {
    const path = join(folder, 'salvaged.bin.gz');
    const part = { streamName, shardId: 'shardId-000000000000', start: '1', end: '1', records: 1 };
    await salvage(part, {
      stream: { read: async () => [{ sequenceNumber: '1', partitionKey: 'b00', bytes }] },
      store: { putOnce: async (_key, frames) => writeFileSync(path, gzipSync(frames)) },
    });
    return path;
  }

  async function ordersOf(): Promise<number> {
    const { ready } = eu();
    const answer = await fetch(`${ready.operationsUrl}/v1/subjects/${subjectIdOf([token])}`, {
      headers: { authorization: `Bearer ${ready.token}` },
    });
    return ((await answer.json()) as { value: { orders: number } }).value.orders;
  }

  it('has salvaged signals applied once, though the command runs twice', async () => {
    const { region, settled } = eu();
    const stream = region.functions.collect?.environment[resources.signals.env] ?? '';
    const file = await salvaged(stream, pack([signal]));
    for (const _ of ['first', 'again']) {
      const launcher = join(PROJECT, 'bin/rapport.js');
      expect(await run([launcher, 'salvage', 'replay', file], region.environment)).toMatchObject({
        code: 0,
        out: `${file}: 1 records sent to ${stream}\n`,
      });
      await settled();
      expect(await ordersOf()).toBe(1);
    }
  });

  it('is told which file is none, and nothing is sent', async () => {
    const file = join(folder, 'other.bin.gz');
    writeFileSync(file, gzipSync('something else'));
    expect(await run([join(PROJECT, 'bin/rapport.js'), 'salvage', 'replay', file])).toMatchObject({
      code: 2,
      err: expect.stringContaining('nothing was sent'),
    });
  });
});

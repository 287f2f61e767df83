import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isErrorOfUse } from '../../bin/command.ts';
import { command } from '../../bin/commands/audit.ts';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import type { Proof } from '../../functions/evidence/audit/prove.ts';
import { evidenceLog } from '../../functions/evidence/log/keep.ts';
import { HOUR_14, lineageRow } from '../evidence/archive/rows.ts';
import { archived, loggedArchive, signed } from '../evidence/log/logged-archive.ts';

const ROOT = join(import.meta.dirname, '../..');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
const node = (...args: readonly string[]): Promise<Run> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
/** Runs the command in this process, as `bin/cli.ts` does: starting one for each line would take longer than the rest. */
async function audit(...args: readonly string[]): Promise<Run> {
  const written = { out: '', err: '' };
  const catching = (to: 'out' | 'err') => (text: string | Uint8Array) => {
    written[to] += String(text);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(catching('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(catching('err')),
  ];
  try {
    return { code: await command.run([...args, '--data-dir', directory]), ...written };
  } catch (error) {
    if (!isErrorOfUse(error)) throw error;
    return { code: 2, out: written.out, err: `${error.message}\n` };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

let directory = '';
const evidence = (...path: readonly string[]): string =>
  join(directory, 's3/rapport-eu-bucketsevidence1d6a4f21', ...path);
const checkpoints = (...path: readonly string[]): string =>
  join(directory, 's3/rapport-eu-bucketscheckpoints77aa0412', ...path);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-audit-'));
  const ports = loggedArchive();
  const rows = (count: number, prefix: string): readonly LineageRow[] =>
    Array.from({ length: count }, (_, at) => lineageRow(`${prefix}-${at}`));
  await archived(ports, 1, ...rows(37, 'first'), lineageRow('merge', { table: 'effects' }));
  await signed(ports);
  await archived(
    ports,
    2,
    ...rows(5, 'second'),
    lineageRow('twice'),
    lineageRow('twice', { table: 'effects' }),
  );
  await evidenceLog(ports.evidence).append({ id: 'erasure-1', body: { rows: 37 } });
  await signed(ports, HOUR_14 + 1);
  await archived(ports, 3, lineageRow('unsigned'));
  for (const [store, at] of [
    [ports.evidence, evidence],
    [ports.checkpoints, checkpoints],
  ] as const)
    for (const [key, bytes] of store.objects) {
      await mkdir(dirname(at(key)), { recursive: true });
      await writeFile(at(key), bytes);
    }
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe('rapport audit verify', () => {
  it('says what it checked, and ends with 0', async () => {
    const { code, out, err } = await audit('verify');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^eu\n/);
    expect(out).toMatch(/2, newest 1 of 2026-03-05T14:00:00.001Z/);
    expect(out).toMatch(/5 entries signed, 1 waiting/);
    expect(out).toMatch(/the archive is what its log says\n$/);
  });

  it('is a command of the program', async () => {
    const { code, out } = await node(join(ROOT, 'bin/cli.ts'), 'audit', 'verify', '--data-dir', directory);
    expect([code, out]).toEqual([0, expect.stringContaining('the archive is what its log says')]);
  });

  it('names the object and the rows of a flipped byte, and ends with 1', async () => {
    const { out: report } = await audit('prove', 'first-3');
    const { key } = JSON.parse((JSON.parse(report) as Proof).entry.leaf) as { key: string };
    const bytes = await readFile(evidence(key));
    const flipped = Buffer.from(bytes);
    flipped[40] = (flipped[40] ?? 0) ^ 4;
    await writeFile(evidence(key), flipped);
    const { code, out } = await audit('verify');
    await writeFile(evidence(key), bytes);
    expect(code).toBe(1);
    expect(out).toContain(`OBJECT-CHANGED ${key}`);
    expect(out).toMatch(/row_id of 37 of its 37 rows\n {4}rows number 0 number 1 /);
    expect(out).toMatch(/1 finding: the archive is not what its log says\n$/);
  });

  it('takes copies of two buckets and a key, and trusts no other', async () => {
    const { out: pem, err } = await audit('key');
    expect(err).toMatch(/^fingerprint [0-9a-f]{64}\n$/);
    const own = join(directory, 'own.pem');
    await writeFile(own, pem);
    const folders = ['--evidence', evidence(), '--checkpoints', checkpoints(), '--json'];
    const trusted = await audit('verify', ...folders, '--key', own);
    expect([trusted.code, JSON.parse(trusted.out)]).toEqual([
      0,
      { [evidence()]: expect.objectContaining({ findings: [] }) },
    ]);
    const other = join(directory, 'other.pem');
    await writeFile(other, await loggedArchive().signer.publicKey());
    const strange = await audit('verify', ...folders, '--key', other);
    expect(strange.code).toBe(1);
    expect(strange.out).toContain('"checkpoint-invalid"');
  });

  it('finds a newest checkpoint that is too old', async () => {
    const { code, out } = await audit('verify', '--checkpoint-hours', '3');
    expect([code, out]).toEqual([1, expect.stringContaining('CHECKPOINT-STALE')]);
  });

  it.each([
    [['verify', '--from', 'March'], /--from needs a day/],
    [['verify', '--jurisdiction', 'xx'], /no archive of xx/],
    [['verify', '--evidence', 'x'], /go together/],
    [['verify', '--key', 'package.json'], /holds no public key/],
    [['prove'], /audit takes/],
    [['prove', 'x', '--table', 'y'], /--table is one of/],
    [['frobnicate'], /audit takes/],
  ])('refuses %j in one line', async (args, message) => {
    const { code, err } = await audit(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});

describe('rapport audit prove', () => {
  const check = async (proof: string): Promise<Run> => {
    const guide = await readFile(join(ROOT, 'docs/audit.md'), 'utf8');
    const [, page = ''] = /```js\n(\/\/ node check\.mjs[\s\S]*?)```/.exec(guide) ?? [];
    await writeFile(join(directory, 'check.mjs'), page);
    await writeFile(join(directory, 'proof.json'), proof);
    await writeFile(join(directory, 'key.pem'), (await audit('key')).out);
    return node(join(directory, 'check.mjs'), join(directory, 'proof.json'), join(directory, 'key.pem'));
  };

  it.each(['first-0', 'first-36', 'second-2', 'merge'])(
    'prints a proof of %s that the page of code in the guide checks',
    async (rowId) => {
      const { code, out } = await audit('prove', rowId);
      expect(code).toBe(0);
      const checked = await check(out);
      expect([checked.code, checked.err]).toEqual([0, '']);
      expect(checked.out).toMatch(/^rapport\/eu\/evidence: proven, as of 2026-03-05T14:00:00.001Z\n/);
      expect(checked.out).toContain(`row_id: '${rowId}'`);
    },
  );

  it('prints a proof of a certificate', async () => {
    const { out } = await audit('prove', '--certificate', 'erasure-1');
    const checked = await check(out);
    expect([checked.code, checked.out]).toEqual([
      0,
      expect.stringContaining('v1/certificates/erasure-1.json'),
    ]);
  });

  it('prints a proof that no longer checks when anything in it is changed', async () => {
    const { out } = await audit('prove', 'first-2');
    const proof = JSON.parse(out) as Proof;
    const { row, entry } = proof;
    if (row === null) throw new Error('no row');
    const changed: readonly Proof[] = [
      { ...proof, row: { ...row, leaf: row.leaf.replace('412', '413') } },
      { ...proof, row: { ...row, index: row.index + 1 } },
      { ...proof, row: { ...row, path: row.path.slice(1) } },
      { ...proof, entry: { ...entry, leaf: entry.leaf.replace('signals', 'effects') } },
      { ...proof, entry: { ...entry, size: entry.size + 1 } },
      { ...proof, entry: { ...entry, path: [...entry.path].reverse() } },
      { ...proof, checkpoint: proof.checkpoint.replace('number 1', 'number 2') },
    ];
    for (const one of changed) {
      const { code, err } = await check(JSON.stringify(one));
      expect([code, err]).toEqual([1, expect.stringMatching(/Error: /)]);
    }
  });

  it.each([
    [['nobody'], /no object in the log/],
    [['unsigned'], /no object in the log/],
    [['twice'], /choose one with --table/],
    [['--certificate', 'none'], /no object in the log/],
  ])('says why there is no proof of %j', async (args, message) => {
    const { code, err } = await audit('prove', ...args);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });

  it('proves the row of the table that is named', async () => {
    const { out } = await audit('prove', 'twice', '--table', 'effects');
    expect((JSON.parse(out) as Proof).row?.leaf).toContain('segment-entered');
  });
});

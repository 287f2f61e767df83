import { describe, expect, it } from 'vitest';
import { readRowIds } from '../../../functions/evidence/archive/parquet.ts';
import { type Proof, proveRow } from '../../../functions/evidence/audit/prove.ts';
import { planCompaction } from '../../../functions/evidence/compact/compact.ts';
import { isCompacted } from '../../../functions/evidence/log/keys.ts';
import { leafHash, rootFromPath } from '../../../functions/evidence/log/merkle.ts';
import { publicKeyOf, readNote } from '../../../functions/evidence/log/note.ts';
import type { CheckpointPorts, LogStore } from '../../../functions/evidence/log/ports.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../functions/kernel/time.ts';
import { Crash, HOUR_14, lineageRow } from '../archive/rows.ts';
import {
  archived,
  audited,
  CONTEXT,
  compacted as compactedAt,
  dyingPorts,
  type LoggedArchive,
  loggedArchive,
  signed,
} from '../log/logged-archive.ts';

/** The hour of the rows is over for two hours and more. */
const SETTLED = HOUR_14 + 3 * HOUR_MS;
const FOLDER = 'v1/signals/event_class=transaction/dt=2026-03-05/hh=14/';

const compacted = (ports: CheckpointPorts, now = SETTLED) => compactedAt(ports, now);

/** Four small objects of one hour, one of another class, all signed. */
async function filled(): Promise<LoggedArchive> {
  const ports = loggedArchive();
  for (const at of [0, 1, 2, 3]) await archived(ports, at, lineageRow(`a-${at}`), lineageRow(`b-${at}`));
  await archived(ports, 4, lineageRow('alone', { eventClass: 'service' }));
  await signed(ports);
  return ports;
}

/** What a query sees: rows of compacted objects, and of the others those that are not in one. */
async function visibleRows({ evidence }: { readonly evidence: LogStore }): Promise<readonly string[]> {
  const keys = (await evidence.keys('v1/signals/')).filter((key) => key.endsWith('.parquet'));
  const rowsOf = async (some: readonly string[]): Promise<readonly string[]> =>
    (await Promise.all(some.map(async (key) => readRowIds(await evidence.read(key))))).flat();
  const large = await rowsOf(keys.filter(isCompacted));
  const small = await rowsOf(keys.filter((key) => !isCompacted(key)));
  return [...large, ...small.filter((row) => !large.includes(row))].sort();
}
const ROWS = ['a-0', 'a-1', 'a-2', 'a-3', 'alone', 'b-0', 'b-1', 'b-2', 'b-3'];

describe('compaction', () => {
  it('makes one object of the small ones of an hour, and removes them an hour after that is signed', async () => {
    const ports = await filled();
    expect(await compacted(ports)).toMatchObject({ merged: 4, made: 1, rows: 8, removed: 0, refused: 0 });
    expect(await compacted(ports)).toMatchObject({ made: 0, removed: 0 });
    await signed(ports, SETTLED);
    expect(await compacted(ports, SETTLED + HOUR_MS - 1)).toMatchObject({ made: 0, removed: 0 });
    expect(await compacted(ports, SETTLED + HOUR_MS)).toMatchObject({ made: 0, removed: 4 });
    const keys = await ports.evidence.keys(FOLDER);
    expect(keys).toEqual([expect.stringMatching(/\/compacted_[0-9a-f]{64}\.parquet$/)]);
    expect(await visibleRows(ports)).toEqual(ROWS);
    expect(await audited(ports)).toMatchObject({
      objects: 2,
      rows: 9,
      replaced: 4,
      waiting: 0,
      findings: [],
    });
  });

  it('goes on in another round with what a step had no time for, and the oldest hours first', async () => {
    const ports = await filled();
    for (const [at, hour] of [1, 1, 2, 2, 3, 3].entries())
      for (const eventClass of ['transaction', 'service'] as const)
        await archived(
          ports,
          10 + 2 * at + (eventClass === 'service' ? 1 : 0),
          lineageRow(`${eventClass}-${at}`, { eventClass, receivedAt: HOUR_14 + hour * HOUR_MS }),
        );
    await signed(ports);
    let asked = 0;
    // Time for one object in each step.
    const done = await compactedAt(ports, SETTLED + 3 * HOUR_MS, () => (asked++ & 1) === 0);
    expect(done).toMatchObject({ merged: 4 + 12, made: 7, refused: 0 });
    expect(done.rounds).toBeGreaterThan(2);
  });

  it('ends, and says what is left, when it has taken half an hour', async () => {
    const ports = await filled();
    const context = { origin: CONTEXT.origin, key: publicKeyOf(await ports.signer.publicKey()) };
    const own = { ...ports, isInTime: () => true };
    const first = await planCompaction(null, context, own, SETTLED);
    expect(first).toEqual({ begunAt: SETTLED, left: 1, hours: ['2026-03-05T14'], done: false });
    const late = { ...first, left: 2 };
    expect(await planCompaction(late, context, own, SETTLED + 30 * MINUTE_MS)).toMatchObject({ done: false });
    expect(await planCompaction(late, context, own, SETTLED + 30 * MINUTE_MS + 1)).toEqual({
      begunAt: SETTLED,
      left: 1,
      hours: [],
      done: true,
    });
  });

  it('leaves alone what is not over, not signed, alone in its hour, or too old', async () => {
    const ports = await filled();
    expect(await compacted(ports, SETTLED - 1)).toMatchObject({ made: 0 });
    await archived(ports, 9, lineageRow('late'));
    expect(await compacted(ports)).toMatchObject({ made: 0 });
    await signed(ports);
    expect(await compacted(ports, HOUR_14 + 2 * DAY_MS + 1)).toMatchObject({ made: 0 });
    expect(await compacted(ports)).toMatchObject({ made: 1, merged: 5 });
  });

  it('shows each row once at every moment, and ends with one object, wherever it dies', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let call = 0, died = true; died; call += 1) {
        const ports = await filled();
        const dying = dyingPorts(ports, call, when);
        died = await compacted(dying)
          .then(() => signed(dying, SETTLED))
          .then(() => compacted(dying, SETTLED + HOUR_MS))
          .then(() => false, survivable);
        expect(await visibleRows(ports)).toEqual(ROWS);
        for (const hours of [0, 1, 2, 3]) {
          await compacted(ports, SETTLED + hours * HOUR_MS);
          expect(await visibleRows(ports)).toEqual(ROWS);
          await signed(ports, SETTLED + hours * HOUR_MS);
        }
        expect(await ports.evidence.keys(FOLDER)).toHaveLength(1);
        expect(await audited(ports)).toMatchObject({ rows: 9, replaced: 4, waiting: 0, findings: [] });
      }
    }
  });

  it('adds nothing to the archive when a window comes again whose object is replaced', async () => {
    const ports = await filled();
    await compacted(ports);
    await signed(ports, SETTLED);
    await compacted(ports, SETTLED + HOUR_MS);
    const before = await ports.evidence.keys('v1/');
    await archived(ports, 2, lineageRow('a-2'), lineageRow('b-2'));
    expect(await ports.evidence.keys('v1/')).toEqual(before);
  });

  it('puts no object together that is not what was logged', async () => {
    const ports = await filled();
    const [key = ''] = await ports.evidence.keys(FOLDER);
    const bytes = (ports.evidence.objects.get(key) ?? new Uint8Array()).slice();
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    ports.evidence.objects.set(key, bytes);
    expect(await compacted(ports)).toMatchObject({ made: 0, refused: 1 });
    expect((await audited(ports)).findings).toEqual([
      expect.objectContaining({ kind: 'object-changed', where: key }),
    ]);
  });

  it('removes nothing while the object that replaces it is not there', async () => {
    const ports = await filled();
    await compacted(ports);
    await signed(ports, SETTLED);
    const large = (await ports.evidence.keys(FOLDER)).find(isCompacted) ?? '';
    ports.evidence.objects.delete(large);
    expect(await compacted(ports, SETTLED + HOUR_MS)).toMatchObject({ removed: 0 });
    expect(await visibleRows(ports)).toEqual(ROWS);
    expect((await audited(ports)).findings).toEqual([
      expect.objectContaining({ kind: 'object-missing', where: large }),
    ]);
  });
});

describe('proofs', () => {
  it('given before a compaction verify after it, and the row has a new one', async () => {
    const ports = await filled();
    const keys = [publicKeyOf(await ports.signer.publicKey())];
    const before = await proveRow(ports, keys, 'b-2', null);
    await compacted(ports);
    await signed(ports, SETTLED);
    await compacted(ports, SETTLED + HOUR_MS);
    const after = await proveRow(ports, keys, 'b-2', null);
    for (const proof of [before, after]) {
      if (typeof proof === 'string') throw new Error(proof);
      expect(isProof(proof, keys)).toBe(true);
    }
    expect(typeof before !== 'string' && before.entry.leaf).toMatch(/shardId/);
    expect(typeof after !== 'string' && after.entry.leaf).toMatch(
      /compacted_.*"supersedes":\[0,1,2,3\]|compacted_/,
    );
  });
});

describe('verification of a compacted object', () => {
  it('finds rows that are not those of the objects that it says it replaces', async () => {
    const ports = await filled();
    await compacted(ports);
    // An announcement that names the replaced objects in another order.
    const [pending = ''] = await ports.evidence.keys('log/pending/');
    const text = new TextDecoder().decode(ports.evidence.objects.get(pending));
    const bent = text.replace(/"supersedes":\[(\d+),(\d+)/, '"supersedes":[$2,$1');
    expect(bent).not.toBe(text);
    ports.evidence.objects.set(pending, new TextEncoder().encode(bent));
    await signed(ports, SETTLED);
    expect(
      (await audited(ports)).findings.map(({ kind, what }) => [kind, what.replace(/ of .*/, '')]),
    ).toEqual([
      ['compaction-unfaithful', 'its rows 0 to 1 are not those'],
      ['compaction-unfaithful', 'its rows 2 to 3 are not those'],
    ]);
  });
});

function isProof({ row, entry, checkpoint }: Proof, keys: Parameters<typeof readNote>[1]): boolean {
  const note = readNote(new TextEncoder().encode(checkpoint), keys);
  if (typeof note === 'string' || row === null) return false;
  const rootOf = ({ leaf, index, size, path }: NonNullable<Proof['row']>): string =>
    rootFromPath(
      leafHash(leaf),
      index,
      size,
      path.map((hash) => Buffer.from(hash, 'hex')),
    )?.toString('hex') ?? '';
  const { rowsRoot } = JSON.parse(entry.leaf) as { rowsRoot: string };
  return rootOf(row) === rowsRoot && rootOf(entry) === note.root.toString('hex') && entry.size === note.size;
}

function survivable(error: unknown): true {
  if (error instanceof Crash) return true;
  throw error;
}

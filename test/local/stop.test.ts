import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRegions } from '../../lib/local/regions.ts';
import type { Template } from '../../lib/local/template/template.ts';
import { fixtureStack, runFixture } from './fixtures/running-region.ts';

/** Handles that keep a process alive, other than those the test runner has. */
const handles = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (['TCPServerWrap', 'ProcessWrap', 'Worker', 'TCPSocketWrap'].includes(kind))
      counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
};

describe('stop', () => {
  it('leaves no listener, connection, thread or child process, even while a function runs', async () => {
    const before = handles();
    const running = await runFixture();
    const hanging = running.region.invoke('echo', { behave: 'hang' });
    await running.region.invoke('echo', { behave: 'time' });
    expect(handles().TCPServerWrap).toBeGreaterThan(before.TCPServerWrap ?? 0);
    const began = performance.now();
    await running.stop();
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await hanging).toMatchObject({ ok: false });
    await expect.poll(handles).toEqual(before);
  }, 30_000);

  it('undoes a start that fails half way, and lets the next run have the folder', async () => {
    const before = handles();
    const parent = mkdtempSync(join(tmpdir(), 'rapport-stop-'));
    const dataDir = join(parent, 'state');
    const odd: Template = { Resources: { Cluster: { Type: 'AWS::ECS::Cluster' } } };
    const starting = startRegions({
      jurisdictions: ['test'],
      dataDir,
      basePort: 0,
      inMemory: true,
      stacks: [fixtureStack('test', odd)],
    });
    await expect(starting).rejects.toThrow(/AWS::ECS::Cluster/);
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);
    await expect.poll(handles).toEqual(before);
    rmSync(parent, { recursive: true, force: true });
  }, 30_000);

  it('says in one line which port is taken', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'rapport-port-'));
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port));
    });
    const starting = startRegions({
      jurisdictions: ['test'],
      dataDir: join(parent, 'state'),
      basePort: port - 1,
      inMemory: true,
      stacks: [fixtureStack()],
    });
    await expect(starting).rejects.toThrow(new RegExp(`^port ${port} is taken: [^\\n]*$`));
    await new Promise((resolve) => blocker.close(resolve));
    rmSync(parent, { recursive: true, force: true });
  });
});

describe('a ready region', () => {
  it('tells its URLs, a write key for each source and a token, in a file that only its owner reads', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'rapport-ready-'));
    const { ready, dataDir, regions, stop } = await startRegions({
      jurisdictions: ['test'],
      dataDir: join(parent, 'state'),
      basePort: 0,
      inMemory: true,
      stacks: [fixtureStack()],
    });
    try {
      const { collectUrl, writeKeys, token } = ready.jurisdictions.test ?? {};
      expect(collectUrl).toBe(regions.test?.urls.collect);
      expect(Object.keys(writeKeys ?? {})).toEqual(
        expect.arrayContaining(['web', 'pos', 'crm', 'support', 'delivery']),
      );
      expect(writeKeys?.web).toMatch(/^web_\d+_[\w-]{22}$/);
      const guarded = await fetch(`${collectUrl}/v1/guarded`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(guarded.status).toBe(200);
      expect(existsSync(join(dataDir, 'ready.json'))).toBe(true);
    } finally {
      await stop();
    }
    expect(existsSync(join(dataDir, 'ready.json'))).toBe(false);
    rmSync(parent, { recursive: true, force: true });
  }, 30_000);
});

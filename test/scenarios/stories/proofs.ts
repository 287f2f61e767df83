import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointFolders, evidenceFolders } from '../../../lib/archive/evidence-folders.ts';
import type { RunningPair } from '../running-pair.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/rapport.js');

const rapport = (...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [LAUNCHER, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr }),
    );
  });

/** The archive that the stories left, and its log. Comes after the archive's. */
export function proofStories(pair: () => RunningPair): void {
  describe('the evidence log', () => {
    it('is signed and audited by the functions of the stack, which find nothing', async () => {
      for (const { region } of [pair().eu, pair().uk]) {
        const checkpoint = await region.invoke('checkpoint', {});
        expect(checkpoint).toMatchObject({
          ok: true,
          response: { waiting: 0, mismatched: 0, unreadable: 0 },
        });
        expect(await region.invoke('audit', {})).toMatchObject({
          ok: true,
          response: { findings: 0, waiting: 0 },
        });
      }
    });

    it('verifies on the command line, for both jurisdictions', async () => {
      const { code, out } = await rapport('audit', 'verify', '--data-dir', pair().dataDir);
      expect([code, out]).toEqual([
        0,
        expect.stringMatching(/^eu\n[\s\S]*\nuk\n[\s\S]*is what its log says\n$/),
      ]);
    });

    it('names a flipped byte in a copy of the buckets', async () => {
      const { dataDir } = pair();
      const [evidence, checkpoints] = [join(dataDir, '../evidence'), join(dataDir, '../checkpoints')];
      await cp(evidenceFolders(dataDir).eu ?? '', evidence, { recursive: true });
      await cp(checkpointFolders(dataDir).eu ?? '', checkpoints, { recursive: true });
      const files = await readdir(join(evidence, 'v1/signals'), { recursive: true });
      const object = files.sort().find((file) => file.endsWith('.parquet')) ?? '';
      const path = join(evidence, 'v1/signals', object);
      const bytes = await readFile(path);
      bytes[30] = (bytes[30] ?? 0) ^ 1;
      await writeFile(path, bytes);
      const { code, out } = await rapport(
        'audit',
        'verify',
        '--evidence',
        evidence,
        '--checkpoints',
        checkpoints,
      );
      expect([code, out]).toEqual([1, expect.stringContaining(`OBJECT-CHANGED v1/signals/${object}`)]);
    });
  });
}

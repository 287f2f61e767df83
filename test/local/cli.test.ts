import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'rapport.js');

const rapport = (...args: string[]): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAUNCHER, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: status, out: stdout, err: stderr };
};

describe('rapport', () => {
  it('lists its commands', () => {
    const { code, out } = rapport('--help');
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}start +\S/m);
  });

  it.each([
    ['an unknown command', ['fly'], /there is no command "fly"/],
    ['a command outside its folder', ['../cli'], /there is no command/],
    ['an unknown option', ['start', '--fast'], /--fast/],
    ['a port that is none', ['start', '--port', 'x'], /--port needs a whole number/],
    ['no jurisdiction', ['start', '--jurisdictions', ','], /--jurisdictions needs/],
  ])('answers %s with one line and code 2', (_name, args, message) => {
    const { code, err } = rapport(...args);
    expect(err).toMatch(message);
    expect(err.trimEnd()).not.toContain('\n    at ');
    expect(code).toBe(2);
  });

  it('does not start in a folder that is not its own', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rapport-cli-'));
    writeFileSync(join(folder, 'thesis.txt'), 'x');
    const { code, err } = rapport('start', '--data-dir', folder);
    expect(err).toMatch(/^rapport: .* was not made by rapport: choose another folder with --data-dir$/m);
    expect(code).toBe(2);
    rmSync(folder, { recursive: true });
  });

  it('explains a command', () => {
    const { code, out } = rapport('start', '--help');
    expect([code, out]).toEqual([0, expect.stringContaining('--ready-file FILE')]);
  });
});

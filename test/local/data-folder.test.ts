import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeDataFolder } from '../../lib/local/data-folder.ts';
import { UserError } from '../../lib/local/errors.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'rapport-folder-'));
  folder = join(parent, 'state');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe('takeDataFolder', () => {
  it('wipes what an earlier run left, unless told to keep it', () => {
    const leave = (): void => {
      takeDataFolder(folder, { keep: true }).release();
      writeFileSync(join(folder, 'left'), 'x');
    };
    leave();
    takeDataFolder(folder, { keep: true }).release();
    expect(existsSync(join(folder, 'left'))).toBe(true);
    takeDataFolder(folder, { keep: false }).release();
    expect(existsSync(join(folder, 'left'))).toBe(false);
  });

  it('does not touch a folder that holds other files', () => {
    writeFileSync(join(parent, 'thesis.txt'), 'x');
    expect(() => takeDataFolder(parent, { keep: false })).toThrow(UserError);
    expect(readdirSync(parent)).toEqual(['thesis.txt']);
  });

  it('is for one run at a time', () => {
    const first = takeDataFolder(folder, { keep: false });
    expect(() => takeDataFolder(folder, { keep: true })).toThrow(/in use by process/);
    first.release();
    takeDataFolder(folder, { keep: true }).release();
  });

  it('takes over the lock of a run that is gone', () => {
    takeDataFolder(folder, { keep: false }).release();
    writeFileSync(join(folder, 'lock'), '999999999');
    expect(() => takeDataFolder(folder, { keep: true }).release()).not.toThrow();
  });
});

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from './errors.ts';

/** Shows that a folder is a region's, and may be wiped. */
const MARKER = '.rapport-region';
const LOCK = 'lock';
const MARKER_TEXT =
  'State of a Rapport region on this machine. It is wiped at each start unless --keep is given.\n';

export interface DataFolder {
  readonly path: string;
  /** Lets the next run have the folder. May be called twice. */
  release(): void;
}

/** Takes a folder for one run: wipes what an earlier run left, unless `keep`, and locks it.
 * @throws UserError when another run has it, or it holds files that are not a region's. */
export function takeDataFolder(directory: string, options: { readonly keep: boolean }): DataFolder {
  const path = resolve(directory);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const isOurs = existsSync(join(path, MARKER));
  if (!isOurs && readdirSync(path).length > 0) {
    throw new UserError(
      `${path} is not empty and was not made by rapport: choose another folder with --data-dir`,
    );
  }
  writeFileSync(join(path, MARKER), MARKER_TEXT);
  const lock = join(path, LOCK);
  takeLock(lock, path);
  if (!options.keep) {
    for (const name of readdirSync(path))
      if (name !== MARKER && name !== LOCK) rmSync(join(path, name), { recursive: true, force: true });
  }
  return { path, release: () => rmSync(lock, { force: true }) };
}

function takeLock(lock: string, path: string): void {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const file = openSync(lock, 'wx', 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      return;
    } catch (cause) {
      if ((cause as { code?: string }).code !== 'EEXIST') throw cause;
      const holder = Number(readFileSync(lock, 'utf8'));
      if (isRunning(holder))
        throw new UserError(
          `${path} is in use by process ${holder}: stop that one, or choose another folder with --data-dir`,
        );
      rmSync(lock, { force: true });
    }
  }
  throw new UserError(`${path} could not be locked: another run is taking it`);
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as { code?: string }).code === 'EPERM';
  }
}

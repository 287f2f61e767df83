import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { besideFile, besideFolder, pathOf } from './key-path.ts';

const isFault = (cause: unknown, ...codes: readonly string[]): boolean =>
  cause instanceof Error && 'code' in cause && codes.includes(String(cause.code));

/** Ignores that a file was not there. */
const unlessAbsent = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch (cause) {
    if (isFault(cause, 'ENOENT')) return false;
    throw cause;
  }
};

const PLACEMENT_ATTEMPTS_MAX = 20;

/** The files of one bucket: current bodies under their keys, and in another folder what is kept beside them. */
export class BucketFiles {
  readonly #current: string;
  readonly #kept: string;

  constructor(directory: string, versionsDirectory: string, bucket: string) {
    this.#current = join(directory, bucket);
    this.#kept = join(versionsDirectory, bucket);
  }

  async make(): Promise<void> {
    await mkdir(this.#current, { recursive: true });
    for (const folder of ['records', 'noncurrent', 'incoming', 'uploads'])
      await mkdir(join(this.#kept, folder), { recursive: true });
  }

  async remove(): Promise<void> {
    await rm(this.#kept, { recursive: true, force: true });
    await rm(this.#current, { recursive: true, force: true });
  }

  /** Where a body is written before it is committed. */
  incoming(bodyId: string): string {
    return join(this.#kept, 'incoming', bodyId);
  }

  upload(uploadId: string): string {
    return join(this.#kept, 'uploads', uploadId);
  }

  #noncurrent(bodyId: string): string {
    return join(this.#kept, 'noncurrent', bodyId);
  }

  /** The places a body may be: the first is right, the others hold it when a commit was cut short. */
  places(bodyId: string, path: string | undefined): string[] {
    const kept = [this.#noncurrent(bodyId), this.incoming(bodyId)];
    return path === undefined ? kept : [join(this.#current, path), ...kept];
  }

  /** Takes the current body out of the way. */
  async retire(bodyId: string, path: string): Promise<void> {
    await unlessAbsent(rename(join(this.#current, path), this.#noncurrent(bodyId)));
  }

  /** Removes empty folders upward from where `path` was. */
  async prune(path: string): Promise<void> {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      try {
        await rmdir(join(this.#current, folder));
      } catch (cause) {
        if (isFault(cause, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR')) return;
        throw cause;
      }
    }
  }

  async discard(bodyId: string): Promise<void> {
    for (const place of this.places(bodyId, undefined)) await unlessAbsent(unlink(place));
  }

  /** A free path for the key's current body; its folders are made. */
  async choosePath(key: string): Promise<string> {
    const { folders, file } = pathOf(key);
    let folder = '';
    for (const name of folders) folder = await this.#makeFolder(folder, name);
    const path = join(folder, file);
    const isFolder = await stat(join(this.#current, path)).then(
      (found) => found.isDirectory(),
      () => false,
    );
    return isFolder ? join(folder, besideFolder(file)) : path;
  }

  async #makeFolder(parent: string, name: string): Promise<string> {
    const path = join(parent, name);
    const full = join(this.#current, path);
    try {
      await mkdir(full);
      return path;
    } catch (cause) {
      if (!isFault(cause, 'EEXIST')) throw cause;
    }
    if ((await stat(full)).isDirectory()) return path;
    const beside = join(parent, besideFile(name));
    await mkdir(join(this.#current, beside), { recursive: true });
    return beside;
  }

  /** Makes a body current. Between choosing the path and moving the body another key may have taken or removed a
   * folder on it, so both are tried again.
   * @param record called with the path before the body is there. */
  async place(key: string, bodyId: string, record: (path: string) => Promise<void>): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        const path = await this.choosePath(key);
        await record(path);
        const arrived = await unlessAbsent(rename(this.incoming(bodyId), join(this.#current, path)));
        if (!arrived) await rename(this.#noncurrent(bodyId), join(this.#current, path));
        return path;
      } catch (cause) {
        const passing = isFault(cause, 'ENOENT', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST');
        if (!passing || attempt === PLACEMENT_ATTEMPTS_MAX) throw cause;
      }
    }
  }

  #recordFile(key: string): string {
    return join(this.#kept, 'records', `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  /** Writes a file as a whole or not at all. */
  async #replace(file: string, value: unknown): Promise<void> {
    const draft = this.incoming(`draft-${randomBytes(9).toString('hex')}`);
    await writeFile(draft, JSON.stringify(value));
    await rename(draft, file);
  }

  writeRecord(key: string, record: unknown): Promise<void> {
    return this.#replace(this.#recordFile(key), record);
  }

  async removeRecord(key: string): Promise<void> {
    await unlessAbsent(unlink(this.#recordFile(key)));
  }

  writeSettings(settings: unknown): Promise<void> {
    return this.#replace(join(this.#kept, 'bucket.json'), settings);
  }

  /** Undefined when the bucket was never made, or its making was cut short. */
  async readSettings(): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.#kept, 'bucket.json'), 'utf8'));
    } catch (cause) {
      if (isFault(cause, 'ENOENT', 'ENOTDIR')) return undefined;
      throw cause;
    }
  }

  async *records(): AsyncGenerator<unknown> {
    const folder = join(this.#kept, 'records');
    for (const name of await readdir(folder)) yield JSON.parse(await readFile(join(folder, name), 'utf8'));
  }

  /** Removes what writes that never ended left, except the bodies in `bodyIds`. */
  async sweep(bodyIds: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(join(this.#kept, 'incoming')))
      if (!bodyIds.has(name)) await unlessAbsent(unlink(this.incoming(name)));
  }

  uploadIds(): Promise<string[]> {
    return readdir(join(this.#kept, 'uploads'));
  }
}

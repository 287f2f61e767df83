import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** A bucket as a folder of files, as `aws s3 sync` and the local region leave it. */
export interface BucketFolder {
  keys(prefix: string, after?: string): Promise<readonly string[]>;
  read(key: string): Promise<Uint8Array>;
}

/** Reads a folder as a bucket. A folder that is not there is an empty bucket. */
export const bucketFolder = (folder: string): BucketFolder => ({
  keys: async (prefix, after = '') => {
    const names = await namesUnder(folder, prefix.slice(0, prefix.lastIndexOf('/') + 1));
    return names.filter((key) => key.startsWith(prefix) && key > after).sort();
  },
  read: (key) => readFile(join(folder, ...key.split('/'))),
});

async function namesUnder(folder: string, path: string): Promise<string[]> {
  try {
    const entries = await readdir(join(folder, path), { recursive: true, withFileTypes: true });
    return entries.flatMap((entry) => {
      if (!entry.isFile()) return [];
      const full = join(entry.parentPath, entry.name);
      return [full.slice(folder.length + 1).replaceAll(sep, '/')];
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return [];
    throw error;
  }
}

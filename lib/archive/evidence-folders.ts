import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../local/errors.ts';

/** Folders of evidence buckets by jurisdiction code. */
export type EvidenceFolders = Readonly<Record<string, string>>;

/** A bucket that the template leaves unnamed is called after its stack and its logical id, in lower case; logical ids
 * have no hyphen. */
const BUCKETS = {
  evidence: /^rapport-(?<code>[a-z]+(?:-[a-z]+)*)-[a-z0-9]*evidence[a-z0-9]*$/,
  checkpoints: /^rapport-(?<code>[a-z]+(?:-[a-z]+)*)-[a-z0-9]*checkpoints[a-z0-9]*$/,
} as const;

/** Finds the evidence buckets of the regions whose state is in a data folder: objects are plain files under
 * `s3/<bucket>/`.
 * @throws UserError when there is no evidence bucket in the folder. */
export function evidenceFolders(dataDirectory: string): EvidenceFolders {
  const found = bucketFolders(dataDirectory, 'evidence');
  if (Object.keys(found).length === 0) {
    throw new UserError(
      `no archive in ${dataDirectory}: run npm run demo first, or name the folder of its state with --data-dir`,
    );
  }
  return found;
}

/** Folders of the checkpoint buckets in a data folder, by jurisdiction code; see {@link evidenceFolders}. */
export const checkpointFolders = (dataDirectory: string): EvidenceFolders =>
  bucketFolders(dataDirectory, 'checkpoints');

function bucketFolders(dataDirectory: string, kind: keyof typeof BUCKETS): EvidenceFolders {
  const buckets = join(dataDirectory, 's3');
  return Object.fromEntries(
    foldersIn(buckets).flatMap((bucket) => {
      const code = BUCKETS[kind].exec(bucket)?.groups?.code;
      return code === undefined ? [] : [[code, join(buckets, bucket)] as const];
    }),
  );
}

function foldersIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

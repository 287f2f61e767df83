import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PUBLIC_KEY_PREFIX } from '../../functions/evidence/log/keys.ts';
import { publicKeyOf } from '../../functions/evidence/log/note.ts';
import { checkpointFolders, evidenceFolders } from '../../lib/archive/evidence-folders.ts';
import { type BucketFolder, bucketFolder } from '../../lib/audit/bucket-folder.ts';
import { UserError } from '../../lib/local/errors.ts';
import { under } from '../arguments.ts';

/** Options that say which archive is meant. */
export const ARCHIVE_OPTIONS = {
  'data-dir': { type: 'string', default: '.rapport' },
  jurisdiction: { type: 'string' },
  evidence: { type: 'string' },
  checkpoints: { type: 'string' },
  key: { type: 'string' },
} as const;

export interface ArchiveValues {
  readonly 'data-dir': string;
  readonly jurisdiction?: string | undefined;
  readonly evidence?: string | undefined;
  readonly checkpoints?: string | undefined;
  readonly key?: string | undefined;
}

/** An archive with its checkpoints and the keys that may have signed them. */
export interface NamedArchive {
  /** Jurisdiction code; null when two folders were given. */
  readonly code: string | null;
  readonly evidence: BucketFolder;
  readonly checkpoints: BucketFolder;
  readonly keys: readonly KeyObject[];
  /** Whether the keys came with the checkpoints, and so prove nothing by themselves. */
  readonly areKeysFound: boolean;
}

/** The archives that the options name: two folders, or those of a local region's data folder.
 * @throws UserError when there is none, or no key */
export async function archivesOf(values: ArchiveValues): Promise<readonly NamedArchive[]> {
  const given = values.key === undefined ? null : [keyIn(values.key)];
  const open = async (code: string | null, evidence: string, checkpoints: string): Promise<NamedArchive> => {
    const bucket = bucketFolder(checkpoints);
    const keys = given ?? (await keysBeside(bucket));
    if (keys.length === 0)
      throw new UserError(
        `${code ?? checkpoints}: no checkpoint and no public key is there yet; name the key with --key FILE`,
      );
    return {
      code,
      evidence: bucketFolder(evidence),
      checkpoints: bucket,
      keys,
      areKeysFound: given === null,
    };
  };
  if (values.evidence !== undefined || values.checkpoints !== undefined) {
    if (values.evidence === undefined || values.checkpoints === undefined)
      throw new UserError('--evidence and --checkpoints go together: a folder of each bucket');
    return [await open(null, values.evidence, values.checkpoints)];
  }
  const folders = evidenceFolders(values['data-dir']);
  const checkpoints = checkpointFolders(values['data-dir']);
  const codes = values.jurisdiction === undefined ? Object.keys(folders) : [values.jurisdiction];
  const archives: NamedArchive[] = [];
  for (const code of codes) {
    const [evidence, signed] = [under(folders, code), under(checkpoints, code)];
    if (evidence === undefined || signed === undefined)
      throw new UserError(
        `no archive of ${code} with checkpoints here; there are: ${Object.keys(checkpoints).join(', ')}`,
      );
    archives.push(await open(code, evidence, signed));
  }
  return archives;
}

/** The one archive that the options name. @throws UserError when they name none or several */
export async function archiveOf(values: ArchiveValues): Promise<NamedArchive> {
  const [archive, ...others] = await archivesOf(values);
  if (archive === undefined || others.length > 0)
    throw new UserError('there are archives of several jurisdictions: choose one with --jurisdiction CODE');
  return archive;
}

function keyIn(file: string): KeyObject {
  try {
    return publicKeyOf(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new UserError(`${file} holds no public key in PEM`, { cause });
  }
}

async function keysBeside(bucket: BucketFolder): Promise<readonly KeyObject[]> {
  const names = await bucket.keys(PUBLIC_KEY_PREFIX);
  return Promise.all(
    names.map(async (name) => {
      try {
        return publicKeyOf(new TextDecoder().decode(await bucket.read(name)));
      } catch (cause) {
        throw new UserError(`${name} in the checkpoint bucket is no public key`, { cause });
      }
    }),
  );
}

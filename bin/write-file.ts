import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../lib/local/errors.ts';

const cannotWrite = (path: string, cause: unknown): UserError =>
  new UserError(`cannot write ${path}: ${(cause as Error).message}`, { cause });

/** Asks before long work whether its result could be written: a folder that is not there is better known now.
 * @throws UserError when there is no such folder, or nothing may be written into it */
export const expectWritable = (path: string): Promise<void> =>
  access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw cannotWrite(path, cause);
  });

/** @throws UserError when the file cannot be written */
export const writeTo = (path: string, text: string): Promise<void> =>
  writeFile(path, text).catch((cause: unknown) => {
    throw cannotWrite(path, cause);
  });

import { readFile } from 'node:fs/promises';
import { COMPARISONS, LEVELS, type MatchParameters } from '../../functions/registry/matching/attributes.ts';
import { UserError } from '../../lib/local/errors.ts';

/** Parameters as `rapport identity calibrate` writes them.
 * @throws UserError when the file is not that */
export async function readParameters(path: string): Promise<MatchParameters> {
  let json: unknown;
  try {
    json = JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new UserError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  const parameters = json as Partial<Record<string, { m?: unknown; u?: unknown }>>;
  const isLevels = (levels: unknown): boolean =>
    Array.isArray(levels) &&
    levels.length === LEVELS.length &&
    levels.every((level) => typeof level === 'number' && level >= 0 && level <= 1);
  for (const comparison of COMPARISONS) {
    const found = parameters?.[comparison];
    if (!isLevels(found?.m) || !isLevels(found?.u))
      throw new UserError(`${path}: ${comparison} must have m and u, ${LEVELS.length} probabilities each`);
  }
  return json as MatchParameters;
}

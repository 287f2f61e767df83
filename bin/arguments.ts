import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../lib/local/errors.ts';
import type { Ready } from '../lib/local/regions.ts';

/** `--limit`: a whole number from 1, or nothing.
 * @throws UserError otherwise */
export const limitIn = (text: string | undefined): { limit?: number } =>
  text === undefined ? {} : { limit: wholeNumber('--limit', text, 1) };

/** What stands in a record under a name that somebody typed: not what every object has, such as `constructor`. */
export const under = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** Codes in a list such as `eu,uk`, each once.
 * @throws UserError when there is none */
export function codesIn(list: string): readonly string[] {
  const codes = list
    .split(',')
    .map((code) => code.trim().toLowerCase())
    .filter((code) => code !== '');
  if (codes.length === 0) throw new UserError('--jurisdictions needs at least one code, such as eu');
  return [...new Set(codes)];
}

/** @throws UserError unless the text is a whole number from `least` to `most` */
export function wholeNumber(
  option: string,
  text: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new UserError(
      `${option} needs a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}, not ${JSON.stringify(text)}`,
    );
  }
  return number;
}

/** `--port`: 0 takes any free ports. @throws UserError unless it is a port that leaves room for all regions */
export const portIn = (text: string): number => wholeNumber('--port', text, 0, 65_000);

/** What `start` has left in the data folder for others to find the region by.
 * @throws UserError when there is nothing: no region runs here */
export function readReady(dataDir: string): Ready {
  const path = join(dataDir, 'ready.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Ready;
  } catch (cause) {
    throw new UserError(
      `no region here: cannot read ${path}. Start one with npm start, or name its folder with --data-dir`,
      { cause },
    );
  }
}

/** An option of the form NAME=VALUE that may come several times.
 * @throws UserError when one has another form, or a name comes twice */
export function settings(option: string, given: readonly string[]): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf('=');
    if (at < 1) throw new UserError(`${option} needs NAME=VALUE, not ${JSON.stringify(text)}`);
    const name = text.slice(0, at);
    if (found.has(name)) throw new UserError(`${option} ${name} is there twice`);
    found.set(name, text.slice(at + 1));
  }
  return Object.fromEntries(found);
}

export interface RawIdentifier {
  readonly type: string;
  readonly value: string;
}

/** `email=ada@lovelace.org`. @throws UserError when it has another form */
export function identifierIn(text: string): RawIdentifier {
  const [, type, value] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (type === undefined || value === undefined)
    throw new UserError('--identifier needs TYPE=VALUE, such as userId=C-1042');
  return { type, value };
}

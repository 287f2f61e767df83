import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const REGISTRY = join(import.meta.dirname, '../../functions/registry');
/** A file makes an entry when it exports a constant of the folder's definition: by its type, or through the function
 * that makes one. */
const MAKES_ENTRY = /^export const (\w+)(?:: \w*Definition\b| = define\w+\()/m;

const read = (folder: string, file: string): string => readFileSync(join(REGISTRY, folder, file), 'utf8');
/** Folders of entries; one that holds only tables of values is none. */
const folders = readdirSync(REGISTRY, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((folder) =>
    readdirSync(join(REGISTRY, folder)).some((file) => MAKES_ENTRY.test(read(folder, file))),
  );

describe('the registry', () => {
  it('is found', () => {
    expect(folders).toEqual(
      expect.arrayContaining([
        'alert-rules',
        'identifiers',
        'jurisdictions',
        'segments',
        'signals',
        'sources',
      ]),
    );
  });

  it.each(folders)('lists every entry of %s in its index, by name and not only by import', (folder) => {
    const index = read(folder, 'index.ts');
    const listed = index.replace(/^import .*$/gm, '');
    const entries = readdirSync(join(REGISTRY, folder))
      .filter((file) => file !== 'index.ts')
      .flatMap((file) => {
        const name = MAKES_ENTRY.exec(read(folder, file))?.[1];
        return name === undefined ? [] : [[file, name] as const];
      });
    expect(entries.length).toBeGreaterThan(0);
    for (const [file, name] of entries) {
      expect([file, index.includes(`from './${file}'`)]).toEqual([file, true]);
      expect([name, new RegExp(`\\b${name}\\b`).test(listed)]).toEqual([name, true]);
    }
  });

  it.each(folders)('has nothing in %s that neither is an entry nor is used by one', (folder) => {
    const files = readdirSync(join(REGISTRY, folder));
    const texts = new Map(files.map((file) => [file, read(folder, file)]));
    for (const file of files) {
      if (file === 'index.ts') continue;
      const users = [...texts].filter(([other, text]) => other !== file && text.includes(`'./${file}'`));
      expect([file, users.length > 0]).toEqual([file, true]);
    }
  });
});

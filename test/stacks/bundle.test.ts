import { existsSync, readFileSync, statSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { type FunctionId, flow } from '../../functions/flow.ts';
import { bundleOnce } from '../../lib/bundle.ts';
import { keepSources, type SourceMap as Positions } from '../../lib/source-map.ts';
import { removeScratch, scratch } from './synthesize.ts';

afterAll(removeScratch);

const root = join(import.meta.dirname, '../..');

describe('a map without the libraries', () => {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: ['functions/contracts/purpose-schemas.ts'],
    outdir: 'nowhere',
    bundle: true,
    minify: true,
    platform: 'node',
    sourcemap: 'external',
    sourcesContent: false,
    write: false,
  });
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  const full = JSON.parse(textOf('.map')) as Positions;
  const isOwn = (source: string) => !source.includes('node_modules/');
  const kept = keepSources(full, isOwn);

  it('has every position of our own files unchanged, and none of a library', () => {
    const [before, after] = [full, kept].map((map) => new SourceMap(map as unknown as SourceMapPayload));
    let own = 0;
    let foreign = 0;
    for (const [line, text] of textOf('.js').split('\n').entries())
      for (let column = 0; column < text.length; column += 7) {
        const was = before?.findEntry(line, column);
        const is = after?.findEntry(line, column);
        if (was === undefined || !('originalSource' in was) || was.originalSource === undefined) continue;
        if (isOwn(was.originalSource)) {
          own++;
          expect(is).toMatchObject({
            originalSource: was.originalSource,
            originalLine: was.originalLine,
            originalColumn: was.originalColumn,
          });
        } else {
          foreign++;
          expect(is).not.toHaveProperty('originalSource', was.originalSource);
        }
      }
    expect(own).toBeGreaterThan(10);
    expect(foreign).toBeGreaterThan(1_000);
  });

  it('is a fraction of the whole', () => {
    expect(kept.mappings.length).toBeLessThan(full.mappings.length / 20);
  });
});

describe('the bundles', () => {
  const bundle = bundleOnce(scratch());
  const zippedBytes = (id: FunctionId): number =>
    ['index.cjs', 'index.cjs.map']
      .map((name) => deflateRawSync(readFileSync(join(bundle(id), name)), { level: 9 }).length)
      .reduce((sum, bytes) => sum + bytes, 0);

  it('are made once, however often they are asked for', () => {
    const made = statSync(join(bundle('collect'), 'index.cjs')).mtimeMs;
    expect(statSync(join(bundle('collect'), 'index.cjs')).mtimeMs).toBe(made);
  });

  it.each(Object.keys(flow) as FunctionId[])('%s exports its handler and brings its map', (id) => {
    const code = readFileSync(join(bundle(id), 'index.cjs'), 'utf8');
    expect(code).toMatch(/module\.exports=\{[^}]*\bhandler\b/);
    expect(existsSync(join(bundle(id), 'index.cjs.map'))).toBe(true);
  });

  it('name our files as the repository does', () => {
    const { sources } = JSON.parse(
      readFileSync(join(bundle('collect'), 'index.cjs.map'), 'utf8'),
    ) as Positions;
    expect(sources).toContain('functions/pipeline/1-collect/handler.ts');
    expect(sources.filter((source) => !source.startsWith('functions/'))).toEqual([]);
  });

  it.each([
    ['collect', 250],
    ['understand', 300],
    ['archive', 300],
  ] as const)('%s, which is hot, is at most %d KB zipped', (id, kilobytesMax) => {
    expect(zippedBytes(id)).toBeLessThanOrEqual(kilobytesMax * 1_024);
  });

  it('carry no other way to credentials than the environment', () => {
    bundle('collect');
    const text = readFileSync(join(bundle('collect'), '../bundles.meta.json'), 'utf8');
    const { inputs } = JSON.parse(text) as { readonly inputs: Readonly<Record<string, unknown>> };
    const names = Object.keys(inputs);
    expect(names.filter((name) => /credential-provider|nested-clients/.test(name))).toEqual([]);
    expect(names).toContain('functions/runtime/execution-credentials.ts');
  });
});

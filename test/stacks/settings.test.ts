import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { settingsFrom } from '../../lib/settings.ts';
import { appWith, removeScratch, scratch } from './synthesize.ts';

afterAll(removeScratch);

vi.setConfig({ testTimeout: 30_000 });

const settings = (context: Readonly<Record<string, unknown>> = {}) => settingsFrom(appWith(context).node);

describe('the settings of a deployer', () => {
  it('are the EU and the UK with on-demand streams by default', () => {
    expect(settings()).toEqual({ jurisdictions: ['eu', 'uk'], accounts: {}, streams: { mode: 'on-demand' } });
  });

  it('take jurisdictions as a list or as text', () => {
    expect(settings({ jurisdictions: ['jp', 'au'] }).jurisdictions).toEqual(['jp', 'au']);
    expect(settings({ jurisdictions: ' JP, au,' }).jurisdictions).toEqual(['jp', 'au']);
  });

  it('take accounts as a map or as JSON from a command line', () => {
    const accounts = { eu: '111122223333' };
    expect(settings({ accounts }).accounts).toEqual(accounts);
    expect(settings({ accounts: JSON.stringify(accounts) }).accounts).toEqual(accounts);
  });

  it('take shards only as a count of at least one', () => {
    expect(settings({ streamMode: 'provisioned', shards: '4' }).streams).toEqual({
      mode: 'provisioned',
      shards: 4,
    });
    for (const shards of [undefined, 0, 1.5, 'many'])
      expect(() => settings({ streamMode: 'provisioned', shards })).toThrow(/"shards"/);
  });

  it('say what is wrong with them', () => {
    expect(() => settings({ streamMode: 'turbo' })).toThrow(/"streamMode" must be/);
    for (const accounts of ['nonsense', '[]', { eu: 'mine' }])
      expect(() => settings({ accounts })).toThrow(/"accounts" must map/);
  });
});

describe('bin/app.ts', () => {
  it.each([
    [
      'an unknown jurisdiction with the known ones',
      'eu,atlantis',
      /^unknown jurisdiction atlantis; known jurisdictions: eu, uk, ch, us-ca, us, ca-qc, ca, br, in, cn, jp, kr, sg, au, za, sa\n$/,
    ],
    [
      'one that has no region with the reason',
      'eu,sa',
      /^jurisdiction sa cannot be deployed: no AWS region in Saudi Arabia is verified; [^\n]+\n$/,
    ],
  ])('answers %s, in one line', async (_, wanted, stderr) => {
    const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../bin/app.ts')], {
      cwd: join(import.meta.dirname, '../..'),
      env: {
        ...process.env,
        CDK_OUTDIR: scratch(),
        CDK_CONTEXT_JSON: JSON.stringify({ jurisdictions: wanted }),
      },
    });
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(stderr) });
  });
});

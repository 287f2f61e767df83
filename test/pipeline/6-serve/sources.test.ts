import { describe, expect, it } from 'vitest';
import { isWriteKeyOf } from '../../../functions/contracts/tokens.ts';
import { sourcePage } from '../../../functions/pipeline/6-serve/sources.ts';
import { sources } from '../../../functions/registry/sources/index.ts';
import { SECRETS } from '../../arbitraries.ts';

describe('the sources of a stack', () => {
  it('are listed with a steward and the key that collect takes', () => {
    const page = sourcePage(sources, SECRETS);
    expect(page.sources.map(({ id }) => id)).toEqual(sources.map(({ id }) => id));
    for (const [index, source] of sources.entries()) {
      expect(page.sources[index]?.steward).not.toBe('');
      expect(isWriteKeyOf(SECRETS, source, page.sources[index]?.writeKey ?? '')).toBe(true);
    }
  });

  it('get another key when the version is raised, and the old one stops working', () => {
    const [web] = sources;
    if (web === undefined) throw new Error('no source');
    const leaked = sourcePage([web], SECRETS).sources[0]?.writeKey ?? '';
    expect(isWriteKeyOf(SECRETS, { ...web, keyVersion: web.keyVersion + 1 }, leaked)).toBe(false);
  });
});

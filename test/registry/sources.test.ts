import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SOURCE_KINDS } from '../../functions/registry/signal-definition.ts';
import { signals } from '../../functions/registry/signals/index.ts';
import { sources } from '../../functions/registry/sources/index.ts';

describe('sources', () => {
  it('are all listed, one of each kind at least, each id once', () => {
    const files = readdirSync(new URL('../../functions/registry/sources/', import.meta.url)).filter(
      (file) => file !== 'index.ts',
    );
    expect(sources.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
    expect(new Set(sources.map(({ kind }) => kind))).toEqual(new Set(SOURCE_KINDS));
  });

  it('may send only signals that exist, and each signal has a source that may send it', () => {
    const names = signals.map(({ name }) => name);
    for (const source of sources)
      if (source.signals !== 'any') expect(names).toEqual(expect.arrayContaining([...source.signals]));
    for (const signal of signals)
      for (const kind of signal.sources) {
        const senders = sources.filter((source) => source.kind === kind);
        expect(
          senders.some(({ signals: allowed }) => allowed === 'any' || allowed.includes(signal.name)),
          `${signal.name} from ${kind}`,
        ).toBe(true);
      }
  });

  it('have ids that can stand in a write key and an object key', () => {
    for (const { id } of sources) expect(id).toMatch(/^[a-z][a-z0-9-]{1,30}$/);
  });
});

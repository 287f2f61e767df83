import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { collectAnswerSchema } from '../../functions/contracts/collect-api.ts';
import { problemSchema } from '../../functions/contracts/operations.ts';
import type { FlowFunction } from '../../functions/flow/triggers.ts';
import { flow } from '../../functions/flow.ts';
import { openApi } from '../../lib/openapi/document.ts';
import { batch, memoryStage, order } from '../pipeline/1-collect/setting.ts';
import { operations } from '../pipeline/6-serve/setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

const ROOT = join(import.meta.dirname, '..', '..');

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<'get' | 'post', Operation | undefined>>>>;
}
const committed = JSON.parse(readFileSync(join(ROOT, 'docs/api/openapi.json'), 'utf8')) as Document;

const operationsOf = (document: Document) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const operation = methods[method];
      return operation === undefined ? [] : [{ key: `${method.toUpperCase()} ${path}`, path, operation }];
    }),
  );

/** Routes of the map: `api METHOD path scope`. */
const mapped = (Object.values(flow) as readonly FlowFunction[]).flatMap(({ trigger }) =>
  trigger.kind === 'http'
    ? trigger.routes.map((route) => `${trigger.api} ${route.method} ${route.path} ${route.scope ?? '-'}`)
    : [],
);

describe('docs/api/openapi.json', () => {
  it('is what the contracts and the map generate (renew it with: npx rapport openapi --out docs/api/openapi.json)', () => {
    expect(committed).toEqual(JSON.parse(JSON.stringify(openApi())));
  });

  it('has every route of the map with its scope, and no other', () => {
    const documented = operationsOf(committed).map(({ key, operation }) => {
      const scopes = operation.security.flatMap((way) => way.token ?? []);
      return `${operation.tags.join()} ${key} ${scopes.join() || '-'}`;
    });
    expect(documented.sort()).toEqual([...mapped].sort());
  });

  it('offers both forms of a write key to sources, and tokens only to operational systems', () => {
    for (const { operation } of operationsOf(committed)) {
      const ways = operation.security.map((way) => Object.keys(way).join());
      expect(ways).toEqual(
        operation.tags.includes('collect') ? ['writeKeyBasic', 'writeKeyBearer'] : ['token'],
      );
    }
  });

  it('refers to nothing that it does not have', () => {
    const text = JSON.stringify(committed);
    const refs = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) {
      const found = ref
        .split('/')
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], committed);
      expect(found, ref).toBeTypeOf('object');
    }
  });

  it('gives every operation its own id, every path parameter a description, and no identifier a place in a URL', () => {
    const all = operationsOf(committed);
    expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
    for (const { path, operation } of all) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = operation.parameters ?? [];
      expect(parameters.filter((each) => each.in === 'path').map((each) => each.name)).toEqual(inPath);
      for (const { name } of parameters) expect(name).not.toMatch(/email|phone|userId|messageId/);
    }
  });

  it('is what the command prints', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'bin/cli.ts'), 'openapi']);
    expect(JSON.parse(stdout)).toEqual(committed);
  });
});

describe('the documented answers', () => {
  it('are those that collect gives', async () => {
    const { post } = memoryStage();
    const elsewhere = order({ messageId: 'm-2', context: { traits: { address: { country: 'GB' } } } });
    const answer = await post('/v1/batch', batch(order(), elsewhere, { messageId: 'm-3' }, 'nonsense'));
    if ('refusal' in answer) throw new Error('refused');
    const body = { success: answer.status === 200, receipts: answer.receipts };
    expect(collectAnswerSchema.parse(body)).toEqual(body);
    expect(new Set(answer.receipts.map(({ outcome }) => outcome)).size).toBeGreaterThan(1);
  });

  it('are those that operations gives when it can not answer', async () => {
    const { ask } = operations();
    for (const [routeKey, body] of [
      ['POST /v1/profiles/lookup', '{'],
      ['POST /v1/profiles/lookup', { identifiers: [{ type: 'userId', value: 'C-9' }] }],
      ['POST /v1/profiles/lookup', { identifiers: [{ type: 'email', value: 'x' }] }],
      ['GET /v1/nowhere', undefined],
    ] as const) {
      const answer = await ask(routeKey, { body });
      expect(problemSchema.strict().parse(answer.body)).toMatchObject({ status: answer.status });
    }
  });
});

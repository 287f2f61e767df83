import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { addStacks } from '../../lib/rapport-app.ts';
import { defaultContext, settingsFrom } from '../../lib/settings.ts';

/** One resource of a synthesized template. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown; readonly Export?: unknown }>>;
}

const scratches: string[] = [];

/** A new folder outside the checkout. A test file that takes one has `afterAll(removeScratch)`. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'rapport-stacks-'));
  scratches.push(dir);
  return dir;
}

export function removeScratch(): void {
  for (const dir of scratches.splice(0)) rmSync(dir, { recursive: true, force: true });
}

/** A bundle for every function, so that templates can be looked at without bundling. */
export function oneBundle(): string {
  const dir = scratch();
  writeFileSync(join(dir, 'index.cjs'), 'exports.handler = async () => {};');
  return dir;
}

/** A CDK app that leaves nothing in the checkout, with `context` over the defaults of cdk.json. */
export function appWith(context: Readonly<Record<string, unknown>> = {}): App {
  return new App({
    context: { ...defaultContext, ...context },
    outdir: scratch(),
    analyticsReporting: false,
    treeMetadata: false,
  });
}

/** Templates by jurisdiction code, as `bin/app.ts` makes them. */
export function synthesize(context: Readonly<Record<string, unknown>> = {}): ReadonlyMap<string, Template> {
  const app = appWith(context);
  const bundle = oneBundle();
  const stacks = addStacks(app, settingsFrom(app.node), () => bundle);
  const assembly = app.synth();
  return new Map(
    stacks.map((stack) => [
      stack.stackName.replace('Rapport-', ''),
      assembly.getStackArtifact(stack.artifactId).template as Template,
    ]),
  );
}

/** Resources of a type, with their logical ids. */
export const ofType = (template: Template, type: string): readonly (readonly [string, Resource])[] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

/** The template of a code; fails the test when there is none. */
export function templateOf(templates: ReadonlyMap<string, Template>, code: string): Template {
  const template = templates.get(code);
  if (template === undefined) throw new Error(`no template for ${code}`);
  return template;
}

/** Writes intrinsic functions as text: `Ref` as `<Id>`, `GetAtt` as `<Id.Attribute>`, `Join` joined. */
export function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Ref' in value) return `<${String(value.Ref)}>`;
  if ('Fn::GetAtt' in value) return `<${(value['Fn::GetAtt'] as readonly string[]).join('.')}>`;
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'] as readonly [string, readonly unknown[]];
    return parts.map(text).join(separator);
  }
  return JSON.stringify(value);
}

/** One action on one resource that a policy statement allows or denies. */
export interface Permission {
  readonly effect: 'Allow' | 'Deny';
  readonly action: string;
  readonly resource: string;
  readonly condition: string;
}

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** Every permission of a policy document, statements taken apart. */
export function permissionsOf(document: unknown): readonly Permission[] {
  const { Statement } = document as { readonly Statement: readonly Readonly<Record<string, unknown>>[] };
  return Statement.flatMap((statement) =>
    listed(statement.Action).flatMap((action) =>
      listed(statement.Resource).map((resource) => ({
        effect: statement.Effect as 'Allow' | 'Deny',
        action: String(action),
        resource: text(resource),
        condition: conditionText(statement.Condition),
      })),
    ),
  );
}

const conditionText = (condition: unknown): string =>
  condition === undefined
    ? ''
    : Object.entries(condition as Record<string, Record<string, unknown>>)
        .flatMap(([operator, keys]) =>
          Object.entries(keys).map(
            ([key, value]) => `${operator} ${key} ${listed(value).map(text).join(',')}`,
          ),
        )
        .join('; ');

import { afterAll, expect, it } from 'vitest';
import type { JurisdictionDefinition } from '../../functions/registry/jurisdiction-definition.ts';
import { eu } from '../../functions/registry/jurisdictions/eu.ts';
import { JurisdictionStack } from '../../lib/jurisdiction-stack.ts';
import { appWith, oneBundle, removeScratch, type Template } from './synthesize.ts';

afterAll(removeScratch);

const beijing: JurisdictionDefinition = {
  ...eu,
  code: 'cn',
  name: 'China, for this test',
  partition: 'aws-cn',
  region: 'cn-north-1',
};

const app = appWith();
const bundle = oneBundle();
const stack = new JurisdictionStack(app, 'Rapport-cn', {
  jurisdiction: beijing,
  account: undefined,
  streams: { mode: 'on-demand' },
  bundle: () => bundle,
});
const template = app.synth().getStackArtifact(stack.artifactId).template as Template;

/** Every text of the template as it reads once deployed there. */
function deployed(value: unknown): readonly string[] {
  const known: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws-cn',
    'AWS::URLSuffix': 'amazonaws.com.cn',
    'AWS::Region': 'cn-north-1',
    'AWS::AccountId': '111122223333',
  };
  const flat = (part: unknown): string => {
    if (typeof part !== 'object' || part === null) return String(part);
    if ('Ref' in part) return known[String(part.Ref)] ?? `<${String(part.Ref)}>`;
    if ('Fn::Join' in part) {
      const [separator, parts] = part['Fn::Join'] as readonly [string, readonly unknown[]];
      return parts.map(flat).join(separator);
    }
    return JSON.stringify(part);
  };
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? [value] : [];
  if ('Fn::Join' in value) return [flat(value)];
  return Object.values(value).flatMap(deployed);
}

const texts = deployed(template.Resources);

it('writes ARNs of the partition it is deployed to', () => {
  const arns = texts.filter((text) => text.startsWith('arn:'));
  expect(arns.length).toBeGreaterThan(10);
  for (const arn of arns) expect(arn).toMatch(/^arn:aws-cn:/);
});

it('asks KMS and CloudWatch Logs by the names they have there', () => {
  const names = texts.filter((text) => /^(logs|kinesis|s3|dynamodb)\.cn-north-1\./.test(text));
  expect(new Set(names.map((name) => name.split('.')[0]))).toEqual(
    new Set(['logs', 'kinesis', 's3', 'dynamodb']),
  );
  for (const name of names) expect(name).toMatch(/^\w+\.cn-north-1\.amazonaws\.com\.cn$/);
});

import { afterAll, describe, expect, it } from 'vitest';
import type { DeployableJurisdiction } from '../../functions/registry/jurisdiction-definition.ts';
import { enabledOrThrow } from '../../functions/registry/jurisdictions/index.ts';
import { JurisdictionStack } from '../../lib/jurisdiction-stack.ts';
import { appWith, oneBundle, permissionsOf, removeScratch, type Template } from './synthesize.ts';

afterAll(removeScratch);

/** A partition as it is deployed to: what its pseudo parameters stand for. */
interface Partition {
  readonly partition: DeployableJurisdiction['partition'];
  readonly suffix: string;
  readonly jurisdiction: DeployableJurisdiction;
}

const [eu, cn] = enabledOrThrow(['eu', 'cn']) as [DeployableJurisdiction, DeployableJurisdiction];
const partitions: readonly Partition[] = [
  { partition: 'aws', suffix: 'amazonaws.com', jurisdiction: eu },
  { partition: 'aws-cn', suffix: 'amazonaws.com.cn', jurisdiction: cn },
  {
    partition: 'aws-eusc',
    suffix: 'amazonaws.eu',
    // As a deployer would who moves the Union's stack to the European Sovereign Cloud.
    jurisdiction: { ...eu, partition: 'aws-eusc', region: 'eusc-de-east-1' },
  },
];

const app = appWith();
const bundle = oneBundle();
const stacks = partitions.map(
  ({ partition, jurisdiction }) =>
    new JurisdictionStack(app, `Rapport-in-${partition}`, {
      jurisdiction,
      account: '111122223333',
      streams: { mode: 'on-demand' },
      bundle: () => bundle,
    }),
);
const assembly = app.synth();

/** Every text of a value as it reads once deployed there. */
function deployed(value: unknown, known: Readonly<Record<string, string>>): readonly string[] {
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
  if ('Fn::Join' in value || 'Ref' in value) return [flat(value)];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...deployed(inner, known)]);
}

describe.each(partitions.map((each, at) => ({ ...each, stack: stacks[at] })))(
  'a stack in $partition',
  ({ partition, suffix, jurisdiction: { region }, stack }) => {
    const template = assembly.getStackArtifact(stack?.artifactId ?? '').template as Template;
    const known = {
      'AWS::Partition': partition,
      'AWS::URLSuffix': suffix,
      'AWS::Region': region,
      'AWS::AccountId': '111122223333',
    };
    const texts = deployed({ ...template.Resources, ...template.Outputs }, known);

    it('is for that partition by its definition', () => {
      expect(stack?.region).toBe(region);
      const prefix = { aws: 'eu-', 'aws-cn': 'cn-', 'aws-eusc': 'eusc-' }[partition];
      expect(region.startsWith(prefix)).toBe(true);
    });

    it('writes only ARNs of the partition it is deployed to, wherever they stand', () => {
      const arns = texts.flatMap((text) => text.match(/\barn:[\w-]*:[a-z0-9-]+:/g) ?? []);
      expect(arns.length).toBeGreaterThan(10);
      expect(arns.filter((arn) => !arn.startsWith(`arn:${partition}:`))).toEqual([]);
    });

    it('fixes no partition and no suffix in the template itself: one template serves each', () => {
      const raw = JSON.stringify(template);
      expect(raw).not.toMatch(/arn:aws/);
      // Service principals have this name in every partition; hosts do not.
      const hosts = raw.match(/[\w.-]*\.amazonaws\.[a-z.]+/g) ?? [];
      expect(
        new Set(hosts.filter((host) => !/^(logging\.|delivery\.)?[a-z0-9]+\.amazonaws\.com$/.test(host))),
      ).toEqual(new Set());
    });

    it('grants on nothing that another partition could have', () => {
      const resources = Object.values(template.Resources).flatMap(({ Properties }) =>
        [Properties.PolicyDocument, Properties.KeyPolicy].flatMap((document) =>
          document === undefined ? [] : permissionsOf(document).map(({ resource }) => resource),
        ),
      );
      expect(resources.length).toBeGreaterThan(50);
      for (const resource of resources)
        expect(resource).toMatch(/^(\*|<[\w.]+>[^:]*|arn:<AWS::Partition>:.+)$/);
    });

    it('asks KMS and CloudWatch Logs by the names they have there', () => {
      const names = texts.filter((text) => new RegExp(`^\\w+\\.${region}\\.`).test(text));
      expect(new Set(names.map((name) => name.split('.')[0]))).toEqual(
        new Set(['logs', 'kinesis', 's3', 'dynamodb']),
      );
      for (const name of names) expect(name).toMatch(new RegExp(`^\\w+\\.${region}\\.${suffix}$`));
    });
  },
);

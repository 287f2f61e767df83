import { afterAll, describe, expect, it } from 'vitest';
import { flow } from '../../functions/flow.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import {
  ofType,
  permissionsOf,
  removeScratch,
  synthesize,
  type Template,
  templateOf,
  text,
} from './synthesize.ts';

afterAll(removeScratch);

// All stacks are alike but for names and retention; these four differ most in those.
const codes = ['eu', 'us-ca', 'in', 'cn'];
const templates = synthesize({ jurisdictions: codes });

const bucketOf = (template: Template, name: string): Readonly<Record<string, unknown>> =>
  ofType(template, 'AWS::S3::Bucket').find(([id]) => id.startsWith(`Buckets${name}`))?.[1].Properties ?? {};

describe.each(codes)('the evidence log of %s', (code) => {
  const template = templateOf(templates, code);
  const retention = Object.values(jurisdictions[code]?.retention ?? {}).map(({ value }) => value.maxDays);

  it('locks its checkpoints so that nobody opens them, for as long as a row they cover may live and no longer', () => {
    expect(retention.length).toBeGreaterThan(5);
    expect(bucketOf(template, 'Checkpoints')).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: Math.max(...retention) } },
      },
    });
  });

  it('expires no checkpoint and no entry of the log, and locks no object with rows of a customer', () => {
    const rulesOf = (name: string) =>
      (
        bucketOf(template, name).LifecycleConfiguration as {
          readonly Rules: readonly { readonly Prefix?: string; readonly ExpirationInDays?: number }[];
        }
      ).Rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined);
    expect(rulesOf('Checkpoints')).toEqual([]);
    for (const { Prefix } of rulesOf('Evidence'))
      expect(Prefix).toMatch(/^v1\/(\w+\/event_class=|unreadable\/)/);
    expect(bucketOf(template, 'Evidence')).not.toHaveProperty('ObjectLockConfiguration');
    expect(bucketOf(template, 'Evidence')).not.toHaveProperty('ObjectLockEnabled');
  });

  it('lets nobody hide a checkpoint behind a delete marker', () => {
    const [policy] = ofType(template, 'AWS::S3::BucketPolicy').filter(([, { Properties }]) =>
      text(Properties.Bucket).startsWith('<BucketsCheckpoints'),
    );
    const denied = permissionsOf(policy?.[1].Properties.PolicyDocument).filter(
      ({ effect, condition }) => effect === 'Deny' && condition === '',
    );
    expect(denied.map(({ action, resource }) => `${action} ${resource.replace(/.*\//, '/')}`).sort()).toEqual(
      ['s3:DeleteObject /*', 's3:DeleteObjectVersion /*'],
    );
  });

  it('lets the checkpoint function and the erasure alone sign, with one algorithm', () => {
    const key = ofType(template, 'AWS::KMS::Key').find(
      ([, { Properties }]) => Properties.KeySpec === 'ECC_NIST_P256',
    )?.[1].Properties;
    const signing = permissionsOf(key?.KeyPolicy).filter(({ action }) => action === 'kms:Sign');
    expect(signing).toHaveLength(1);
    expect(signing[0]?.condition).toMatch(
      /^ArnEquals aws:PrincipalArn <CheckpointRole\w+\.Arn>,<PrivacyEraseRole\w+\.Arn>; StringEquals kms:SigningAlgorithm ECDSA_SHA_256$/,
    );
    expect(permissionsOf(key?.KeyPolicy).map(({ action }) => action)).not.toContain('kms:CreateGrant');
  });
});

describe('the map', () => {
  it('lets one function at a time write the log, and none change or remove an entry or a checkpoint', () => {
    expect(flow.checkpoint.reservedConcurrency).toBe(1);
    for (const [id, { access }] of Object.entries(flow))
      for (const line of access as readonly { on: string; actions: readonly string[]; prefix?: string }[]) {
        if (!line.actions.includes('s3:DeleteObject')) continue;
        expect([id, line.on]).not.toContain('checkpoints');
        expect(line.prefix).toMatch(/^(log\/pending\/|v1\/)/);
      }
    const writers = Object.entries(flow).filter(([, { access }]) =>
      access.some(
        ({ on, actions }) => on === 'checkpoints' && (actions as readonly string[]).includes('s3:PutObject'),
      ),
    );
    expect(writers.map(([id]) => id)).toEqual(['checkpoint']);
  });
});

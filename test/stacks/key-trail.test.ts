import { afterAll, describe, expect, it } from 'vitest';
import { KEY_PURPOSES } from '../../functions/contracts/key-purposes.ts';
import type { FlowFunction } from '../../functions/flow/triggers.ts';
import { type FunctionId, flow } from '../../functions/flow.ts';
import { ofType, permissionsOf, removeScratch, synthesize, templateOf, text } from './synthesize.ts';

afterAll(removeScratch);

const functions = Object.entries(flow) as readonly (readonly [FunctionId, FlowFunction])[];
const insiders = functions.filter(([, { access }]) => access.some(({ on }) => on === 'subjectKeys'));

describe('uses of secrets of subjects', () => {
  it('have a purpose for each function that the map gives access to them, and for no other', () => {
    expect(functions.flatMap(([id, { keyPurposes }]) => (keyPurposes === undefined ? [] : [id]))).toEqual(
      insiders.map(([id]) => id),
    );
    const named = functions.flatMap(([, { keyPurposes = [] }]) => keyPurposes);
    expect(new Set(named)).toEqual(new Set(Object.keys(KEY_PURPOSES)));
    for (const [, { keyPurposes }] of insiders) expect(keyPurposes?.length).toBeGreaterThan(0);
  });
});

describe.each(['eu', 'cn'])('in %s, calls to the table of secrets', (code) => {
  const template = templateOf(synthesize({ jurisdictions: 'eu,cn' }), code);
  const [[, trail] = expect.fail('no trail'), ...others] = ofType(template, 'AWS::CloudTrail::Trail');
  const fields = (
    trail.Properties.AdvancedEventSelectors as readonly {
      readonly FieldSelectors: readonly {
        readonly Field: string;
        readonly Equals?: readonly unknown[];
        readonly NotStartsWith?: readonly unknown[];
      }[];
    }[]
  )[0]?.FieldSelectors;
  const fieldOf = (field: string) => fields?.find(({ Field }) => Field === field);
  const sessions = (fieldOf('userIdentity.arn')?.NotStartsWith ?? []).map(text);

  it('are on a trail when they come from no function with access to it', () => {
    expect(others).toEqual([]);
    expect(trail.Properties).toMatchObject({
      IsLogging: true,
      EnableLogFileValidation: true,
      IsMultiRegionTrail: false,
      IncludeGlobalServiceEvents: false,
    });
    expect(fieldOf('resources.ARN')?.Equals?.map(text)).toEqual([
      expect.stringMatching(/^<TablesSubjectKeys\w+\.Arn>$/),
    ]);
    const wanted = insiders.map(
      ([id]) =>
        new RegExp(
          `^arn:<AWS::Partition>:sts::<AWS::AccountId>:assumed-role/<${id.charAt(0).toUpperCase()}${id.slice(1)}Role\\w{8}>/$`,
        ),
    );
    expect(sessions).toHaveLength(wanted.length);
    for (const pattern of wanted) expect(sessions.some((session) => pattern.test(session))).toBe(true);
  });

  it('are handed, when they succeeded, to the function that looks into them', () => {
    const rules = ofType(template, 'AWS::Events::Rule').filter(
      ([, { Properties }]) => Properties.EventPattern !== undefined,
    );
    expect(rules).toHaveLength(1);
    const { EventPattern, Targets, EventBusName } = rules[0]?.[1].Properties ?? {};
    expect(EventBusName).toBeUndefined();
    expect(EventPattern).toMatchObject({
      source: ['aws.dynamodb'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: { errorCode: [{ exists: false }] },
    });
    expect((Targets as readonly { readonly Arn: unknown }[]).map(({ Arn }) => text(Arn))).toEqual([
      expect.stringMatching(/^<KeyWatchFunction\w+\.Arn>$/),
    ]);
    // EventBridge takes patterns of at most 2,048 characters; IAM names of roles have at most 64.
    const longest = sessions.map((session) => session.replace(/<\w+Role\w+>/, 'R'.repeat(64)));
    expect(JSON.stringify(EventPattern).length).toBeGreaterThan(0);
    expect(
      longest
        .join('","')
        .replaceAll('<AWS::Partition>', 'aws-eusc')
        .replaceAll('<AWS::AccountId>', '1'.repeat(12)).length + 400,
    ).toBeLessThan(2_048);
  });

  it('reach a bucket that lets no other trail in', () => {
    const bucket = text(trail.Properties.S3BucketName);
    expect(bucket).toMatch(/^<BucketsAccessLogs/);
    const [, policy] =
      ofType(template, 'AWS::S3::BucketPolicy').find(
        ([, { Properties }]) => text(Properties.Bucket) === bucket,
      ) ?? [];
    const letIn = permissionsOf(policy?.Properties.PolicyDocument).filter(
      ({ effect, action }) => effect === 'Allow' && /GetBucketAcl|PutObject/.test(action),
    );
    const own = letIn.filter(({ condition }) => condition.includes('aws:SourceArn'));
    expect(
      own.filter(({ condition }) => condition.includes(`trail/rapport-${code}-subject-keys`)),
    ).toHaveLength(2);
  });
});

import { afterAll, describe, expect, it } from 'vitest';
import { isDeployable, jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { pathsOut, type SealedStack } from './sealed.ts';
import { ofType, removeScratch, synthesize, templateOf } from './synthesize.ts';

afterAll(removeScratch);

const codes = Object.values(jurisdictions)
  .filter(isDeployable)
  .map(({ code }) => code);
const accounts = Object.fromEntries(codes.map((code, at) => [code, String(111_111_111_111 + at)]));
const templates = synthesize({ jurisdictions: codes, accounts });
const stacks: readonly SealedStack[] = codes.map((code) => ({
  code,
  stackName: `Rapport-${code}`,
  region: jurisdictions[code]?.region ?? '',
  account: accounts[code],
  template: templateOf(templates, code),
}));

type Loose = Record<string, Record<string, Record<string, Record<string, unknown>>>>;

/** The EU stack after a change that someone might make. */
function euAfter(change: (template: Loose) => void): SealedStack {
  const eu = stacks.find(({ code }) => code === 'eu');
  if (eu === undefined) throw new Error('no stack for eu');
  const template = structuredClone(eu.template);
  change(template as unknown as Loose);
  return { ...eu, template };
}
const eu = templateOf(templates, 'eu');

/** A template with its jurisdiction, region and account written out, and the days of lifecycles left out. */
function withoutNames({ code, region, account = '', template }: SealedStack): unknown {
  const name = jurisdictions[code]?.name ?? '';
  const inIds = code.replaceAll('-', '');
  const general = JSON.stringify(template)
    .replaceAll(`Rapport for ${name}:`, 'Rapport for NAME:')
    .replaceAll(new RegExp(`(rapport[ /-])${code}(?![a-z0-9])`, 'gi'), '$1CODE')
    // Ids that CDK makes of a rule's path, the stack's name included, and of its hash.
    .replaceAll(
      new RegExp(`(AllowEventRuleRapport)${inIds}(\\w+?)(?:[0-9A-F]{8}){1,2}(?=")`, 'g'),
      '$1CODE$2',
    )
    .replaceAll(`"${code}"`, '"CODE"')
    .replaceAll(region, 'REGION')
    .replaceAll(account, 'ACCOUNT')
    .replaceAll(`rapport_${code.replaceAll('-', '_')}`, 'rapport_CODE')
    .replaceAll(/"ExpirationInDays":\d+/g, '"ExpirationInDays":"DAYS"')
    // The question about what is past its time says the days, and why.
    .replaceAll(/\('(\w+)', \d+, '(?:[^']|'')*'\)/g, "('$1', DAYS)")
    .replaceAll(/INTERVAL '\d+' DAY/g, 'INTERVAL DAYS');
  return JSON.parse(general);
}
const idOf = (type: string): string => ofType(eu, type)[0]?.[0] ?? '';
const propertiesOf = (template: Loose, type: string): Record<string, unknown> =>
  (template.Resources?.[idOf(type)]?.Properties ?? {}) as Record<string, unknown>;

describe('law 5: data stays', () => {
  it.each(stacks)('no path leads out of $stackName', (stack) => {
    expect(pathsOut(stack, stacks)).toEqual([]);
  });

  it('there is a stack for every jurisdiction that has a region, fifteen of the sixteen', () => {
    expect([...templates.keys()]).toEqual(codes);
    expect(codes).toHaveLength(Object.keys(jurisdictions).length - 1);
    expect(codes).toHaveLength(15);
  });

  // So what the other tests find of the EU's stack (its grants are those of the map, say) they find of every other.
  it.each(stacks)(
    '$stackName is the stack of the EU but for its names and the days it keeps things',
    (stack) => {
      const own = stacks.find(({ code }) => code === 'eu');
      expect(withoutNames(stack)).toEqual(own === undefined ? null : withoutNames(own));
    },
  );

  it('every stack stands in a region of its own', () => {
    expect(new Set(stacks.map(({ region }) => region)).size).toBe(stacks.length);
  });
});

describe('the checker finds a seeded path', () => {
  const seeds: readonly (readonly [string, (template: Loose) => void, RegExp])[] = [
    [
      'through a global table',
      (template) => {
        const table = template.Resources?.[idOf('AWS::DynamoDB::Table')] as Record<string, unknown>;
        table.Type = 'AWS::DynamoDB::GlobalTable';
        table.Properties = { Replicas: [{ Region: 'eu-central-1' }, { Region: 'eu-west-2' }] };
      },
      /replica in eu-west-2/,
    ],
    [
      'through bucket replication',
      (template) => {
        propertiesOf(template, 'AWS::S3::Bucket').ReplicationConfiguration = { Rules: [] };
      },
      /replicates/,
    ],
    [
      'through a multi-region key',
      (template) => {
        propertiesOf(template, 'AWS::KMS::Key').MultiRegion = true;
      },
      /multi-region key/,
    ],
    [
      'through an environment variable',
      (template) => {
        const { Variables } = propertiesOf(template, 'AWS::Lambda::Function').Environment as {
          Variables: Record<string, unknown>;
        };
        Variables.PEER_ENDPOINTS = '{"uk":"https://collect.example"}';
      },
      /told of uk in PEER_ENDPOINTS/,
    ],
    [
      'through a rule that sends to another region',
      (template) => {
        propertiesOf(template, 'AWS::Events::Rule').Targets = [
          {
            Arn: {
              'Fn::Join': [
                '',
                [
                  'arn:',
                  { Ref: 'AWS::Partition' },
                  ':events:eu-west-2:',
                  { Ref: 'AWS::AccountId' },
                  ':event-bus/x',
                ],
              ],
            },
          },
        ];
      },
      /names region eu-west-2/,
    ],
    [
      'through a grant to another account',
      (template) => {
        propertiesOf(template, 'AWS::IAM::Role').AssumeRolePolicyDocument = {
          Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '111111111112' } }],
        };
      },
      /names account 111111111112/,
    ],
    [
      'through a policy for everyone',
      (template) => {
        propertiesOf(template, 'AWS::SQS::QueuePolicy').PolicyDocument = {
          Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Principal: '*' }],
        };
      },
      /allows every principal/,
    ],
    [
      'through an export',
      (template) => {
        (template.Outputs as Record<string, Record<string, unknown>>).CollectUrl = {
          Value: 'x',
          Export: { Name: 'x' },
        };
      },
      /CollectUrl is exported/,
    ],
    [
      'through an import',
      (template) => {
        propertiesOf(template, 'AWS::Kinesis::Stream').Name = { 'Fn::ImportValue': 'elsewhere' };
      },
      /imports a value/,
    ],
    [
      'through the name of another stack',
      (template) => {
        propertiesOf(template, 'AWS::Lambda::Function').Description = 'reads Rapport-jp';
      },
      /names Rapport-jp/,
    ],
    [
      'through a bus that others may write to',
      (template) => {
        (template.Resources as Record<string, unknown>).Open = {
          Type: 'AWS::Events::EventBusPolicy',
          Properties: {},
        };
      },
      /opens the bus/,
    ],
  ];

  it.each(seeds)('%s', (_, change, finding) => {
    expect(pathsOut(euAfter(change), stacks).join('\n')).toMatch(finding);
  });
});

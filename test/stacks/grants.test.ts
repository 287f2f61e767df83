import { afterAll, describe, expect, it } from 'vitest';
import { resources } from '../../functions/flow/resources.ts';
import type { Access, FlowFunction } from '../../functions/flow/triggers.ts';
import { COMMON_ENV, type FunctionId, flow } from '../../functions/flow.ts';
import { LOG_DELIVERY_ACTIONS } from '../../lib/constructs/state-machine.ts';
import {
  ofType,
  type Permission,
  permissionsOf,
  removeScratch,
  synthesize,
  type Template,
  templateOf,
  text,
} from './synthesize.ts';

afterAll(removeScratch);

const template = templateOf(synthesize({ jurisdictions: 'eu' }), 'eu');
const functionIds = Object.keys(flow) as FunctionId[];

/** Name of a logical id's construct, without the hash: `TablesProfiles742D2D94` is `TablesProfiles`. */
const constructOf = (resource: string): string => resource.replace(/<(\w+?)[0-9A-F]{8}(\.Arn)?>/g, '$1');

/** What a function's role allows: `action on resource [when condition]`, sorted. */
function granted(id: FunctionId, from: Template = template): readonly string[] {
  const name = id.charAt(0).toUpperCase() + id.slice(1);
  const policies = ofType(from, 'AWS::IAM::Policy').filter(([, { Properties }]) =>
    (Properties.Roles as readonly unknown[]).some((role) => constructOf(text(role)) === `${name}Role`),
  );
  return policies
    .flatMap(([, { Properties }]) => permissionsOf(Properties.PolicyDocument))
    .map(line)
    .sort();
}

const line = ({ action, resource, condition }: Permission): string =>
  `${action} on ${constructOf(resource)}${condition === '' ? '' : ` when ${condition}`}`;

const constructs: Readonly<Record<keyof typeof resources, string>> = {
  signals: 'StreamsSignals',
  lineage: 'StreamsLineage',
  profiles: 'TablesProfiles',
  subjects: 'TablesSubjects',
  subjectKeys: 'TablesSubjectKeys',
  rebuiltProfiles: 'TablesRebuiltProfiles',
  rebuiltSubjects: 'TablesRebuiltSubjects',
  records: 'TablesRecords',
  alerts: 'TablesAlerts',
  incidents: 'TablesIncidents',
  dueCues: 'TablesDueCues',
  candidates: 'TablesCandidates',
  identityReviews: 'TablesIdentityReviews',
  quarantine: 'BucketsQuarantine',
  evidence: 'BucketsEvidence',
  checkpoints: 'BucketsCheckpoints',
  answers: 'BucketsAnswers',
  accessLogs: 'BucketsAccessLogs',
  events: 'TransitionsBus',
  tokenKey: 'EncryptionTokenKey',
  signingKey: 'EncryptionSigningKey',
  exports: 'BucketsExports',
  privacyRequests: 'TablesPrivacyRequests',
  privacyRequest: 'privacyRequest',
  privacyDaily: 'privacyDaily',
  retention: 'retention',
  compaction: 'compaction',
};
const indexes: Readonly<Partial<Record<keyof typeof resources, readonly string[]>>> = {
  records: ['listed', 'byIdentifier'],
  alerts: ['byState', 'bySubject'],
  identityReviews: ['listed'],
  incidents: ['byState'],
  privacyRequests: ['byQueue'],
};

/** What one line of the map allows, written out independently of the code under test. */
function meant({ on, actions, indexes: andIndexes, prefix }: Access): readonly string[] {
  const name = constructs[on];
  return actions.flatMap((action) => {
    if (resources[on].kind === 'machine')
      return [
        `${action} on arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:rapport-eu-${name}`,
      ];
    if (resources[on].kind === 'bucket')
      return ['s3:ListBucket', 's3:ListBucketVersions'].includes(action)
        ? [`${action} on ${name}`]
        : [`${action} on ${name}/${prefix ?? ''}*`];
    const reached = andIndexes ? (indexes[on] ?? []) : [];
    return [`${action} on ${name}`, ...reached.map((index) => `${action} on ${name}/index/${index}`)];
  });
}

const POLL_STREAM = [
  'DescribeStream',
  'DescribeStreamSummary',
  'GetRecords',
  'GetShardIterator',
  'ListShards',
];
const POLL_QUEUE = ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'];

function meantByTrigger(id: FunctionId): readonly string[] {
  const { trigger }: FlowFunction = flow[id];
  const queueOf = (of: string) => `FailureQueues${of.charAt(0).toUpperCase()}${of.slice(1)}Failures`;
  switch (trigger.kind) {
    case 'stream':
      return [
        ...POLL_STREAM.map((action) => `kinesis:${action} on ${constructs[trigger.stream]}`),
        `sqs:SendMessage on ${queueOf(id)}`,
      ];
    case 'failures-of':
      return trigger.functions.flatMap((from) =>
        POLL_QUEUE.map((action) => `sqs:${action} on ${queueOf(from)}`),
      );
    default:
      return [];
  }
}

const isKeyUse = (permission: string): boolean => /^kms:\w+ on EncryptionDataKey/.test(permission);
const logs = (id: FunctionId): readonly string[] =>
  ['logs:CreateLogStream', 'logs:PutLogEvents'].map(
    (action) => `${action} on ${id.charAt(0).toUpperCase()}${id.slice(1)}Logs`,
  );

describe.each(functionIds)('the role of %s', (id) => {
  it('allows what the map says and nothing else', () => {
    const expected = new Set([
      ...flow[id].access.flatMap((access) => meant(access)),
      ...meantByTrigger(id),
      ...logs(id),
    ]);
    expect(granted(id).filter((permission) => !isKeyUse(permission))).toEqual([...expected].sort());
  });

  it('uses the data key only through the services that the map has it call', () => {
    const kinds = { stream: 'kinesis', table: 'dynamodb', bucket: 's3' } as const;
    const called = new Set(
      flow[id].access.flatMap(({ on }) => {
        const { kind } = resources[on];
        return kind in kinds ? [kinds[kind as keyof typeof kinds]] : [];
      }),
    );
    if (flow[id].trigger.kind === 'stream') called.add('kinesis');
    const through = granted(id)
      .filter(isKeyUse)
      .map(
        (permission) =>
          /when StringEquals kms:ViaService (\w+)\.<AWS::Region>\.<AWS::URLSuffix>$/.exec(permission)?.[1],
      );
    expect(new Set(through)).toEqual(called);
  });

  it('is told the names of exactly what it may touch', () => {
    const made = ofType(template, 'AWS::Lambda::Function').find(
      ([, { Properties }]) => Properties.Description === flow[id].purpose,
    );
    const { Variables } = (made?.[1].Properties.Environment ?? {}) as {
      readonly Variables: Record<string, unknown>;
    };
    const touched = new Map(flow[id].access.map(({ on }) => [resources[on].env as string, constructs[on]]));
    const names = Object.entries(Variables).filter(([name]) => touched.has(name));
    expect(Object.keys(Variables).sort()).toEqual([...COMMON_ENV, 'NODE_OPTIONS', ...touched.keys()].sort());
    for (const [name, value] of names)
      expect(constructOf(text(value)).replace(/^arn:.*:stateMachine:rapport-eu-/, '')).toBe(
        touched.get(name),
      );
  });
});

describe('what a key use allows', () => {
  const throughKinesis = (id: FunctionId) =>
    granted(id)
      .filter((permission) => permission.includes('ViaService kinesis'))
      .map((permission) => permission.split(' ')[0]);

  it('is to encrypt for a writer and to decrypt for a reader of a stream', () => {
    expect(throughKinesis('collect')).toEqual(['kms:GenerateDataKey']);
    expect(throughKinesis('salvage')).toEqual(['kms:Decrypt']);
    expect(throughKinesis('understand')).toEqual(['kms:Decrypt', 'kms:GenerateDataKey']);
  });
});

describe('the whole template', () => {
  const documents = Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
    ['PolicyDocument', 'KeyPolicy', 'AssumeRolePolicyDocument'].flatMap((name) =>
      Properties[name] === undefined ? [] : [{ id, type: Type, document: Properties[name] }],
    ),
  );
  const allowed = documents.flatMap(({ id, type, document }) =>
    permissionsOf(document)
      .filter(({ effect }) => effect === 'Allow')
      .map((permission) => ({ id, type, ...permission })),
  );

  it('allows no action by wildcard', () => {
    expect(allowed.length).toBeGreaterThan(100);
    expect(allowed.filter(({ action }) => action.includes('*'))).toEqual([]);
  });

  it('allows nothing on every resource, but a key its own use in its own policy', () => {
    const everywhere = allowed.filter(({ resource }) => resource === '*');
    // And what Step Functions does to deliver a log: none of these actions knows a narrower resource.
    const others = everywhere.filter(({ type }) => type !== 'AWS::KMS::Key');
    expect(new Set(others.map(({ action }) => action))).toEqual(new Set(LOG_DELIVERY_ACTIONS));
    for (const { id } of others) expect(id).toMatch(/MachineRole/);
  });

  it('ends a resource with a wildcard only for objects of a bucket', () => {
    const open = allowed.filter(
      ({ type, resource }) => type !== 'AWS::KMS::Key' && resource !== '*' && resource.includes('*'),
    );
    for (const { action, resource } of open) {
      expect(action).toMatch(/^s3:(GetObject|PutObject|DeleteObject|DeleteObjectVersion)$/);
      expect(resource).toMatch(/^<Buckets\w+\.Arn>\/[a-z0-9/]*\*$/);
    }
  });

  it('attaches no managed policy', () => {
    for (const [, { Properties }] of ofType(template, 'AWS::IAM::Role'))
      expect(Properties.ManagedPolicyArns).toBeUndefined();
  });
});

it('notices a grant that the map does not have', () => {
  const wider = structuredClone(template) as unknown as {
    Resources: Record<string, { Properties: { PolicyDocument: { Statement: { Action: unknown }[] } } }>;
  };
  const [policyId] = ofType(template, 'AWS::IAM::Policy').find(([policy]) =>
    policy.startsWith('Collect'),
  ) ?? [''];
  const statement = wider.Resources[policyId]?.Properties.PolicyDocument.Statement[1];
  if (statement !== undefined) statement.Action = [statement.Action, 'kinesis:GetRecords'].flat();
  const before = granted('collect');
  const after = granted('collect', wider as unknown as Template);
  expect(after.filter((permission) => !before.includes(permission))).toEqual([
    'kinesis:GetRecords on StreamsSignals',
  ]);
});

import { Aws } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Access, FlowFunction } from '../../functions/flow/triggers.ts';
import type { Placed, PlacedResources } from './resources.ts';

/** Actions that address the bucket itself; all others address its objects. */
const BUCKET_ACTIONS: ReadonlySet<string> = new Set(['s3:ListBucket', 's3:ListBucketVersions']);

/** Whether an access reaches objects of a bucket, under its prefix. */
export const reachesObjects = (access: Access, on: Placed): boolean =>
  on.kind === 'bucket' && access.actions.some((action) => !BUCKET_ACTIONS.has(action));

/** What a Lambda event source calls on behalf of the function it polls for. */
export const STREAM_POLL_ACTIONS = [
  'kinesis:DescribeStream',
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
] as const;
export const QUEUE_POLL_ACTIONS = [
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:ReceiveMessage',
] as const;

/**
 * The statements that let a function do what the map says, and nothing else: one per access, and one per service that
 * uses the data key for it.
 * @param accesses the function's `access`, and what its trigger polls
 */
export function statementsFor(
  accesses: readonly Access[],
  placed: PlacedResources,
  dataKeyArn: string,
): readonly PolicyStatement[] {
  const direct = accesses.flatMap((access) => directStatements(access, placed[access.on]));
  const byService = new Map<string, Set<string>>();
  for (const access of accesses) {
    const { kind } = placed[access.on];
    for (const action of access.actions)
      for (const [service, keyAction] of keyUse(kind, action)) {
        const known = byService.get(service) ?? new Set();
        byService.set(service, known.add(keyAction));
      }
  }
  const through = [...byService].map(
    ([service, actions]) =>
      new PolicyStatement({
        actions: [...actions].sort(),
        resources: [dataKeyArn],
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.${Aws.URL_SUFFIX}` } },
      }),
  );
  return [...direct, ...through];
}

/** What a function does on its own account, and what its stream trigger reads for it. */
export function accessesOf(fn: FlowFunction): readonly Access[] {
  return fn.trigger.kind === 'stream'
    ? [...fn.access, { on: fn.trigger.stream, actions: STREAM_POLL_ACTIONS }]
    : fn.access;
}

/** Actions that address an execution of a machine; all others address the machine. */
const EXECUTION_ACTIONS: ReadonlySet<string> = new Set(['states:DescribeExecution', 'states:StopExecution']);

function directStatements(access: Access, on: Placed): readonly PolicyStatement[] {
  const statement = (actions: readonly string[], resources: readonly string[]) =>
    actions.length === 0 ? [] : [new PolicyStatement({ actions: [...actions], resources: [...resources] })];
  if (on.kind === 'bucket') {
    const onBucket = access.actions.filter((action) => BUCKET_ACTIONS.has(action));
    const onObjects = access.actions.filter((action) => !BUCKET_ACTIONS.has(action));
    return [...statement(onBucket, [on.arn]), ...statement(onObjects, [`${on.arn}/${access.prefix ?? ''}*`])];
  }
  if (on.kind === 'machine') {
    const onMachine = access.actions.filter((action) => !EXECUTION_ACTIONS.has(action));
    const onExecutions = access.actions.filter((action) => EXECUTION_ACTIONS.has(action));
    const executions = `${on.arn.replace(':stateMachine:', ':execution:')}:*`;
    return [...statement(onMachine, [on.arn]), ...statement(onExecutions, [executions])];
  }
  const indexes = access.indexes === true ? on.indexes.map((index) => `${on.arn}/index/${index}`) : [];
  return statement(access.actions, [on.arn, ...indexes]);
}

const TABLE_READS = /^dynamodb:(?:BatchGet|Get|Query|Scan|PartiQLSelect)/;

/** Which use of the data key, through which service, an action comes with. */
function keyUse(
  kind: Placed['kind'],
  action: string,
): readonly (readonly [service: string, keyAction: string])[] {
  const through = (service: string, ...actions: readonly string[]) =>
    actions.map((keyAction) => [service, keyAction] as const);
  switch (kind) {
    case 'stream':
      if (action === 'kinesis:PutRecords') return through('kinesis', 'kms:GenerateDataKey');
      return action === 'kinesis:GetRecords' ? through('kinesis', 'kms:Decrypt') : [];
    case 'bucket':
      if (action === 's3:PutObject') return through('s3', 'kms:GenerateDataKey');
      return action === 's3:GetObject' ? through('s3', 'kms:Decrypt') : [];
    case 'table':
      // DynamoDB asks for these in the name of whoever calls it ("Authorizing use of your KMS key" in its guide).
      return TABLE_READS.test(action)
        ? through('dynamodb', 'kms:Decrypt', 'kms:DescribeKey')
        : through(
            'dynamodb',
            'kms:Decrypt',
            'kms:DescribeKey',
            'kms:Encrypt',
            'kms:GenerateDataKey',
            'kms:ReEncryptFrom',
            'kms:ReEncryptTo',
          );
    case 'bus':
    case 'mac-key':
    case 'signing-key':
      return [];
    case 'machine':
      // Whoever reads an execution decrypts it; starting and stopping one needs no key.
      return action === 'states:DescribeExecution' ? through('states', 'kms:Decrypt') : [];
  }
}

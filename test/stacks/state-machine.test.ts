import { App, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, describe, expect, it } from 'vitest';
import type { FlowMachine } from '../../functions/contracts/machines.ts';
import { Encryption } from '../../lib/constructs/encryption.ts';
import { FlowStateMachine, MachineTicker } from '../../lib/constructs/state-machine.ts';
import { statesLanguage } from '../../lib/constructs/states-language.ts';
import { notRunnable } from '../../lib/local/engines/step-functions/states.ts';
import { ofType, permissionsOf, removeScratch, scratch, type Template, text } from './synthesize.ts';

afterAll(removeScratch);

const FUNCTION = 'arn:aws:lambda:eu-central-1:111122223333:function:step';

const machine: FlowMachine = {
  purpose: 'tries every kind of state',
  startAt: 'Look',
  timeoutSeconds: 86_400,
  everyMinutes: 1_440,
  states: {
    Look: {
      kind: 'task',
      function: 'look',
      with: { step: 'look' },
      timeoutSeconds: 60,
      retry: { attempts: 3, intervalSeconds: 2 },
      catch: 'Failed',
      next: 'Which',
    },
    Which: {
      kind: 'choice',
      cases: [
        { path: '$.action', equals: 'wait', next: 'Sleep' },
        { path: '$.done', equals: true, next: 'Done' },
      ],
      otherwise: 'Each',
    },
    Sleep: { kind: 'wait', until: { timestampPath: '$.wakeAt' }, next: 'Pause' },
    Pause: { kind: 'wait', until: { seconds: 5 }, next: 'Look' },
    Each: {
      kind: 'each',
      listPath: '$.days',
      concurrency: 2,
      task: { function: 'sweep', timeoutSeconds: 60, retry: { attempts: 0, intervalSeconds: 1 } },
      next: 'Tell',
    },
    Tell: {
      kind: 'task',
      function: 'look',
      result: 'discarded',
      timeoutSeconds: 60,
      retry: { attempts: 1, intervalSeconds: 1 },
    },
    Failed: { kind: 'fail', error: 'StepFailed' },
    Done: { kind: 'succeed' },
  },
};

function templateWithMachine(): Template {
  const app = new App({ outdir: scratch(), analyticsReporting: false });
  const stack = new Stack(app, 'Rapport-eu', { env: { region: 'eu-central-1' } });
  const encryption = new Encryption(stack, 'Encryption', { code: 'eu', logGroupPrefix: '/rapport/eu/' });
  const target = new FlowStateMachine(stack, 'TrialMachine', {
    machineId: 'trial',
    machine,
    code: 'eu',
    encryption,
    logGroupPrefix: '/rapport/eu/',
    functionArn: (id) => FUNCTION.replace('step', id),
  });
  const missedTicks = new Queue(stack, 'MissedTicks');
  new MachineTicker(target, 'Ticker', { target, everyMinutes: machine.everyMinutes ?? 0, missedTicks });
  return app.synth().getStackArtifact(stack.artifactId).template as Template;
}

describe('a state machine of the map', () => {
  const template = templateWithMachine();
  const [, made] = ofType(template, 'AWS::StepFunctions::StateMachine')[0] ?? [];
  const allowed = (part: string) =>
    ofType(template, 'AWS::IAM::Policy')
      .filter(([id]) => id.includes(part))
      .flatMap(([, { Properties }]) => permissionsOf(Properties.PolicyDocument));

  it('is written in the part of the language that the local region runs as AWS does', () => {
    expect(notRunnable(statesLanguage(machine, () => FUNCTION) as never)).toBeUndefined();
  });

  it('states its retries and time limits, and hands the document over', () => {
    const { States } = statesLanguage(machine, () => FUNCTION) as {
      readonly States: Readonly<Record<string, object>>;
    };
    expect(States.Look).toEqual({
      Type: 'Task',
      Resource: FUNCTION,
      Parameters: { step: 'look', 'input.$': '$' },
      TimeoutSeconds: 60,
      Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 3, IntervalSeconds: 2, BackoffRate: 2 }],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Failed' }],
      Next: 'Which',
    });
    expect(States.Tell).toMatchObject({ ResultPath: null, End: true });
  });

  it('is encrypted under the data key, and its log has no document of an execution', () => {
    expect(made?.Properties).toMatchObject({
      StateMachineName: 'rapport-eu-trial',
      StateMachineType: 'STANDARD',
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
      EncryptionConfiguration: { Type: 'CUSTOMER_MANAGED_KMS_KEY', KmsDataKeyReusePeriodSeconds: 300 },
    });
    const { KmsKeyId } = (made?.Properties.EncryptionConfiguration ?? {}) as { readonly KmsKeyId?: unknown };
    expect(text(KmsKeyId)).toMatch(/^<EncryptionDataKey/);
  });

  it('may invoke its tasks, use the data key for itself and deliver its log, and nothing else', () => {
    const lines = allowed('TrialMachineRole').map(
      ({ action, resource, condition }) =>
        `${action} on ${resource.replace(/[0-9A-F]{8}\.Arn/, '.Arn')}${condition === '' ? '' : ` when ${condition.split(' ')[1]}`}`,
    );
    expect(lines.filter((line) => !line.startsWith('logs:')).sort()).toEqual([
      'kms:Decrypt on <EncryptionDataKey.Arn> when kms:EncryptionContext:aws:states:stateMachineArn',
      'kms:GenerateDataKey on <EncryptionDataKey.Arn> when kms:EncryptionContext:SourceArn',
      'kms:GenerateDataKey on <EncryptionDataKey.Arn> when kms:EncryptionContext:aws:states:stateMachineArn',
      'lambda:InvokeFunction on arn:aws:lambda:eu-central-1:111122223333:function:look',
      'lambda:InvokeFunction on arn:aws:lambda:eu-central-1:111122223333:function:sweep',
    ]);
    expect(lines.filter((line) => line.startsWith('logs:'))).toHaveLength(8);
    for (const line of lines.filter((one) => one.startsWith('logs:')))
      expect(line).toMatch(/LogDeliver|DescribeLogGroups|ResourcePolic/);
  });

  it('lends its role to no other machine', () => {
    const [, role] =
      ofType(template, 'AWS::IAM::Role').find(([id]) => id.startsWith('TrialMachineRole')) ?? [];
    const [assume] = permissionsOf(role?.Properties.AssumeRolePolicyDocument);
    expect(assume?.condition).toMatch(/aws:SourceArn .*stateMachine:rapport-eu-trial/);
  });

  it('is started every day by a rule whose role can start it alone', () => {
    const [, rule] = ofType(template, 'AWS::Events::Rule')[0] ?? [];
    expect(rule?.Properties).toMatchObject({
      ScheduleExpression: 'rate(1 day)',
      State: 'ENABLED',
      Targets: [{ Input: '{}', RetryPolicy: { MaximumRetryAttempts: 2 } }],
    });
    expect(allowed('TickerRole').map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      expect.stringMatching(/^states:StartExecution arn:.*:stateMachine:rapport-eu-trial$/),
    ]);
  });
});

import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IRuleTarget, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { addToDeadLetterQueueResourcePolicy } from 'aws-cdk-lib/aws-events-targets';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { FlowMachine } from '../../functions/contracts/machines.ts';
import { acknowledge } from './acknowledge.ts';
import type { Encryption } from './encryption.ts';
import { statesLanguage } from './states-language.ts';

/** Seconds for which Step Functions may use one data key again. */
const DATA_KEY_SECONDS = 300;

/** What Step Functions calls to send its log, none of which can be confined to a resource
 * (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html). */
export const LOG_DELIVERY_ACTIONS = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
] as const;

/** The name is fixed, so that a function can be told the ARN of a machine whose tasks it is. */
export const machineName = (code: string, machineId: string): string => `rapport-${code}-${machineId}`;

export const machineArn = (code: string, machineId: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${machineName(code, machineId)}`;

export interface FlowStateMachineProps {
  readonly machineId: string;
  readonly machine: FlowMachine;
  /** The jurisdiction's. */
  readonly code: string;
  readonly encryption: Encryption;
  readonly logGroupPrefix: string;
  /** ARN of the deployed function of an id. */
  functionArn(functionId: string): string;
}

/** One machine of the map: its definition, its role, which may invoke its tasks and nothing else, and its log, which
 * has no document of any execution. */
export class FlowStateMachine extends Construct {
  readonly machineId: string;
  readonly name: string;
  readonly arn: string;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: FlowStateMachineProps) {
    super(scope, id);
    const { machineId, machine, code, encryption } = props;
    this.machineId = machineId;
    this.name = machineName(code, machineId);
    this.arn = machineArn(code, machineId);
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `${props.logGroupPrefix}machine-${machineId}`,
      retention: RetentionDays.THREE_MONTHS,
      encryptionKey: encryption.dataKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const functionArn = (functionId: string): string => props.functionArn(functionId);
    this.role = this.roleFor(machine, tasksOf(machine).map(functionArn), encryption);
    const made = new CfnStateMachine(this, 'Machine', {
      stateMachineName: this.name,
      stateMachineType: 'STANDARD',
      roleArn: this.role.roleArn,
      definitionString: Stack.of(this).toJsonString(statesLanguage(machine, functionArn)),
      loggingConfiguration: {
        level: 'ALL',
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
      },
      tracingConfiguration: { enabled: false },
      encryptionConfiguration: {
        type: 'CUSTOMER_MANAGED_KMS_KEY',
        kmsKeyId: encryption.dataKey.keyArn,
        kmsDataKeyReusePeriodSeconds: DATA_KEY_SECONDS,
      },
    });
    made.node.addDependency(this.role);
    acknowledge(
      this,
      'AwsSolutions-SF2',
      'X-Ray would keep traces of executions outside the key and the retention of this stack; every step leaves evidence and a log line instead.',
    );
    acknowledge(
      this.role,
      'AwsSolutions-IAM5[Resource::*]',
      'Log delivery is granted on every resource because none of its actions knows a narrower one; the role may write no log of its own.',
    );
  }

  private roleFor(machine: FlowMachine, tasks: readonly string[], encryption: Encryption): Role {
    const role = new Role(this, 'Role', {
      description: `Rapport machine that ${machine.purpose}`,
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        // Only this machine, and no other of the account, acts with the role.
        conditions: {
          ArnEquals: { 'aws:SourceArn': this.arn },
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
        },
      }),
    });
    const keyArn = encryption.dataKey.keyArn;
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [...tasks] }));
    role.addToPolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [keyArn],
        conditions: { StringEquals: { 'kms:EncryptionContext:aws:states:stateMachineArn': this.arn } },
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['kms:GenerateDataKey'],
        resources: [keyArn],
        conditions: {
          StringEquals: {
            'kms:EncryptionContext:SourceArn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:*`,
          },
        },
      }),
    );
    role.addToPolicy(new PolicyStatement({ actions: [...LOG_DELIVERY_ACTIONS], resources: ['*'] }));
    return role;
  }
}

/** Ids of the functions that a machine invokes, each once. */
export function tasksOf(machine: FlowMachine): readonly string[] {
  const named = Object.values(machine.states).flatMap((state) => {
    if (state.kind === 'task') return [state.function];
    return state.kind === 'each' ? [state.task.function] : [];
  });
  return [...new Set(named)].sort();
}

/** Starts a machine every so many minutes. */
export class MachineTicker extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly target: FlowStateMachine;
      readonly everyMinutes: number;
      readonly missedTicks: IQueue;
    },
  ) {
    super(scope, id);
    const { target, everyMinutes, missedTicks } = props;
    const role = new Role(this, 'Role', {
      description: `Rapport: starts ${target.machineId}`,
      assumedBy: new ServicePrincipal('events.amazonaws.com'),
    });
    role.addToPolicy(new PolicyStatement({ actions: ['states:StartExecution'], resources: [target.arn] }));
    new Rule(this, 'Rule', {
      description: `Rapport: ${target.machineId} every ${everyMinutes} min`,
      enabled: true,
      schedule: Schedule.rate(Duration.minutes(everyMinutes)),
      targets: [machineTarget(target.arn, role, missedTicks)],
    }).node.addDependency(target);
  }
}

const machineTarget = (arn: string, role: IRole, missedTicks: IQueue): IRuleTarget => ({
  bind: (rule) => {
    // Without it EventBridge may not send there, and says nothing.
    addToDeadLetterQueueResourcePolicy(rule, missedTicks);
    return {
      arn,
      role,
      input: RuleTargetInput.fromObject({}),
      retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 3_600 },
      deadLetterConfig: { arn: missedTicks.queueArn },
    };
  },
});

import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { DeployedFunction } from './deployed-function.ts';
import type { FailureQueues, StreamFunctionId } from './failure-queues.ts';
import type { FlowHttpApi } from './http-api.ts';
import type { FlowStateMachine } from './state-machine.ts';

/** Limit of CloudWatch for an alarm on an expression. */
const METRICS_PER_ALARM_MAX = 10;
const PERIOD = Duration.minutes(5);

/**
 * What a person should look at. The alarms have no action of their own: CloudWatch announces their state on the
 * account's default event bus, where each team has its own pager.
 */
export class Alarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly functions: readonly DeployedFunction[];
      readonly streamFunctions: readonly {
        readonly id: StreamFunctionId;
        readonly target: DeployedFunction;
        readonly lateMinutes: number;
      }[];
      readonly queues: FailureQueues;
      readonly apis: readonly { readonly name: string; readonly api: FlowHttpApi }[];
      readonly machines: readonly FlowStateMachine[];
    },
  ) {
    super(scope, id);
    for (const { id: functionId, target, lateMinutes } of props.streamFunctions)
      this.above(
        `Late-${functionId}`,
        `${functionId} is more than ${lateMinutes} min behind its stream`,
        target.lambda.metric('IteratorAge', { statistic: Stats.MAXIMUM, period: PERIOD }),
        lateMinutes * 60_000,
      );
    this.above(
      'Failures',
      'A function gave up on stream records or schedule ticks',
      sumOf(
        props.queues.sentTo().map((queue) =>
          // Sent, not waiting: salvage takes them out again at once.
          queue.metricNumberOfMessagesSent({ statistic: Stats.SUM, period: PERIOD }),
        ),
      ),
      0,
    );
    this.above(
      'Unsalvaged',
      'Stream records that a function gave up on could not be saved either: the stream forgets them within hours',
      // Waiting, not sent: what SQS itself moves from queue to queue it does not count as sent ("Creating alarms for
      // dead-letter queues", SQS developer guide).
      props.queues.unsalvaged.metricApproximateNumberOfMessagesVisible({
        statistic: Stats.MAXIMUM,
        period: PERIOD,
      }),
      0,
    );
    this.counted('Errors', 'A function failed', props.functions);
    this.counted(
      'Throttles',
      'A function was called more often than its concurrency allows',
      props.functions,
    );
    this.above(
      'Tampering',
      'The archive is not what its log says: the lines of the audit function name each object and row',
      new Metric({
        namespace: 'Rapport',
        metricName: 'findings',
        dimensionsMap: { function: 'audit' },
        statistic: Stats.SUM,
        period: PERIOD,
      }),
      0,
    );
    if (props.machines.length > 0)
      this.above(
        'Machines',
        'A state machine failed or took too long',
        sumOf(props.machines.flatMap(({ arn }) => MACHINE_METRICS.map((name) => machineMetric(arn, name)))),
        0,
      );
    for (const { name, api } of props.apis)
      this.above(
        `Unavailable-${name}`,
        `The ${name} API answered 5xx`,
        api.api.metricServerError({ statistic: Stats.SUM, period: PERIOD }),
        0,
      );
  }

  /** One alarm for ten functions: CloudWatch adds up no more metrics in one. */
  private counted(metric: string, description: string, functions: readonly DeployedFunction[]): void {
    for (let from = 0; from < functions.length; from += METRICS_PER_ALARM_MAX) {
      const sums = functions
        .slice(from, from + METRICS_PER_ALARM_MAX)
        .map(({ lambda }) => lambda.metric(metric, { statistic: Stats.SUM, period: PERIOD }));
      this.above(from === 0 ? metric : `${metric}${from}`, description, sumOf(sums), 0);
    }
  }

  private above(id: string, description: string, metric: IMetric, threshold: number): void {
    new Alarm(this, id, {
      alarmDescription: description,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      // Nothing counted is nothing wrong: an idle stack is quiet.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      actionsEnabled: true,
    });
  }
}

const MACHINE_METRICS = ['ExecutionsFailed', 'ExecutionsTimedOut'] as const;

const machineMetric = (arn: string, metricName: (typeof MACHINE_METRICS)[number]): IMetric =>
  new Metric({
    namespace: 'AWS/States',
    metricName,
    dimensionsMap: { StateMachineArn: arn },
    statistic: Stats.SUM,
    period: PERIOD,
  });

function sumOf(metrics: readonly IMetric[]): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((metric, at) => [`m${at}`, metric]));
  return new MathExpression({ expression: `SUM(METRICS())`, usingMetrics, period: PERIOD });
}

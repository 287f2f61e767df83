import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ScheduleTrigger } from '../../functions/flow/triggers.ts';
import type { DeployedFunction } from './deployed-function.ts';

/** Runs a function every so many minutes. */
export class Ticker extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly target: DeployedFunction;
      readonly trigger: ScheduleTrigger;
      readonly missedTicks: IQueue;
    },
  ) {
    super(scope, id);
    const { target, trigger, missedTicks } = props;
    new Rule(this, 'Rule', {
      description: `Rapport: ${target.functionId} every ${trigger.everyMinutes} min`,
      enabled: true,
      schedule: Schedule.rate(Duration.minutes(trigger.everyMinutes)),
      targets: [
        new LambdaFunction(target.lambda, {
          // A later tick does all that an earlier one left, so an old tick is worth nothing.
          retryAttempts: 2,
          maxEventAge: Duration.minutes(5),
          deadLetterQueue: missedTicks,
        }),
      ],
    });
  }
}

import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StreamTrigger } from '../../functions/flow/triggers.ts';
import type { DeployedFunction } from './deployed-function.ts';

/** Feeds a stream to a function in batches, and what it gives up on to its failure queue. */
export class StreamFeed extends Construct {
  /** @param windowSeconds the trigger's window, resolved when it names a stack parameter */
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly target: DeployedFunction;
      readonly trigger: StreamTrigger;
      readonly streamArn: string;
      readonly windowSeconds: number;
      readonly failures: IQueue;
    },
  ) {
    super(scope, id);
    const { target, trigger, failures } = props;
    // Lambda sends to the destination in the function's name.
    target.role.addToPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [failures.queueArn] }),
    );
    const mapping = new CfnEventSourceMapping(this, 'Mapping', {
      functionName: target.lambda.functionName,
      eventSourceArn: props.streamArn,
      enabled: true,
      // The oldest record first: a consumer that was away, or is new, loses nothing.
      startingPosition: 'TRIM_HORIZON',
      batchSize: trigger.batchSize,
      maximumBatchingWindowInSeconds: props.windowSeconds,
      parallelizationFactor: trigger.parallelizationFactor,
      bisectBatchOnFunctionError: trigger.bisectOnError,
      functionResponseTypes: trigger.reportItemFailures ? ['ReportBatchItemFailures'] : [],
      maximumRetryAttempts: trigger.retryAttempts,
      maximumRecordAgeInSeconds: trigger.recordAgeSecondsMax,
      tumblingWindowInSeconds: 0,
      destinationConfig: { onFailure: { destination: failures.queueArn } },
    });
    mapping.node.addDependency(target.role);
  }
}

import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DeployedFunction } from './deployed-function.ts';
import { QUEUE_POLL_ACTIONS } from './grants.ts';

/** Feeds the failure queue of a stream function to the function that saves what can be saved. */
export class FailureFeed extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: { readonly target: DeployedFunction; readonly failures: IQueue },
  ) {
    super(scope, id);
    const { target, failures } = props;
    target.role.addToPolicy(
      new PolicyStatement({ actions: [...QUEUE_POLL_ACTIONS], resources: [failures.queueArn] }),
    );
    const mapping = new CfnEventSourceMapping(this, 'Mapping', {
      functionName: target.lambda.functionName,
      eventSourceArn: failures.queueArn,
      enabled: true,
      // A message stands for a whole batch of stream records: few at a time.
      batchSize: 5,
      maximumBatchingWindowInSeconds: 0,
      functionResponseTypes: ['ReportBatchItemFailures'],
      // The least there is. Saving is not urgent, and must not crowd out what works.
      scalingConfig: { maximumConcurrency: 2 },
    });
    mapping.node.addDependency(target.role);
  }
}

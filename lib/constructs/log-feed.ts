import { Aws, Duration } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import { CfnSubscriptionFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { DeployedFunction } from './deployed-function.ts';

/** Feeds every line of log groups to the function that searches them. */
export class LogFeed extends Construct {
  /** @param props.groups by a name for each */
  constructor(
    scope: Construct,
    id: string,
    props: { readonly target: DeployedFunction; readonly groups: Readonly<Record<string, ILogGroup>> },
  ) {
    super(scope, id);
    const { lambda } = props.target;
    new EventInvokeConfig(this, 'Invocations', {
      function: lambda,
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
      // No destination: it would be sent the lines, and so keep what must not be kept. The alarm on errors tells.
    });
    for (const [name, group] of Object.entries(props.groups)) {
      const permission = `${name}MayCall`;
      lambda.addPermission(permission, {
        principal: new ServicePrincipal('logs.amazonaws.com'),
        action: 'lambda:InvokeFunction',
        sourceArn: group.logGroupArn,
        sourceAccount: Aws.ACCOUNT_ID,
      });
      const filter = new CfnSubscriptionFilter(this, name, {
        logGroupName: group.logGroupName,
        destinationArn: lambda.functionArn,
        // Every line: one that nobody expects is the one to look for.
        filterPattern: '',
      });
      // The service tries the destination when the filter is made.
      const allowed = lambda.node.tryFindChild(permission);
      if (allowed !== undefined) filter.node.addDependency(allowed);
    }
  }
}

import { Aws, Duration } from 'aws-cdk-lib';
import { CfnTrail } from 'aws-cdk-lib/aws-cloudtrail';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { DeployedFunction } from './deployed-function.ts';

/**
 * An audit trail of calls to a table by anybody but some functions, and a rule that hands each such call to another. What
 * the functions themselves do is not on the trail: keys are tokens of identifiers, and would be written to a log each time.
 * A call that was refused is on the trail, and handed to nobody: it exposed nothing.
 */
export class KeyTrail extends Construct {
  /** @param props.insiders functions whose calls are what the table is for */
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly code: string;
      readonly table: Table;
      readonly insiders: readonly DeployedFunction[];
      readonly bucket: Bucket;
      readonly target: DeployedFunction;
    },
  ) {
    super(scope, id);
    const { table, insiders, bucket, target } = props;
    // A fixed name: the bucket's policy names the trail, and the trail needs the policy to be there.
    const trailName = `rapport-${props.code}-subject-keys`;
    const sessions = insiders.map(
      ({ role }) => `arn:${Aws.PARTITION}:sts::${Aws.ACCOUNT_ID}:assumed-role/${role.roleName}/`,
    );
    const admitted = this.admit(bucket, trailName);
    const trail = new CfnTrail(this, 'Trail', {
      trailName,
      isLogging: true,
      isMultiRegionTrail: false,
      includeGlobalServiceEvents: false,
      enableLogFileValidation: true,
      s3BucketName: bucket.bucketName,
      s3KeyPrefix: PREFIX,
      advancedEventSelectors: [
        {
          name: 'secrets of subjects, touched by strangers',
          fieldSelectors: [
            { field: 'eventCategory', equalTo: ['Data'] },
            { field: 'resources.type', equalTo: ['AWS::DynamoDB::Table'] },
            { field: 'resources.ARN', equalTo: [table.tableArn] },
            { field: 'userIdentity.arn', notStartsWith: sessions },
          ],
        },
      ],
    });
    trail.node.addDependency(admitted);
    const rule = new CfnRule(this, 'Rule', {
      description: 'Rapport: secrets of subjects were touched by somebody else than the functions of the map',
      state: 'ENABLED',
      eventPattern: {
        source: ['aws.dynamodb'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['dynamodb.amazonaws.com'],
          resources: { ARN: [table.tableArn] },
          errorCode: [{ exists: false }],
          // Another trail of the account may have the functions' own calls too.
          userIdentity: { arn: [{ 'anything-but': { prefix: sessions } }] },
        },
      },
      targets: [
        {
          id: 'Target',
          arn: target.lambda.functionArn,
          // No dead letters: they would hold the tokens. The alarm on errors tells, and the trail keeps the call.
          retryPolicy: {
            maximumRetryAttempts: 20,
            maximumEventAgeInSeconds: Duration.hours(6).toSeconds(),
          },
        },
      ],
    });
    target.lambda.addPermission('TrailMayCall', {
      principal: new ServicePrincipal('events.amazonaws.com'),
      action: 'lambda:InvokeFunction',
      sourceArn: rule.attrArn,
    });
  }

  /** Lets the trail, and no other, deliver to the bucket.
   * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html */
  private admit(bucket: Bucket, trailName: string): Construct {
    const cloudTrail = new ServicePrincipal('cloudtrail.amazonaws.com');
    const conditions = {
      StringEquals: {
        'aws:SourceArn': `arn:${Aws.PARTITION}:cloudtrail:${Aws.REGION}:${Aws.ACCOUNT_ID}:trail/${trailName}`,
      },
    };
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TrailLooks',
        principals: [cloudTrail],
        actions: ['s3:GetBucketAcl'],
        resources: [bucket.bucketArn],
        conditions,
      }),
    );
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TrailWrites',
        principals: [cloudTrail],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects(`${PREFIX}/*`)],
        conditions: {
          StringEquals: { ...conditions.StringEquals, 's3:x-amz-acl': 'bucket-owner-full-control' },
        },
      }),
    );
    return bucket.policy ?? bucket;
  }
}

/** Of the trail's objects. */
const PREFIX = 'strangers';

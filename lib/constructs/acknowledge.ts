import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Accepts one AwsSolutions finding on a construct and what it contains, with the reason why it's right here. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** Accepts that a role may reach every object under a prefix of a bucket: S3 has no form that names keys which do not
 * exist yet. */
export function acknowledgeObjects(
  role: IConstruct,
  bucketArn: string,
  prefix: string,
  purpose: string,
): void {
  const resolved: unknown = Stack.of(role).resolve(bucketArn);
  const [logicalId] = (resolved as { readonly 'Fn::GetAtt': readonly [string, string] })['Fn::GetAtt'];
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::<${logicalId}.Arn>/${prefix}*]`,
    `The function that ${purpose} names its objects by time and content, so no key can be listed here; the bucket and prefix are the narrowest form S3 has.`,
  );
}

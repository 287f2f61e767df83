import { TemplateError } from '../errors.ts';
import type { Created } from '../template/intrinsics.ts';
import type { Build, ResourceHandler } from './build.ts';
import {
  eventSourceMapping,
  functionVersion,
  lambdaFunction,
  logGroup,
  managedPolicy,
  policy,
  role,
  subscriptionFilter,
} from './compute.ts';
import { eventBus, eventRule, trail } from './events.ts';
import { api, authorizer, integration, route, stage } from './http.ts';
import { stateMachine } from './machines.ts';
import type { Properties } from './properties.ts';
import { bucket, key, keyAlias, queue, stream, table } from './storage.ts';

/** For what has no effect on one machine: permissions between services, alarms, dashboards, the catalogue (DuckDB reads the
 * same files without one). */
const inert: ResourceHandler = (properties): Created => ({
  ref: properties.logicalId,
  attributes: { Arn: properties.logicalId },
});

/** Every resource type that a local region knows. A new type is one handler and one line here. */
const handlers: Readonly<Record<string, ResourceHandler>> = {
  'AWS::KMS::Key': key,
  'AWS::KMS::Alias': keyAlias,
  'AWS::Kinesis::Stream': stream,
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': inert,
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': inert,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::Version': functionVersion,
  'AWS::Lambda::Alias': functionVersion,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::Lambda::EventInvokeConfig': inert,
  'AWS::Lambda::Permission': inert,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::Logs::SubscriptionFilter': subscriptionFilter,
  'AWS::Logs::ResourcePolicy': inert,
  'AWS::Logs::MetricFilter': inert,
  'AWS::IAM::Role': role,
  'AWS::IAM::Policy': policy,
  'AWS::IAM::ManagedPolicy': managedPolicy,
  'AWS::ApiGatewayV2::Api': api,
  'AWS::ApiGatewayV2::Stage': stage,
  'AWS::ApiGatewayV2::Route': route,
  'AWS::ApiGatewayV2::Integration': integration,
  'AWS::ApiGatewayV2::Authorizer': authorizer,
  'AWS::Events::EventBus': eventBus,
  'AWS::Events::EventBusPolicy': inert,
  'AWS::Events::Rule': eventRule,
  'AWS::CloudTrail::Trail': trail,
  'AWS::StepFunctions::StateMachine': stateMachine,
  'AWS::CloudWatch::Alarm': inert,
  'AWS::CloudWatch::CompositeAlarm': inert,
  'AWS::CloudWatch::Dashboard': inert,
  'AWS::Glue::Database': inert,
  'AWS::Glue::Table': inert,
  'AWS::Athena::WorkGroup': inert,
  'AWS::Athena::NamedQuery': inert,
  'AWS::CDK::Metadata': inert,
};

/** Checks that every type in the template is known, before anything is made.
 * @throws TemplateError naming the first resource whose type is not. */
export function requireKnownTypes(resources: Readonly<Record<string, { readonly Type: string }>>): void {
  for (const [logicalId, { Type }] of Object.entries(resources)) {
    if (!Object.hasOwn(handlers, Type)) {
      throw new TemplateError(
        logicalId,
        `the template uses ${Type} (${logicalId}), which the local region does not know; add a handler for it in lib/local/resources`,
      );
    }
  }
}

/** Makes one resource. */
export async function makeResource(type: string, properties: Properties, build: Build): Promise<Created> {
  const handler = handlers[type];
  if (handler === undefined) throw new TemplateError(properties.logicalId, `unknown type ${type}`);
  return handler(properties, build);
}

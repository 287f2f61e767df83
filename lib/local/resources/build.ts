import type { AwsJsonClient } from '../aws-request.ts';
import type { EventBridgeEngine } from '../engines/event-bridge.ts';
import type { KmsEngine } from '../engines/kms.ts';
import type { S3Engine } from '../engines/s3.ts';
import type { Definition } from '../engines/step-functions/states.ts';
import type { StepFunctionsEngine } from '../engines/step-functions.ts';
import type { Selector } from '../engines/trail.ts';
import type { FunctionSpec } from '../functions/function-host.ts';
import type { Grants } from '../functions/grants.ts';
import type { CorsRules } from '../http/cors.ts';
import type { HttpFront } from '../http/http-front.ts';
import type { Created } from '../template/intrinsics.ts';
import type { Json, SynthesizedStack } from '../template/template.ts';
import type { Properties } from './properties.ts';

export interface RouteDraft {
  readonly logicalId: string;
  readonly apiId: string;
  readonly key: string;
  /** `integrations/<id>` */
  readonly target: string;
  readonly authorizerId: string | undefined;
  readonly scopes: readonly string[];
}
export interface StageDraft {
  readonly name: string;
  readonly throttleOf: (
    routeKey: string,
  ) => { readonly ratePerSecond: number; readonly burst: number } | undefined;
  /** Format of access log lines and the name of their log. */
  readonly accessLog: { readonly format: string; readonly name: string } | undefined;
}

export interface MachineDraft {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly role: string;
  readonly definition: Definition;
}

/** A region while it is being made: what its resources are made with, and what they leave behind for the start. */
export interface Build {
  readonly stack: SynthesizedStack;
  readonly engines: {
    readonly s3: S3Engine;
    readonly kms: KmsEngine;
    readonly events: EventBridgeEngine;
    readonly states: StepFunctionsEngine;
  };
  readonly clients: {
    readonly kinesis: AwsJsonClient;
    readonly dynamodb: AwsJsonClient;
    readonly sqs: AwsJsonClient;
  };
  readonly grants: Grants;
  /** Opens or takes over the listening side of an API. */
  front(apiName: string): Promise<HttpFront>;
  /** Shards of a stream in on-demand mode. */
  readonly onDemandShards: number;

  readonly functions: Map<string, FunctionSpec>;
  /** Documents by ARN. */
  readonly managedPolicies: Map<string, Json>;
  readonly queues: Map<string, { readonly url: string; readonly arn: string }>;
  readonly mappings: Properties[];
  readonly rules: Properties[];
  readonly subscriptions: Properties[];
  /** What the audit trails look for. */
  readonly selectors: Selector[];
  readonly apis: Map<string, { readonly front: HttpFront; readonly name: string; readonly cors?: CorsRules }>;
  readonly integrations: Map<string, string>;
  readonly authorizers: Map<string, { readonly issuer: string; readonly audiences: readonly string[] }>;
  readonly routes: RouteDraft[];
  readonly stages: Map<string, StageDraft>;
  /** By ARN. */
  readonly machines: Map<string, MachineDraft>;
}

/** Makes one resource: what `Ref` and `Fn::GetAtt` will answer for it. */
export type ResourceHandler = (properties: Properties, build: Build) => Created | Promise<Created>;

export const arnOf = (build: Build, service: string, name: string): string =>
  `arn:aws:${service}:${build.stack.region}:${build.stack.account}:${name}`;

/** Name of a resource that the template leaves unnamed: the same at every start, so that state is found again. */
export const physicalName = (build: Build, logicalId: string): string =>
  `${build.stack.stackName}-${logicalId}`;

/** The function that an ARN (or an API's integration URI, or a name) leads to; versions and aliases are the function
 * itself. */
export function functionOf(build: Build, name: string): FunctionSpec | undefined {
  const arn = /functions\/(arn:[^/]+)\/invocations/.exec(name)?.[1] ?? name;
  const whole = build.functions.get(arn.split(':').slice(0, 7).join(':'));
  return whole ?? [...build.functions.values()].find((spec) => spec.functionName === arn);
}

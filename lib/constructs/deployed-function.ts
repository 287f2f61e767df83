import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { resources } from '../../functions/flow/resources.ts';
import type { Access, FlowFunction } from '../../functions/flow/triggers.ts';
import { type COMMON_ENV, type FunctionId, flow } from '../../functions/flow.ts';
import type { Bundler } from '../bundle.ts';
import { acknowledgeObjects } from './acknowledge.ts';
import { accessesOf, reachesObjects, statementsFor } from './grants.ts';
import type { PlacedResources } from './resources.ts';

/** Partition buckets of the streams: how far a stream can spread over shards and parallel readers. Events of one
 * bucket share a record, so more buckets are smaller records, and a record is billed by the started kilobyte. */
const SIGNAL_BUCKETS = 8;

export interface FlowFunctionProps {
  readonly functionId: FunctionId;
  /** The jurisdiction's. */
  readonly code: string;
  readonly placed: PlacedResources;
  readonly dataKey: IKey;
  /** JSON, from the stack's parameter: where residents of other jurisdictions are pointed to. */
  readonly peerEndpoints: string;
  /** From the stack's parameter: what is no business day here. */
  readonly publicHolidays: string;
  readonly logGroupPrefix: string;
  readonly bundle: Bundler;
}

/** One function of the map: its code, its role with what the map grants, its environment and its log group. */
export class DeployedFunction extends Construct {
  readonly functionId: FunctionId;
  readonly lambda: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: FlowFunctionProps) {
    super(scope, id);
    const { functionId, dataKey, placed } = props;
    const fn: FlowFunction = flow[functionId];
    this.functionId = functionId;
    this.logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `${props.logGroupPrefix}${functionId}`,
      retention: RetentionDays.THREE_MONTHS,
      encryptionKey: dataKey,
      // Codes and numbers for operators, and no evidence: it may go with the stack.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = this.roleFor(fn, placed, dataKey);
    this.lambda = new LambdaFunction(this, 'Function', {
      description: fn.purpose,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(props.bundle(functionId)),
      memorySize: fn.memoryMb,
      timeout: Duration.seconds(fn.timeoutSeconds),
      ...(fn.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: fn.reservedConcurrency }),
      role: this.role,
      logGroup: this.logGroup,
      // Functions write JSON lines and embedded metrics themselves; Lambda's JSON format would wrap them.
      loggingFormat: LoggingFormat.TEXT,
      // Traces would need a grant on every resource, and timings are in the embedded metrics.
      tracing: Tracing.DISABLED,
      environment: environmentOf(fn.access, placed, {
        JURISDICTION: props.code,
        SIGNAL_BUCKETS: String(SIGNAL_BUCKETS),
        PEER_ENDPOINTS: props.peerEndpoints,
        PUBLIC_HOLIDAYS: props.publicHolidays,
      }),
    });
  }

  private roleFor(fn: FlowFunction, placed: PlacedResources, dataKey: IKey): Role {
    const role = new Role(this, 'Role', {
      description: `Rapport function that ${fn.purpose}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      }),
    );
    for (const statement of statementsFor(accessesOf(fn), placed, dataKey.keyArn))
      role.addToPolicy(statement);
    for (const access of fn.access) {
      const on = placed[access.on];
      if (reachesObjects(access, on)) acknowledgeObjects(role, on.arn, access.prefix ?? '', fn.purpose);
    }
    return role;
  }
}

function environmentOf(
  access: readonly Access[],
  placed: PlacedResources,
  common: Readonly<Record<(typeof COMMON_ENV)[number], string>>,
): Record<string, string> {
  // Stack traces name our files and lines, through the bundle's source map.
  return {
    ...common,
    NODE_OPTIONS: '--enable-source-maps',
    ...Object.fromEntries(access.map(({ on }) => [resources[on].env, placed[on].name])),
  };
}

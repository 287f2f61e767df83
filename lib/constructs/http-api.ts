import { Aws, Duration, Fn, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CfnApi,
  CfnStage,
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { HttpRoute as FlowRoute, HttpTrigger } from '../../functions/flow/triggers.ts';
import type { BrowserOrigins } from '../parameters.ts';
import { acknowledge } from './acknowledge.ts';
import type { DeployedFunction } from './deployed-function.ts';

/** What an access log line has. Nothing that a caller sent and nothing that identifies one (law 10): no address, user
 * agent, path parameter, query or claim. */
const ACCESS_LOG_LINE = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  routeKey: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  responseBytes: '$context.responseLength',
  errorType: '$context.error.responseType',
});

/** API Gateway waits at most 29 s; a second more than the function has, so that it is the function that answers. */
const timeoutOf = (functionTimeoutSeconds: number): Duration =>
  Duration.seconds(Math.min(29, functionTimeoutSeconds + 1));

export interface Routed {
  readonly target: DeployedFunction;
  readonly timeoutSeconds: number;
  readonly trigger: HttpTrigger;
}

/** One HTTP API with the routes that the map gives to its functions. */
export class FlowHttpApi extends Construct {
  readonly api: HttpApi;
  readonly url: string;
  readonly accessLogs: LogGroup;

  /** @param props.authorizer absent when the functions check their callers themselves, for the reason given */
  constructor(
    scope: Construct,
    id: string,
    props: {
      /** The jurisdiction's. */
      readonly code: string;
      readonly name: HttpTrigger['api'];
      readonly description: string;
      readonly functions: readonly Routed[];
      readonly access: { readonly authorizer: IHttpRouteAuthorizer } | { readonly openBecause: string };
      readonly dataKey: IKey;
      readonly logGroupPrefix: string;
      readonly browserOrigins: BrowserOrigins;
    },
  ) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      apiName: `rapport-${props.code}-${props.name}`,
      description: props.description,
      createDefaultStage: false,
    });
    const flowRoutes = props.functions.flatMap(({ trigger }) => trigger.routes);
    admitBrowsers(this.api, flowRoutes, props.browserOrigins);
    const routes = props.functions.flatMap((routed) => this.routesOf(routed, props.access));
    const logs = new LogGroup(this, 'AccessLogs', {
      logGroupName: `${props.logGroupPrefix}access-${props.name}`,
      retention: RetentionDays.THREE_MONTHS,
      encryptionKey: props.dataKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.accessLogs = logs;
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      detailedMetricsEnabled: true,
      accessLogSettings: {
        destination: new LogGroupLogDestination(logs),
        format: AccessLogFormat.custom(ACCESS_LOG_LINE),
      },
      // What a route has that is not listed below: none, so as little as the service accepts.
      throttle: { rateLimit: 1, burstLimit: 1 },
    });
    throttle(stage, flowRoutes);
    // API Gateway refuses settings for a route that does not exist yet.
    stage.node.addDependency(...routes);
    this.url = this.api.apiEndpoint;
  }

  private routesOf(
    { target, timeoutSeconds, trigger }: Routed,
    access: { readonly authorizer: IHttpRouteAuthorizer } | { readonly openBecause: string },
  ): readonly HttpRoute[] {
    const integration = new HttpLambdaIntegration(`${target.functionId}-integration`, target.lambda, {
      payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
      timeout: timeoutOf(timeoutSeconds),
      scopePermissionToRoute: true,
    });
    return trigger.routes.map((flowRoute) => {
      const route = new HttpRoute(this, nameOf(flowRoute), {
        httpApi: this.api,
        routeKey: HttpRouteKey.with(
          flowRoute.path,
          flowRoute.method === 'GET' ? HttpMethod.GET : HttpMethod.POST,
        ),
        integration,
        ...('authorizer' in access
          ? {
              authorizer: access.authorizer,
              authorizationScopes: flowRoute.scope === undefined ? [] : [flowRoute.scope],
            }
          : {}),
      });
      if ('openBecause' in access) acknowledge(route, 'AwsSolutions-APIG4', access.openBecause);
      return route;
    });
  }
}

const keyOf = (route: FlowRoute): string => `${route.method} ${route.path}`;
const nameOf = (route: FlowRoute): string => keyOf(route).replace(/[^A-Za-z0-9]+/g, '-');

function throttle(stage: HttpStage, routes: readonly FlowRoute[]): void {
  if (!(stage.node.defaultChild instanceof CfnStage)) throw new Error('an HTTP stage has no CfnStage');
  stage.node.defaultChild.routeSettings = Object.fromEntries(
    routes.map((route) => [
      keyOf(route),
      {
        ThrottlingRateLimit: route.throttle.ratePerSecond,
        ThrottlingBurstLimit: route.throttle.burst,
        DetailedMetricsEnabled: true,
      },
    ]),
  );
}

/** How long a browser need not ask again. Two hours are the most that Chromium takes. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * Lets pages of the given origins call an API that has routes for them. API Gateway answers the browser's question itself, before
 * any route, so one answer holds for the whole API: it names the methods of those routes, and every other route asks for its
 * token all the same. Cookies and other credentials that a browser would add by itself are never allowed.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
function admitBrowsers(api: HttpApi, routes: readonly FlowRoute[], { list, areGiven }: BrowserOrigins): void {
  const methods = new Set(routes.filter(({ fromBrowsers }) => fromBrowsers).map(({ method }) => method));
  if (methods.size === 0) return;
  if (!(api.node.defaultChild instanceof CfnApi)) throw new Error('an HTTP API has no CfnApi');
  api.node.defaultChild.corsConfiguration = Fn.conditionIf(
    areGiven.logicalId,
    {
      AllowOrigins: Fn.split(',', list),
      AllowMethods: [...methods],
      // `Sec-GPC` the browser sets itself, and asks about it no more than about `Origin`.
      AllowHeaders: ['authorization', 'content-type'],
      // Clients wait as they are told.
      ExposeHeaders: ['retry-after'],
      AllowCredentials: false,
      MaxAge: PREFLIGHT_SECONDS,
    },
    Aws.NO_VALUE,
  );
}

import { TemplateError } from '../errors.ts';
import type { CorsRules } from '../http/cors.ts';
import { type Build, functionOf, type ResourceHandler, type StageDraft } from './build.ts';
import type { Properties } from './properties.ts';

export const api: ResourceHandler = async (properties, build) => {
  const { logicalId } = properties;
  if (properties.optionalText('ProtocolType') !== 'HTTP')
    throw new TemplateError(
      logicalId,
      `${logicalId}: the local region serves HTTP APIs, not ${properties.optionalText('ProtocolType') ?? 'imported ones'}`,
    );
  const name = properties.optionalText('Name') ?? logicalId;
  const front = await build.front(name);
  const cors = corsIn(properties);
  build.apis.set(logicalId, { front, name, ...(cors === undefined ? {} : { cors }) });
  return { ref: logicalId, attributes: { ApiId: logicalId, ApiEndpoint: front.url } };
};

/** @throws TemplateError for wildcards and credentials. */
function corsIn(properties: Properties): CorsRules | undefined {
  if (Object.keys(properties.map('CorsConfiguration')).length === 0) return undefined;
  const cors = properties.within('CorsConfiguration');
  const origins = cors.texts('AllowOrigins');
  if (cors.flag('AllowCredentials') || origins.some((origin) => origin.includes('*')))
    throw new TemplateError(
      properties.logicalId,
      `${properties.logicalId}: the local region knows named origins without credentials only`,
    );
  const maxAge = cors.optionalText('MaxAge');
  return {
    origins,
    methods: cors.texts('AllowMethods'),
    headers: cors.texts('AllowHeaders'),
    exposed: cors.texts('ExposeHeaders'),
    maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
  };
}

export const integration: ResourceHandler = (properties, build) => {
  const { logicalId } = properties;
  if (
    properties.text('IntegrationType') !== 'AWS_PROXY' ||
    properties.optionalText('PayloadFormatVersion') !== '2.0'
  ) {
    throw new TemplateError(
      logicalId,
      `${logicalId}: the local region knows AWS_PROXY integrations with payload format 2.0 only`,
    );
  }
  build.integrations.set(logicalId, properties.text('IntegrationUri'));
  return { ref: logicalId };
};

export const authorizer: ResourceHandler = (properties, build) => {
  const { logicalId } = properties;
  if (properties.text('AuthorizerType') !== 'JWT')
    throw new TemplateError(logicalId, `${logicalId}: the local region knows JWT authorizers only`);
  const jwt = properties.within('JwtConfiguration');
  build.authorizers.set(logicalId, { issuer: jwt.text('Issuer'), audiences: jwt.texts('Audience') });
  return { ref: logicalId };
};

export const route: ResourceHandler = (properties, build) => {
  const { logicalId } = properties;
  const kind = properties.optionalText('AuthorizationType') ?? 'NONE';
  if (kind !== 'NONE' && kind !== 'JWT')
    throw new TemplateError(
      logicalId,
      `${logicalId}: the local region does not know the authorization type ${kind}`,
    );
  build.routes.push({
    logicalId,
    apiId: properties.text('ApiId'),
    key: properties.text('RouteKey'),
    target: properties.text('Target'),
    authorizerId: kind === 'JWT' ? properties.text('AuthorizerId') : undefined,
    scopes: properties.texts('AuthorizationScopes'),
  });
  return { ref: logicalId };
};

export const stage: ResourceHandler = (properties, build) => {
  const everyRoute = throttleIn(properties.within('DefaultRouteSettings'));
  const settings = properties.within('RouteSettings');
  const log = properties.within('AccessLogSettings');
  const logName = log.optionalText('DestinationArn')?.replace(/:\*$/, '').split(/[:/]/).at(-1);
  const format = log.optionalText('Format');
  const draft: StageDraft = {
    name: properties.text('StageName'),
    throttleOf: (routeKey) => throttleIn(settings.within(routeKey)) ?? everyRoute,
    accessLog: logName === undefined || format === undefined ? undefined : { format, name: logName },
  };
  build.stages.set(properties.text('ApiId'), draft);
  return { ref: draft.name };
};

function throttleIn(settings: Properties): { ratePerSecond: number; burst: number } | undefined {
  const ratePerSecond = settings.number('ThrottlingRateLimit', Number.NaN);
  const burst = settings.number('ThrottlingBurstLimit', Number.NaN);
  return Number.isNaN(ratePerSecond) || Number.isNaN(burst) ? undefined : { ratePerSecond, burst };
}

/** The finished routes of one API.
 * @throws TemplateError for a route that leads to no function or names an unknown authorizer. */
export function routesOf(build: Build, apiId: string) {
  return build.routes
    .filter((draft) => draft.apiId === apiId)
    .map((draft) => {
      const uri = build.integrations.get(draft.target.replace('integrations/', ''));
      const target = uri === undefined ? undefined : functionOf(build, uri);
      if (target === undefined)
        throw new TemplateError(
          draft.logicalId,
          `${draft.logicalId}: route ${draft.key} leads to no function`,
        );
      const checks = draft.authorizerId === undefined ? undefined : build.authorizers.get(draft.authorizerId);
      if (draft.authorizerId !== undefined && checks === undefined)
        throw new TemplateError(
          draft.logicalId,
          `${draft.logicalId}: route ${draft.key} names an unknown authorizer`,
        );
      const throttle = build.stages.get(apiId)?.throttleOf(draft.key);
      return {
        key: draft.key,
        functionArn: target.arn,
        ...(checks === undefined ? {} : { authorizer: { ...checks, scopes: draft.scopes } }),
        ...(throttle === undefined ? {} : { throttle }),
      };
    });
}

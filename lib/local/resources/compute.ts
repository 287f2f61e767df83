import { TemplateError } from '../errors.ts';
import { arnOf, physicalName, type ResourceHandler } from './build.ts';

export const lambdaFunction: ResourceHandler = (properties, build) => {
  const { logicalId } = properties;
  const code = properties.within('Code');
  const objectKey = code.optionalText('S3Key');
  const bundleFolder = objectKey === undefined ? undefined : build.stack.assetFolder(objectKey);
  if (bundleFolder === undefined) {
    throw new TemplateError(
      logicalId,
      `${logicalId}: its code is not an asset of the synthesized app (Code.S3Key ${objectKey ?? 'is missing'})`,
    );
  }
  const runtime = properties.optionalText('Runtime') ?? '';
  if (!runtime.startsWith('nodejs'))
    throw new TemplateError(
      logicalId,
      `${logicalId}: the local region runs Node.js functions, not ${runtime || 'images'}`,
    );
  const logGroup = properties.within('LoggingConfig').optionalText('LogGroup');
  const functionName = properties.optionalText('FunctionName') ?? physicalName(build, logicalId);
  const arn = arnOf(build, 'lambda', `function:${functionName}`);
  const reserved = properties.optionalText('ReservedConcurrentExecutions');
  build.functions.set(arn, {
    logicalId,
    functionId: logGroup?.split('/').at(-1) ?? logicalId,
    functionName,
    arn,
    role: properties.text('Role').split('/').at(-1) ?? '',
    bundleFolder,
    handler: properties.text('Handler'),
    timeoutMs: properties.number('Timeout', 3) * 1_000,
    memoryMb: properties.number('MemorySize', 128),
    environment: properties.within('Environment').textMap('Variables'),
    ...(reserved === undefined ? {} : { reservedConcurrency: Number(reserved) }),
  });
  return { ref: functionName, attributes: { Arn: arn } };
};

/** A version or alias answers as the function itself. */
export const functionVersion: ResourceHandler = (properties, build) => {
  const name = properties.text('FunctionName');
  const arn = name.startsWith('arn:') ? name : arnOf(build, 'lambda', `function:${name}`);
  const qualifier = properties.optionalText('Name') ?? '1';
  return {
    ref: `${arn}:${qualifier}`,
    attributes: { Version: '1', FunctionArn: arn, AliasArn: `${arn}:${qualifier}` },
  };
};

export const eventSourceMapping: ResourceHandler = (properties, build) => {
  if (properties.flag('Enabled', true)) build.mappings.push(properties);
  return { ref: properties.logicalId, attributes: { Id: properties.logicalId } };
};

export const role: ResourceHandler = (properties, build) => {
  const name = properties.optionalText('RoleName') ?? physicalName(build, properties.logicalId);
  for (const policy of properties.each('Policies'))
    build.grants.add(name, policy.raw('PolicyDocument') ?? {});
  for (const managed of properties.texts('ManagedPolicyArns')) {
    if (managed.endsWith('/AWSLambdaBasicExecutionRole')) continue;
    const document = build.managedPolicies.get(managed);
    if (document !== undefined) build.grants.add(name, document);
  }
  return { ref: name, attributes: { Arn: `arn:aws:iam::${build.stack.account}:role/${name}`, RoleId: name } };
};

export const policy: ResourceHandler = (properties, build) => {
  for (const name of properties.texts('Roles'))
    build.grants.add(name, properties.raw('PolicyDocument') ?? {});
  return { ref: properties.optionalText('PolicyName') ?? properties.logicalId };
};

export const managedPolicy: ResourceHandler = (properties, build) => {
  const name = properties.optionalText('ManagedPolicyName') ?? physicalName(build, properties.logicalId);
  const arn = `arn:aws:iam::${build.stack.account}:policy/${name}`;
  const document = properties.raw('PolicyDocument') ?? {};
  build.managedPolicies.set(arn, document);
  for (const roleName of properties.texts('Roles')) build.grants.add(roleName, document);
  return { ref: arn, attributes: { PolicyArn: arn } };
};

export const subscriptionFilter: ResourceHandler = (properties, build) => {
  const pattern = properties.optionalText('FilterPattern') ?? '';
  if (pattern !== '')
    throw new TemplateError(
      properties.logicalId,
      `${properties.logicalId}: the local region delivers all lines, and knows no filter pattern`,
    );
  build.subscriptions.push(properties);
  return { ref: properties.optionalText('FilterName') ?? physicalName(build, properties.logicalId) };
};

export const logGroup: ResourceHandler = (properties, build) => {
  const name = properties.optionalText('LogGroupName') ?? physicalName(build, properties.logicalId);
  return { ref: name, attributes: { Arn: `${arnOf(build, 'logs', `log-group:${name}`)}:*` } };
};

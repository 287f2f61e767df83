import type { Definition } from '../engines/step-functions/states.ts';
import { TemplateError } from '../errors.ts';
import { arnOf, physicalName, type ResourceHandler } from './build.ts';

export const stateMachine: ResourceHandler = (properties, build) => {
  const { logicalId } = properties;
  const name = properties.optionalText('StateMachineName') ?? physicalName(build, logicalId);
  const arn = arnOf(build, 'states', `stateMachine:${name}`);
  if ((properties.optionalText('StateMachineType') ?? 'STANDARD') !== 'STANDARD')
    throw new TemplateError(logicalId, `${logicalId}: the local region runs STANDARD state machines only`);
  build.machines.set(arn, {
    logicalId,
    name,
    arn,
    role: properties.text('RoleArn').split('/').at(-1) ?? '',
    definition: definitionOf(logicalId, properties.text('DefinitionString')),
  });
  return { ref: arn, attributes: { Arn: arn, Name: name } };
};

function definitionOf(logicalId: string, text: string): Definition {
  try {
    return JSON.parse(text) as Definition;
  } catch (cause) {
    throw new TemplateError(logicalId, `${logicalId}: its definition is not JSON (${String(cause)})`);
  }
}

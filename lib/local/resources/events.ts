import type { Selector } from '../engines/trail.ts';
import { TemplateError } from '../errors.ts';
import { arnOf, physicalName, type ResourceHandler } from './build.ts';

export const eventBus: ResourceHandler = (properties, build) => {
  const name = properties.optionalText('Name') ?? physicalName(build, properties.logicalId);
  build.engines.events.createBus(name);
  return { ref: name, attributes: { Arn: arnOf(build, 'events', `event-bus/${name}`), Name: name } };
};

export const eventRule: ResourceHandler = (properties, build) => {
  const name = properties.optionalText('Name') ?? physicalName(build, properties.logicalId);
  if (properties.optionalText('State') !== 'DISABLED') build.rules.push(properties);
  return { ref: name, attributes: { Arn: arnOf(build, 'events', `rule/${name}`) } };
};

export const trail: ResourceHandler = (properties, build) => {
  const name = properties.text('TrailName');
  for (const selector of properties.each('AdvancedEventSelectors'))
    build.selectors.push(
      selector.each('FieldSelectors').map((field) => ({
        field: field.text('Field'),
        equals: field.texts('Equals'),
        notStartsWith: field.texts('NotStartsWith'),
      })) satisfies Selector,
    );
  return { ref: name, attributes: { Arn: arnOf(build, 'cloudtrail', `trail/${name}`) } };
};

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Period of a `rate(…)` expression, ms.
 * @throws TemplateError for `cron(…)`, which the local region does not run. */
export function periodMs(logicalId: string, expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const unitMs = UNIT_MS[unit ?? ''];
  if (count === undefined || unitMs === undefined)
    throw new TemplateError(
      logicalId,
      `${logicalId}: the local region runs rate(…) schedules, not ${expression}`,
    );
  return Number(count) * unitMs;
}

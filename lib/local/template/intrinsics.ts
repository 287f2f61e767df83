import { TemplateError } from '../errors.ts';
import type { Json, JsonMap, Template } from './template.ts';

/** What a created resource answers to `Ref` and `Fn::GetAtt`. */
export interface Created {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Where names in a template lead. */
export interface Scope {
  readonly template: Template;
  /** Values of the template's parameters: given ones over defaults. */
  readonly parameters: Readonly<Record<string, string>>;
  /** `AWS::Region` and its kin. */
  readonly pseudo: Readonly<Record<string, string>>;
  /** Resources made so far, by logical id. */
  readonly created: ReadonlyMap<string, Created>;
}

const NO_VALUE = Symbol('AWS::NoValue');
type Resolved = Json | typeof NO_VALUE;

const isMap = (value: Json): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parameter values for a template: `supplied` ones it declares, its defaults for the rest.
 * @throws TemplateError for a parameter that has neither, or a value of another form than it asks for. */
export function parameterValues(
  template: Template,
  supplied: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(template.Parameters ?? {}).map(([name, parameter]) => {
      const value = supplied[name] ?? parameter.Default;
      if (value === undefined)
        throw new TemplateError(
          name,
          `the template's parameter ${name} has no default and was given no value`,
        );
      const pattern = parameter.AllowedPattern;
      if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(String(value)))
        throw new TemplateError(
          name,
          `the template's parameter ${name} ${parameter.ConstraintDescription ?? `must match ${pattern}`}`,
        );
      return [name, String(value)];
    }),
  );
}

/** Resolves every intrinsic function in `value`, which belongs to resource `logicalId`. Properties whose value is
 * `AWS::NoValue` disappear, as they do in CloudFormation.
 * @throws TemplateError naming `logicalId` for a function or a name that is not known. */
export function resolve(value: Json, scope: Scope, logicalId: string): Json {
  const resolved = walk(value, scope, logicalId);
  return resolved === NO_VALUE ? null : resolved;
}

function walk(value: Json, scope: Scope, logicalId: string): Resolved {
  if (Array.isArray(value))
    return value
      .map((part) => walk(part, scope, logicalId))
      .filter((part): part is Json => part !== NO_VALUE);
  if (!isMap(value)) return value;
  const [name, ...others] = Object.keys(value);
  if (
    name !== undefined &&
    others.length === 0 &&
    (name === 'Ref' || name.startsWith('Fn::') || name === 'Condition')
  ) {
    const argument = value[name] ?? null;
    if (
      name !== 'Condition' ||
      (typeof argument === 'string' && argument in (scope.template.Conditions ?? {}))
    ) {
      return intrinsic(name, argument, scope, logicalId);
    }
  }
  const entries = Object.entries(value).map(([key, part]) => [key, walk(part, scope, logicalId)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, Json] => entry[1] !== NO_VALUE),
  );
}

function intrinsic(name: string, argument: Json, scope: Scope, logicalId: string): Resolved {
  const fail = (why: string): never => {
    throw new TemplateError(logicalId, `${logicalId}: ${name} ${why}`);
  };
  const list = (): readonly Json[] => (Array.isArray(argument) ? argument : fail('needs a list'));
  const text = (part: Json | undefined): string => {
    const resolved = walk(part ?? null, scope, logicalId);
    return typeof resolved === 'string' || typeof resolved === 'number' || typeof resolved === 'boolean'
      ? String(resolved)
      : fail('needs a string');
  };
  const texts = (part: Json | undefined): readonly Json[] => {
    const resolved = walk(part ?? null, scope, logicalId);
    return Array.isArray(resolved) ? resolved : fail('needs a list');
  };
  switch (name) {
    case 'Ref':
      return (
        reference(text(argument), scope) ??
        fail(`names ${JSON.stringify(argument)}, which is not in the template`)
      );
    case 'Fn::GetAtt': {
      const [id = '', ...path] = typeof argument === 'string' ? argument.split('.') : list().map(text);
      return (
        attribute(id, path.join('.'), scope) ??
        fail(`asks for ${id}.${path.join('.')}, which the local region does not have`)
      );
    }
    case 'Fn::Join':
      return texts(list()[1]).map(String).join(text(list()[0]));
    case 'Fn::Sub':
      return substitute(argument, scope, logicalId, fail);
    case 'Fn::Select':
      return texts(list()[1])[Number(text(list()[0]))] ?? fail('points past the end of its list');
    case 'Fn::Split':
      return text(list()[1]).split(text(list()[0]));
    case 'Fn::FindInMap': {
      const [map = '', first = '', second = ''] = list().map(text);
      const rows = scope.template.Mappings?.[map];
      const row = rows !== undefined && isMap(rows) ? rows[first] : undefined;
      return (
        (row !== undefined && isMap(row) ? row[second] : undefined) ??
        fail(`finds no ${map}.${first}.${second}`)
      );
    }
    case 'Fn::If':
      return walk(list()[condition(text(list()[0]), scope, logicalId) ? 1 : 2] ?? null, scope, logicalId);
    case 'Condition':
      return condition(text(argument), scope, logicalId);
    case 'Fn::Equals':
      return (
        JSON.stringify(walk(list()[0] ?? null, scope, logicalId)) ===
        JSON.stringify(walk(list()[1] ?? null, scope, logicalId))
      );
    case 'Fn::And':
      return list().every((part) => walk(part, scope, logicalId) === true);
    case 'Fn::Or':
      return list().some((part) => walk(part, scope, logicalId) === true);
    case 'Fn::Not':
      return walk(list()[0] ?? null, scope, logicalId) !== true;
    case 'Fn::Base64':
      return Buffer.from(text(argument)).toString('base64');
    default:
      return fail('is a function the local region does not know');
  }
}

function reference(name: string, scope: Scope): Resolved | undefined {
  if (name === 'AWS::NoValue') return NO_VALUE;
  return scope.pseudo[name] ?? scope.parameters[name] ?? scope.created.get(name)?.ref;
}

const attribute = (id: string, name: string, scope: Scope): string | undefined =>
  scope.created.get(id)?.attributes?.[name];

/** Whether a named condition of the template holds. */
export function condition(name: string, scope: Scope, logicalId: string): boolean {
  const definition = scope.template.Conditions?.[name];
  if (definition === undefined)
    throw new TemplateError(logicalId, `${logicalId}: the template has no condition ${name}`);
  return walk(definition, scope, logicalId) === true;
}

function substitute(argument: Json, scope: Scope, logicalId: string, fail: (why: string) => never): string {
  const [pattern, variables] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof pattern !== 'string') return fail('needs a string');
  const own = isMap(variables ?? null) ? (variables as JsonMap) : {};
  return pattern.replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
    if (literal === '!') return `\${${name}}`;
    const ownValue = own[name];
    if (ownValue !== undefined) return String(walk(ownValue, scope, logicalId));
    const [id = '', ...path] = name.split('.');
    const value = path.length === 0 ? reference(name, scope) : attribute(id, path.join('.'), scope);
    return value === undefined ? fail(`names \${${name}}, which is not in the template`) : String(value);
  });
}

/** Logical ids of the resources that `value` refers to: what must be made before it. */
export function referencesIn(value: Json, template: Template): ReadonlySet<string> {
  const found = new Set<string>();
  const note = (id: string): void => {
    if (id in template.Resources) found.add(id);
  };
  const look = (part: Json): void => {
    if (Array.isArray(part)) for (const inner of part) look(inner);
    if (!isMap(part)) return;
    for (const [name, inner] of Object.entries(part)) {
      if (name === 'Ref' && typeof inner === 'string') note(inner);
      else if (name === 'Fn::GetAtt')
        note(String(Array.isArray(inner) ? inner[0] : String(inner).split('.')[0]));
      else if (name === 'Fn::Sub') {
        const pattern = Array.isArray(inner) ? inner[0] : inner;
        for (const match of String(pattern).matchAll(/\$\{([^!}.]+)[^}]*\}/g)) note(match[1] ?? '');
        if (Array.isArray(inner)) look(inner);
      } else look(inner);
    }
  };
  look(value);
  return found;
}

/** The template's resources in an order in which each comes after all it refers to; resources whose condition does
 * not hold are left out.
 * @throws TemplateError for a circle. */
export function creationOrder(scope: Scope): readonly string[] {
  const { Resources } = scope.template;
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string): void => {
    const resource = Resources[id];
    if (resource === undefined || state.get(id) === 'done') return;
    if (state.get(id) === 'open') throw new TemplateError(id, `${id} depends on itself`);
    if (resource.Condition !== undefined && !condition(resource.Condition, scope, id)) return;
    state.set(id, 'open');
    const before = [
      ...referencesIn(resource.Properties ?? {}, scope.template),
      ...[resource.DependsOn ?? []].flat(),
    ];
    for (const other of before) if (other !== id) visit(other);
    state.set(id, 'done');
    order.push(id);
  };
  for (const id of Object.keys(Resources)) visit(id);
  return order;
}

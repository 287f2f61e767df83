import { AwsError } from '../aws-json.ts';

/** An EventBridge event pattern: fields of the event, at the ends arrays of which one entry must match: a literal, or
 * one of `prefix`, `suffix`, `equals-ignore-case`, `anything-but`, `exists`, `numeric`
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html). */
export type EventPattern = { readonly [field: string]: unknown };

type Test = (value: unknown) => boolean;

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refuse = (why: string): never => {
  throw new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${why}`);
};

const COMPARISONS: { readonly [sign: string]: (left: number, right: number) => boolean } = {
  '=': (left, right) => left === right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

function numeric(operands: unknown): Test {
  if (!Array.isArray(operands) || operands.length === 0 || operands.length % 2 !== 0)
    return refuse('numeric needs pairs of a comparison and a number');
  const tests: ((value: number) => boolean)[] = [];
  for (let at = 0; at < operands.length; at += 2) {
    const compare = COMPARISONS[String(operands[at])];
    const bound: unknown = operands[at + 1];
    if (compare === undefined || typeof bound !== 'number')
      return refuse('numeric has an unknown comparison');
    tests.push((value) => compare(value, bound));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

const textTest = (name: string, wanted: unknown, test: (value: string, wanted: string) => boolean): Test =>
  typeof wanted === 'string'
    ? (value) => typeof value === 'string' && test(value, wanted)
    : refuse(`${name} needs a string`);

/** Within `anything-but` a prefix or suffix may be a list of which none may fit. */
const anyOf = (filter: { readonly [name: string]: unknown }): Test => {
  const [name = '', ...others] = Object.keys(filter);
  const wanted = filter[name];
  if (others.length > 0 || !Array.isArray(wanted)) return contentTest(filter);
  const tests = wanted.map((each: unknown) => contentTest({ [name]: each }));
  return (value) => tests.some((test) => test(value));
};

function anythingBut(unwanted: unknown): Test {
  if (isObject(unwanted)) {
    const test = anyOf(unwanted);
    return (value) => value !== undefined && !test(value);
  }
  const list: unknown[] = Array.isArray(unwanted) ? unwanted : [unwanted];
  return (value) => value !== undefined && !list.includes(value);
}

function contentTest(filter: { readonly [name: string]: unknown }): Test {
  const [name = '', ...others] = Object.keys(filter);
  if (others.length > 0) return refuse('a content filter has one name');
  const wanted = filter[name];
  switch (name) {
    case 'prefix':
      return textTest(name, wanted, (value, prefix) => value.startsWith(prefix));
    case 'suffix':
      return textTest(name, wanted, (value, suffix) => value.endsWith(suffix));
    case 'equals-ignore-case':
      return textTest(name, wanted, (value, other) => value.toLowerCase() === other.toLowerCase());
    case 'anything-but':
      return anythingBut(wanted);
    case 'exists':
      return typeof wanted === 'boolean'
        ? (value) => (value !== undefined) === wanted
        : refuse('exists needs a boolean');
    case 'numeric':
      return numeric(wanted);
    default:
      return refuse(`this local engine does not know the filter ${name}`);
  }
}

const entryTest = (entry: unknown): Test =>
  isObject(entry) ? contentTest(entry) : (value) => value === entry;

function compile(pattern: EventPattern): Test {
  const fields = Object.entries(pattern).map(([field, wanted]): [string, Test] => {
    if (isObject(wanted)) {
      const within = compile(wanted);
      // Of a list of objects one must have it all (https://github.com/aws/event-ruler, "Arrays").
      return [field, (value) => (Array.isArray(value) ? value.some(within) : within(value))];
    }
    if (!Array.isArray(wanted) || wanted.length === 0)
      return refuse(`${field} needs an array that is not empty`);
    const tests = wanted.map(entryTest);
    // A field that holds an array matches when any of its elements does; an absent one is asked as `undefined`.
    return [
      field,
      (value) => (Array.isArray(value) ? value : [value]).some((one) => tests.some((test) => test(one))),
    ];
  });
  return (value) =>
    fields.every(([field, test]) =>
      test(isObject(value) && Object.hasOwn(value, field) ? value[field] : undefined),
    );
}

/** @throws AwsError InvalidEventPatternException */
export function requireValidPattern(pattern: EventPattern): void {
  compile(pattern);
}

const compiled = new WeakMap<EventPattern, Test>();

/** Whether `event` has everything the pattern asks for. */
export function matchesPattern(pattern: EventPattern, event: unknown): boolean {
  let test = compiled.get(pattern);
  if (test === undefined) {
    test = compile(pattern);
    compiled.set(pattern, test);
  }
  return test(event);
}

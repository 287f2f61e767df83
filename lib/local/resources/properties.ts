import { TemplateError } from '../errors.ts';
import type { Json, JsonMap } from '../template/template.ts';

const isMap = (value: Json | undefined): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the resolved properties of one resource. CloudFormation takes numbers and booleans as text too. */
export class Properties {
  readonly logicalId: string;
  readonly #values: JsonMap;

  constructor(logicalId: string, values: JsonMap) {
    this.logicalId = logicalId;
    this.#values = values;
  }

  /** @throws TemplateError when the property is missing. */
  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
  }

  number(name: string, otherwise: number): number {
    const value = this.optionalText(name);
    return value === undefined ? otherwise : Number(value);
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.optionalText(name);
    return value === undefined ? otherwise : value === 'true';
  }

  /** The value as it is: for parts that go to a service unchanged. */
  raw(name: string): Json | undefined {
    return this.#values[name];
  }

  map(name: string): JsonMap {
    const value = this.#values[name];
    return isMap(value) ? value : {};
  }

  list(name: string): readonly Json[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value : [];
  }

  texts(name: string): readonly string[] {
    return this.list(name).map(String);
  }

  /** A nested object's properties; empty when it is not there. */
  within(name: string): Properties {
    return new Properties(this.logicalId, this.map(name));
  }

  /** A list of objects. */
  each(name: string): readonly Properties[] {
    return this.list(name).flatMap((part) => (isMap(part) ? [new Properties(this.logicalId, part)] : []));
  }

  /** A map's entries that are text, such as an environment. */
  textMap(name: string): Record<string, string> {
    return Object.fromEntries(Object.entries(this.map(name)).map(([key, value]) => [key, String(value)]));
  }

  #missing(name: string): never {
    throw new TemplateError(this.logicalId, `${this.logicalId}: property ${name} is missing`);
  }
}

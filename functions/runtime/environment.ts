import { InvariantError } from '../kernel/invariant.ts';

/** Reads a variable that the stack always sets.
 * @throws InvariantError naming the variable when it is missing: the template and the code disagree. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new InvariantError(`environment variable ${name} is not set`);
  return value;
}

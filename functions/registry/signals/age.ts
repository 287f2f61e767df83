import * as z from 'zod';
import { AGE_KEPT_MAX } from '../../contracts/consent.ts';
import type { Fact } from '../../contracts/signal.ts';
import type { FactContext } from '../signal-definition.ts';
import { readTime } from './fields.ts';

const AGE_MAX = 130;

/** Segment's reserved traits `age` and `birthday`, and a flag of ours where no more is known. Whatever they hold, they make
 * no event bad: traits are the client's own. */
export const ageTraits = {
  age: z.unknown().optional(),
  birthday: z.unknown().optional(),
  minor: z.unknown().optional(),
};

interface AgeTraits {
  readonly age?: unknown;
  readonly birthday?: unknown;
  readonly minor?: unknown;
}

/** Full years of age when it was said, and no more: the date of birth is not kept, and everybody from 18 on is 18. Of
 * several statements the youngest counts; a minor of unknown age counts as the youngest there is. */
export function ageFacts(
  { age, birthday, minor }: AgeTraits,
  { occurredAt }: Pick<FactContext, 'occurredAt'>,
): readonly Fact[] {
  const stated = [yearsIn(age), yearsSince(birthday, occurredAt)].filter((years) => years !== null);
  const years = Math.min(AGE_KEPT_MAX, ...stated);
  // An age says more than a flag that agrees with it; of two that do not, the younger counts.
  if (minor === true) return [{ kind: 'age', years: years < AGE_KEPT_MAX ? years : 0 }];
  return stated.length === 0 && minor !== false ? [] : [{ kind: 'age', years }];
}

function yearsIn(age: unknown): number | null {
  const years = typeof age === 'string' && /^\d{1,3}$/.test(age.trim()) ? Number(age) : age;
  return typeof years === 'number' && years >= 0 && years <= AGE_MAX ? Math.floor(years) : null;
}

/** Full years between a date of birth and a time, by the calendar of UTC. */
function yearsSince(birthday: unknown, at: number): number | null {
  const born = readTime(birthday);
  if (born === null) return null;
  const [from, to] = [new Date(born), new Date(at)];
  const isBefore =
    to.getUTCMonth() < from.getUTCMonth() ||
    (to.getUTCMonth() === from.getUTCMonth() && to.getUTCDate() < from.getUTCDate());
  const years = to.getUTCFullYear() - from.getUTCFullYear() - (isBefore ? 1 : 0);
  return years >= 0 && years <= AGE_MAX ? years : null;
}

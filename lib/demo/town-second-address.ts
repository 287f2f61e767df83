import { DAY_MS, SECOND_MS } from '../../functions/kernel/time.ts';
import type { Random } from './random.ts';
import type { Diary, Recognised } from './town-diary.ts';
import { order, productOf, TOWN_DAYS } from './town-life.ts';
import { statedBy } from './town-people.ts';

/** Share of guests whose hand slips when they fill in the form. */
const TYPING_ERRORS = 0.15;
const SPEND = 24;

/**
 * An account holder orders once more as a guest: from a device that nobody has seen, under a second e-mail address. No
 * identifier joins this order to the account; only what the person states of themselves does.
 */
export function orderAsGuest(diary: Diary): void {
  const { person, random, now } = diary;
  if (person.secondEmail === null) return;
  const digits = (): string => String(random.int(0, 9_999)).padStart(4, '0');
  const anonymousId = `anon-${digits()}-${digits()}-${digits()}-${digits()}`;
  const who: Recognised = { anonymousId, traits: { email: person.secondEmail } };
  const at = now - DAY_MS - random.next() * (TOWN_DAYS - 2) * DAY_MS;
  const stated = statedBy(person);
  const traits = random.chance(TYPING_ERRORS)
    ? { ...stated, lastName: mistyped(person.lastName, random) }
    : stated;
  diary.note(at, 'web', who, { type: 'identify', traits });
  order(diary, at + random.int(20, 90) * SECOND_MS, 'web', who, [productOf(diary, SPEND)]);
}

/** Two neighbouring letters change places. */
function mistyped(name: string, random: Random): string {
  const at = random.int(1, name.length - 2);
  return `${name.slice(0, at)}${name.charAt(at + 1)}${name.charAt(at)}${name.slice(at + 2)}`;
}

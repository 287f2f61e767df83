import { invariant } from '../../kernel/invariant.ts';
import { jurisdictions } from '../../registry/jurisdictions/index.ts';
import { calendarOf } from '../calendar.ts';
import type { IncidentLaw } from './incident.ts';

/** What incidents are judged by in one stack.
 * @param setting reads one of the stack's settings: JURISDICTION, PUBLIC_HOLIDAYS
 * @throws InvariantError when the stack is set up wrongly */
export function lawOf(setting: (name: string) => string): IncidentLaw {
  const jurisdiction = jurisdictions[setting('JURISDICTION')];
  invariant(jurisdiction !== undefined, 'JURISDICTION is not in the registry');
  return { jurisdiction, calendar: calendarOf(jurisdiction, setting('PUBLIC_HOLIDAYS')) };
}

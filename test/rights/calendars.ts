import { type JurisdictionDefinition, jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { calendarOf, type LocalCalendar } from '../../functions/rights/calendar.ts';

/** A jurisdiction of the registry; fails the test when there is none. */
export function lawOf(code: string): JurisdictionDefinition {
  const definition = jurisdictions[code];
  if (definition === undefined) throw new Error(`no jurisdiction ${code}`);
  return definition;
}

export const calendar = (code: string, publicHolidays = 'none'): LocalCalendar =>
  calendarOf(lawOf(code), publicHolidays);

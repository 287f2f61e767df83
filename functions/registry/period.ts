/** A length of time as laws give it. Hours run exactly; days and months end with a day of the jurisdiction's calendar. */
export interface Period {
  readonly count: number;
  readonly unit: 'hours' | 'calendar-days' | 'business-days' | 'calendar-months';
}

export const hours = (count: number): Period => ({ count, unit: 'hours' });
export const calendarDays = (count: number): Period => ({ count, unit: 'calendar-days' });
export const businessDays = (count: number): Period => ({ count, unit: 'business-days' });
export const calendarMonths = (count: number): Period => ({ count, unit: 'calendar-months' });

import type { Purpose } from '../../contracts/purposes.ts';

/** What the customer asked for, or asked of us: lawful by contract everywhere. */
export const SERVICE: readonly Purpose[] = ['service'];
/** Browsing: only what the customer allows of these; withheld when that is none. */
export const BROWSING: readonly Purpose[] = ['analytics', 'personalisation', 'profiling'];
/** Answers given to us: they serve the relationship and measure our own work. */
export const FEEDBACK: readonly Purpose[] = ['service', 'analytics'];

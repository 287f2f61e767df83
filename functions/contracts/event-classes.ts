/** Groups of signals that share a retention rule and an archive partition. */
export const EVENT_CLASSES = [
  'transaction',
  'behaviour',
  'service',
  'delivery',
  'feedback',
  'account',
  'consent',
  'other',
] as const;
export type EventClass = (typeof EVENT_CLASSES)[number];

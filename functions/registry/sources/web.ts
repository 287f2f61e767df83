import type { SourceDefinition } from '../source-definition.ts';

/** Shop, web site and app. Takes generic signals too: web teams name events faster than any catalogue. */
export const web: SourceDefinition = {
  id: 'web',
  kind: 'web',
  steward: 'digital-shop',
  keyVersion: 1,
  signals: 'any',
  strict: false,
  // The category ids that OneTrust ships with (its "Cookie categories"): C0002 performance, C0003 functional,
  // C0004 targeting. C0001 is strictly necessary and no choice.
  consentCategories: {
    C0001: [],
    C0002: ['analytics'],
    C0003: ['personalisation'],
    C0004: ['profiling', 'sharing'],
  },
  eventsPerSecondMax: 10_000,
};

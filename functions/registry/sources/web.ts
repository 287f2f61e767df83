import type { SourceDefinition } from '../source-definition.ts';

/** Shop, web site and app. Takes generic signals too: web teams name events faster than any catalogue. */
export const web: SourceDefinition = {
  id: 'web',
  kind: 'web',
  steward: 'digital-shop',
  keyVersion: 1,
  signals: 'any',
  strict: false,
  eventsPerSecondMax: 10_000,
};

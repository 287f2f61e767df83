import type { Figure } from './figures.ts';
import { BATCH, EVERY_THIRD_DAY, type Stored, type StoredRun, storedBatches } from './stored-batches.ts';
import { median } from './timing.ts';

const HELD = new Map([
  [1, { target: { most: 1.5 } }],
  [10, { target: { most: 0.25 }, goal: { most: 0.2 } }],
]);
const WITH_CONSENT: Omit<StoredRun, 'perSubject'> = {
  jurisdiction: 'eu',
  consent: true,
  known: 1,
  perRequest: 100,
  everyMinutes: EVERY_THIRD_DAY,
};
const CASES: readonly (Omit<StoredRun, 'perSubject'> & {
  readonly held: boolean;
  readonly c: readonly number[];
})[] = [
  { ...WITH_CONSENT, everyMinutes: 5, held: true, c: [10] },
  { ...WITH_CONSENT, held: true, c: [1, 10, 20] },
  { ...WITH_CONSENT, known: 0.9, held: false, c: [1, 10] },
  {
    jurisdiction: 'uk',
    consent: false,
    known: 1,
    perRequest: 100,
    everyMinutes: EVERY_THIRD_DAY,
    held: false,
    c: [10],
  },
  {
    jurisdiction: 'eu',
    consent: false,
    known: 1,
    perRequest: 100,
    everyMinutes: EVERY_THIRD_DAY,
    held: false,
    c: [10],
  },
];

/** `understand` with the real SDK and adapters over DynamoDB Local: CPU of this process (not of the database), write and
 * read units, and calls. */
export async function understandDynamoDb(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { held, c, ...each } of CASES)
    for (const perSubject of c)
      figures.push(...figuresOf(await storedBatches({ ...each, perSubject }), held));
  return figures;
}

function figuresOf(stored: Stored, held: boolean): readonly Figure[] {
  const { jurisdiction, consent, known, perSubject, everyMinutes, events, metrics } = stored;
  const name = `${jurisdiction}${consent ? ', consent given' : ', no choice made'}, ${known * 100} % known, every ${everyMinutes === EVERY_THIRD_DAY ? '3 days' : `${everyMinutes} min`}, c = ${perSubject}`;
  const per1000 = (n: number): string => ((n * 1_000) / events).toFixed(1);
  const calls = Object.entries(stored.calls.dynamodb ?? {}).map(
    ([operation, n]) => `${per1000(n)} ${operation}`,
  );
  return [
    {
      name: `${name}: write units`,
      value: (metrics.writeUnits ?? 0) / events,
      unit: 'WRU/event',
      ...(held ? HELD.get(perSubject) : {}),
      note: `${((metrics.readUnits ?? 0) / events).toFixed(3)} RRU; calls per 1,000 events: ${calls.join(', ')}`,
    },
    {
      name: `${name}: rate`,
      value: (1_000_000 * BATCH) / median(stored.cpuMicros),
      unit: 'events/s/core',
      ...(held && perSubject === 10 ? { goal: { least: 25_000 } } : {}),
      note: `conflicts ${metrics.conflicts ?? 0}`,
    },
  ];
}

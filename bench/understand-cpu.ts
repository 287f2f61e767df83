import { requests, streamEventOf } from './customers.ts';
import type { Figure } from './figures.ts';
import { cpuMicros, median, quantile, withoutLogs } from './timing.ts';
import { frozenPast, rig } from './understand-rig.ts';

const BATCH = 1_000;
const CASES = [
  { jurisdiction: 'eu', consent: true, known: 0.9, perRequest: 100, held: true },
  { jurisdiction: 'uk', consent: false, known: 0.9, perRequest: 100, held: true },
  { jurisdiction: 'eu', consent: true, known: 0.9, perRequest: 20, held: false },
  { jurisdiction: 'eu', consent: true, known: 0, perRequest: 100, held: false },
] as const;

/** CPU of `understand` without I/O: from the base64 of packed records to packed rows of evidence. */
export async function understandCpu(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { jurisdiction, consent, known, perRequest, held } of CASES) {
    const past = await withoutLogs(() => frozenPast(jurisdiction, consent));
    for (const perSubject of [1, 10, 20]) {
      const batch = requests({ series: 'cpu', events: BATCH, perSubject, perRequest, known, consent });
      const event = streamEventOf(batch, jurisdiction, undefined, 1_000_000);
      const { run } = rig(jurisdiction, past.result);
      const { result: sample } = await withoutLogs(() =>
        cpuMicros(() => run(event), { warmUps: 25, runs: 40 }),
      );
      const perEvent = (share: number): number => quantile(sample, share) / BATCH;
      figures.push({
        name: `${jurisdiction}${consent ? ', consent given' : ', no choice made'}, ${known * 100} % known, ${perRequest} a request, c = ${perSubject}`,
        value: (1_000_000 * BATCH) / median(sample),
        unit: 'events/s/core',
        ...(held ? { target: { least: 25_000 }, goal: { least: 50_000 } } : {}),
        note: `${event.Records.length} records; µs CPU per event p50 ${perEvent(0.5).toFixed(1)}, p99 ${perEvent(0.99).toFixed(1)}`,
      });
    }
  }
  return figures;
}

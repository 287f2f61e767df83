import type { LeakPattern } from '../../contracts/incidents.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { discovered } from './change.ts';
import type { IncidentLaw } from './incident.ts';
import type { IncidentPorts } from './ports.ts';
import { leaksIn } from './scan.ts';

/** Lines of one log group, as the log service hands them over. */
export interface LogLines {
  readonly logGroup: string;
  readonly lines: readonly { readonly at: EpochMs; readonly text: string }[];
}

/**
 * Searches log lines for what must not stand in them, and opens one incident for each place and pattern. Of what it finds
 * it keeps the pattern, the place, times and a count.
 * @returns lines searched, and how many of them hold something
 * @throws ThrottledError, TransientError
 */
export async function watch(
  { logGroup, lines }: LogLines,
  law: IncidentLaw,
  ports: IncidentPorts,
  now: EpochMs,
): Promise<{ readonly lines: number; readonly leaks: number }> {
  const found = new Map<LeakPattern, EpochMs[]>();
  let leaks = 0;
  for (const { at, text } of lines) {
    const patterns = leaksIn(text);
    if (patterns.size > 0) leaks += 1;
    for (const pattern of patterns) found.set(pattern, [...(found.get(pattern) ?? []), at]);
  }
  for (const [what, times] of found) {
    const [firstAt, lastAt] = [Math.min(...times), Math.max(...times)];
    const discovery = { kind: 'personal-data-in-log', place: logGroup, what, firstAt, lastAt } as const;
    await discovered({ ...discovery, count: times.length }, law, ports, now);
  }
  return { lines: lines.length, leaks };
}

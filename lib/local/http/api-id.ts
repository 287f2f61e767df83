import type { FlowFunction } from '../../../functions/flow/triggers.ts';
import { flow } from '../../../functions/flow.ts';

/** The APIs of the map. */
const API_IDS: ReadonlySet<string> = new Set(
  (Object.values(flow) as readonly FlowFunction[]).flatMap(({ trigger }) =>
    trigger.kind === 'http' ? [trigger.api] : [],
  ),
);

/** Which API of the map a name stands for (`rapport-eu-collect`: `collect`); the whole name when it is none of them. */
export function apiIdOf(apiName: string): string {
  const words = apiName.toLowerCase().split(/[^a-z0-9]+/);
  return words.find((word) => API_IDS.has(word)) ?? apiName;
}

import { storedBatches } from './stored-batches.ts';
import { stopTables } from './tables.ts';
import { median } from './timing.ts';
const s = await storedBatches({ jurisdiction: 'eu', consent: true, known: 1, perSubject: Number(process.argv[2] ?? 1), perRequest: 100 });
console.log(median(s.cpuMicros) / 1000, s.metrics, s.calls, s.told);
await stopTables();

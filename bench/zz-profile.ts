import { requests, streamEventOf } from './customers.ts';
import { cpuMicros, median, withoutLogs } from './timing.ts';
import { frozenPast, rig } from './understand-rig.ts';

const [j = 'eu', c = '1', known = '1', n = '200'] = process.argv.slice(2);
const consent = j === 'eu';
const past = await withoutLogs(() => frozenPast(j, consent));
const ev = streamEventOf(
  requests({
    series: 'cpu',
    events: 1000,
    perSubject: Number(c),
    perRequest: 100,
    known: Number(known),
    consent,
  }),
  j,
  undefined,
  1_000_000,
);
const { run } = rig(j, past.result);
const s = await withoutLogs(() => cpuMicros(() => run(ev), { warmUps: 15, runs: Number(n) }));
console.log(j, c, known, 'µs/event', (median(s.result) / 1000).toFixed(2));

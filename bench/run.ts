import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type Figure, holds, lineOf } from './figures.ts';

/** Each measurement, loaded when it is asked for. */
const MEASUREMENTS: Readonly<
  Record<string, { readonly title: string; load(): Promise<() => Promise<readonly Figure[]>> }>
> = {
  'understand-cpu': {
    title: 'understand, no I/O, batches of 1,000 events (CPU time, 40 runs)',
    load: async () => (await import('./understand-cpu.ts')).understandCpu,
  },
  'understand-dynamodb': {
    title: 'understand over DynamoDB Local, batches of 1,000 events (7 batches each)',
    load: async () => (await import('./understand-dynamodb.ts')).understandDynamoDb,
  },
  'collect-cpu': {
    title: 'collect, no I/O (CPU time, 40 runs of 10 requests)',
    load: async () => (await import('./collect-cpu.ts')).collectCpu,
  },
  'collect-latency': {
    title: 'collect on loopback, one request at a time (400 requests)',
    load: async () => (await import('./collect-latency.ts')).collectLatency,
  },
  bundles: {
    title: 'bundles: zip size, and cold import in processes of their own',
    load: async () => (await import('./bundles.ts')).bundles,
  },
  erasure: {
    title: 'erasure of a person with 10 and with 1,000,000 archived rows (DynamoDB Local, S3, KMS)',
    load: async () => (await import('./erasure.ts')).erasure,
  },
  cost: {
    title: 'cost at list prices, from counted calls (EU, consent given, known customers)',
    load: async () => (await import('./cost.ts')).cost,
  },
};

const HELP = `npm run bench -- [--only NAME]... [--report FILE.json]

Measures the product on this machine and holds it against its targets. Measurements:
${Object.entries(MEASUREMENTS)
  .map(([name, { title }]) => `  ${name.padEnd(22)} ${title}`)
  .join('\n')}

  --only NAME        run this one only; may be given several times
  --report FILE      also write the figures as JSON
  --help             this text
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      report: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const names = values.only ?? Object.keys(MEASUREMENTS);
  const unknown = names.find((name) => MEASUREMENTS[name] === undefined);
  if (unknown !== undefined) throw new Error(`no measurement "${unknown}": see --help`);
  const machine = {
    at: new Date().toISOString(),
    node: process.version,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    loadBefore: loadavg()[0] ?? 0,
  };
  process.stdout.write(
    `Node ${machine.node}, ${machine.cores} cores of ${machine.processor}, load ${machine.loadBefore.toFixed(1)}. c is events per subject in a batch.\n`,
  );
  const report: Record<string, readonly Figure[]> = {};
  try {
    for (const name of names) {
      const measurement = MEASUREMENTS[name];
      if (measurement === undefined) continue;
      process.stdout.write(`\n${measurement.title}\n`);
      const figures = await (await measurement.load())();
      report[name] = figures;
      for (const figure of figures) process.stdout.write(`${lineOf(figure)}\n`);
    }
  } finally {
    await (await import('./tables.ts')).stopTables();
  }
  const held = Object.values(report)
    .flat()
    .filter(({ target }) => target !== undefined);
  const missed = held.filter(({ value, target }) => target !== undefined && !holds(value, target));
  process.stdout.write(`\n${held.length - missed.length} of ${held.length} targets hold.\n`);
  if (values.report !== undefined)
    writeFileSync(values.report, `${JSON.stringify({ machine, figures: report }, undefined, 2)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

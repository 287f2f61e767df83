import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { type ColumnMap, readPeople } from '../bin/identity/people-file.ts';
import { randomFrom, shuffled } from '../bin/identity/random.ts';
import { Simulation, type SimulationReport } from '../bin/identity/simulate.ts';
import type { Person } from '../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../functions/registry/matching/parameters.ts';

/** Public person files with truth, beside the project unless `--folder` says where. The truth is read here and nowhere else. */
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    report: { type: 'string' },
    folder: {
      type: 'string',
      default: join(import.meta.dirname, '..', '..', 'shared', 'data', 'identity'),
    },
  },
});
const FOLDER = options.folder;
const ORDERS = ['file', 1, 2, 3] as const;
type Order = (typeof ORDERS)[number];

interface PersonSet {
  readonly name: string;
  readonly files: readonly string[];
  readonly columns: ColumnMap;
  readonly uniqueWithinSource?: true;
  /** The true person of a row. */
  truth(row: Readonly<Record<string, string>>): string;
  readonly target?: Readonly<Partial<Record<'f1' | 'precision' | 'bCubed' | 'rowsPerSecond', number>>>;
  readonly note?: string;
}

const febrlColumns: ColumnMap = {
  row: 'rec_id',
  attributes: {
    givenName: 'given_name',
    surname: 'surname',
    streetNumber: 'street_number',
    street: 'address_1',
    city: 'suburb',
    postcode: 'postcode',
    region: 'state',
    birthDate: 'date_of_birth',
    nationalId: 'soc_sec_id',
  },
};
const febrlTruth = (row: Readonly<Record<string, string>>): string => row.rec_id?.split('-')[1] ?? '';

const SETS: readonly PersonSet[] = [
  {
    name: 'FEBRL3',
    files: ['febrl/dataset3.csv'],
    columns: febrlColumns,
    truth: febrlTruth,
    target: { f1: 0.9995 },
  },
  {
    name: 'FEBRL4',
    files: ['febrl/dataset4a.csv', 'febrl/dataset4b.csv'],
    columns: febrlColumns,
    uniqueWithinSource: true,
    truth: febrlTruth,
    target: { f1: 0.9998 },
  },
  {
    name: 'fake_1000',
    files: ['splink/fake_1000.csv'],
    columns: {
      row: 'unique_id',
      attributes: {
        givenName: 'first_name',
        surname: 'surname',
        birthDate: 'dob',
        city: 'city',
        email: 'email',
      },
    },
    truth: (row) => row.cluster ?? '',
    target: { f1: 0.88 },
  },
  {
    name: 'historical_dev',
    files: ['splink/historical_dev.csv.gz'],
    columns: {
      row: 'unique_id',
      attributes: {
        fullName: 'full_name',
        givenName: 'first_name',
        surname: 'surname',
        birthDate: 'dob',
        birthPlace: 'birth_place',
        postcode: 'postcode_fake',
        occupation: 'occupation',
        gender: 'gender',
      },
    },
    truth: (row) => row.cluster ?? '',
    target: { f1: 0.955, precision: 0.98, bCubed: 0.955, rowsPerSecond: 1_500 },
  },
  {
    name: 'FEBRL1',
    files: ['febrl/dataset1.csv'],
    columns: febrlColumns,
    truth: febrlTruth,
    note: 'held out: nothing was estimated or chosen on it',
  },
];

interface Row {
  readonly person: Person;
  readonly source: number;
  readonly truth: string;
  readonly rowId: string;
}

async function rowsOf(set: PersonSet): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [source, name] of set.files.entries()) {
    const path = join(FOLDER, name);
    const truths = await truthsOf(path, set);
    for await (const line of readPeople(path, set.columns)) {
      if (!line.ok) throw new Error(`${name} line ${line.line}: ${line.reason}`);
      rows.push({ rowId: line.rowId, person: line.person, source, truth: truths.get(line.rowId) ?? '' });
    }
  }
  return rows;
}

async function truthsOf(path: string, set: PersonSet): Promise<ReadonlyMap<string, string>> {
  const bytes = await readFile(path);
  const text = path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  const records: Record<string, string>[] = parse(text, { columns: true, trim: true, relax_quotes: true });
  return new Map(records.map((record) => [record[set.columns.row] ?? '', set.truth(record)]));
}

interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly bCubed: number;
}

/** Pairwise precision, recall and F1 over all pairs of rows, and the F1 of B-cubed precision and recall (Bagga and
 * Baldwin 1998), for a partition against the truth. */
function scoresOf(truth: readonly string[], found: readonly number[]): Scores {
  const [persons, subjects, both] = [
    new Map<string, number>(),
    new Map<number, number>(),
    new Map<string, readonly [person: string, subject: number, rows: number]>(),
  ];
  for (const [row, person] of truth.entries()) {
    const subject = found[row] ?? row;
    persons.set(person, (persons.get(person) ?? 0) + 1);
    subjects.set(subject, (subjects.get(subject) ?? 0) + 1);
    const key = `${person}\u0000${subject}`;
    both.set(key, [person, subject, (both.get(key)?.[2] ?? 0) + 1]);
  }
  const pairs = (rows: number): number => (rows * (rows - 1)) / 2;
  const allPairs = (counts: Iterable<number>): number =>
    [...counts].reduce((sum, rows) => sum + pairs(rows), 0);
  const shared = allPairs([...both.values()].map(([, , rows]) => rows));
  const [precision, recall] = [shared / allPairs(subjects.values()), shared / allPairs(persons.values())];
  let [bPrecision, bRecall] = [0, 0];
  for (const [person, subject, rows] of both.values()) {
    bPrecision += (rows * rows) / (subjects.get(subject) ?? 1) / truth.length;
    bRecall += (rows * rows) / (persons.get(person) ?? 1) / truth.length;
  }
  const harmonic = (a: number, b: number): number => (2 * a * b) / (a + b);
  return { precision, recall, f1: harmonic(precision, recall), bCubed: harmonic(bPrecision, bRecall) };
}

interface Measured extends Scores {
  readonly set: string;
  readonly order: Order;
  readonly report: SimulationReport;
  /** Of CPU time, all threads. */
  readonly rowsPerSecond: number;
}

async function measure(set: PersonSet, rows: readonly Row[], order: Order): Promise<Measured> {
  const arriving = order === 'file' ? rows : shuffled(rows, randomFrom(order));
  const simulation = new Simulation({
    mode: 'on',
    parameters: matchParameters,
    policy: matchPolicy,
    uniqueWithinSource: set.uniqueWithinSource ?? false,
  });
  const before = process.cpuUsage();
  for (const { rowId, person, source } of arriving) await simulation.add(rowId, person, source);
  const { user, system } = process.cpuUsage(before);
  return {
    set: set.name,
    order,
    ...scoresOf(
      arriving.map(({ truth }) => truth),
      simulation.partition(),
    ),
    report: simulation.report(),
    rowsPerSecond: rows.length / ((user + system) / 1e6),
  };
}

const HEAD =
  'set             order     precision  recall     F1         B3         p50   p99   rows/s  review';

function lineOf({ set, order, precision, recall, f1, bCubed, report, rowsPerSecond }: Measured): string {
  const ratios = [precision, recall, f1, bCubed].map((ratio) => ratio.toFixed(5).padEnd(11)).join('');
  const { p50, p99 } = report.comparisonsPerRow;
  return (
    set.padEnd(16) +
    (order === 'file' ? 'file' : `shuffle ${order}`).padEnd(10) +
    ratios +
    String(p50).padEnd(6) +
    String(p99).padEnd(6) +
    Math.round(rowsPerSecond).toString().padEnd(8) +
    report.reviewQueue
  );
}

/** @returns whether every target of the set holds in its worst order */
function verdict(set: PersonSet, measured: readonly Measured[]): boolean {
  const worst = (key: 'f1' | 'precision' | 'bCubed' | 'rowsPerSecond'): number =>
    Math.min(...measured.map((one) => one[key]));
  const spread = Math.max(...measured.map(({ f1 }) => f1)) - worst('f1');
  const p99 = Math.max(...measured.map(({ report }) => report.comparisonsPerRow.p99));
  const checks: (readonly [text: string, holds: boolean])[] = [
    [`order moves F1 by ${spread.toFixed(5)} (most 0.005)`, spread <= 0.005],
    [`comparisons p99 ${p99} (most 500)`, p99 <= 500],
  ];
  for (const [key, least] of Object.entries(set.target ?? {})) {
    const value = worst(key as 'f1');
    checks.push([`worst ${key} ${value.toFixed(value > 10 ? 0 : 5)} (least ${least})`, value >= least]);
  }
  for (const [text, holds] of checks) process.stdout.write(`  ${holds ? 'holds ' : 'MISSED'} ${text}\n`);
  if (set.note !== undefined) process.stdout.write(`  ${set.note}\n`);
  process.stdout.write('\n');
  return checks.every(([, holds]) => holds);
}

async function main(): Promise<void> {
  if (!existsSync(FOLDER)) {
    process.stdout.write(`bench:identity SKIPPED: the person files are not here (${FOLDER})\n`);
    return;
  }
  process.stdout.write(
    `One configuration for all sets; rows streamed one by one; rows/s is of CPU time.\n${HEAD}\n`,
  );
  const all: Measured[] = [];
  let allHold = true;
  for (const set of SETS.filter(({ name }) => options.only?.includes(name) ?? true)) {
    const rows = await rowsOf(set);
    const measured: Measured[] = [];
    for (const order of ORDERS) {
      const one = await measure(set, rows, order);
      process.stdout.write(`${lineOf(one)}\n`);
      measured.push(one);
    }
    if (!verdict(set, measured)) allHold = false;
    all.push(...measured);
  }
  if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(all, null, 2)}\n`);
  if (!allHold) process.exitCode = 1;
}

await main();

import { parseArgs } from 'node:util';
import { calibrate } from '../../functions/pipeline/2-identify/probabilistic/calibrate.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import type { MatchParameters, Person } from '../../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../../functions/registry/matching/parameters.ts';
import { progressOn } from '../../lib/demo/progress.ts';
import { UserError } from '../../lib/local/errors.ts';
import { under } from '../arguments.ts';
import { readParameters } from '../identity/parameters-file.ts';
import { type ColumnMap, readColumnMap, readPeople, sizeOf } from '../identity/people-file.ts';
import { randomFrom, shuffled } from '../identity/random.ts';
import { cell, explanation, reportText } from '../identity/report-text.ts';
import { Simulation } from '../identity/simulate.ts';
import { runStewardship, STEWARD_VERBS, stewardUsage } from '../identity/stewardship.ts';
import { expectWritable, writeTo } from '../write-file.ts';

export const name = 'identity';
export const summary =
  'who is who: simulates on your own export, calibrates, reviews and unmerges in a region';
export const usage = `Usage: npx rapport identity simulate --people FILE.csv[.gz] [--people FILE2.csv ...] --columns COLUMNS.json
                                     --jurisdiction CODE --out CLUSTERS.csv [options]
       npx rapport identity calibrate --people FILE.csv[.gz] ... --columns COLUMNS.json --out PARAMETERS.json
${stewardUsage}
simulate streams the rows one by one through identity resolution under that jurisdiction's rules, and writes row,subject.
Nothing leaves this machine. calibrate estimates the matching parameters from the rows, without labels.

COLUMNS.json maps columns to attributes: {"row": "id", "attributes": {"givenName": "first_name", "surname": "last"}}

  --order ORDER           file (default), or shuffle:SEED
  --unique-within-source  rows of one file are different people
  --parameters FILE       parameters written by calibrate, instead of the shipped ones
  --explain ROW,ROW       say why these two rows are, or are not, one subject; may be repeated
  --report FILE.json      also write the report as JSON
`;

const LISTED_BAD_ROWS_MAX = 20;
const CALIBRATION_ROWS_MAX = 50_000;
const CALIBRATION_SEED = 1;

/** @throws UserError for what the user can put right. */
export async function run(args: readonly string[]): Promise<number> {
  if (STEWARD_VERBS.some((verb) => verb === args[0])) return runStewardship(args);
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      people: { type: 'string', multiple: true, default: [] },
      columns: { type: 'string' },
      jurisdiction: { type: 'string' },
      out: { type: 'string' },
      order: { type: 'string', default: 'file' },
      'unique-within-source': { type: 'boolean', default: false },
      parameters: { type: 'string' },
      explain: { type: 'string', multiple: true, default: [] },
      report: { type: 'string' },
    },
  });
  const [what, ...rest] = positionals;
  if ((what !== 'simulate' && what !== 'calibrate') || rest.length > 0)
    throw new UserError(`identity takes: simulate, calibrate, ${STEWARD_VERBS.join(', ')}; see --help`);
  if (values.people.length === 0) throw new UserError('--people names the export; see --help');
  const columns = await readColumnMap(required('columns', values.columns));
  const out = required('out', values.out);
  for (const path of values.report === undefined ? [out] : [out, values.report]) await expectWritable(path);
  if (what === 'calibrate') return runCalibration(values.people, columns, out);
  return runSimulation({
    files: values.people,
    columns,
    mode: modeOf(required('jurisdiction', values.jurisdiction)),
    out,
    seed: seedOf(values.order),
    uniqueWithinSource: values['unique-within-source'],
    parameters: values.parameters === undefined ? matchParameters : await readParameters(values.parameters),
    explain: values.explain.map(pairOf),
    report: values.report,
  });
}

interface Row {
  readonly rowId: string;
  readonly person: Person;
  readonly source: number;
}
interface BadRow {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

async function* rowsOf(files: readonly string[], columns: ColumnMap, bad: BadRow[]): AsyncGenerator<Row> {
  const sizes = await Promise.all(files.map(sizeOf));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const progress = progressOn();
  let before = 0;
  try {
    for (const [source, file] of files.entries()) {
      for await (const line of readPeople(file, columns)) {
        progress.step('bytes', before + line.bytesRead, all);
        if (line.ok) yield { rowId: line.rowId, person: line.person, source };
        else bad.push({ file, line: line.line, reason: line.reason });
      }
      before += sizes[source] ?? 0;
    }
  } finally {
    progress.end();
  }
}

interface SimulationCall {
  readonly files: readonly string[];
  readonly columns: ColumnMap;
  readonly mode: 'off' | 'review' | 'on';
  readonly out: string;
  readonly seed: number | undefined;
  readonly uniqueWithinSource: boolean;
  readonly parameters: MatchParameters;
  readonly explain: readonly (readonly [string, string])[];
  readonly report: string | undefined;
}

async function runSimulation(call: SimulationCall): Promise<number> {
  const { mode, parameters, uniqueWithinSource, seed } = call;
  const simulation = new Simulation({ mode, parameters, uniqueWithinSource, policy: matchPolicy });
  const badRows: BadRow[] = [];
  const rowIds: string[] = [];
  const take = async ({ rowId, person, source }: Row): Promise<void> => {
    rowIds.push(rowId);
    await simulation.add(rowId, person, source);
  };
  if (seed === undefined) for await (const row of rowsOf(call.files, call.columns, badRows)) await take(row);
  else {
    const all: Row[] = [];
    for await (const row of rowsOf(call.files, call.columns, badRows)) all.push(row);
    const rows = shuffled(all, randomFrom(seed));
    const progress = progressOn();
    for (const [at, row] of rows.entries()) {
      await take(row);
      progress.step('rows', at + 1, rows.length);
    }
    progress.end();
  }
  const partition = simulation.partition();
  const lines = rowIds.map((rowId, row) => `${cell(rowId)},${cell(`s${(partition[row] ?? row) + 1}`)}`);
  await writeTo(call.out, `row,subject\n${lines.map((line) => `${line}\n`).join('')}`);
  const report = {
    ...simulation.report(),
    badRows: { count: badRows.length, listed: badRows.slice(0, 1_000) },
  };
  if (call.report !== undefined) await writeTo(call.report, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(reportText(report));
  for (const { file, line, reason } of badRows.slice(0, LISTED_BAD_ROWS_MAX))
    process.stdout.write(`  ${file} line ${line}: ${reason}\n`);
  for (const pair of call.explain) process.stdout.write(await explanation(simulation, rowIds, pair));
  return 0;
}

async function runCalibration(files: readonly string[], columns: ColumnMap, out: string): Promise<number> {
  const badRows: BadRow[] = [];
  const random = randomFrom(CALIBRATION_SEED);
  // A uniform sample of a stream (Vitter 1985, algorithm R).
  const sample: Person[] = [];
  let seen = 0;
  for await (const { person } of rowsOf(files, columns, badRows)) {
    seen++;
    if (sample.length < CALIBRATION_ROWS_MAX) sample.push(person);
    else {
      const at = Math.floor(random() * seen);
      if (at < CALIBRATION_ROWS_MAX) sample[at] = person;
    }
  }
  const found = calibrate(sample, matchParameters, matchPolicy, random);
  await writeTo(out, `${JSON.stringify(found.parameters, null, 2)}\n`);
  process.stdout.write(
    `${found.records} of ${seen} rows (${badRows.length} bad), ${found.candidatePairs} candidate pairs` +
      (found.candidatePairs === 0
        ? ': no two rows have enough in common to learn from\n'
        : `, of which ${(100 * found.matchShare).toFixed(1)} % match; ${found.rounds} rounds\n`) +
      `estimated: ${found.estimated.join(', ') || 'nothing, too few matches'}\n`,
  );
  return 0;
}

function required(option: string, value: string | undefined): string {
  if (value === undefined) throw new UserError(`--${option} is needed; see --help`);
  return value;
}

function modeOf(code: string): 'off' | 'review' | 'on' {
  const found = under(jurisdictions, code.toLowerCase());
  if (found === undefined)
    throw new UserError(
      `there is no jurisdiction ${code}; there are ${Object.keys(jurisdictions).join(', ')}`,
    );
  return found.identity.value.probabilistic;
}

function seedOf(order: string): number | undefined {
  if (order === 'file') return undefined;
  const seed = /^shuffle:(\d{1,9})$/.exec(order)?.[1];
  if (seed === undefined) throw new UserError('--order is file or shuffle:SEED, SEED a whole number');
  return Number(seed);
}

function pairOf(text: string): readonly [string, string] {
  const [a, b, ...rest] = text.split(',');
  if (a === undefined || b === undefined || a === '' || b === '' || rest.length > 0)
    throw new UserError('--explain takes ROW,ROW');
  return [a, b];
}

import { parseArgs } from 'node:util';
import { ARCHIVE_TABLES } from '../../functions/contracts/lineage.ts';
import {
  type NoProof,
  type Proof,
  proveCertificate,
  proveRow,
} from '../../functions/evidence/audit/prove.ts';
import { type AuditReport, ofDays, verifyArchive } from '../../functions/evidence/audit/verify.ts';
import { fingerprintOf, originOf } from '../../functions/evidence/log/note.ts';
import { UserError } from '../../lib/local/errors.ts';
import { wholeNumber } from '../arguments.ts';
import { ARCHIVE_OPTIONS, archiveOf, archivesOf, type NamedArchive } from '../audit/options.ts';
import { reportText } from '../audit/report-text.ts';
import type { Command } from '../command.ts';

const usage = `Usage: npx rapport audit verify [--from DAY] [--to DAY] [--checkpoint-hours N] [--json]
       npx rapport audit prove ROW_ID [--table signals|refusals|effects]
       npx rapport audit prove --certificate ID
       npx rapport audit key

verify  checks every object, row, log entry and checkpoint against the public key, offline. Names what is wrong;
        exit code 1 then.
prove   prints a proof that somebody else can check with the public key alone: see docs/audit.md.
key     prints the public key, with its fingerprint on standard error.

Which archive (all commands):
  --data-dir DIR            state of a local region (default .rapport)
  --jurisdiction CODE       only this one
  --evidence DIR            a copy of the evidence bucket, with
  --checkpoints DIR         a copy of the checkpoint bucket
  --key FILE                the public key, in PEM, from somewhere you trust; without it the one beside the checkpoints

verify:
  --from, --to DAY          objects of these UTC days only (2026-03-05), both included; the log is always checked whole
  --checkpoint-hours N      the newest checkpoint must be no older
  --json                    the report as JSON
`;

const OPTIONS = {
  ...ARCHIVE_OPTIONS,
  from: { type: 'string' },
  to: { type: 'string' },
  'checkpoint-hours': { type: 'string' },
  table: { type: 'string' },
  certificate: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const parse = (args: readonly string[]) =>
  parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
type Values = ReturnType<typeof parse>['values'];

async function run(args: readonly string[]): Promise<number> {
  const {
    values,
    positionals: [verb, ...rest],
  } = parse(args);
  switch (verb) {
    case 'verify':
      if (rest.length === 0) return verify(values);
      break;
    case 'prove':
      if (rest.length + (values.certificate === undefined ? 0 : 1) === 1) return prove(values, rest[0]);
      break;
    case 'key':
      if (rest.length === 0) return key(values);
      break;
    default:
  }
  throw new UserError('audit takes verify, prove ROW_ID, prove --certificate ID or key; see --help');
}

async function verify(values: Values): Promise<number> {
  const [from, to] = [dayIn('--from', values.from), dayIn('--to', values.to)];
  const hours = values['checkpoint-hours'];
  const hoursMax = hours === undefined ? null : wholeNumber('--checkpoint-hours', hours, 1);
  const reports: Record<string, AuditReport> = {};
  for (const archive of await archivesOf(values)) {
    const name = archive.code ?? String(values.evidence);
    const begun = performance.now();
    const report = await verifyArchive(archive, {
      origin: archive.code === null ? null : originOf(archive.code),
      keys: archive.keys,
      now: Date.now(),
      checkpointAgeMsMax: hoursMax === null ? null : hoursMax * 3_600_000,
      includes: ofDays(from, to),
      reads: () => true,
      onObject: progressOn(name),
    });
    reports[name] = report;
    const seconds = (performance.now() - begun) / 1_000;
    if (!values.json)
      process.stdout.write(reportText(name, report, archive.keys, archive.areKeysFound, seconds));
  }
  if (values.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
  return Object.values(reports).every(({ findings }) => findings.length === 0) ? 0 : 1;
}

/** Says once a second how far it is, on a terminal's standard error. */
function progressOn(name: string): (rows: number) => void {
  let [told, rows] = [performance.now(), 0];
  return (more) => {
    rows += more;
    if (!process.stderr.isTTY || performance.now() - told < 1_000) return;
    told = performance.now();
    process.stderr.write(`\r${name}: ${rows.toLocaleString('en')} rows read`);
  };
}

function dayIn(option: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new UserError(`${option} needs a day such as 2026-03-05, not ${JSON.stringify(text)}`);
  return text;
}

const REASONS: Readonly<Record<NoProof, string>> = {
  'no-such-row': 'no object in the log of this archive has it',
  several: 'rows of several tables have this id: choose one with --table',
  'not-signed':
    'no checkpoint covers it yet, or the log is not what its checkpoints say: wait for the next one, or run audit verify',
};

async function prove(values: Values, rowId: string | undefined): Promise<number> {
  const table = values.table === undefined ? null : ARCHIVE_TABLES.find((known) => known === values.table);
  if (table === undefined) throw new UserError(`--table is one of ${ARCHIVE_TABLES.join(', ')}`);
  const found: (Proof | NoProof)[] = [];
  for (const archive of await archivesOf(values)) found.push(await proofIn(archive, values, rowId, table));
  const proof = found.find((one) => typeof one !== 'string');
  if (proof === undefined) {
    const reason = found.find((one): one is NoProof => one !== 'no-such-row' && typeof one === 'string');
    throw new UserError(`no proof of ${values.certificate ?? rowId}: ${REASONS[reason ?? 'no-such-row']}`);
  }
  process.stdout.write(`${JSON.stringify(proof, null, 2)}\n`);
  return 0;
}

const proofIn = (
  archive: NamedArchive,
  { certificate }: Values,
  rowId: string | undefined,
  table: (typeof ARCHIVE_TABLES)[number] | null,
): Promise<Proof | NoProof> =>
  certificate === undefined
    ? proveRow(archive, archive.keys, rowId ?? '', table)
    : proveCertificate(archive, archive.keys, certificate);

async function key(values: Values): Promise<number> {
  const { keys } = await archiveOf(values);
  for (const one of keys) {
    process.stdout.write(String(one.export({ format: 'pem', type: 'spki' })));
    process.stderr.write(`fingerprint ${fingerprintOf(one)}\n`);
  }
  return 0;
}

export const command: Command = {
  name: 'audit',
  summary: 'verify the archive against its signed log, and prove rows of it',
  usage,
  run,
};

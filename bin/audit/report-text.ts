import type { KeyObject } from 'node:crypto';
import type { Finding } from '../../functions/evidence/audit/findings.ts';
import type { AuditReport } from '../../functions/evidence/audit/verify.ts';
import { fingerprintOf } from '../../functions/evidence/log/note.ts';

const number = (value: number): string => value.toLocaleString('en');

/** A report for people: what was checked, then what is wrong. */
export function reportText(
  name: string,
  report: AuditReport,
  keys: readonly KeyObject[],
  areKeysFound: boolean,
  seconds: number,
): string {
  const { newest, findings } = report;
  const rate = seconds > 0 ? Math.round(report.rows / seconds) : 0;
  const lines = [
    `${name}`,
    `  key           ${keys.map(fingerprintOf).join(', ')}${areKeysFound ? '  (found beside the checkpoints: compare it)' : ''}`,
    `  checkpoints   ${number(report.checkpoints)}${newest === null ? '' : `, newest ${newest.number} of ${new Date(newest.at).toISOString()}, root ${newest.root}`}`,
    `  log           ${number(report.entries)} entries signed, ${number(report.waiting)} waiting for the next checkpoint`,
    `  objects       ${number(report.objects)} read; ${number(report.expired)} expired, ${number(report.replaced)} replaced by compaction`,
    `  rows          ${number(report.rows)} (${number(rate)} a second)`,
    ...findings.map(findingText),
    findings.length === 0
      ? '  the archive is what its log says'
      : `  ${number(findings.length)} ${findings.length === 1 ? 'finding' : 'findings'}: the archive is not what its log says`,
  ];
  return `${lines.join('\n')}\n`;
}

function findingText({ kind, where, what, rows = [] }: Finding): string {
  const named = rows.length === 0 ? '' : `\n    rows ${rows.join(' ')}`;
  return `  ${kind.toUpperCase()} ${where}\n    ${what}${named}`;
}

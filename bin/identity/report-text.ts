import { matchPolicy } from '../../functions/registry/matching/parameters.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { Simulation } from './simulate.ts';

/** One cell of a CSV file (RFC 4180). */
export const cell = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** The figures, one a line. */
export function reportText(
  report: ReturnType<Simulation['report']> & { badRows: { count: number } },
): string {
  const { comparisonsPerRow: comparisons, merges } = report;
  const figures: readonly (readonly [string, string | number])[] = [
    ['probabilistic matching', report.probabilistic],
    ['rows', report.rows],
    ['bad rows', report.badRows.count],
    ['subjects', report.subjects],
    ['merges', `${merges.deterministic} by identifier, ${merges.probabilistic} by evidence`],
    ['review queue', report.reviewQueue],
    ['comparisons per row', `p50 ${comparisons.p50}, p99 ${comparisons.p99}, most ${comparisons.max}`],
    ['index writes per row', report.indexWritesPerRow],
    ['seconds', `${report.seconds} (${report.rowsPerSecond} rows/s)`],
  ];
  return figures.map(([label, value]) => `${label.padEnd(24)}${value}\n`).join('');
}

/** Why two rows are, or are not, one subject.
 * @throws UserError when there is no such row */
export async function explanation(
  simulation: Simulation,
  rowIds: readonly string[],
  [a, b]: readonly [string, string],
): Promise<string> {
  const [rowA, rowB] = [rowIds.indexOf(a), rowIds.indexOf(b)];
  if (rowA < 0 || rowB < 0) throw new UserError(`--explain: there is no row ${rowA < 0 ? a : b}`);
  const found = await simulation.explain(rowA, rowB);
  if (found === null)
    return `${a} and ${b}: this jurisdiction allows no probabilistic matching, so there is no weight\n`;
  const partition = simulation.partition();
  const weights = (bits: Readonly<Record<string, number>>): string =>
    Object.entries(bits)
      .map(([feature, weight]) => `${feature} ${signed(weight)}`)
      .join(', ') || 'nothing to compare';
  const lines = [
    `${a} and ${b}: ${partition[rowA] === partition[rowB] ? 'one subject' : 'two subjects'} (bits; more than ${matchPolicy.mergeAbove} ${simulation.mayMerge ? 'merges' : 'would merge, but this jurisdiction only proposes'})`,
    `  the two rows      prior ${signed(found.priorBits)}, ${weights(found.pair)}`,
  ];
  if (found.subjects !== null)
    lines.push(
      `  their subjects    ${signed(found.subjects.bits)} with the prior: ${weights(found.subjects.contributions)}`,
    );
  const nameOf = (atom: string): string => atom.slice(atom.indexOf(':') + 1);
  for (const link of found.links)
    lines.push(
      `  joined by         ${nameOf(link.a)} + ${nameOf(link.b)}: ${signed(link.bits)}; ${weights(link.contributions)}`,
    );
  return `${lines.join('\n')}\n`;
}

const signed = (bits: number): string => `${bits >= 0 ? '+' : ''}${bits.toFixed(1)}`;

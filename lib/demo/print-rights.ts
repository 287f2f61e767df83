import type { IdentityFigures, PairwiseAccuracy } from './identity-figures.ts';
import type { Report } from './report.ts';

const count = (n: number): string => n.toLocaleString('en-US');
const title = (text: string): readonly string[] => ['', text, '-'.repeat(text.length)];
const row = (label: string, value: string): string => `  ${label.padEnd(34)}${value.padStart(14)}`;

/** The lines about who is who, about consent and erasure, and about the proof of the archive. */
export function rightsLines(report: Report): readonly string[] {
  const { identity, merges, reviews, consents, erasures, verified } = report;
  return [
    ...title('Identity'),
    ...Object.entries(merges).map(([kind, n]) => row(`merges, ${kind}`, count(n))),
    row('pairs that wait for a steward', count(reviews)),
    ...Object.entries(identity).flatMap(accuracyLines),
    ...title('Consent'),
    ...Object.entries(consents).map(([kind, n]) => row(kind, count(n))),
    ...(Object.keys(erasures).length === 0 ? [] : title('Erasure of one person')),
    ...Object.entries(erasures).map(([code, { state, seconds, calls }]) => {
      const total = Object.values(calls).reduce((sum, n) => sum + n, 0);
      const services = Object.entries(calls)
        .sort(([, one], [, other]) => other - one)
        .map(([service, n]) => `${service} ${count(n)}`);
      const time = seconds === null ? '' : ` in ${seconds.toFixed(1)} s`;
      return `  ${code.padEnd(8)}${state}${time}, ${count(total)} calls: ${services.join(', ')}`;
    }),
    ...title('Archive verified'),
    ...Object.entries(verified).flatMap(([code, { rows, objects, findings }]) => [
      `  ${code.padEnd(8)}${count(rows)} rows, ${count(objects)} objects, ${count(findings.length)} findings`,
      ...findings.map(({ kind, where }) => `          ${kind} ${where}`.slice(0, 100)),
    ]),
  ];
}

function accuracyLines([code, figures]: readonly [string, IdentityFigures]): readonly string[] {
  const { mode, identifiers, persons, asLinked, withoutMatches, reviewsAccepted, acceptable } = figures;
  return [
    `  ${code}: ${count(identifiers)} identifiers of ${count(persons)} true persons; matching by attributes: ${mode}`,
    ...(mode === 'on' ? [accuracyLine('without matches', withoutMatches)] : []),
    accuracyLine('as linked', asLinked),
    ...(mode === 'review'
      ? [accuracyLine(`with ${count(acceptable)} likely reviews accepted`, reviewsAccepted)]
      : []),
  ];
}

const accuracyLine = (label: string, { f1, precision, recall }: PairwiseAccuracy): string =>
  `    ${label.padEnd(36)}F1 ${f1.toFixed(4)}  precision ${precision.toFixed(4)}  recall ${recall.toFixed(4)}`;

import { rightsLines } from './print-rights.ts';
import type { Report } from './report.ts';

const WIDTH = 100;
const count = (n: number): string => n.toLocaleString('en-US');
const usd = (n: number): string => `$${n.toFixed(3)}`;

/** The report for a person to read, in at most 100 columns. */
export function printReport(report: Report): string {
  const lines: string[] = [];
  const title = (text: string): number => lines.push('', text, '-'.repeat(text.length));
  const row = (label: string, value: string): number =>
    lines.push(`  ${label.padEnd(34)}${value.padStart(14)}`);
  const counts = (entries: Readonly<Record<string, number>>, none: string): void => {
    const sorted = Object.entries(entries).sort(([, one], [, other]) => other - one);
    if (sorted.length === 0) lines.push(`  ${none}`);
    for (const [label, n] of sorted) row(label, count(n));
  };

  title('Signals');
  if (report.rows !== null) {
    row('order lines read', count(report.rows));
    row('stock adjustments (not sent)', count(report.stockAdjustments));
  }
  row('signals sent', count(report.signals));
  for (const [outcome, n] of Object.entries(report.byOutcome)) row(`  ${outcome}`, count(n));
  if (Object.keys(report.quarantineReasons).length > 0) {
    title('Quarantined, why');
    counts(report.quarantineReasons, '');
  }
  if (Object.keys(report.withheldReasons).length > 0) {
    title('Withheld, why');
    counts(report.withheldReasons, '');
  }
  title('Jurisdictions');
  lines.push(...jurisdictionTable(report));
  title('Customers in segments');
  counts(report.segments, 'none');
  title('Alerts opened');
  counts(report.alerts, 'none');
  lines.push(...rightsLines(report));
  title('Speed and cost');
  const { collect, signalToAlert } = report.latencyMs;
  row('collect, a request, p50 / p99', `${collect.p50} / ${collect.p99} ms`);
  row('signal to alert, p50 / p99', `${signalToAlert.p50} / ${signalToAlert.p99} ms`);
  row('write units an event', report.wruPerEvent.toFixed(3));
  row('cost of a million events', usd(report.costUsdPerMillion.total));
  for (const [service, cost] of Object.entries(report.costUsdPerMillion.byService)) {
    if (cost >= 0.0005) row(`  ${service}`, usd(cost));
  }
  title('Calls to AWS');
  for (const [service, operations] of Object.entries(report.awsCalls)) {
    const text = Object.entries(operations)
      .sort(([, one], [, other]) => other - one)
      .map(([operation, n]) => `${operation} ${count(n)}`)
      .join(', ');
    lines.push(...wrapped(`  ${service.padEnd(10)}${text}`, 12));
  }
  title('Notes');
  for (const note of report.notes) lines.push(...wrapped(`  ${note}`, 4));
  title('Do the sums add up?');
  for (const { claim, holds } of report.checks) lines.push(`  ${holds ? 'yes' : 'NO '}  ${claim}`);
  lines.push('', `Done in ${report.seconds.toFixed(1)} s.`);
  return `${lines.slice(1).join('\n')}\n`;
}

function jurisdictionTable({ byJurisdiction }: Report): string[] {
  const columns = ['signals', 'subjects', 'alerts', 'archiveObjects', 'archiveRows'] as const;
  const headings = ['signals', 'customers', 'alerts', 'archive objects', 'archive rows'];
  return [
    `  ${''.padEnd(8)}${headings.map((heading) => heading.padStart(16)).join('')}`,
    ...Object.entries(byJurisdiction).map(
      ([code, figures]) =>
        `  ${code.padEnd(8)}${columns.map((column) => count(figures[column]).padStart(16)).join('')}`,
    ),
  ];
}

/** Breaks a line at blanks; what follows is indented. */
function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > WIDTH) {
    const cut = rest.lastIndexOf(' ', WIDTH);
    if (cut <= indent) break;
    lines.push(rest.slice(0, cut));
    rest = ' '.repeat(indent) + rest.slice(cut + 1);
  }
  return [...lines, rest];
}

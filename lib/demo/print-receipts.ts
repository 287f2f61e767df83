import type { Played } from './play.ts';

/** What an import sent and what the regions answered, for a person to read. */
export function printReceipts(played: Played): string {
  const count = (n: number): string => n.toLocaleString('en-US').padStart(10);
  const lines: string[] = [];
  if (played.rows !== null) {
    lines.push(
      `${count(played.rows)}  order lines read`,
      `${count(played.stockAdjustments)}  of them stock adjustments, not sent`,
    );
  }
  for (const [code, { sent, receipts, reasons, requests, retries }] of Object.entries(played.sent)) {
    lines.push(
      '',
      `${code}: ${sent.toLocaleString('en-US')} events in ${requests} requests${retries > 0 ? `, ${retries} retried` : ''}`,
    );
    for (const [outcome, n] of Object.entries(receipts)) if (n > 0) lines.push(`${count(n)}  ${outcome}`);
    for (const [reason, n] of [...reasons].sort(([, one], [, other]) => other - one))
      lines.push(`${count(n)}    ${reason}`);
  }
  lines.push('', ...played.notes);
  return `${lines.join('\n')}\n`;
}

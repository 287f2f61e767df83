import { parseArgs } from 'node:util';
import type { ReceiptView } from '../../functions/contracts/operations.ts';
import { UserError } from '../../lib/local/errors.ts';
import { identifierIn, readReady } from '../arguments.ts';
import type { Command } from '../command.ts';
import { askOperations, regionsIn } from '../operations-client.ts';

const usage = `Usage: npx rapport receipt MESSAGE_ID [--identifier TYPE=VALUE]… [--data-dir DIR] [--jurisdiction CODE] [--json]

Asks every running jurisdiction how the event with this messageId ended. Quarantined, withheld and misdirected events
are on record for 90 days. That one was applied can be said for certain only with an identifier of its customer.

  --identifier TYPE=VALUE  an identifier that the event named, such as userId=C-1042 or email=ada@lovelace.org
  --data-dir DIR           where the region wrote ready.json (default .rapport)
  --jurisdiction CODE      ask only this jurisdiction
  --json                   machine-readable
`;

interface Line {
  readonly jurisdiction: string;
  /** null: nothing on record. */
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly receivedAt: string | null;
  /** Quarantined only: when it was sent on after repair. */
  readonly replayedAt: string | null;
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string', default: '.rapport' },
      jurisdiction: { type: 'string' },
      identifier: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  const [messageId] = positionals;
  if (messageId === undefined || positionals.length > 1)
    throw new UserError('receipt takes one messageId; see --help');

  const identifiers = values.identifier.map(identifierIn);
  const { jurisdictions } = readReady(values['data-dir']);
  const question = identifiers.length === 0 ? { messageId } : { messageId, identifiers };
  const lines: Line[] = [];
  for (const [code, region] of regionsIn(jurisdictions, values.jurisdiction))
    lines.push(lineOf(code, await askOperations<ReceiptView>(code, region, '/v1/receipts/lookup', question)));
  process.stdout.write(values.json ? `${JSON.stringify(lines, null, 2)}\n` : lines.map(asText).join(''));
  return 0;
}

const lineOf = (jurisdiction: string, receipt: ReceiptView | null): Line => ({
  jurisdiction,
  outcome: receipt?.outcome ?? null,
  reason: receipt?.reason ?? null,
  receivedAt: receipt?.receivedAt ?? null,
  replayedAt: receipt?.replayedAt ?? null,
});

const asText = ({ jurisdiction, outcome, reason, receivedAt, replayedAt }: Line): string =>
  outcome === null
    ? `${jurisdiction}: no refusal on record: applied, a duplicate, or never received\n`
    : `${[`${jurisdiction}: ${outcome}`, reason, receivedAt && `received ${receivedAt}`, replayedAt && `sent on after repair ${replayedAt}`].filter(Boolean).join(', ')}\n`;

export const command: Command = {
  name: 'receipt',
  summary: 'how the event with a messageId ended',
  usage,
  run,
};

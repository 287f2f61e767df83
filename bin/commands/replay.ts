import { parseArgs } from 'node:util';
import type { RebuildStepView } from '../../functions/contracts/evidence-api.ts';
import { progressOn } from '../../lib/demo/progress.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { ReadyJurisdiction } from '../../lib/local/regions.ts';
import { readReady } from '../arguments.ts';
import type { Command } from '../command.ts';
import { askOperations, regionsIn } from '../operations-client.ts';

const usage = `Usage: npx rapport replay --from YYYY-MM-DD --to YYYY-MM-DD [--jurisdiction CODE] [--data-dir DIR] [--json]

Rebuilds all profiles from the archive, of signals received on these UTC days, into tables of their own, and compares
them with the live ones: the same state, bit for bit, in the same subject. What an earlier replay left there is removed
first. Live profiles are not touched, nothing is told to anybody, and erased customers stay erased.

  --from, --to         first and last UTC day of receipt
  --jurisdiction CODE  only this jurisdiction
  --data-dir DIR       where the region wrote ready.json (default .rapport)
  --json               machine-readable

The exit code is 1 when a profile differs. Signals that are not archived yet are missing in what was rebuilt.
`;

interface Comparison {
  readonly identifiers: number;
  readonly equal: number;
  readonly different: number;
  readonly onlyLive: number;
  readonly onlyRebuilt: number;
}
interface Replayed extends Comparison {
  readonly jurisdiction: string;
  readonly played: number;
  readonly sealed: number;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      jurisdiction: { type: 'string' },
      'data-dir': { type: 'string', default: '.rapport' },
      json: { type: 'boolean', default: false },
    },
  });
  const { from, to } = values;
  if (from === undefined || to === undefined || !DAY.test(from) || !DAY.test(to))
    throw new UserError('replay needs --from and --to, such as --from 2026-01-01 --to 2026-01-31');
  const { jurisdictions } = readReady(values['data-dir']);
  const results: Replayed[] = [];
  for (const [code, region] of regionsIn(jurisdictions, values.jurisdiction)) {
    const result = await replay(code, region, from, to);
    results.push(result);
    if (!values.json) process.stdout.write(asText(result));
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  return results.every(({ identifiers, equal, onlyRebuilt }) => equal === identifiers && onlyRebuilt === 0)
    ? 0
    : 1;
}

async function replay(code: string, region: ReadyJurisdiction, from: string, to: string): Promise<Replayed> {
  const ask = async <Answer>(path: string, body: unknown): Promise<Answer> => {
    const answer = await askOperations<Answer>(code, region, `/v1/evidence/rebuild${path}`, body);
    if (answer === null) throw new UserError(`${code} has no replay: it runs an older version`);
    return answer;
  };
  await ask('/clearing', {});
  const progress = progressOn();
  let [played, sealed] = [0, 0];
  let cursor: string | undefined;
  try {
    do {
      const step: RebuildStepView = await ask('', { from, to, ...(cursor === undefined ? {} : { cursor }) });
      played += step.played;
      sealed += step.sealed;
      cursor = step.cursor;
      progress.step(`${code}: archive objects`, step.objects.done, step.objects.all);
    } while (cursor !== undefined);
  } finally {
    progress.end();
  }
  return { jurisdiction: code, played, sealed, ...(await ask<Comparison>('/comparison', {})) };
}

const asText = (result: Replayed): string =>
  [
    `${result.jurisdiction}: ${result.played} archived signals and choices played again, ${result.sealed} rows of erased customers left closed\n`,
    `  ${result.identifiers} identifiers live: ${result.equal} rebuilt the same, ${result.different} different, ${result.onlyLive} not rebuilt, ${result.onlyRebuilt} only rebuilt\n`,
  ].join('');

export const command: Command = {
  name: 'replay',
  summary: 'rebuilds profiles from the archive and compares them with the live ones',
  usage,
  run,
};

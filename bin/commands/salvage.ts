import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { putRecords } from '../../functions/adapters/aws/put-records.ts';
import { InvariantError } from '../../functions/kernel/invariant.ts';
import { type SentOn, toSendOn } from '../../functions/pipeline/1-collect/salvaged.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { Command } from '../command.ts';

const usage = `Usage: npx rapport salvage replay FILE.bin.gz... [--stream NAME]

Sends records on that a stream function gave up on, and that salvage kept in the quarantine bucket under v1/unprocessed/.
Download the objects first; mend what made the function give up before that. Runs with your AWS credentials and region, which
must be allowed to write to the stream. Twice is safe: what is applied stays applied once, what is archived is recognised.

  --stream NAME   another stream than the one they came from
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { stream: { type: 'string' } },
  });
  const [verb, ...files] = positionals;
  if (verb !== 'replay' || files.length === 0)
    throw new UserError('salvage takes replay and the files of salvaged records; see --help');
  // All are read before anything is sent.
  for (const [file, records] of files.map((each) => [each, recordsIn(each)] as const)) {
    const streams = Map.groupBy(records, ({ streamName }) => values.stream ?? streamName);
    for (const [streamName, own] of streams) {
      await putRecords({ streamName, records: own });
      process.stdout.write(`${file}: ${own.length} records sent to ${streamName}\n`);
    }
  }
  return 0;
}

function recordsIn(file: string): readonly SentOn[] {
  try {
    return toSendOn(gunzipSync(readFileSync(file)));
  } catch (cause) {
    const why = cause instanceof InvariantError ? cause.message : 'it cannot be read or unzipped';
    throw new UserError(`${file}: ${why}; nothing was sent`, { cause });
  }
}

export const command: Command = {
  name: 'salvage',
  summary: 'sends records on that a stream function gave up on',
  usage,
  run,
};

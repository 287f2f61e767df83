import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../../lib/local/errors.ts';
import { openApi } from '../../lib/openapi/document.ts';
import type { Command } from '../command.ts';

const usage = `Usage: npx rapport openapi [--out FILE]

Prints the OpenAPI 3.1 document of the HTTP APIs, generated from the contracts and the map of routes.

  --out FILE   write it there instead; the copy under version control is docs/api/openapi.json
`;

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { out: { type: 'string' } } });
  const text = `${JSON.stringify(openApi(), null, 2)}\n`;
  if (values.out === undefined) {
    process.stdout.write(text);
    return 0;
  }
  try {
    mkdirSync(dirname(values.out), { recursive: true });
    writeFileSync(values.out, text);
  } catch (cause) {
    throw new UserError(`cannot write ${values.out}`, { cause });
  }
  return 0;
}

export const command: Command = {
  name: 'openapi',
  summary: 'the OpenAPI document of the HTTP APIs',
  usage,
  run,
};

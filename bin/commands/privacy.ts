import { parseArgs } from 'node:util';
import {
  CORRECTION_REFUSALS,
  LIFT_REASONS,
  PRIVACY_REQUEST_TYPES,
} from '../../functions/contracts/privacy-requests.ts';
import type { PrivacyRequestView } from '../../functions/contracts/privacy-requests-api.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { ReadyJurisdiction } from '../../lib/local/regions.ts';
import { readReady } from '../arguments.ts';
import type { Command } from '../command.ts';
import { askOperations, regionsIn } from '../operations-client.ts';

const usage = `Usage: npx rapport privacy request TYPE --identifier TYPE=VALUE… [--agent] [--client-key KEY]
                                         [--correct ATTRIBUTE=VALUE…]
       npx rapport privacy verify REQUEST_ID --by CODE [--method METHOD] [--authority METHOD] [--failed]
       npx rapport privacy accuracy REQUEST_ID --outcome OUTCOME [--reason REASON]
       npx rapport privacy lift REQUEST_ID --reason REASON --informed TIME --by CODE
       npx rapport privacy status REQUEST_ID
       npx rapport privacy fetch REQUEST_ID

Works on privacy requests of one running jurisdiction. Types: ${PRIVACY_REQUEST_TYPES.join(', ')}.

  --identifier TYPE=VALUE  whose request it is, such as userId=C-1042 or email=ada@lovelace.org
  --correct ATTRIBUTE=VALUE  what a correction changes, such as surname=King
  --outcome OUTCOME        of new values: accurate, unascertained or refused
  --reason REASON          why they are refused: ${CORRECTION_REFUSALS.join(', ')};
                           why a restriction is lifted: ${Object.keys(LIFT_REASONS).join(', ')}
  --informed TIME          when the person was told that it will be lifted, such as 2026-11-25T09:00:00Z
  --agent                  an agent asks for the person
  --by CODE                system or role that vouches for it, such as service-desk
  --method METHOD          how the person was recognised (default signed-in)
  --authority METHOD       how an agent showed their authority, such as signed-permission
  --failed                 the proof did not convince
  --jurisdiction CODE      which one, when several run
  --data-dir DIR           where the region wrote ready.json (default .rapport)
`;

/** `email=ada@lovelace.org`. @throws UserError when it has another form */
function pairIn(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^(\w+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UserError('--identifier and --correct need NAME=VALUE, such as userId=C-1042');
  return [name, value];
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string', default: '.rapport' },
      jurisdiction: { type: 'string' },
      identifier: { type: 'string', multiple: true, default: [] },
      correct: { type: 'string', multiple: true, default: [] },
      outcome: { type: 'string', default: 'accurate' },
      reason: { type: 'string' },
      informed: { type: 'string' },
      agent: { type: 'boolean', default: false },
      'client-key': { type: 'string' },
      by: { type: 'string' },
      method: { type: 'string', default: 'signed-in' },
      authority: { type: 'string' },
      failed: { type: 'boolean', default: false },
    },
  });
}
type Values = ReturnType<typeof parse>['values'];

function bodyOfRequest(type: string, values: Values): object {
  if (values.identifier.length === 0)
    throw new UserError('request needs at least one --identifier TYPE=VALUE');
  const clientKey = values['client-key'];
  return {
    type,
    identifiers: values.identifier.map(pairIn).map(([name, value]) => ({ type: name, value })),
    ...(values.correct.length === 0
      ? {}
      : { corrections: values.correct.map(pairIn).map(([attribute, value]) => ({ attribute, value })) }),
    requester: values.agent ? 'agent' : 'person',
    ...(clientKey === undefined ? {} : { clientKey }),
  };
}

function bodyOfProof(values: Values): object {
  if (values.by === undefined) throw new UserError('verify needs --by CODE, such as --by service-desk');
  const outcome = values.failed ? 'failed' : 'verified';
  return {
    by: values.by,
    identity: { outcome, method: values.method },
    ...(values.authority === undefined ? {} : { authority: { outcome, method: values.authority } }),
  };
}

function bodyOfLift({ reason, informed, by }: Values): object {
  const informedAt = Date.parse(informed ?? '');
  if (reason === undefined || by === undefined || Number.isNaN(informedAt))
    throw new UserError('lift needs --reason REASON, --informed TIME and --by CODE; see --help');
  return { reason, by, informedAt: new Date(informedAt).toISOString() };
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, subject] = positionals;
  if (verb === undefined || subject === undefined || positionals.length > 2)
    throw new UserError('privacy takes a verb and what it is about; see --help');
  const running = regionsIn(readReady(values['data-dir']).jurisdictions, values.jurisdiction);
  const [only] = running;
  if (only === undefined || running.length > 1)
    throw new UserError('several jurisdictions run here: say which with --jurisdiction CODE');
  const answer = await askedOf(only, verb, subject, values);
  if (answer === null) throw new UserError(`${only[0]} has no privacy request with this id`);
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return 0;
}

interface ExportPart {
  readonly part: number;
  readonly parts: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** An export whole, of all its parts. */
async function fetched(code: string, region: ReadyJurisdiction, requestId: string): Promise<object | null> {
  const path = `/v1/privacy-requests/${encodeURIComponent(requestId)}/link`;
  const link = await askOperations<{ readonly token: string; readonly parts: number }>(
    code,
    region,
    path,
    {},
  );
  if (link === null) return null;
  const whole: Record<string, unknown> = {};
  for (let left = link.parts; left > 0; left -= 1) {
    const body = { requestId, token: link.token };
    const got = await askOperations<ExportPart>(code, region, '/v1/privacy-exports', body);
    for (const [table, rows] of Object.entries(got?.json ?? {})) {
      const before = whole[table];
      whole[table] = Array.isArray(before) && Array.isArray(rows) ? [...before, ...rows] : rows;
    }
  }
  return whole;
}

async function askedOf(
  [code, region]: readonly [string, ReadyJurisdiction],
  verb: string,
  subject: string,
  values: Values,
): Promise<object | null> {
  const path = `/v1/privacy-requests/${encodeURIComponent(subject)}`;
  switch (verb) {
    case 'request':
      return askOperations<PrivacyRequestView>(
        code,
        region,
        '/v1/privacy-requests',
        bodyOfRequest(subject, values),
      );
    case 'status':
      return askOperations<PrivacyRequestView>(code, region, path);
    case 'verify':
      return askOperations<PrivacyRequestView>(code, region, `${path}/verification`, bodyOfProof(values));
    case 'accuracy': {
      const { outcome, reason } = values;
      const word = { outcome, ...(reason === undefined ? {} : { reason }) };
      return askOperations<PrivacyRequestView>(code, region, `${path}/accuracy`, word);
    }
    case 'lift':
      return askOperations<PrivacyRequestView>(code, region, `${path}/lift`, bodyOfLift(values));
    case 'fetch':
      return fetched(code, region, subject);
    default:
      throw new UserError(
        `privacy has no verb ${verb}; there are request, verify, accuracy, lift, status and fetch`,
      );
  }
}

export const command: Command = {
  name: 'privacy',
  summary: 'requests of people about their own: ask, prove, follow, fetch',
  usage,
  run,
};

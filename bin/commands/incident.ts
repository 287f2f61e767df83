import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { IncidentView } from '../../functions/contracts/incidents-api.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { ReadyJurisdiction } from '../../lib/local/regions.ts';
import { readReady, wholeNumber } from '../arguments.ts';
import type { Command } from '../command.ts';
import { askOperations, regionsIn } from '../operations-client.ts';

const usage = `Usage: npx rapport incident list [--closed]
       npx rapport incident show INCIDENT_ID
       npx rapport incident open --jurisdiction CODE --kind KIND [--reference NAME] [--found TIME] [--began TIME]
                                 [--people N] [--identifier TYPE=VALUE]… [--subject SUBJECT_ID]…

Incidents of exposed personal data: what the law wants told until when, and whom they affect. A search of all logs opens
them by itself; open reports one that somebody found.

  --kind KIND              personal-data-in-log, decrypt-outside-purpose, lost-credential, misdirected-disclosure, other
  --reference NAME         your own name for it, such as a ticket; the same one again is the same incident
  --found TIME             when it became known (ISO 8601; default now): deadlines count from it
  --began TIME             when the exposure began
  --people N               how many people it concerns
  --identifier TYPE=VALUE  somebody it affects, such as userId=C-1042
  --subject SUBJECT_ID     somebody it affects
  --jurisdiction CODE      ask only this jurisdiction
  --data-dir DIR           where the region wrote ready.json (default .rapport)
  --json                   machine-readable
`;

const OPTIONS = {
  closed: { type: 'boolean', default: false },
  kind: { type: 'string' },
  reference: { type: 'string' },
  found: { type: 'string' },
  began: { type: 'string' },
  people: { type: 'string' },
  identifier: { type: 'string', multiple: true },
  subject: { type: 'string', multiple: true },
  jurisdiction: { type: 'string' },
  'data-dir': { type: 'string', default: '.rapport' },
  json: { type: 'boolean', default: false },
} as const;

const parse = (args: readonly string[]) =>
  parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
type Values = ReturnType<typeof parse>['values'];
type Asked = readonly (readonly [code: string, region: ReadyJurisdiction])[];

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb, id, ...rest] = positionals;
  if (rest.length > 0) throw new UserError('too many arguments; see --help');
  const asked = regionsIn(readReady(values['data-dir']).jurisdictions, values.jurisdiction);
  switch (verb) {
    case 'list':
      return list(asked, values);
    case 'show':
      if (id === undefined) throw new UserError('incident show takes an INCIDENT_ID; see --help');
      return show(asked, id, values);
    case 'open':
      return open(asked, values);
    default:
      throw new UserError('incident takes list, show or open; see --help');
  }
}

async function list(asked: Asked, values: Values): Promise<number> {
  const found: (IncidentView & { readonly jurisdiction: string })[] = [];
  for (const [code, region] of asked) {
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams({ state: values.closed ? 'closed' : 'open', limit: '100' });
      if (cursor !== undefined) query.set('cursor', cursor);
      const page = await askOperations<{ incidents: IncidentView[]; cursor?: string }>(
        code,
        region,
        `/v1/incidents?${query}`,
      );
      for (const incident of page?.incidents ?? []) found.push({ jurisdiction: code, ...incident });
      cursor = page?.cursor;
    } while (cursor !== undefined);
  }
  if (values.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else
    process.stdout.write(
      found.length === 0
        ? `no ${values.closed ? 'closed' : 'open'} incident\n`
        : found.map((each) => asLine(each.jurisdiction, each)).join(''),
    );
  return 0;
}

async function show(asked: Asked, id: string, values: Values): Promise<number> {
  for (const [code, region] of asked) {
    const ask = (page: number) =>
      askOperations<IncidentView>(code, region, `/v1/incidents/${encodeURIComponent(id)}?page=${page}`);
    const first = await ask(0);
    if (first === null) continue;
    const subjects = [...(first.affected.subjects ?? [])];
    for (let page = 1; page < first.affected.pages; page += 1)
      subjects.push(...((await ask(page))?.affected.subjects ?? []));
    const whole = { ...first, affected: { ...first.affected, subjects: [...new Set(subjects)] } };
    process.stdout.write(values.json ? `${JSON.stringify(whole, null, 2)}\n` : asText(code, whole));
    return 0;
  }
  throw new UserError(`no running jurisdiction has an incident ${id}`);
}

async function open(asked: Asked, values: Values): Promise<number> {
  const [only, another] = asked;
  if (only === undefined || another !== undefined)
    throw new UserError('incident open needs --jurisdiction CODE: each law counts its own time');
  if (values.kind === undefined) throw new UserError('incident open needs --kind; see --help');
  const [code, region] = only;
  const report = {
    reference: values.reference ?? randomUUID(),
    kind: values.kind,
    foundAt: timeIn('--found', values.found ?? new Date().toISOString()),
    ...(values.began === undefined ? {} : { beganAt: timeIn('--began', values.began) }),
    ...(values.people === undefined ? {} : { people: wholeNumber('--people', values.people, 0) }),
    affected: {
      identifiers: (values.identifier ?? []).map((text) => {
        const [type = '', ...value] = text.split('=');
        return { type, value: value.join('=') };
      }),
      subjectIds: values.subject ?? [],
    },
  };
  const made = await askOperations<IncidentView>(code, region, '/v1/incidents', report);
  if (made === null) throw new UserError(`${code} does not know incidents: it runs an older version`);
  process.stdout.write(values.json ? `${JSON.stringify(made, null, 2)}\n` : asText(code, made));
  return 0;
}

/** @throws UserError unless the text is a time */
function timeIn(option: string, text: string): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UserError(`${option} needs a time such as 2026-11-25T10:00:00Z`);
  return new Date(at).toISOString();
}

const asLine = (code: string, { incidentId, kind, foundAt, finding, duties }: IncidentView): string => {
  const next = duties.flatMap(({ state, dueAt }) => (state === 'running' && dueAt ? [dueAt] : [])).sort()[0];
  const place = finding === null ? '' : `, ${finding.what} in ${finding.place}`;
  return `${code}: ${incidentId} ${kind}${place}, found ${foundAt}${next === undefined ? '' : `, next due ${next}`}\n`;
};

function asText(code: string, incident: IncidentView): string {
  const { duties, affected, finding } = incident;
  const lines = [
    `${code}: ${incident.incidentId} ${incident.kind}, ${incident.state}`,
    `  found ${incident.foundAt}, began ${incident.beganAt ?? 'unknown'}, seriousness ${incident.seriousness ?? 'not assessed'}, people ${incident.people ?? 'unknown'}`,
    ...(finding === null
      ? []
      : [`  ${finding.what} in ${finding.place}: ${finding.count} lines from ${finding.firstAt}`]),
    ...duties.map(
      ({ to, state, dueAt, metAt, waitsFor }) =>
        `  tell ${to}: ${[state, waitsFor && `for ${waitsFor}`, dueAt && `due ${dueAt}`, metAt && `told ${metAt}`].filter(Boolean).join(', ')}`,
    ),
    `  affects ${affected.listed} identities`,
    ...(affected.subjects ?? []).map((subject) => `    ${subject}`),
  ];
  return `${lines.join('\n')}\n`;
}

export const command: Command = {
  name: 'incident',
  summary: 'incidents of exposed data: list, show, open',
  usage,
  run,
};

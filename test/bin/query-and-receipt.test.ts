import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDataFolder } from '../archive/data-folder.ts';
import { lineageRow } from '../evidence/archive/rows.ts';

const CLI = join(import.meta.dirname, '../../bin/cli.ts');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program as its launcher does. */
const rapport = (...args: readonly string[]): Promise<Run> =>
  new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

let directory = '';
let operations: Server;
/** What the operations API was asked. */
const asked: { authorization: string | undefined; body: string }[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-cli-'));
  await writeDataFolder(directory, {
    eu: [lineageRow('a'), lineageRow('b'), lineageRow('c', { table: 'refusals' })],
    uk: [lineageRow('d')],
  });
  operations = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ authorization: request.headers.authorization, body });
    const { messageId } = JSON.parse(body) as { messageId: string };
    if (request.headers.authorization !== 'Bearer good') {
      response.writeHead(401).end(JSON.stringify({ message: 'Unauthorized' }));
    } else if (messageId === 'refused-1' && request.url === '/eu/v1/receipts/lookup') {
      const receivedAt = '2026-03-05T14:00:00.000Z';
      response.end(
        JSON.stringify({ messageId, outcome: 'quarantined', reason: 'impossible-price', receivedAt }),
      );
    } else {
      response
        .writeHead(404, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify({ title: 'Not found' }));
    }
  });
  await new Promise<void>((resolve) => operations.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(operations.address() as AddressInfo).port}`;
  const region = (path: string, token: string) => ({ operationsUrl: `${url}/${path}`, token });
  await writeFile(
    join(directory, 'ready.json'),
    JSON.stringify({
      jurisdictions: { eu: region('eu', 'good'), uk: region('uk/', 'good'), ch: region('ch', 'stale') },
    }),
  );
});
afterAll(async () => {
  await new Promise((resolve) => operations.close(resolve));
  await rm(directory, { recursive: true });
});

describe('rapport query', () => {
  const count = 'SELECT jurisdiction, count(*) AS n FROM signals GROUP BY ALL ORDER BY ALL';

  it('prints a table over all jurisdictions', async () => {
    expect(await rapport('query', count, '--data-dir', directory)).toEqual({
      code: 0,
      out: 'jurisdiction  n\n------------  -\neu            2\nuk            1\n(2 rows)\n',
      err: '',
    });
  });

  it('asks one jurisdiction, and prints JSON or CSV', async () => {
    const one = ['--data-dir', directory, '--jurisdiction', 'uk'];
    expect(JSON.parse((await rapport('query', count, ...one, '--json')).out)).toEqual([
      { jurisdiction: 'uk', n: 1 },
    ]);
    expect((await rapport('query', count, ...one, '--csv')).out).toBe('jurisdiction,n\r\nuk,1\r\n');
  });

  it.each([
    ['a query that is wrong', ['SELECT nothing FROM signals'], /^rapport: Binder Error: .*nothing/],
    ['a query that writes', ['DROP VIEW signals'], /^rapport: only SELECT: the archive is read-only\n$/],
    [
      'an unknown jurisdiction',
      ['SELECT 1', '--jurisdiction', 'xx'],
      /^rapport: no archive of xx here; there are: eu, uk\n$/,
    ],
    [
      'no query',
      [],
      /^rapport: query takes the name of a question or one SQL statement, in quotes; see --help\n$/,
    ],
    ['an unknown question', ['whatever'], /^rapport: no question is called whatever; there are: .*withheld/],
    [
      'a question without its parameter',
      ['decisions-about-subject'],
      /^rapport: decisions-about-subject needs --param row_refs=… \(/,
    ],
    [
      'a parameter that no question has',
      ['withheld', '--param', 'day=1'],
      /^rapport: withheld has no parameter day; it has: from, to\n$/,
    ],
    [
      'a parameter twice',
      ['withheld', '--param', 'to=a', '--param', 'to=b'],
      /^rapport: --param to is there twice\n$/,
    ],
    [
      'a parameter without a value',
      ['withheld', '--param', 'to'],
      /^rapport: --param needs NAME=VALUE, not "to"\n$/,
    ],
    [
      'a day that is none',
      ['withheld', '--param', 'to=soon'],
      /^rapport: --param to is not "soon": last UTC day of receipt/,
    ],
    [
      'a customer of no question',
      ['withheld', '--identifier', 'userId=C-1'],
      /^rapport: withheld is not about one customer: leave --identifier out\n$/,
    ],
    [
      'parameters of no question',
      ['SELECT 1', '--param', 'to=x'],
      /^rapport: --param and --identifier are for questions with a name; write the values into your SQL\n$/,
    ],
    ['two forms', ['SELECT 1', '--json', '--csv'], /^rapport: --json or --csv, not both\n$/],
  ])('says in one line what is the matter with %s', async (_, args, message) => {
    const { code, out, err } = await rapport('query', ...args, '--data-dir', directory);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err.trimEnd()).not.toContain('\n');
  });

  it('explains itself', async () => {
    const { code, out } = await rapport('query', '--help');
    expect(code).toBe(0);
    expect(out).toContain('Usage: npx rapport query NAME');
  });

  it('asks a question by its name, of each jurisdiction by itself', async () => {
    const days = ['--param', 'from=2026-03-01', '--param', 'to=2026-03-31'];
    const asked = ['query', 'quarantine-by-source', ...days, '--data-dir', directory, '--json'];
    expect(JSON.parse((await rapport(...asked)).out)).toEqual([
      {
        jurisdiction: 'eu',
        source_id: 'shop',
        steward: 'unknown',
        reason: 'impossible-price',
        signal_name: 'Order Completed',
        events: 1,
        last_day: '2026-03-05',
      },
    ]);
    expect(JSON.parse((await rapport(...asked, '--jurisdiction', 'uk')).out)).toEqual([]);
  });

  it('lists the questions with their parameters', async () => {
    const { code, out } = await rapport('query', '--list');
    expect(code).toBe(0);
    expect(out).toMatch(/^decisions-about-subject\n {2}What was decided .*\n {4}row_refs: /);
    expect(out).toContain('\nlineage-gaps\n');
  });
});

describe('rapport receipt', () => {
  it('asks each jurisdiction with its token and the messageId in the body', async () => {
    asked.length = 0;
    const { code, out } = await rapport(
      'receipt',
      'refused-1',
      '--data-dir',
      directory,
      '--jurisdiction',
      'eu',
    );
    expect({ code, out }).toEqual({
      code: 0,
      out: 'eu: quarantined, impossible-price, received 2026-03-05T14:00:00.000Z\n',
    });
    expect(asked).toEqual([{ authorization: 'Bearer good', body: '{"messageId":"refused-1"}' }]);
  });

  it('says what no record means', async () => {
    const { code, out } = await rapport('receipt', 'any', '--data-dir', directory, '--jurisdiction', 'uk');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'uk: no refusal on record: applied, a duplicate, or never received\n',
    });
  });

  it('says when it may not ask', async () => {
    const { code, err } = await rapport('receipt', 'any', '--data-dir', directory);
    expect({ code, err }).toEqual({ code: 2, err: 'rapport: ch answered 401: Unauthorized\n' });
  });

  it('says when nothing runs', async () => {
    const { code, err } = await rapport('receipt', 'any', '--data-dir', join(directory, 's3'));
    expect(code).toBe(2);
    expect(err).toContain('Start one with npm start');
  });
});

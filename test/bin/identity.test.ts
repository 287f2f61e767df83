import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'rapport.js');
let folder: string;

const rapport = (...args: string[]): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LAUNCHER, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
};
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const PEOPLE = `id,first,last,dob,zip,mail
1,Katherine,Ashworth,1971-03-14,LS6 2QT,k.ashworth@post.example.org
2,Kathrine,Ashworth,1971-03-14,LS6 2QT,
3,Katherine,Ashworth,1971-03-14,LS6 2QT,k.ashworth@post.example.org
4,Ibrahim,Okonkwo,1988-11-02,M14 5RB,
5,Ibrahim,Okonkwo,1988-11-02,M14 5RB,i.okonkwo@inbox.example.net
6,Margarethe,Lindqvist,1954-07-29,BS3 1JA,
`;
const COLUMNS = JSON.stringify({
  row: 'id',
  attributes: { givenName: 'first', surname: 'last', birthDate: 'dob', postcode: 'zip', email: 'mail' },
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rapport-identity-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Groups of rows in a clusters file. */
function groups(path: string): string[] {
  const bySubject = new Map<string, string[]>();
  for (const line of readFileSync(path, 'utf8').trim().split('\n').slice(1)) {
    const [row = '', subject = ''] = line.split(',');
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), row]);
  }
  return [...bySubject.values()].map((rows) => rows.sort().join('+')).sort();
}

describe('rapport identity simulate', () => {
  it.each(['file', 'shuffle:3'])('finds who is who in an export, in the order %s', (order) => {
    const out = join(folder, `clusters-${order.replace(':', '-')}.csv`);
    const report = join(folder, 'report.json');
    const people = file('people.csv.gz', gzipSync(PEOPLE));
    const columns = file('columns.json', COLUMNS);
    const result = rapport(
      'identity',
      'simulate',
      '--people',
      people,
      '--columns',
      columns,
      '--jurisdiction',
      'au',
      '--out',
      out,
      '--order',
      order,
      '--report',
      report,
    );
    expect(result.err + result.out).not.toContain('Error');
    expect(result.code).toBe(0);
    expect(groups(out)).toEqual(['1+2+3', '4+5', '6']);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ rows: 6, subjects: 3 });
  });

  it('keeps rows of one source apart when told that they are different people', () => {
    const out = join(folder, 'apart.csv');
    const result = rapport(
      'identity',
      'simulate',
      '--people',
      file('one.csv', PEOPLE),
      '--columns',
      file('c.json', COLUMNS),
      '--jurisdiction',
      'au',
      '--out',
      out,
      '--unique-within-source',
    );
    expect(result.code).toBe(0);
    expect(groups(out)).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('says why two rows are one subject', () => {
    const out = join(folder, 'explained.csv');
    const result = rapport(
      'identity',
      'simulate',
      '--people',
      file('e.csv', PEOPLE),
      '--columns',
      file('c.json', COLUMNS),
      '--jurisdiction',
      'au',
      '--out',
      out,
      '--explain',
      '1,2',
    );
    expect(result.code).toBe(0);
    expect(result.out).toMatch(/bits/);
    expect(result.out).toMatch(/birthDate/);
  });

  describe('with an export that is not as it should be', () => {
    const simulate = (
      people: string | Buffer,
      { columns = COLUMNS, jurisdiction = 'au', rest = [] as string[] } = {},
    ) =>
      rapport(
        ...[
          'identity',
          'simulate',
          '--people',
          file('odd.csv', people),
          '--columns',
          file('odd.json', columns),
        ],
        ...['--jurisdiction', jurisdiction, '--out', join(folder, 'odd-out.csv'), ...rest],
      );

    it('lists rows that are not UTF-8 as bad, since different letters would become the same', () => {
      const latin1 = Buffer.from(`${PEOPLE}7,Ren\u00e9,M\u00fcller,1990-01-02,BS3 1JA,\n`, 'latin1');
      const { out, code } = simulate(latin1);
      expect(code).toBe(0);
      expect(out).toMatch(/bad rows +1\n/);
      expect(out).toMatch(/line 8: characters that are not UTF-8: convert the file/);
      expect(simulate(`${PEOPLE}7,Ren\ufffd,M\u00fcller,1990-01-02,BS3 1JA,\n`).out).toMatch(/bad rows +0\n/);
    });

    it('takes a column map that begins with a byte order mark', () => {
      expect(simulate(PEOPLE, { columns: `\ufeff${COLUMNS}` }).code).toBe(0);
    });

    it('says that a column is there twice, and does not choose one', () => {
      const { err, code } = simulate('id,first,first,last,dob,zip,mail\n1,a,b,c,,,\n');
      expect([code, err]).toEqual([2, expect.stringContaining('has two columns first')]);
    });

    it.each([
      [
        'a folder that is not there',
        { rest: ['--report', '/no/such/folder/report.json'] },
        'cannot write /no/such',
      ],
      [
        'a jurisdiction by the name of what every object has',
        { jurisdiction: 'constructor' },
        'no jurisdiction',
      ],
    ])('ends in one line for %s', (_, options, message) => {
      const { err, code } = simulate(PEOPLE, options);
      expect([code, err.trim().split('\n').length, err]).toEqual([2, 1, expect.stringContaining(message)]);
    });

    it('says of strong evidence that it only proposes, where the jurisdiction lets it do no more', () => {
      const { out } = simulate(PEOPLE, { jurisdiction: 'eu', rest: ['--explain', '1,2'] });
      expect(out).toContain('1 and 2: two subjects');
      expect(out).toContain('would merge, but this jurisdiction only proposes');
    });
  });

  it('names the attributes that there are when a mapping names another', () => {
    const columns = file('wrong.json', JSON.stringify({ row: 'id', attributes: { shoeSize: 'zip' } }));
    const result = rapport(
      'identity',
      'simulate',
      '--people',
      file('p.csv', PEOPLE),
      '--columns',
      columns,
      '--jurisdiction',
      'au',
      '--out',
      join(folder, 'x.csv'),
    );
    expect(result.code).toBe(2);
    expect(result.err).toContain('shoeSize');
    expect(result.err).toContain('postcode');
  });
});

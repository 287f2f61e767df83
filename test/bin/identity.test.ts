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

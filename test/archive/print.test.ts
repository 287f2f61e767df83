import { describe, expect, it } from 'vitest';
import { asCsv, asJson, asTable } from '../../lib/archive/print.ts';

const answer = {
  columns: ['signal', 'n', 'note'],
  rows: [
    ['Order Completed', 7, null],
    ['Cart, "Viewed"', 1_200, 'two\nlines'],
  ],
};

describe('an answer', () => {
  it('prints as a table with numbers to the right', () => {
    expect(asTable(answer).split('\n')).toEqual([
      'signal              n  note',
      '---------------  ----  ---------',
      'Order Completed     7',
      'Cart, "Viewed"   1200  two lines',
      '(2 rows)',
      '',
    ]);
  });

  it('prints column names when there is no row', () => {
    expect(asTable({ columns: ['a', 'long_name'], rows: [] })).toBe('a  long_name\n-  ---------\n(0 rows)\n');
  });

  it('prints as JSON that reads back', () => {
    expect(JSON.parse(asJson(answer))[1]).toEqual({ signal: 'Cart, "Viewed"', n: 1_200, note: 'two\nlines' });
  });

  it('prints as CSV with quotes where RFC 4180 wants them', () => {
    expect(asCsv(answer)).toBe(
      'signal,n,note\r\nOrder Completed,7,\r\n"Cart, ""Viewed""",1200,"two\nlines"\r\n',
    );
  });
});

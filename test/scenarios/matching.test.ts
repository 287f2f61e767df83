import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExplanationView } from '../../functions/contracts/evidence-api.ts';
import type { ReviewView, UnmergeAnswer } from '../../functions/contracts/identity-api.ts';
import { DAY_MS, utcDate } from '../../functions/kernel/time.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { ALL_ALLOWED, type Door, type Event, type RunningDoors, startDoors } from './running-pair.ts';

const CLI = join(import.meta.dirname, '../../bin/cli.ts');

/** Evidence may join people in the first, and only propose in the second. */
const CODES = ['us', 'uk'] as const;
let doors: RunningDoors;
const door = (code: (typeof CODES)[number]): Door => doors.door(code);

beforeAll(async () => {
  doors = await startDoors(...CODES);
}, 180_000);
afterAll(() => doors?.stop());

function rapport(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args, '--data-dir', doors.dataDir], (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
  });
}

const RUTH = {
  firstName: 'Ruth',
  lastName: 'Croftham',
  birthday: '1961-02-03',
  address: { street: 'Mill Lane 4', city: 'Ely', postalCode: 'CB6 1AA' },
};
const IBRAHIM = {
  firstName: 'Ibrahim',
  lastName: 'Okonkwo',
  birthday: '1988-11-02',
  address: { street: 'High Street 211', city: 'Manchester', postalCode: 'M14 5RB' },
};

let messages = 0;
const about = (userId: string, traits: Event): Event => ({
  type: 'identify',
  messageId: `match-${++messages}`,
  userId,
  traits,
  context: ALL_ALLOWED,
  timestamp: new Date().toISOString(),
});
const buys = (userId: string): Event => ({
  type: 'track',
  event: 'Order Completed',
  messageId: `match-${++messages}`,
  userId,
  context: ALL_ALLOWED,
  properties: { total: 900, currency: 'EUR' },
});

/** Sends events one after another, as they come in life. */
async function tell(to: Door, ...events: readonly Event[]): Promise<void> {
  for (const event of events) {
    expect((await to.send('crm', [event])).status).toBe(200);
    await to.settled();
  }
}
const subjectsOf = async (at: Door, ...users: readonly string[]): Promise<readonly string[]> => {
  const subjects = [];
  for (const value of users) subjects.push((await at.lookUp({ type: 'userId', value })).body.subjectId);
  return subjects;
};
const areOne = async (at: Door, ...users: readonly string[]): Promise<boolean> =>
  new Set(await subjectsOf(at, ...users)).size === 1;

describe('where evidence may join people', () => {
  it('two accounts of one person are joined; an operator parts a pair, and new evidence another', async () => {
    const us = door('us');
    for (const user of ['a', 'b', 'c', 'd', 'e', 'f']) await tell(us, buys(user));
    await tell(us, about('a', RUTH), about('b', RUTH));
    expect(await areOne(us, 'a', 'b')).toBe(true);

    await tell(us, about('c', IBRAHIM), about('d', IBRAHIM));
    expect(await areOne(us, 'c', 'd')).toBe(true);
    const edge = ['c', 'd'].map((value) => ({ type: 'userId', value }));
    const parted = await us.ask<UnmergeAnswer>('POST', '/v1/identity/unmerge', {
      edge,
      reason: 'wrong-link',
      keepApart: true,
    });
    expect(parted.status).toBe(200);
    await us.settled();
    await tell(us, about('d', { ...IBRAHIM, address: { ...IBRAHIM.address, city: 'Salford' } }));
    expect(await areOne(us, 'c', 'd')).toBe(false);

    const other = { ...RUTH, firstName: 'Leonora', birthday: '1979-06-14', lastName: 'Vanterpool' };
    const address = { street: 'Quay Road 88', city: 'Whitby', postalCode: 'YO21 1XX' };
    await tell(us, about('e', { ...other, address }), about('f', { ...other, address }));
    expect(await areOne(us, 'e', 'f')).toBe(true);
    await tell(
      us,
      about('f', { ...IBRAHIM, firstName: 'Tobias', lastName: 'Quennell', birthday: '1993-01-30' }),
    );
    expect(await areOne(us, 'e', 'f')).toBe(false);
  }, 120_000);
});

describe('where evidence may only propose', () => {
  it('a steward says that one pair is the same, and that another is not', async () => {
    const uk = door('uk');
    const decide = async (verdict: 'same' | 'different'): Promise<void> => {
      const { body } = await uk.ask<{ reviews: readonly ReviewView[] }>('GET', '/v1/identity/reviews');
      const [review] = body.reviews.filter(({ state }) => state === 'pending');
      const path = `/v1/identity/reviews/${review?.reviewId ?? ''}`;
      expect((await uk.ask('POST', path, { verdict })).status).toBeLessThan(300);
      await uk.settled();
    };
    for (const user of ['a', 'b', 'c', 'd']) await tell(uk, buys(user));
    await tell(uk, about('a', RUTH), about('b', RUTH));
    expect(await areOne(uk, 'a', 'b')).toBe(false);
    await decide('same');
    expect(await areOne(uk, 'a', 'b')).toBe(true);
    await tell(uk, about('c', IBRAHIM), about('d', IBRAHIM));
    await decide('different');
    expect(await areOne(uk, 'c', 'd')).toBe(false);
  }, 120_000);
});

describe('the archive of both', () => {
  it('rebuilds every profile in its subject, without matching anybody again', async () => {
    for (const code of CODES) await door(code).settled();
    const [from, to] = [utcDate(Date.now() - DAY_MS), utcDate(Date.now() + DAY_MS)];
    const { code, stdout } = await rapport('replay', '--from', from, '--to', to, '--json');
    const results = JSON.parse(stdout) as Record<string, unknown>[];
    expect(results.map(({ jurisdiction }) => jurisdiction)).toEqual([...CODES]);
    for (const each of results)
      expect(each).toMatchObject({ different: 0, onlyLive: 0, onlyRebuilt: 0, equal: each.identifiers });
    expect(results.map(({ identifiers }) => identifiers)).toEqual([6, 4]);
    expect(code).toBe(0);
  }, 120_000);

  it('explains every merge and parting, segment and link, the same to the bit', async () => {
    const archive = await openArchive(doors.dataDir);
    try {
      const rows = await archive.query<{ row_id: string; kind: string; name: string; code: string }>(
        'SELECT row_id, kind, name, jurisdiction AS code FROM effects ORDER BY row_id',
      );
      const verdicts = new Map<string, number>();
      for (const { row_id, kind, name, code } of rows) {
        const at = door(code === 'uk' ? 'uk' : 'us');
        const { body } = await at.ask<ExplanationView>('POST', '/v1/evidence/explain', { lineageId: row_id });
        const told = `${kind.startsWith('subject') ? `${kind} ${name}` : kind} ${body.verdict}`;
        verdicts.set(told, (verdicts.get(told) ?? 0) + 1);
      }
      const told = Object.fromEntries(verdicts);
      expect(Object.keys(told).filter((each) => / (different|sealed|other-version)$/.test(each))).toEqual([]);
      expect(told).toMatchObject({
        'subjects-merged probabilistic equal': 3,
        'subjects-merged review equal': 1,
        'subject-split operator equal': 2,
        'subject-split probabilistic equal': 2,
        'match-made concluded': 3,
        'match-withdrawn concluded': 1,
      });
      const merge = rows.find(({ kind, name }) => kind === 'subjects-merged' && name === 'probabilistic');
      const explained = await rapport('explain', merge?.row_id ?? '');
      expect([explained.code, explained.stdout]).toEqual([0, expect.stringMatching(/equal: derived again/)]);
    } finally {
      archive.close();
    }
  }, 120_000);

  it('never called what the roles do not allow', () => {
    expect(CODES.flatMap((code) => door(code).region.violations())).toEqual([]);
  });
});

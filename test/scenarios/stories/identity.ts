import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UNMERGE_REASONS } from '../../../functions/contracts/identity-api.ts';
import { HOUR_MS } from '../../../functions/kernel/time.ts';
import { ALL_ALLOWED, type Door, type RunningPair } from '../running-pair.ts';

const CLI = join(import.meta.dirname, '../../../bin/cli.ts');

/** Runs a command about identity. */
export function rapport(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, 'identity', ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr }),
    );
  });
}

const contact = (id: string, who: { userId: string; email?: string }, hoursAgo: number) => ({
  type: 'track',
  event: 'Ticket Opened',
  messageId: id,
  userId: who.userId,
  timestamp: new Date(Date.now() - hoursAgo * HOUR_MS).toISOString(),
  context: ALL_ALLOWED,
  properties: { channel: 'phone', ...(who.email === undefined ? {} : { email: who.email }) },
});

const subjectOf = async (door: Door, userId: string): Promise<string> =>
  (await door.lookUp({ type: 'userId', value: userId })).body.subjectId;

/** How subjects come apart again, and what operations learn of it. */
export function identityStories(pair: () => RunningPair): void {
  describe('two customers whom an address brought together by mistake', () => {
    it('are parted by an operator, with the alerts each would have had, and stay so', async () => {
      const { eu } = pair();
      await eu.send('support', [
        contact('glued-1', { userId: 'I-1', email: 'desk@agency.example.org' }, 3),
        contact('glued-2', { userId: 'I-1' }, 2),
        contact('glued-3', { userId: 'I-2', email: 'desk@agency.example.org' }, 1),
      ]);
      await eu.settled();
      const merged = await subjectOf(eu, 'I-1');
      expect(await subjectOf(eu, 'I-2')).toBe(merged);
      expect(await eu.alertsOf(merged)).toMatchObject([{ rule: 'repeat-contact' }]);

      const unmerged = await rapport(
        ...['unmerge', '--edge', 'userId=I-2', '--edge', 'email=Desk@agency.example.org'],
        ...['--reason', UNMERGE_REASONS[0], '--jurisdiction', 'eu', '--data-dir', pair().dataDir],
      );
      expect(unmerged).toMatchObject({ code: 0, out: expect.stringMatching(/^taken away: /) });
      await eu.settled();
      const sides = [await subjectOf(eu, 'I-1'), await subjectOf(eu, 'I-2')];
      expect(new Set(sides).size).toBe(2);
      for (const side of sides) expect(await eu.alertsOf(side)).toEqual([]);
      for (const [userId, contacts] of [
        ['I-1', 2],
        ['I-2', 1],
      ] as const)
        expect((await eu.lookUp({ type: 'userId', value: userId })).body.service.contacts).toBe(contacts);
      const told = eu.region.recentEvents().filter(({ event }) => event['detail-type'] === 'Subject Split');
      expect(new Set(told.map(({ event }) => event.detail.subjectId))).toEqual(new Set(sides));

      await eu.send('support', [contact('glued-4', { userId: 'I-2', email: 'desk@agency.example.org' }, 0)]);
      await eu.settled();
      expect(await subjectOf(eu, 'I-2')).not.toBe(await subjectOf(eu, 'I-1'));
      const links = await rapport(
        'links',
        sides[1] ?? '',
        '--jurisdiction',
        'eu',
        '--data-dir',
        pair().dataDir,
      );
      expect(links.out).toContain('taken away');
    });

    it('are told to whoever mistypes, in one line', async () => {
      const { out, code } = await rapport('unmerge', '--edge', 'userId=I-1', '--data-dir', pair().dataDir);
      expect([code, out.split('\n').length]).toEqual([2, 2]);
      expect((await rapport('reviews', '--data-dir', pair().dataDir)).out).toBe(
        'nothing waits for a steward\n',
      );
    });
  });
}

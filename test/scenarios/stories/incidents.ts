import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { command } from '../../../bin/commands/incident.ts';
import type { IncidentView } from '../../../functions/contracts/incidents-api.ts';
import { ALL_ALLOWED, type RunningPair } from '../running-pair.ts';
import { contentOf, findAny, rowsAsTraces } from '../traces.ts';

const EMAIL = 'leonore.leaked@mail.example.org';

/** RGT-5: exposure that is found opens an incident. Comes after everything else has logged what it logs. */
export function incidentStories(pair: () => RunningPair): void {
  const incidents = async () =>
    (await pair().eu.ask<{ incidents: readonly IncidentView[] }>('GET', '/v1/incidents')).body.incidents;

  describe('exposure of personal data', () => {
    it('was searched for in all that the stacks logged so far, and there was none', async () => {
      const { eu, uk, dataDir } = pair();
      await Promise.all([eu.settled(), uk.settled()]);
      for (const code of ['eu', 'uk']) {
        const lines = [...contentOf(`${dataDir}/logs/${code}/logWatch.log`).matchAll(/"lines":(\d+)/g)];
        expect(lines.reduce((sum, [, count]) => sum + Number(count), 0)).toBeGreaterThan(20);
      }
      expect(await incidents()).toEqual([]);
      expect((await uk.ask('GET', '/v1/incidents')).body).toEqual({ incidents: [] });
    });

    it('in a log line opens an incident with the clock of the law, and is not copied', async () => {
      const { eu } = pair();
      const delivery = (lines: readonly string[]) => ({
        awslogs: {
          data: gzipSync(
            JSON.stringify({
              messageType: 'DATA_MESSAGE',
              logGroup: '/rapport/eu/collect',
              logEvents: lines.map((message) => ({ id: '1', timestamp: Date.now(), message })),
            }),
          ).toString('base64'),
        },
      });
      const line = `could not deliver to ${EMAIL}`;
      expect(await eu.region.invoke('logWatch', delivery([line, 'fine']))).toMatchObject({ ok: true });
      await eu.region.invoke('logWatch', delivery([line]));
      const [found, ...others] = await incidents();
      expect(others).toEqual([]);
      expect(found).toMatchObject({
        kind: 'personal-data-in-log',
        state: 'open',
        seriousness: null,
        finding: { place: '/rapport/eu/collect', what: 'email', count: 2 },
        affected: { listed: 0 },
      });
      expect(found?.duties).toEqual([
        {
          to: 'regulator',
          state: 'running',
          dueAt: new Date(Date.parse(found?.foundAt ?? '') + 72 * 3_600_000).toISOString(),
        },
        { to: 'people', state: 'at-once' },
      ]);
      expect(findAny([EMAIL], await rowsAsTraces(eu.region))).toEqual([]);
      const told = eu.region.recentEvents().filter(({ event }) => event['detail-type'] === 'Incident Opened');
      expect(told).toHaveLength(1);
    });

    it('lists the subjects it affects, as tokens, and is told, closed and kept', async () => {
      const { eu } = pair();
      await eu.send('web', [
        {
          type: 'identify',
          messageId: 'leonore-1',
          userId: 'leonore-member',
          traits: { email: EMAIL },
          context: ALL_ALLOWED,
        },
      ]);
      await eu.settled();
      const id = (await incidents())[0]?.incidentId;
      const path = `/v1/incidents/${id}`;
      const judgement = {
        seriousness: 'high-risk',
        people: 1,
        affected: { identifiers: [{ type: 'email', value: EMAIL }] },
      };
      expect((await eu.ask('POST', `${path}/close`)).status).toBe(409);
      expect((await eu.ask('POST', `${path}/assess`, judgement)).status).toBe(200);
      expect((await eu.ask('POST', `${path}/assess`, judgement)).body).toMatchObject({
        affected: { pages: 1 },
      });
      const subject = (await eu.lookUp({ type: 'email', value: EMAIL })).body.subjectId;
      expect((await eu.ask<IncidentView>('GET', path)).body.affected.subjects).toEqual([subject]);
      const toldAt = new Date().toISOString();
      for (const to of ['regulator', 'people'])
        expect((await eu.ask('POST', `${path}/notify`, { to, toldAt })).status).toBe(200);
      expect((await eu.ask('POST', `${path}/close`)).body).toMatchObject({ state: 'closed' });
      expect((await eu.ask('POST', `${path}/close`)).status).toBe(200);
      expect(await incidents()).toEqual([]);
      expect(findAny([EMAIL], await rowsAsTraces(eu.region))).toEqual([]);
    });

    it('is reported, listed and shown on the command line', async () => {
      const { dataDir } = pair();
      const printed: string[] = [];
      const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
        printed.push(String(chunk));
        return true;
      });
      try {
        const of = ['--data-dir', dataDir, '--jurisdiction', 'eu'];
        const report = ['open', '--kind', 'lost-credential', '--reference', 'ticket-9', '--identifier'];
        await command.run([...report, `email=${EMAIL}`, '--found', '2026-01-05T09:00:00Z', ...of]);
        await command.run(['list', ...of]);
        const id = /^eu: ([\w-]{22}) /.exec(printed.at(-1) ?? '')?.[1] ?? '';
        await command.run(['show', ...of, '--', id]);
      } finally {
        write.mockRestore();
      }
      for (const said of ['lost-credential, open', 'due 2026-01-08T09:00:00.000Z', 'affects '])
        expect(printed[0]).toContain(said);
      expect(printed[1]).toContain('next due 2026-01-08T09:00:00.000Z');
      expect(printed[2]).toMatch(/ {4}s\.\w+\.[\w-]{22}\n/);
    });

    it('that has no sense is refused, and never fails the stack', async () => {
      const { eu } = pair();
      const good = { reference: 'x', kind: 'other', foundAt: new Date().toISOString() };
      for (const body of [
        {},
        { ...good, kind: EMAIL },
        { ...good, foundAt: '2999-01-01T00:00:00Z' },
        { ...good, beganAt: '2999-01-01T00:00:00Z' },
        { ...good, affected: { identifiers: [{ type: 'email', value: 'nobody' }] } },
        { ...good, people: -1 },
      ])
        expect((await eu.ask('POST', '/v1/incidents', body)).status).toBe(400);
      for (const path of [`/v1/incidents/${'x'.repeat(22)}`, `/v1/incidents/${encodeURIComponent(EMAIL)}`])
        expect((await eu.ask('GET', path)).status).toBe(404);
    });
  });
}

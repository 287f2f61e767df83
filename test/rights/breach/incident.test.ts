import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../functions/contracts/incidents.ts';
import { HOUR_MS } from '../../../functions/kernel/time.ts';
import {
  assessed,
  change,
  closed,
  discovered,
  newIncident,
  notified,
  open,
  remind,
  reportedId,
} from '../../../functions/rights/breach/change.ts';
import { trackedDuties } from '../../../functions/rights/breach/incident.ts';
import { watch } from '../../../functions/rights/breach/watch.ts';
import { archived, at, lawIn, type MemoryIncidents, memoryIncidents } from './incidents.ts';

const FOUND = at('2027-02-05T17:00:00Z');
const id = reportedId('ticket-7');
const reported = (facts: Partial<Incident> = {}): Incident => ({
  ...newIncident(
    id,
    {
      kind: 'lost-credential',
      foundAt: FOUND,
      beganAt: null,
      seriousness: null,
      people: null,
      finding: null,
    },
    FOUND,
  ),
  ...facts,
});
const dues = (incident: Incident, code: string) =>
  trackedDuties(incident, lawIn(code)).map(
    ({ duty, metAt }) => `${duty.to} ${metAt === null ? duty.state : 'met'}`,
  );

describe('duties', () => {
  it('are met by a notice, and the first of two by a first notice alone', () => {
    const first = { to: 'regulator', at: FOUND + 1, complete: false } as const;
    expect(dues(reported(), 'in')).toEqual(['regulator at-once', 'regulator running', 'people at-once']);
    expect(dues(reported({ notices: [first] }), 'in')).toEqual([
      'regulator met',
      'regulator running',
      'people at-once',
    ]);
    expect(dues(reported({ notices: [{ ...first, complete: true }] }), 'in')).toEqual([
      'regulator met',
      'regulator met',
      'people at-once',
    ]);
  });

  it('begin with the notice to people where the law says so', () => {
    const people = { to: 'people', at: FOUND + 1, complete: true } as const;
    expect(dues(reported({ people: 501 }), 'us-ca')).toEqual(['regulator waiting', 'people running']);
    expect(dues(reported({ people: 501, notices: [people] }), 'us-ca')).toEqual([
      'regulator running',
      'people met',
    ]);
  });
});

describe('an incident', () => {
  it('is closed only once it is assessed and everybody was told', () => {
    const law = lawIn('eu');
    const judgement = { people: null, beganAt: null, pages: [] };
    expect(closed(reported(), law, FOUND)).toMatchObject({ obstacle: expect.stringContaining('Assess') });
    const serious = assessed(reported(), { ...judgement, seriousness: 'risk' }, FOUND) as Incident;
    expect(closed(serious, law, FOUND)).toMatchObject({ obstacle: expect.stringContaining('regulator') });
    const told = notified(serious, { to: 'regulator', at: FOUND, complete: true }, FOUND) as Incident;
    expect(closed(told, law, FOUND)).toMatchObject({ closedAt: FOUND });
    const falseAlarm = assessed(
      reported(),
      { ...judgement, seriousness: 'any', people: 0 },
      FOUND,
    ) as Incident;
    expect(closed(falseAlarm, law, FOUND)).toMatchObject({ closedAt: FOUND });
  });

  it('does not change when the same is said again', () => {
    const judgement = { seriousness: 'risk', people: 3, beganAt: null, pages: ['2.x'] } as const;
    const once = assessed(reported(), judgement, FOUND) as Incident;
    expect(assessed(once, judgement, FOUND + 9)).toBe(once);
    const notice = { to: 'people', at: FOUND, complete: true } as const;
    const told = notified(once, notice, FOUND) as Incident;
    expect(notified(told, notice, FOUND + 9)).toBe(told);
  });

  it('has met no duty by a notice from before it was found: that is a slip in the date', () => {
    const early = { to: 'regulator', at: FOUND - 365 * 24 * HOUR_MS, complete: true } as const;
    expect(notified(reported(), early, FOUND + 1)).toEqual({ obstacle: expect.stringContaining('toldAt') });
  });
});

describe('reminders', () => {
  const at72 = (share: number) => FOUND + 72 * HOUR_MS * share;
  const given = (ports: MemoryIncidents) =>
    ports.published.filter(({ type }) => type === 'Incident Reminder').map(({ reasons }) => reasons);

  it('come at half, at 80 % and at the end, each once, and to whom the law gives no time at once', async () => {
    const [law, ports] = [lawIn('uk'), memoryIncidents()];
    await open(reported(), law, ports);
    for (const share of [0, 0.49, 0.5, 0.5, 0.79, 0.8, 0.81, 1, 1.2]) await remind(law, ports, at72(share));
    expect(given(ports)).toEqual([
      'to:people,at:once',
      'to:regulator,at:half',
      'to:regulator,at:four-fifths',
      'to:regulator,at:overdue',
    ]);
    expect(ports.published.at(-1)?.dueAt).toBe(at72(1));
  });

  it('of one deadline only the latest is given when nobody looked for a while', async () => {
    const [law, ports] = [lawIn('uk'), memoryIncidents()];
    await open(reported({ seriousness: 'risk' }), law, ports);
    await remind(law, ports, at72(2));
    expect(given(ports)).toEqual(['to:regulator,at:overdue']);
  });

  it('end with the notice', async () => {
    const [law, ports] = [lawIn('uk'), memoryIncidents()];
    await open(reported({ seriousness: 'risk' }), law, ports);
    await change(
      id,
      (each) => notified(each, { to: 'regulator', at: FOUND, complete: true }, FOUND),
      law,
      ports,
    );
    await remind(law, ports, at72(2));
    expect(given(ports)).toEqual([]);
  });
});

describe('the search of logs', () => {
  const lines = (...texts: string[]) => ({
    logGroup: '/rapport/eu/collect',
    lines: texts.map((text, place) => ({ at: FOUND + place, text })),
  });
  const leak = lines('fine', 'for ada@lovelace.org', 'ada@lovelace.org at +491701234567');

  it('opens one incident for a place and pattern, counts on, and keeps nothing of what it found', async () => {
    const [law, ports] = [lawIn('eu'), memoryIncidents()];
    expect(await watch(leak, law, ports, FOUND + 10)).toEqual({ lines: 3, leaks: 2 });
    await watch(leak, law, ports, FOUND + 20);
    const { incidents } = await ports.incidents.list({ state: 'open', limit: 9 });
    expect(
      incidents.map(({ incident: { finding } }) => finding).sort((a, b) => (a?.count ?? 0) - (b?.count ?? 0)),
    ).toEqual([
      { place: '/rapport/eu/collect', what: 'phone', count: 2, firstAt: FOUND + 2, lastAt: FOUND + 2 },
      { place: '/rapport/eu/collect', what: 'email', count: 4, firstAt: FOUND + 1, lastAt: FOUND + 2 },
    ]);
    const kept = JSON.stringify([incidents, ports.rows, ports.published]);
    expect(kept).not.toMatch(/ada|lovelace|4917/);
    expect(archived(ports.rows).map(({ kind }) => kind)).toEqual(['incident-opened', 'incident-opened']);
  });

  it('opens a new one when the closed one was not the end of it', async () => {
    const [law, ports] = [lawIn('eu'), memoryIncidents()];
    const discovery = { kind: 'personal-data-in-log', place: 'x', what: 'email', count: 1 } as const;
    const times = { firstAt: FOUND, lastAt: FOUND };
    const { incident } = await discovered({ ...discovery, ...times }, law, ports, FOUND);
    const judgement = { seriousness: 'any', people: 0, beganAt: null, pages: [] } as const;
    await change(incident.incidentId, (each) => assessed(each, judgement, FOUND), law, ports);
    await change(incident.incidentId, (each) => closed(each, law, FOUND), law, ports);
    const again = await discovered({ ...discovery, ...times }, law, ports, FOUND + 1);
    expect(again.incident.incidentId).not.toBe(incident.incidentId);
    expect(again.incident.finding?.count).toBe(1);
    expect((await ports.incidents.list({ state: 'closed', limit: 9 })).incidents).toHaveLength(1);
  });
});

/** Everything that happens to an incident from its report to its end. */
async function life(ports: MemoryIncidents): Promise<void> {
  const law = lawIn('uk');
  const judgement = { seriousness: 'risk', people: 9, beganAt: null, pages: [] } as const;
  await open(reported(), law, ports);
  await change(id, (each) => assessed(each, judgement, FOUND + 1), law, ports);
  await remind(law, ports, FOUND + 40 * HOUR_MS);
  const notice = { to: 'regulator', at: FOUND + 2, complete: true } as const;
  await change(id, (each) => notified(each, notice, FOUND + 3), law, ports);
  await change(id, (each) => closed(each, law, FOUND + 4), law, ports);
}

describe('a crash', () => {
  const told = (ports: MemoryIncidents) => ({
    effects: archived(ports.rows).map(({ kind, reasons }) => `${kind} ${reasons}`),
    events: [
      ...new Map(ports.published.map((event) => [event.id, `${event.type} ${event.reasons}`])).values(),
    ],
  });

  it('at any call, before or after it took effect, ends as if there had been none', async () => {
    const calm = memoryIncidents();
    let calls = 0;
    calm.onCall = () => {
      calls += 1;
    };
    await life(calm);
    const expected = told(calm);
    expect(expected.effects).toEqual([
      'incident-opened by:report',
      'incident-assessed seriousness:risk,people:9',
      'incident-reminded to:regulator,at:half',
      'incident-notified to:regulator,complete',
      'incident-closed ',
    ]);
    for (let death = 1; death <= calls; death += 1) {
      const ports = memoryIncidents();
      let call = 0;
      ports.onCall = () => {
        call += 1;
        if (call === death) throw new Error('died');
      };
      await expect(life(ports)).rejects.toThrow('died');
      await life(ports);
      const effects = told(ports);
      expect([death, [...effects.effects].sort()]).toEqual([death, [...expected.effects].sort()]);
      expect([death, [...effects.events].sort()]).toEqual([death, [...expected.events].sort()]);
      expect((await ports.incidents.list({ state: 'closed', limit: 9 })).incidents).toHaveLength(1);
      expect((await ports.incidents.list({ state: 'open', limit: 9 })).incidents).toHaveLength(0);
    }
  });

  it('between the change and its telling is made good by the next look at open incidents', async () => {
    const [law, ports] = [lawIn('uk'), memoryIncidents()];
    ports.onCall = (name) => {
      if (name === 'append before') throw new Error('died');
    };
    await expect(open(reported(), law, ports)).rejects.toThrow('died');
    ports.onCall = () => undefined;
    await remind(law, ports, FOUND + 1);
    expect(archived(ports.rows).map(({ kind }) => kind)).toContain('incident-opened');
  });

  it('of two searches at once loses no count', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        async (counts) => {
          const [law, ports] = [lawIn('eu'), memoryIncidents()];
          await Promise.all(
            counts.map((count) =>
              discovered(
                {
                  kind: 'personal-data-in-log',
                  place: 'x',
                  what: 'email',
                  count,
                  firstAt: FOUND,
                  lastAt: FOUND,
                },
                law,
                ports,
                FOUND,
              ),
            ),
          );
          const { incidents } = await ports.incidents.list({ state: 'open', limit: 9 });
          expect(incidents.map(({ incident }) => incident.finding?.count)).toEqual([
            counts.reduce((sum, count) => sum + count, 0),
          ]);
          expect(archived(ports.rows)).toHaveLength(1);
        },
      ),
      { numRuns: 50 },
    );
  });
});

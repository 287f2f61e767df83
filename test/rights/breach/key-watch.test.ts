import { describe, expect, it } from 'vitest';
import { MemoryProfileStore } from '../../../functions/adapters/memory/profile-store.ts';
import type { AtomId } from '../../../functions/contracts/ids.ts';
import type { IncidentView } from '../../../functions/contracts/incidents-api.ts';
import { subjectIdOf } from '../../../functions/contracts/subject.ts';
import { TransientError } from '../../../functions/kernel/invariant.ts';
import {
  type KeyWatchPorts,
  keyTouched,
  type StrangeCall,
} from '../../../functions/rights/breach/key-watch.ts';
import { affectedOnPage, incidentView } from '../../../functions/rights/breach/requests.ts';
import { NOW, tokenOf } from '../../arbitraries.ts';
import { node, someone, subject, unit } from '../../contracts/profile-tables.ts';
import { lawIn, memoryIncidents } from './incidents.ts';

const EU = lawIn('eu');
const ALONE = tokenOf('userId', 'alone');
const crowd = Array.from({ length: 2_300 }, (_, at) => tokenOf('userId', `crowd ${at}`));

/** A table of secrets, some of a customer of two identifiers, and incidents that a test may let die. */
async function world() {
  const { user, email, graph } = someone();
  const joined = { ...graph, atoms: [email, user].sort() };
  const subjects = new MemoryProfileStore();
  await subjects.write([
    unit({
      nodes: [
        node(user, { subjectId: graph.subjectId }),
        node(email, { subjectId: graph.subjectId }),
        node(ALONE),
      ],
      subjects: [subject(joined)],
    }),
  ]);
  const incidents = memoryIncidents();
  const ports: KeyWatchPorts = {
    incidents: incidents.incidents,
    lineage: incidents.lineage,
    events: incidents.events,
    subjects,
    everyAtom: async function* () {
      for (let from = 0; from < crowd.length; from += 500) yield crowd.slice(from, from + 500);
    },
  };
  return { user, email, graph, incidents, ports };
}
type World = Awaited<ReturnType<typeof world>>;

const call = (parameters: unknown, more: Partial<StrangeCall> = {}): StrangeCall => ({
  operation: 'GetItem',
  by: 'IAMUser',
  at: NOW - 5_000,
  parameters,
  ...more,
});
const reads = (...atoms: readonly AtomId[]) => call({ tableName: 'keys', key: atoms.map((id) => ({ id })) });

async function openOnes({ ports }: World): Promise<readonly IncidentView[]> {
  const { incidents } = await ports.incidents.list({ state: 'open', limit: 9 });
  return Promise.all(
    incidents.map(async ({ incident }) => {
      const subjects = await Promise.all(
        incident.pages.map((_, page) => affectedOnPage(incident, page, ports)),
      );
      return incidentView(incident, EU, subjects.flat());
    }),
  );
}

describe('a secret that a stranger touched', () => {
  it("opens an incident with the law's clock and the persons whose secrets the call names", async () => {
    const it = await world();
    expect(await keyTouched(reads(it.user, ALONE), EU, it.ports, NOW)).toEqual({ listed: 3 });
    const [found, ...others] = await openOnes(it);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      kind: 'decrypt-outside-purpose',
      foundAt: new Date(NOW).toISOString(),
      beganAt: new Date(NOW - 5_000).toISOString(),
      finding: { place: 'subject-keys/GetItem', what: 'IAMUser', count: 1 },
      affected: { listed: 3, subjects: [it.graph.subjectId, subjectIdOf([ALONE])].sort() },
    });
    expect(found?.duties[0]).toEqual({
      to: 'regulator',
      state: 'running',
      dueAt: new Date(NOW + 72 * 3_600_000).toISOString(),
    });
    expect(it.incidents.published.map(({ type, name }) => [type, name])).toEqual([
      ['Incident Opened', 'decrypt-outside-purpose'],
    ]);
  });

  it('affects everybody who has one when the call names nobody', async () => {
    const it = await world();
    await keyTouched(call({ tableName: 'keys' }, { operation: 'Scan', by: 'Root' }), EU, it.ports, NOW);
    const [found] = await openOnes(it);
    expect(found).toMatchObject({
      finding: { place: 'subject-keys/Scan', what: 'Root' },
      affected: { listed: crowd.length },
    });
    expect(found?.affected.subjects).toHaveLength(crowd.length);
  });

  it('is counted on the open incident when it is touched again, and lists nobody twice', async () => {
    const it = await world();
    await keyTouched(reads(ALONE), EU, it.ports, NOW);
    await keyTouched(reads(ALONE), EU, it.ports, NOW + 1);
    expect(await keyTouched(reads(it.user, ALONE), EU, it.ports, NOW + 2)).toEqual({ listed: 2 });
    const [found, ...others] = await openOnes(it);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ finding: { count: 3 }, affected: { listed: 3 } });
  });

  it('is listed with all whom it affects wherever the function died and was called again', async () => {
    const whole = await world();
    const calls: string[] = [];
    whole.incidents.onCall = (name) => void calls.push(name);
    await keyTouched(reads(whole.user, ALONE), EU, whole.ports, NOW);
    expect(calls.length).toBeGreaterThan(10);
    for (let at = 0; at < calls.length; at += 1) {
      const it = await world();
      let seen = -1;
      it.incidents.onCall = () => {
        seen += 1;
        if (seen === at) throw new TransientError('died');
      };
      await expect(keyTouched(reads(it.user, ALONE), EU, it.ports, NOW)).rejects.toThrow('died');
      await keyTouched(reads(it.user, ALONE), EU, it.ports, NOW + 1);
      const [found, ...others] = await openOnes(it);
      expect([at, others]).toEqual([at, []]);
      expect(found?.affected.subjects).toHaveLength(2);
    }
  });
});

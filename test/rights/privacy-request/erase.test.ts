import { describe, expect, it } from 'vitest';
import type { IdentifierToken } from '../../../functions/contracts/ids.ts';
import { asMessageToken } from '../../../functions/contracts/ids.ts';
import type { PersonAttributes } from '../../../functions/contracts/person.ts';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { subjectKeyOf, unseal } from '../../../functions/contracts/subject-keys.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import { tick } from '../../../functions/rights/privacy-request/tick.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { PrivacyRegion, seen, tokenOf } from './harness.ts';

const who = { userId: 'ada', email: 'ada@lovelace.org', anonymousId: 'browser-1' };
const ada = [{ type: 'userId' as const, value: 'ada' }];
const tokens = [
  tokenOf('userId', 'ada'),
  tokenOf('email', 'ada@lovelace.org'),
  tokenOf('anonymousId', 'browser-1'),
];
const ALLOWED = { analytics: true, personalisation: true, profiling: true };

const NAMED = { givenName: 'Augusta', surname: 'Qzking', birthDate: '1915-12-10', postcode: 'W1G 9PF' };

/** What stewards have to do. */
const waiting = async ({ region: { effects } }: PrivacyRegion): Promise<readonly number[]> => [
  (await effects.reviews.list({ limit: 9 })).reviews.length,
  (await effects.conflicts.list({ limit: 9 })).conflicts.length,
];

const ADA: PersonAttributes = {
  givenName: 'Ada',
  surname: 'Byron',
  birthDate: '1815-12-10',
  street: 'Piccadilly Terrace',
  streetNumber: '13',
  postcode: 'W1J 7NW',
  city: 'London',
};
const matching = Object.values(jurisdictions).find(
  ({ identity }) => identity.value.probabilistic === 'on',
)?.code;

/** A region that knows Ada by three identifiers, and Charles. */
async function known(jurisdiction = 'eu'): Promise<PrivacyRegion> {
  const privacy = new PrivacyRegion(jurisdiction);
  const { region } = privacy;
  await region.deliverUntilDone([
    region.record([
      seen({ id: '0', who: { anonymousId: 'browser-1' }, occurredAt: NOW - 9 * DAY_MS, consent: ALLOWED }),
      seen({ id: '1', who, occurredAt: NOW - 2 * DAY_MS, consent: ALLOWED }),
      seen({ id: '2', who, occurredAt: NOW - DAY_MS }),
      seen({ id: '3', who: { userId: 'charles' }, occurredAt: NOW - DAY_MS }),
    ]),
  ]);
  // Ada contradicts herself, and may be Charles.
  const stating = (userId: string, id: string, city: string): Signal => ({
    ...seen({ id, who: { userId }, occurredAt: NOW - DAY_MS, consent: ALLOWED, states: { ...NAMED, city } }),
    sourceId: id.startsWith('crm') ? 'crm' : 'web',
  });
  await region.deliverUntilDone([
    region.record([
      stating('ada', 'web 4', 'London'),
      stating('ada', 'crm 5', 'Paris'),
      stating('charles', 'web 6', 'London'),
    ]),
  ]);
  privacy.archive();
  const lines = ['ada', 'charles'].map((userId) => JSON.stringify({ event: { userId } }));
  privacy.quarantine.objects.set('v1/web/bad', lines);
  privacy.hot.records.set('bad', {
    messageToken: asMessageToken('bad'),
    outcome: 'quarantined',
    reason: 'schema-mismatch',
    sourceId: 'web',
    receivedAt: NOW,
    about: [tokenOf('email', 'ada@lovelace.org')],
    quarantine: { key: 'v1/web/bad', line: 0 },
  });
  privacy.hot.pages.add(tokenOf('userId', 'ada'));
  return privacy;
}

/** Rows of the archive that any of the secrets can open. */
function readable(privacy: PrivacyRegion, secrets: ReadonlyMap<IdentifierToken, Uint8Array>): number {
  const keys = [...secrets.values()].map((secret) => subjectKeyOf(SECRETS, secret));
  const sealed = privacy.region.archived().filter((row) => row.payload !== undefined);
  return sealed.filter((row) =>
    keys.some((key) => unseal(key, Buffer.from(row.payload ?? '', 'base64'), row.rowId) !== null),
  ).length;
}

/** All that an outsider could find of it. */
const endState = async (privacy: PrivacyRegion, requestId: string) => ({
  waiting: await waiting(privacy),
  state: privacy.request(requestId).state,
  deletedAt: privacy.request(requestId).deletedAt,
  profiles: privacy.region.states(),
  subjects: privacy.region.store.subjects.size,
  tombstones: tokens.map((token) => privacy.region.store.nodes.get(token)?.erasedAt),
  keys: tokens.map((token) => privacy.region.keyring.secrets.has(token)),
  records: privacy.hot.records.size,
  pages: privacy.hot.pages.size,
  quarantine: privacy.quarantine.objects.get('v1/web/bad'),
  certificates: privacy.memory.certificates.size,
  evidence: [...privacy.evidence].sort(),
});

describe('an erasure', () => {
  it('takes the person out of every store, leaves the others, and certifies it', async () => {
    const privacy = await known();
    const own = new Map([...privacy.region.keyring.secrets].filter(([atom]) => tokens.includes(atom)));
    expect(readable(privacy, own)).toBeGreaterThan(0);
    const others = new Map([...privacy.region.keyring.secrets].filter(([atom]) => !tokens.includes(atom)));
    const readableOfOthers = readable(privacy, others);
    expect(readableOfOthers).toBeGreaterThan(0);
    expect(await waiting(privacy)).toEqual([1, 1]);
    const charles = privacy.region.states()[tokenOf('userId', 'charles')];
    const requestId = await privacy.verified('erase', ada);
    expect(await privacy.run(requestId)).toBe('wait');
    const end = await endState(privacy, requestId);
    expect(end).toMatchObject({
      waiting: [0, 0],
      state: 'key-deleted',
      profiles: { [tokenOf('userId', 'charles')]: charles },
      tombstones: [NOW, NOW, NOW],
      keys: [false, false, false],
      records: 0,
      pages: 0,
      quarantine: ['{"erased":true}', JSON.stringify({ event: { userId: 'charles' } })],
      certificates: 1,
    });
    expect(readable(privacy, privacy.region.keyring.secrets)).toBe(readableOfOthers);
    expect(privacy.isSigned(requestId)).toBe(true);
    const { statement } = (privacy.memory.certificates.get(requestId)?.body ?? {}) as {
      readonly statement: Readonly<Record<string, unknown>>;
    };
    expect(statement).toMatchObject({
      requestId,
      deletedAt: new Date(NOW).toISOString(),
      pitrClearAt: new Date(NOW + DAY_MS).toISOString(),
      failedDecryptSample: { result: 'no-key' },
    });
    for (const token of tokens) expect(JSON.stringify(statement)).not.toContain(token);
  });

  it('takes the person out of the index of matching, wherever anything that was ever said has put them', async () => {
    const privacy = new PrivacyRegion(matching);
    const { region } = privacy;
    const stating = (id: string, states: PersonAttributes, daysAgo: number) =>
      region.deliverUntilDone([
        region.record([seen({ id, who, states, occurredAt: NOW - daysAgo * DAY_MS, consent: ALLOWED })]),
      ]);
    await stating('1', ADA, 3);
    await stating('2', { ...ADA, surname: 'Lovelace', street: 'Dorset Street', postcode: 'W1U 6QN' }, 2);
    const entries = () => [
      ...[...region.candidates.blocks.values()].flatMap(({ value }) => value.members),
      ...[...region.candidates.samples.values()].flatMap(({ value }) => value.marks),
    ];
    expect(entries()).toContain(tokenOf('userId', 'ada'));
    const requestId = await privacy.verified('erase', ada);
    await privacy.run(requestId);
    expect(entries()).toEqual([]);
  });

  it('is called erased only when no backup of the keys is left', async () => {
    const privacy = await known();
    const requestId = await privacy.verified('erase', ada);
    await privacy.run(requestId);
    privacy.now = NOW + DAY_MS - 1;
    expect(await privacy.run(requestId)).toBe('wait');
    expect(privacy.request(requestId).state).toBe('key-deleted');
    privacy.now = NOW + DAY_MS;
    expect(await privacy.run(requestId)).toBe('done');
    expect(privacy.request(requestId).state).toBe('erased');
    expect(privacy.evidence).toContain('subject-erased');
  });

  it('ends the same, with one certificate, wherever a call fails', async () => {
    const calm = await known();
    const calmId = await calm.verified('erase', ada);
    const before = calm.calls;
    await calm.run(calmId);
    const calls = calm.calls - before;
    expect(calls).toBeGreaterThan(20);
    const wanted = await endState(calm, calmId);
    for (let call = 1; call <= calls; call += 1) {
      for (const after of [false, true]) {
        const privacy = await known();
        const requestId = await privacy.verified('erase', ada);
        privacy.crashAt(call, after);
        await privacy.run(requestId);
        expect([call, after, await endState(privacy, requestId)]).toEqual([call, after, wanted]);
        expect(privacy.isSigned(requestId)).toBe(true);
      }
    }
  });

  it('is done again after a restore of the tables, and leaves whoever came back', async () => {
    const privacy = await known();
    const { store, keyring } = privacy.region;
    const backup = { nodes: new Map(store.nodes), subjects: new Map(store.subjects) };
    const requestId = await privacy.verified('erase', ada);
    await privacy.run(requestId);
    privacy.now = NOW + 3 * DAY_MS;
    await privacy.run(requestId);
    for (const [id, node] of backup.nodes) store.nodes.set(id, node);
    for (const [id, subject] of backup.subjects) store.subjects.set(id, subject);
    expect(Object.keys(privacy.region.states()).length).toBeGreaterThan(1);
    expect(await privacy.eraseAgain()).toBe(1);
    expect(Object.keys(privacy.region.states())).toEqual([tokenOf('userId', 'charles')]);
    const at = NOW + 4 * DAY_MS;
    const back = seen({ id: '9', who: { userId: 'ada' }, occurredAt: at, receivedAt: at });
    await privacy.region.deliverUntilDone([privacy.region.record([back])], at);
    const state = privacy.region.states();
    expect(Object.keys(state)).toHaveLength(2);
    const secret = keyring.secrets.get(tokenOf('userId', 'ada'));
    privacy.now = NOW + 5 * DAY_MS;
    await privacy.eraseAgain();
    expect(privacy.region.states()).toEqual(state);
    expect(keyring.secrets.get(tokenOf('userId', 'ada'))).toEqual(secret);
  });

  it('becomes a restriction with a date where the law has everything kept for a year, and happens then', async () => {
    const privacy = await known('in');
    const requestId = await privacy.verified('erase', ada);
    // No execution lasts that long: the daily machine comes back to it.
    expect(await privacy.run(requestId)).toBe('done');
    expect(await tick(privacy.ports, NOW + DAY_MS)).toBe(0);
    const { state, restrictedUntil } = privacy.request(requestId);
    expect([state, restrictedUntil]).toEqual(['restricted', NOW - DAY_MS + 365 * DAY_MS]);
    expect(privacy.region.store.nodes.get(tokenOf('userId', 'ada'))?.restrictedUntil).toBe(restrictedUntil);
    expect(privacy.memory.certificates.size).toBe(0);
    privacy.now = (restrictedUntil ?? 0) + 1;
    privacy.memory.started.set(`${requestId}-${privacy.request(requestId).driver}`, 'ended');
    expect(await tick(privacy.ports, privacy.now)).toBe(1);
    await privacy.run(requestId);
    expect(privacy.request(requestId).state).toBe('key-deleted');
    expect(privacy.memory.certificates.size).toBe(1);
  });

  it('is a restriction without end where there is no right to erasure', async () => {
    const privacy = await known('sg');
    const requestId = await privacy.verified('erase', ada);
    expect(await privacy.run(requestId)).toBe('done');
    expect(privacy.request(requestId)).toMatchObject({ state: 'complete' });
    expect(privacy.evidence).toContain('subject-restricted');
    expect(privacy.region.keyring.secrets.has(tokenOf('userId', 'ada'))).toBe(true);
  });
});

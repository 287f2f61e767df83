import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asMessageToken } from '../../../functions/contracts/ids.ts';
import { unsealInTransit } from '../../../functions/contracts/person.ts';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { signalSchema } from '../../../functions/contracts/signal-schemas.ts';
import { identifierToken, messageToken } from '../../../functions/contracts/tokens.ts';
import { collect } from '../../../functions/pipeline/1-collect/collect.ts';
import { policyOf } from '../../../functions/pipeline/1-collect/setting.ts';
import { jurisdictionCodes, jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import {
  batch,
  ENVIRONMENT,
  memoryStage,
  NOW,
  order,
  policy,
  receiptsOf,
  secrets,
  source,
} from './setting.ts';

const collectAll = (events: readonly unknown[], overrides: Partial<Parameters<typeof collect>[0]> = {}) =>
  collect({ source: source('web'), events, sentAt: null, receivedAt: NOW, gpc: false, ...overrides }, policy);
const signalOf = (event: unknown, overrides = {}) =>
  [...collectAll([event], overrides).signals.values()].flat()[0];
const reasonOf = (event: unknown, overrides = {}) => collectAll([event], overrides).receipts[0]?.reason;

describe('an accepted event', () => {
  it('becomes tokens and facts, and nothing raw', () => {
    const signal = signalOf(order({ context: { traits: { email: 'Ada@Shop.de', name: 'Ada Lovelace' } } }));
    const { person = '', ...rest } = signal as Signal;
    expect(unsealInTransit(secrets, person, rest.messageToken)).toEqual({
      email: 'ada@shop.de',
      fullName: 'Ada Lovelace',
      givenName: '',
      surname: '',
    });
    expect(rest).toEqual({
      messageToken: messageToken(secrets, 'message-1'),
      name: 'Order Completed',
      eventClass: 'transaction',
      purposes: ['service'],
      occurredAt: Date.UTC(2026, 2, 2, 11),
      receivedAt: NOW,
      sourceId: 'web',
      identifiers: [
        { type: 'userId', token: identifierToken(secrets, 'userId', 'C-1042') },
        { type: 'email', token: identifierToken(secrets, 'email', 'ada@shop.de') },
      ],
      facts: [{ kind: 'order', valueMinor: 2_750, items: 1 }],
    });
    expect(signalSchema.parse(signal)).toEqual(signal);
  });

  it.each([
    [
      { type: 'identify', traits: { email: 'ada@shop.de', phone: '+49 30 901820' } },
      'Account Updated',
      ['userId', 'email', 'phone'],
    ],
    [{ type: 'page', anonymousId: 'a-9' }, 'Page Viewed', ['userId', 'anonymousId']],
    [{ type: 'screen', context: { device: { id: 'D-77' } } }, 'Page Viewed', ['userId', 'deviceId']],
    [{ type: 'alias', previousId: 'a-9' }, 'Identity Linked', ['userId', 'userId', 'anonymousId']],
    [{ type: 'group', groupId: 'g' }, 'other', ['userId']],
    [
      {
        type: 'track',
        event: 'Lamp Rubbed',
        context: { externalIds: [{ type: 'loyalty_id', id: '6035 12' }] },
      },
      'other',
      ['userId', 'loyaltyId'],
    ],
  ])('keeps what a call means: %j', (call, name, types) => {
    const signal = signalOf({ messageId: 'm', userId: 'C-1', ...call });
    expect(signal?.name).toBe(name);
    expect(signal?.identifiers.map(({ type }) => type)).toEqual(types);
  });

  it.each([
    ['br', '-03:00'],
    ['jp', '+09:00'],
  ])('says whether a promised day was kept by the calendar of %s', (code, offset) => {
    const local = policyOf((name) => ({ ...ENVIRONMENT, JURISDICTION: code })[name] ?? '', secrets);
    const isOnTime = (delivered_at: string): unknown => {
      const properties = { promised_by: '2026-03-01', delivered_at };
      const event = order({ event: 'Shipment Delivered', properties });
      const arrival = { source: source('web'), events: [event], sentAt: null, receivedAt: NOW, gpc: false };
      const [signal] = [...collect(arrival, local).signals.values()].flat();
      return signal?.facts.map((fact) => fact.kind === 'delivery' && fact.onTime);
    };
    expect(isOnTime(`2026-03-01T23:30:00${offset}`)).toEqual([true]);
    expect(isOnTime(`2026-03-02T00:30:00${offset}`)).toEqual([false]);
  });

  it('goes to the bucket of its first identifier, whatever else it carries', () => {
    const [one] = collectAll([order()]).signals.keys();
    const [other] = collectAll([
      order({ messageId: 'm2', anonymousId: 'x', event: 'Page Viewed' }),
    ]).signals.keys();
    expect(one).toMatch(/^b0[0-7]$/);
    expect(other).toBe(one);
  });

  it('carries the choices and the signal of privacy that came with it', () => {
    const context = {
      consent: { categoryPreferences: { profiling: false, personalisation: true, Advertising: true } },
    };
    const signal = signalOf(order({ context }), { gpc: true });
    expect(signal?.consent).toEqual({ profiling: 'none', personalisation: 'full' });
    expect(signal?.gpc).toBe(true);
  });

  it('keeps its own time on a retry, and is corrected when its clock is far off', () => {
    const event = order({ timestamp: '2026-03-02T11:00:00.123Z' });
    const first = signalOf(event, { sentAt: NOW - 200 });
    const retry = signalOf(event, { sentAt: NOW + 3_000 - 90, receivedAt: NOW + 3_000 });
    expect(retry?.occurredAt).toBe(first?.occurredAt);
    expect(first?.occurredAt).toBe(Date.UTC(2026, 2, 2, 11, 0, 0, 123));
    const hourSlow = signalOf(event, { sentAt: NOW - 3_600_000 - 700 });
    expect(hourSlow?.occurredAt).toBe(Date.UTC(2026, 2, 2, 12, 0, 0, 123));
  });

  it('happened when it was received, if it does not say', () => {
    const { timestamp: _, ...untimed } = order();
    expect(signalOf(untimed)?.occurredAt).toBe(NOW);
    expect(signalOf({ ...untimed, originalTimestamp: '2026-03-01T00:00:00Z' })?.occurredAt).toBe(
      Date.UTC(2026, 2, 1),
    );
  });
});

describe('a bad event', () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 1;
    for (let level = 0; level < levels; level += 1) value = [value];
    return value;
  };
  it.each([
    ['text', 'not-an-object'],
    [null, 'not-an-object'],
    [[order()], 'not-an-object'],
    [order({ properties: { total: 1, deep: nested(40) } }), 'too-deep'],
    [order({ properties: { total: 1, deep: nested(10_000) } }), 'too-deep'],
    [order({ properties: { total: 1, text: 'x'.repeat(300_000) } }), 'too-large'],
    [JSON.parse('{"type":"track","__proto__":{"admin":true}}'), 'hostile-key'],
    [order({ context: { a: [{ constructor: 1 }] } }), 'hostile-key'],
    [order({ type: 'import' }), 'unknown-type'],
    [order({ type: 5 }), 'unknown-type'],
    [order({ messageId: undefined }), 'missing-message-id'],
    [order({ messageId: 'x'.repeat(501) }), 'missing-message-id'],
    [order({ event: '  ' }), 'missing-name'],
    [order({ userId: 'null', anonymousId: '0000' }), 'no-identifier'],
    [order({ userId: true, traits: { email: ['ada@shop.de'] } }), 'no-identifier'],
    [order({ userId: 0 }), 'no-identifier'],
    [order({ userId: 17.5 }), 'imprecise-identifier'],
    [order({ userId: 'C-1042', anonymousId: 2 ** 53 }), 'imprecise-identifier'],
    [order({ context: { externalIds: [{ type: 'loyalty_id', id: 1e300 }] } }), 'imprecise-identifier'],
    [order({ timestamp: 'yesterday' }), 'impossible-time'],
    [order({ timestamp: '1970-01-01T00:00:00Z' }), 'impossible-time'],
    [order({ timestamp: '2026-03-04T12:00:01Z' }), 'impossible-time'],
    [order({ timestamp: '2026-02-30T12:00:00Z' }), 'impossible-time'],
    [order({ timestamp: '2026-02-29' }), 'impossible-time'],
    [order({ properties: { total: -1 } }), 'impossible-price'],
    [order({ properties: JSON.parse('{"total":1e400}') }), 'impossible-price'],
    [order({ properties: { products: [{ price: 900_000, quantity: 90_000 }] } }), 'impossible-price'],
    [order({ properties: { products: [{ price: 1, quantity: -2 }] } }), 'impossible-quantity'],
    [order({ properties: { total: 'NaN' } }), 'schema-mismatch'],
    [order({ properties: [] }), 'schema-mismatch'],
    [order({ context: { consent: { categoryPreferences: { profiling: 'no' } } } }), 'schema-mismatch'],
  ])('is quarantined with its reason: case %#', (event, reason) => {
    const { receipts, refused, signals } = collectAll([event]);
    expect(receipts[0]).toMatchObject({ outcome: 'quarantined', reason });
    expect(refused[0]?.entry?.event).toEqual(event);
    expect(refused[0]?.row).toMatchObject({
      table: 'refusals',
      outcome: 'quarantined',
      reason,
      rowRef: null,
    });
    expect(signals.size).toBe(0);
  });

  it('is told apart by what its source may send', () => {
    expect(reasonOf(order({ event: 'Lamp Rubbed' }), { source: source('pos') })).toBe('unknown-signal');
    expect(reasonOf(order({ event: 'Ticket Opened' }), { source: source('pos') })).toBe('signal-not-allowed');
    expect(reasonOf(order({ event: 'Lamp Rubbed' }), { source: source('web') })).toBeUndefined();
  });

  it('says where the fault is without saying what stands there', () => {
    const { refused } = collectAll([order({ properties: { products: [{ price: 1 }, { price: -77.31 }] } })]);
    expect(refused[0]?.entry?.at).toEqual(['properties', 'products', '1', 'price']);
    expect(JSON.stringify(refused[0]?.record)).not.toContain('77.31');
  });

  it('without an id is the same event when it is sent again', () => {
    const event = order({ messageId: undefined });
    const [first, second] = [collectAll([event]), collectAll([event], { receivedAt: NOW + 5_000 })];
    expect(first.refused[0]?.record.messageToken).toBe(second.refused[0]?.record.messageToken);
  });
});

describe('residence', () => {
  const inCountry = (country: string, extra = {}) => order({ context: { location: { country, ...extra } } });

  it('refuses a resident of another jurisdiction, says where to go, and stores nothing of the event', () => {
    const { receipts, refused } = collectAll([inCountry('GB')]);
    expect(receipts[0]).toEqual({
      messageId: 'message-1',
      outcome: 'misdirected',
      reason: 'jurisdiction:uk',
      endpoint: 'https://collect.uk.example/v1/batch',
    });
    expect(refused[0]?.entry).toBeUndefined();
    expect(refused[0]?.record).toMatchObject({ outcome: 'misdirected', reason: 'jurisdiction:uk' });
  });

  it('refuses even a bad event of theirs before it could be stored', () => {
    expect(reasonOf({ ...inCountry('GB'), messageId: undefined })).toBe('jurisdiction:uk');
    expect(reasonOf(JSON.parse('{"__proto__":1,"properties":{"country":"GB"}}'))).toBe('jurisdiction:uk');
  });

  it('names no jurisdiction for a country whose law it does not know', () => {
    expect(collectAll([inCountry('BH')]).receipts[0]).toMatchObject({ reason: 'jurisdiction:none' });
  });

  it('takes a home address over the place of a connection', () => {
    expect(reasonOf({ ...inCountry('GB'), traits: { address: { country: 'DE' } } })).toBeUndefined();
    expect(
      reasonOf({ ...inCountry('DE'), properties: { total: 1, shipping_address: { country: 'gb' } } }),
    ).toBe('jurisdiction:uk');
  });

  it('takes a state into account, and a country without one when part of it is ours', () => {
    const california = policyOf(
      (name) => ({ JURISDICTION: 'us-ca', SIGNAL_BUCKETS: '8', PEER_ENDPOINTS: '{}' })[name] ?? '',
      secrets,
    );
    const reasonThere = (place: object) =>
      collect(
        {
          source: source('web'),
          events: [order({ context: { traits: { address: place } } })],
          sentAt: null,
          receivedAt: NOW,
          gpc: false,
        },
        california,
      ).receipts[0]?.reason;
    expect(reasonThere({ country: 'US', state: 'CA' })).toBeUndefined();
    expect(reasonThere({ country: 'us-ca' })).toBeUndefined();
    expect(reasonThere({ country: 'US' })).toBeUndefined();
    expect(reasonThere({ country: 'US', state: 'NV' })).toBe('jurisdiction:us');
    expect(reasonThere({ country: 'DE' })).toBe('jurisdiction:eu');
    expect(reasonOf(inCountry('US', { region: 'CA' }))).toBe('jurisdiction:us-ca');
  });

  it.each(jurisdictionCodes)('sends a resident of any other jurisdiction away from %s', (code) => {
    const there = policyOf(
      (name) => ({ JURISDICTION: code, SIGNAL_BUCKETS: '8', PEER_ENDPOINTS: '{}' })[name] ?? '',
      secrets,
    );
    const events = Object.values(jurisdictions).map(({ code: home, countries }) => {
      // A country that another jurisdiction has a part of is ambiguous alone, so the event says which part.
      const [country, state = 'XX'] = (countries[0] ?? '').split('-');
      return order({ messageId: home, context: { traits: { address: { country, state } } } });
    });
    const { receipts, signals } = collect(
      { source: source('web'), events, sentAt: null, receivedAt: NOW, gpc: false },
      there,
    );
    expect(Object.fromEntries(receipts.map(({ messageId, reason }) => [messageId, reason]))).toEqual(
      Object.fromEntries(
        jurisdictionCodes.map((home) => [home, home === code ? undefined : `jurisdiction:${home}`]),
      ),
    );
    expect([...signals.values()].flat()).toHaveLength(1);
  });

  it('does not take a place for part of the country whose code it carries', () => {
    expect(reasonOf(inCountry('FR', { region: 'IDF' }))).toBeUndefined();
    expect(reasonOf(inCountry('FR', { region: 'PF' }))).toBe('jurisdiction:none');
  });

  it('does not guess from names', () => {
    expect(reasonOf(inCountry('United Kingdom'))).toBeUndefined();
  });
});

describe('law 1', () => {
  const anyEvent = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.record(
      {
        type: fc.constantFrom('track', 'identify', 'page', 'alias', 'group', 'nonsense'),
        event: fc.constantFrom('Order Completed', 'Page Viewed', 'Ticket Opened', 'Nothing Known', ''),
        messageId: fc.oneof(fc.uuid(), fc.jsonValue()),
        userId: fc.oneof(fc.string(), fc.jsonValue()),
        anonymousId: fc.string(),
        timestamp: fc.oneof(fc.date().map(String), fc.constant('2026-03-02T11:00:00Z'), fc.jsonValue()),
        properties: fc.oneof(
          fc.jsonValue({ maxDepth: 3 }),
          fc.record({ total: fc.double(), currency: fc.string() }),
        ),
        context: fc.oneof(
          fc.jsonValue(),
          fc.record({ location: fc.record({ country: fc.constantFrom('DE', 'GB', 'ZZ', '') }) }),
        ),
        specversion: fc.constantFrom('1.0', undefined),
      },
      { requiredKeys: [] },
    ),
  );

  it('every event of any array ends in exactly one of accepted, quarantined and misdirected', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), (events) => {
        const { signals, refused, receipts } = collectAll(events);
        expect(receipts).toHaveLength(events.length);
        const accepted = receipts.filter(({ outcome }) => outcome === 'accepted').length;
        expect([...signals.values()].flat()).toHaveLength(accepted);
        expect(refused).toHaveLength(events.length - accepted);
        for (const signal of [...signals.values()].flat()) signalSchema.parse(signal);
        for (const { record, entry } of refused)
          expect(entry !== undefined).toBe(record.outcome === 'quarantined');
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);

  it('keeps every refused event findable, and its content where the record points', async () => {
    const stage = memoryStage();
    const bad = [
      order({ messageId: 'b-1', event: '' }),
      order({ messageId: 'b-2', userId: null }),
      order({ messageId: 'g' }),
    ];
    const receipts = receiptsOf(await stage.post('/v1/batch', batch(...bad)));
    expect(receipts.map(({ outcome }) => outcome)).toEqual(['quarantined', 'quarantined', 'accepted']);
    for (const [line, id] of ['b-1', 'b-2'].entries()) {
      const record = stage.ports.records.records.get(asMessageToken(messageToken(secrets, id)));
      const entries = await stage.ports.quarantine.get(record?.quarantine?.key ?? '');
      expect(entries?.[record?.quarantine?.line ?? -1]?.event).toEqual(bad[line]);
    }
    expect(stage.signals()).toHaveLength(1);
  });

  it('a bad event that comes again adds no second record or object, and its copy ends as a duplicate', async () => {
    const stage = memoryStage();
    const body = batch(
      order({ event: '' }),
      order({ event: '' }),
      order({ messageId: 'uk', properties: { country: 'GB' } }),
    );
    await stage.post('/v1/batch', body);
    await stage.post('/v1/batch', body, {}, NOW + 60_000);
    expect(stage.ports.records.records.size).toBe(2);
    expect(stage.ports.quarantine.objects.size).toBe(1);
    const rows = stage.rows().filter((row) => row.table === 'refusals');
    const fresh = rows.filter((row) => row.redelivered === undefined);
    // Six copies, six endings; what the archive may have already is marked, and keeps its first time of receipt.
    expect(fresh.map((row) => row.outcome).sort()).toEqual([
      ...Array.from({ length: 4 }, () => 'duplicate'),
      'misdirected',
      'quarantined',
    ]);
    expect(new Set(fresh.map((row) => row.rowId)).size).toBe(6);
    const marked = rows.filter((row) => row.redelivered === true);
    expect(marked.map((row) => row.receivedAt)).toEqual([NOW, NOW]);
  });

  it('of a bad event that several requests bring at once, one copy is refused and the others are duplicates', async () => {
    const stage = memoryStage();
    const body = batch(order({ event: '' }));
    await Promise.all([0, 1, 2, 3].map((at) => stage.post('/v1/batch', body, {}, NOW + at)));
    const refusals = stage.rows().filter((row) => row.table === 'refusals');
    const rows = refusals.filter(({ redelivered }) => redelivered !== true);
    expect(rows.map(({ outcome }) => outcome).sort()).toEqual([
      ...Array.from({ length: 3 }, () => 'duplicate'),
      'quarantined',
    ]);
    expect(new Set(rows.map(({ rowId }) => rowId)).size).toBe(4);
  });

  it('puts no personal value on the stream, in a key, a record or a row', async () => {
    const stage = memoryStage();
    const marks = [
      'marked.person@mail.de',
      '+49301112233',
      'Marked Person',
      'marked-user',
      'marked-anon',
      'marked-message',
    ];
    const personal = {
      messageId: 'marked-message',
      userId: 'marked-user',
      anonymousId: 'marked-anon',
      context: { traits: { email: marks[0], phone: marks[1], name: marks[2] } },
    };
    await stage.post(
      '/v1/batch',
      batch(
        order(personal),
        order({ ...personal, event: 'Marked Person clicked' }),
        order({ ...personal, event: '' }),
        order({ ...personal, properties: { country: 'GB' } }),
      ),
    );
    const open = JSON.stringify([
      stage.ports.signals.appended,
      stage.rows(),
      [...stage.ports.records.records],
      [...stage.ports.quarantine.objects.keys()],
    ]);
    for (const mark of marks) expect(open).not.toContain(mark);
    expect(open.toLowerCase()).not.toContain('marked');
  });
});

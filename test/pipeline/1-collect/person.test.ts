import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageToken } from '../../../functions/contracts/ids.ts';
import {
  PERSON_ATTRIBUTES,
  type PersonAttributes,
  sealInTransit,
  unsealInTransit,
} from '../../../functions/contracts/person.ts';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { messageToken } from '../../../functions/contracts/tokens.ts';
import { collect } from '../../../functions/pipeline/1-collect/collect.ts';
import { policyOf } from '../../../functions/pipeline/1-collect/setting.ts';
import { NOW, order, policy, secrets, source } from './setting.ts';

const policyIn = (code: string) => {
  const settings: Record<string, string> = { JURISDICTION: code, SIGNAL_BUCKETS: '8', PEER_ENDPOINTS: '{}' };
  return policyOf((name) => settings[name] ?? '', secrets);
};
function signalOf(event: unknown, sourceId = 'web', code = 'eu'): Signal {
  const { signals, receipts } = collect(
    { source: source(sourceId), events: [event], sentAt: null, receivedAt: NOW, gpc: false },
    code === 'eu' ? policy : policyIn(code),
  );
  const [signal] = [...signals.values()].flat();
  if (signal === undefined) throw new Error(JSON.stringify(receipts));
  return signal;
}
function stated(event: unknown, sourceId = 'web', code = 'eu'): PersonAttributes | null {
  const { person, messageToken: token } = signalOf(event, sourceId, code);
  return person === undefined ? null : unsealInTransit(secrets, person, token);
}
const identify = (traits: unknown, rest: object = {}) => ({
  type: 'identify',
  messageId: 'message-1',
  userId: 'C-1042',
  traits,
  ...rest,
});

describe('what an event states of a person', () => {
  it('is read from the traits of the Segment specification', () => {
    const traits = {
      firstName: ' Ada ',
      lastName: 'King',
      birthday: '1985-12-10T00:00:00.000Z',
      gender: 'F',
      email: 'Ada@Shop.de',
      phone: '+49 30 901820',
      title: 'Analyst',
      company: { name: 'Engines AG', employees: 7 },
      address: { street: 'Hauptstraße 5', city: 'Bonn', postalCode: 'D-53113', state: 'NW', country: 'de' },
      avatar: 'https://x/y.png',
      description: 'likes engines',
      age: 36,
      website: 'https://ada.example',
      username: 'ada',
    };
    expect(stated(identify(traits))).toEqual({
      fullName: '',
      givenName: 'Ada',
      surname: 'King',
      birthDate: '1985-12-10',
      gender: 'female',
      email: 'ada@shop.de',
      phone: '+4930901820',
      occupation: 'Analyst',
      company: 'Engines AG',
      street: 'Hauptstraße 5',
      streetNumber: '',
      city: 'Bonn',
      postcode: '53113',
      region: 'NW',
      country: 'DE',
    });
  });

  it("is read from RudderStack's spellings, from the context, and from a CloudEvent's content", () => {
    const king = { fullName: '', givenName: 'Ada', surname: 'King' };
    const traits = { firstname: 'Ada', lastname: 'King' };
    expect(stated(identify(traits))).toEqual(king);
    expect(stated(identify({}, { context: { traits } }))).toEqual(king);
    expect(
      stated({ ...identify(undefined), type: 'track', event: 'Account Updated', properties: traits }),
    ).toEqual(king);
    const cloudEvent = {
      specversion: '1.0',
      id: '1',
      source: '/crm',
      type: 'com.rapport.signal.account-updated',
      subject: 'C-1042',
      data: { first_name: 'Ada', last_name: 'King', zip: 53113 },
    };
    expect(stated(cloudEvent, 'crm')).toMatchObject({ ...king, postcode: '53113' });
  });

  it('takes an address as a whole, and a full name in place of its parts', () => {
    expect(stated(identify({ name: 'Ada King', address: { city: 'Bonn' } }))).toEqual({
      fullName: 'Ada King',
      givenName: '',
      surname: '',
      street: '',
      streetNumber: '',
      postcode: '',
      city: 'Bonn',
      region: '',
      country: '',
    });
    // A country alone is where somebody is, and no address.
    expect(stated(identify({ firstName: 'Ada', country: 'DE' }))).toEqual({ fullName: '', givenName: 'Ada' });
  });

  it("takes an order's shipping address, and not its recipient's name", () => {
    const shipping_address = { name: 'Charles Babbage', street: 'Allee 1', city: 'Bonn', country: 'DE' };
    expect(stated(order({ properties: { total: 3, shipping_address }, context: {} }))).toEqual({
      street: 'Allee 1',
      streetNumber: '',
      postcode: '',
      city: 'Bonn',
      region: '',
      country: 'DE',
    });
  });

  it('is nothing in an event without traits, and in a signal that does not serve the customer', () => {
    expect(signalOf(order({ context: { locale: 'de-DE' } }))).not.toHaveProperty('person');
    const page = {
      type: 'page',
      messageId: 'm',
      anonymousId: 'a-77',
      name: 'Lamps',
      context: { traits: { firstName: 'Ada' } },
    };
    expect(signalOf(page)).not.toHaveProperty('person');
    expect(signalOf({ ...page, type: 'track', event: 'Lamp Rubbed' })).not.toHaveProperty('person');
    expect(
      signalOf(identify({ plan: 'gold', firstName: '', lastName: 'null', birthday: '10/12/1985' })),
    ).not.toHaveProperty('person');
  });

  it('reads a national telephone number and postcode by the country that is stated, alone, or told by the locale', () => {
    const number = { phone: '030 901820' };
    expect(stated(identify(number))).toBeNull();
    expect(stated(identify({ ...number, address: { country: 'DE' } }))).toMatchObject({
      phone: '+4930901820',
    });
    expect(stated(identify(number, { context: { locale: 'de-DE' } }))).toMatchObject({
      phone: '+4930901820',
    });
    // Many browsers say en-US anywhere; it is believed of the jurisdiction's own countries only.
    expect(stated(identify(number, { context: { locale: 'en-US' } }))).toBeNull();
    expect(stated(identify({ phone: '020 7946 0958', zip: 'sw1a1aa' }), 'web', 'uk')).toMatchObject({
      phone: '+442079460958',
      postcode: 'SW1A 1AA',
    });
    const us = stated(identify({ phone: '(415) 701-2311' }), 'web', 'us-ca');
    expect(us).toEqual({ phone: '+14157012311' });
  });

  it('makes the same customer of a national and an international number', () => {
    const [national, international] = ['030 901820', '+49 30 901820'].map((phone) =>
      signalOf(identify({ phone, address: { country: 'DE' } })).identifiers.find(
        ({ type }) => type === 'phone',
      ),
    );
    expect(national).toBeDefined();
    expect(national).toEqual(international);
  });

  it('keeps a national number only where a shop may have it, and tells why it does not', () => {
    const of = (nationalId: string, country?: string) => {
      const event = identify({ nationalId, ...(country === undefined ? {} : { address: { country } }) });
      const { receipts } = collect(
        { source: source('web'), events: [event], sentAt: null, receivedAt: NOW, gpc: false },
        policy,
      );
      return [stated(event), receipts[0]];
    };
    const taken = { messageId: 'message-1', outcome: 'accepted' };
    const without = (reason: string) => [null, { ...taken, leftOut: [{ attribute: 'nationalId', reason }] }];
    expect(of('12.345.678-Z', 'ES')).toEqual([{ nationalId: 'ES12345678Z' }, taken]);
    expect(of('ES12345678Z')).toEqual([{ nationalId: 'ES12345678Z' }, taken]);
    expect(of('2 84 05 88 019 003 17', 'FR')).toEqual(without('reserved-number'));
    expect(of('12.345.678-A', 'ES')).toEqual(without('wrong-check-digit'));
    expect(of('12345678Z')).toEqual(without('unknown-country'));
  });

  it('names nobody by a national number alone', () => {
    const { receipts } = collect(
      {
        source: source('web'),
        events: [{ ...identify({ nationalId: 'ES12345678Z' }), userId: undefined }],
        sentAt: null,
        receivedAt: NOW,
        gpc: false,
      },
      policy,
    );
    expect(receipts[0]).toMatchObject({ outcome: 'quarantined', reason: 'no-identifier' });
  });

  it('is never raw on the signal, whatever the client sends, and never makes an event fail', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.integer(),
      fc.constant(null),
      fc.array(fc.string()),
      fc.record({ name: fc.string() }),
    );
    const traits = fc.dictionary(
      fc.constantFrom(
        'firstName',
        'name',
        'birthday',
        'gender',
        'email',
        'phone',
        'company',
        'address',
        'zip',
        'city',
      ),
      fc.oneof(value, fc.dictionary(fc.constantFrom('street', 'city', 'postalCode', 'country'), value)),
    );
    fc.assert(
      fc.property(traits, (said) => {
        const attributes = stated(identify({ ...said, lastName: 'Qzmarkington' }));
        expect(attributes).toMatchObject({ surname: 'Qzmarkington' });
        const signal = signalOf(identify({ ...said, lastName: 'Qzmarkington' }));
        expect(JSON.stringify(signal)).not.toContain('Qzmark');
        for (const [attribute, text] of Object.entries(attributes ?? {})) {
          expect(PERSON_ATTRIBUTES).toContain(attribute);
          expect(text.length).toBeLessThanOrEqual(256);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the seal of an event on its way', () => {
  const attributes = { surname: 'King' };
  const [one, other] = ['m1', 'm2'].map((id) => messageToken(secrets, id)) as [MessageToken, MessageToken];

  it('opens for its own message, and for no other, no other secret and no changed byte', () => {
    const sealed = sealInTransit(secrets, attributes, one);
    expect(unsealInTransit(secrets, sealed, one)).toEqual(attributes);
    expect(unsealInTransit(secrets, sealed, other)).toBeNull();
    expect(unsealInTransit({ ...secrets, attributesInTransit: secrets.messages }, sealed, one)).toBeNull();
    const bytes = Buffer.from(sealed, 'base64');
    for (const at of [0, 11, 12, bytes.length - 17, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(unsealInTransit(secrets, changed.toString('base64'), one)).toBeNull();
    }
    for (const junk of ['', 'AAAA', '=']) expect(unsealInTransit(secrets, junk, one)).toBeNull();
  });

  it('is the same for a retry, and shares no nonce with another text or message', () => {
    const nonce = (sealed: string): string => sealed.slice(0, 16);
    expect(sealInTransit(secrets, attributes, one)).toBe(sealInTransit(secrets, attributes, one));
    const nonces = [
      sealInTransit(secrets, attributes, one),
      sealInTransit(secrets, attributes, other),
      sealInTransit(secrets, { surname: 'Ring' }, one),
    ].map(nonce);
    expect(new Set(nonces).size).toBe(3);
  });
});

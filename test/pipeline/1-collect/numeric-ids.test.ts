import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identifierToken } from '../../../functions/contracts/tokens.ts';
import { collect } from '../../../functions/pipeline/1-collect/collect.ts';
import { NOW, policy, secrets, source } from './setting.ts';

const collectOne = (event: object) =>
  collect({ source: source('web'), events: [event], sentAt: null, receivedAt: NOW, gpc: false }, policy);
const identifiersIn = (call: object) => {
  const { signals, receipts } = collectOne({ messageId: 'm', ...call });
  const [signal] = [...signals.values()].flat();
  if (signal === undefined) throw new Error(JSON.stringify(receipts));
  return signal.identifiers;
};

/** Calls with an id in every place of an identifier. */
const callsWith = (id: unknown) => [
  { type: 'page', userId: id },
  { type: 'page', anonymousId: id },
  { type: 'alias', previousId: id },
  { type: 'group', userId: id, groupId: id },
  { type: 'identify', traits: { loyaltyId: id } },
  { type: 'page', context: { traits: { loyalty_id: id } } },
  { type: 'track', event: 'Cart Viewed', properties: { loyalty_id: id } },
  { type: 'screen', context: { device: { id } } },
  { type: 'page', context: { externalIds: [{ type: 'user_id', id }] } },
  { type: 'page', context: { externalId: [{ type: 'loyalty_id', id }] } },
  {
    specversion: '1.0',
    id: '1',
    source: '/shop',
    type: 'Cart Viewed',
    data: { userId: id },
  },
];

describe('an identifier that came as a number', () => {
  it('is the customer whom its digits name, in every place of an identifier', () => {
    for (const id of [12_345, 4_930_901_820, Number.MAX_SAFE_INTEGER]) {
      const [asNumber, asText] = [id, String(id)].map((given) => callsWith(given).map(identifiersIn));
      expect(asNumber).toEqual(asText);
    }
    expect(identifiersIn({ type: 'page', userId: 12_345 })).toEqual([
      { type: 'userId', token: identifierToken(secrets, 'userId', '12345') },
    ]);
  });

  it('may be a telephone number of the customer’s country', () => {
    const of = (phone: unknown) =>
      identifiersIn({ type: 'identify', traits: { phone, address: { country: 'DE' } } });
    expect(of(30_901_820)).toEqual([
      { type: 'phone', token: identifierToken(secrets, 'phone', '+4930901820') },
    ]);
  });

  it('is taken when JSON carries it whole, and never silently when not', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (id) => {
        const { receipts } = collectOne({ type: 'page', messageId: 'm', userId: id, anonymousId: 'a-9' });
        expect(receipts[0]?.outcome).toBe(Number.isSafeInteger(id) ? 'accepted' : 'quarantined');
      }),
    );
  });

  it('says where it stands when it is not what its sender wrote, and the person can still ask for it', () => {
    const text =
      '{"type":"page","messageId":"m","userId":"C-1042","traits":{"loyaltyId":12345678901234567890}}';
    const { refused, receipts } = collectOne(JSON.parse(text));
    expect(receipts).toEqual([{ messageId: 'm', outcome: 'quarantined', reason: 'imprecise-identifier' }]);
    expect(refused[0]?.entry?.at).toEqual(['traits', 'loyaltyId']);
    expect(refused[0]?.record.about).toEqual([identifierToken(secrets, 'userId', 'C-1042')]);
  });
});

import { ever, type IdentifierDefinition } from '../identifier-definition.ts';
import { opaqueId, PLACEHOLDERS } from './text.ts';

/** RFC 5321 §4.5.3.1: 64 octets before the @, 254 in all. Stricter grammar than this turns real customers away. */
const SHAPE = /^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/;
const LENGTH_MAX = 254;

/** An e-mail address. Lower-cased as a whole, since no provider in use tells mailboxes apart by case; dots and plus
 * tags are kept, since what they mean differs by provider and a wrong merge is worse than a missed one. */
export const email: IdentifierDefinition = {
  type: 'email',
  version: 1,
  normalise(raw) {
    const address = opaqueId(raw)?.toLowerCase();
    return address !== undefined && address.length <= LENGTH_MAX && SHAPE.test(address) ? address : null;
  },
  blocked: [
    ...PLACEHOLDERS,
    // What forms are filled with to get past them, and what no person reads. A role's address (info@, sales@) may be a
    // small customer's only one; the limit below sees to those that many share.
    /^(test|tests|tester|testing|none|null|unknown|anonymous|noemail|no-email|na|asdf)@/,
    /^(no-?reply|do-?not-?reply|mailer-daemon|postmaster)@/,
    /@test\.[a-z]+$/,
    /^(test|tester|testing|demo|dummy|fake|sample)[._+-]?(user|customer|account|mail|kunde)?[._+-]?\d{0,4}@/,
    /^([a-z])\1{2,}@/,
    // RFC 2606: names that never resolve, and the domain that every manual writes its samples with.
    /\.(test|invalid|localhost)$/,
    /@example\.(com|net|org)$/,
    // What till software fills in, and mailboxes that live for ten minutes and are anybody's.
    /@(noemail|no-email|nomail|none)\.[a-z]+$/,
    /@(mailinator|guerrillamail|10minutemail|trashmail|yopmail|sharklasers)\.[a-z]+$/,
  ],
  // A couple shares an address; more accounts than three on one address are a shop's or an agency's.
  linksMax: { userId: ever(3), loyaltyId: ever(4) },
  // Work, home, a former provider, and what is typed wrongly.
  perSubjectMax: ever(10),
  examples: {
    same: [
      [' Ada.Lovelace@Shop.CO.UK ', 'ada.lovelace@shop.co.uk'],
      ['jose\u0301@correo.mx', 'jos\u00e9@correo.mx'],
    ],
    blocked: [
      'test@test.com',
      'noreply@shop.com',
      'no-reply@shop.com',
      'someone@test.com',
      'anonymous@shop.com',
      'test.user01@shop.com',
      'aaa@shop.com',
      'ada@example.com',
      'till-7@noemail.com',
      'ada@mailinator.com',
      'a@b@c.com',
      'ada',
      'ada@shop',
      '',
    ],
  },
};

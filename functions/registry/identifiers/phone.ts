import { ever, type IdentifierDefinition } from '../identifier-definition.ts';

/** Digits of an E.164 number after the plus: country code and subscriber number (ITU-T E.164 §6). */
const E164 = /^\+[1-9]\d{6,14}$/;

/** A telephone number with its country code. A national number (`020 7946 0958`) is not taken: without the caller's
 * country it would stand for different people in different countries. */
export const phone: IdentifierDefinition = {
  type: 'phone',
  version: 1,
  normalise(raw) {
    const digits = raw
      .trim()
      .replace(/\(0\)/, '')
      .replace(/[\s().\-/\u00a0\u2010-\u2015]/g, '')
      .replace(/^00/, '+');
    return E164.test(digits) ? digits : null;
  },
  // One digit repeated, or counted up, is what people type to get past a form.
  blocked: [/^\+(\d)\1+$/, /^\+\d{1,3}(\d)\1{6,}$/, /^\+?1?2?3456789\d*$/],
  // A family or a small office shares a line; more are a switchboard's.
  linksMax: { userId: ever(5), loyaltyId: ever(5), email: ever(5) },
  // A number is changed with the provider.
  perSubjectMax: ever(10),
  examples: {
    same: [
      ['+44 (0)20 7946 0958', '+442079460958'],
      ['0049 30 901820', '+4930901820'],
    ],
    blocked: ['+0000000000', '+1111111111', '020 7946 0958', '+44 0000000000', 'call me', '+12'],
  },
};

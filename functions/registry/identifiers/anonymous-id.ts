import type { IdentifierDefinition } from '../identifier-definition.ts';
import { opaqueId, PLACEHOLDERS } from './text.ts';

/** A browser's or a session's id, made by the client before it knows who is there. */
export const anonymousId: IdentifierDefinition = {
  type: 'anonymousId',
  version: 1,
  normalise: opaqueId,
  blocked: PLACEHOLDERS,
  // A browser shared at home; with more accounts than three it is a kiosk, a till or a test.
  linksMax: { userId: 3, loyaltyId: 3, email: 3, phone: 3, deviceId: 5 },
  examples: { same: [[' 3f1c9a2e ', '3f1c9a2e']], blocked: ['0', 'undefined', 'ANONYMOUS', 'a\u0000b'] },
};

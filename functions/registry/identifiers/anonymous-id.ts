import { ever, type IdentifierDefinition, weekly } from '../identifier-definition.ts';
import { opaqueId, PLACEHOLDERS } from './text.ts';

/** A browser's or a session's id, made by the client before it knows who is there. */
export const anonymousId: IdentifierDefinition = {
  type: 'anonymousId',
  version: 1,
  normalise: opaqueId,
  blocked: PLACEHOLDERS,
  // A browser shared at home; with more accounts than three it is a kiosk, a till or a test.
  linksMax: { userId: ever(3), loyaltyId: ever(3), email: ever(3), phone: ever(3), deviceId: ever(5) },
  // Private windows make one for each visit; beyond this it is a robot with a log-in.
  perSubjectMax: weekly(20),
  examples: { same: [[' 3f1c9a2e ', '3f1c9a2e']], blocked: ['0', 'undefined', 'ANONYMOUS', 'a\u0000b'] },
};

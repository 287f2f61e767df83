import { ever, type IdentifierDefinition } from '../identifier-definition.ts';
import { opaqueId, PLACEHOLDERS } from './text.ts';

/** An installation's id as the mobile platform gives it: a UUID, written in either case. */
export const deviceId: IdentifierDefinition = {
  type: 'deviceId',
  version: 1,
  normalise: (raw) => opaqueId(raw)?.toLowerCase() ?? null,
  // The last is the Android emulator's and a well-known duplicate of early handsets.
  blocked: [...PLACEHOLDERS, '9774d56d682e549c'],
  // A family tablet; more accounts than five are a shop's demonstration device.
  linksMax: { userId: ever(5), loyaltyId: ever(5), email: ever(5), phone: ever(5) },
  // A new installation is a new device.
  perSubjectMax: ever(20),
  examples: {
    same: [['7A3CBEA0-898F-4D30-8A7A-3A6AE5C7F3B1', '7a3cbea0-898f-4d30-8a7a-3a6ae5c7f3b1']],
    blocked: ['00000000-0000-0000-0000-000000000000', '9774d56d682e549c', 'unknown'],
  },
};

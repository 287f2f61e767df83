import { ever, type IdentifierDefinition } from '../identifier-definition.ts';
import { opaqueId, PLACEHOLDERS } from './text.ts';

/** Number of a loyalty card, as printed or scanned: groups of digits are written with spaces, dashes or neither. */
export const loyaltyId: IdentifierDefinition = {
  type: 'loyaltyId',
  version: 1,
  normalise: (raw) =>
    opaqueId(raw)
      ?.replace(/[\s-]+/g, '')
      .toUpperCase() || null,
  blocked: PLACEHOLDERS,
  // A household may share a card; a card seen with more accounts than that is a till's stand-in card.
  linksMax: { userId: ever(4) },
  // Lost cards are replaced, and a household's cards come together.
  perSubjectMax: ever(8),
  examples: {
    same: [
      ['6035 1234-5678', '603512345678'],
      ['gold-77x', 'GOLD77X'],
    ],
    blocked: ['0000-0000', 'none', ' - '],
  },
};

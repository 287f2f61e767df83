/** Identifier types, highest priority first: the first one present names the signal's atom. */
export const IDENTIFIER_TYPES = ['userId', 'loyaltyId', 'email', 'phone', 'deviceId', 'anonymousId'] as const;
export type IdentifierType = (typeof IDENTIFIER_TYPES)[number];

export const CONTACT_CHANNELS = ['phone', 'email', 'chat', 'store', 'web', 'social', 'agent'] as const;
export type ContactChannel = (typeof CONTACT_CHANNELS)[number];

/** Branded ids, so that a raw e-mail can't go where a token belongs. */
type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** Keyed HMAC of one normalised identifier value, `<type>.<22 base64url characters>`. Not reversible without the
 * jurisdiction's secret, and different in every jurisdiction. */
export type IdentifierToken = Brand<string, 'IdentifierToken'>;
/** Keyed HMAC of a client's `messageId` (22 base64url characters). The raw id may hold anything, so it is not kept. */
export type MessageToken = Brand<string, 'MessageToken'>;
/** The smallest identity: the token of the highest-priority identifier of some signal. */
export type AtomId = IdentifierToken;
/** A customer as far as we know: one or more atoms joined by edges. */
export type SubjectId = Brand<string, 'SubjectId'>;
/** An atom, with the version of its stored state. */
export type AtomVersion = readonly [AtomId, number];
export type AlertId = Brand<string, 'AlertId'>;

export const asIdentifierToken = (value: string): IdentifierToken => value as IdentifierToken;
export const asMessageToken = (value: string): MessageToken => value as MessageToken;
export const asSubjectId = (value: string): SubjectId => value as SubjectId;
export const asAlertId = (value: string): AlertId => value as AlertId;

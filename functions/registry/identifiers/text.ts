/** Longest identifier value taken: longer ones are payloads, not identifiers. */
const LENGTH_MAX = 256;
/** Controls, and the invisible marks that make different values look the same. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** An opaque id as its issuer writes it: trimmed, otherwise untouched (case may matter to the issuer).
 * @returns null when empty, longer than 256 characters or with control characters inside. */
export function opaqueId(raw: string): string | null {
  const id = raw.trim().normalize('NFC');
  return id === '' || id.length > LENGTH_MAX || INVISIBLE.test(id) ? null : id;
}

/** Values that software writes where an identifier is missing. Segment blocks the same patterns by default. They are
 * matched against the lower-cased value. */
export const PLACEHOLDERS: readonly (string | RegExp)[] = [
  /^[0-]*$/,
  '-1',
  'null',
  '(null)',
  'nil',
  'nan',
  'undefined',
  'anonymous',
  'guest',
  'unknown',
  'none',
  'n/a',
  'na',
  'test',
  'true',
  'false',
  '[object object]',
];

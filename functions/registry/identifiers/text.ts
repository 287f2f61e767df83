/** Longest identifier value taken: longer ones are payloads, not identifiers. */
const LENGTH_MAX = 256;
/** Controls, the invisible marks that make different values look the same, and what is left of a character that was lost
 * on the way (half of one, or U+FFFD in its place): different values have become the same there. */
const UNUSABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFD]/u;

/** An opaque id as its issuer writes it: trimmed, otherwise untouched (case may matter to the issuer).
 * @returns null when empty, longer than 256 characters, with control characters inside, or damaged. */
export function opaqueId(raw: string): string | null {
  const id = raw.trim().normalize('NFC');
  return id === '' || id.length > LENGTH_MAX || UNUSABLE.test(id) ? null : id;
}

/** Values that software and people write where an identifier is missing. The first ones Segment blocks by default
 * ("Identity Resolution Settings: blocked values"); `anonymous` and `guest` are what shops write for a visitor. They are
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
  '#n/a',
  'n.a.',
  'na',
  'no',
  'not set',
  '(not set)',
  'not provided',
  'missing',
  'empty',
  '(empty)',
  'default',
  'dummy',
  'sample',
  'example',
  'tbd',
  // One letter, dot or (long enough) digit repeated.
  /^(?:([a-z.?*])\1+|(\d)\2{8,})$/,
  // The keyboard's first row, counting up far enough, and what testers call themselves.
  /^(?:(?:asdf|qwert|azerty)[a-z]*|0?123456789\d*|(?:test|tester|testing|demo)[\s_-]?(?:user|customer|account|kunde)?[\s_-]?\d{0,4})$/,
  'true',
  'false',
  '[object object]',
];

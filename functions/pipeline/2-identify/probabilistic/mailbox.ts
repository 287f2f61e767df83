/** Parts of a name shorter than this occur in mailboxes by chance. */
const PART_LEAST = 3;

/**
 * What of an e-mail address's mailbox is left when its owner's name is taken out: `12` of `anna.arden.12` or of
 * `aarden12`, nothing of `anna.arden`. Null when the mailbox isn't made of the name.
 *
 * Two such addresses of two people who share a name are alike because of the name, which was counted already; only what is
 * left can tell anything of its own.
 * @param email lower case · @param given,surname folded; empty when missing
 */
export function restOfMailbox(email: string, given: string, surname: string): string | null {
  const mailbox = (email.split('@', 1)[0] ?? '')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]/gu, '');
  const [first, last] = [given, surname].map((part) => part.replace(/[^\p{L}\p{N}]/gu, ''));
  if (first === undefined || last === undefined) return null;
  const [withoutLast, hasLast] = without(mailbox, last);
  const [rest, hasFirst] = without(withoutLast, first);
  if (hasFirst && hasLast) return rest;
  if (hasLast) return withoutInitial(rest, first);
  return hasFirst ? withoutInitial(rest, last) : null;
}

function without(text: string, part: string): readonly [rest: string, wasThere: boolean] {
  const at = part.length < PART_LEAST ? -1 : text.indexOf(part);
  return at < 0 ? [text, false] : [text.slice(0, at) + text.slice(at + part.length), true];
}

const withoutInitial = (text: string, part: string): string =>
  part !== '' && text.startsWith(part.charAt(0)) ? text.slice(1) : text;

/** By how much agreement of the rests can favour one person over two: that many characters, each taken for a digit, agree
 * by chance once in this many. */
export const mostRatioOfRest = (rest: string): number => 10 ** rest.length;

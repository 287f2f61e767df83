/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours (Damerau 1964;
 * restricted form as in Boytsov 2011, §2.1).
 * @returns the distance, or `max + 1` when it is larger than `max` */
export function editDistance(a: string, b: string, max: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let cost = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped =
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1);
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
      if (cost < least) least = cost;
    }
    // A swap reaches back two rows, so one row above the bound is not yet proof.
    if (least > max + 1) return max + 1;
    before = above;
    above = row;
  }
  return Math.min(above[b.length] ?? 0, max + 1);
}

const PREFIX_MAX = 4;
const PREFIX_SCALE = 0.1;

/** Jaro-Winkler similarity, 0 to 1 (Winkler 1990): Jaro's share of common characters in common order, raised for a
 * common prefix of up to four. */
export function jaroWinkler(a: string, b: string): number {
  if (a === '' || b === '') return 0;
  const window = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const inA = new Uint8Array(a.length);
  const inB = new Uint8Array(b.length);
  let common = 0;
  for (let i = 0; i < a.length; i++) {
    const end = Math.min(b.length, i + window + 1);
    for (let j = Math.max(0, i - window); j < end; j++) {
      if (inB[j] === 1 || a.charCodeAt(i) !== b.charCodeAt(j)) continue;
      inA[i] = 1;
      inB[j] = 1;
      common++;
      break;
    }
  }
  if (common === 0) return 0;
  let outOfOrder = 0;
  let k = 0;
  for (let i = 0; i < a.length; i++) {
    if (inA[i] === 0) continue;
    while (inB[k] === 0) k++;
    if (a.charCodeAt(i) !== b.charCodeAt(k)) outOfOrder++;
    k++;
  }
  const jaro = (common / a.length + common / b.length + (common - outOfOrder / 2) / common) / 3;
  let prefix = 0;
  while (prefix < PREFIX_MAX && prefix < a.length && a[prefix] === b[prefix]) prefix++;
  return jaro + prefix * PREFIX_SCALE * (1 - jaro);
}

const SOUNDEX_CODES: Readonly<Record<string, string>> = Object.fromEntries(
  ['bfpv', 'cgjkqsxz', 'dt', 'l', 'mn', 'r'].flatMap((letters, index) =>
    [...letters].map((letter) => [letter, String(index + 1)] as const),
  ),
);

/** American Soundex (US National Archives, General Information Leaflet 55), without padding. For lower-case words. */
export function soundex(word: string): string {
  const first = word[0];
  if (first === undefined) return '';
  let code = first;
  let last = SOUNDEX_CODES[first] ?? '';
  for (const letter of word.slice(1)) {
    const digit = SOUNDEX_CODES[letter] ?? '';
    if (digit !== '' && digit !== last) code += digit;
    if (letter !== 'h' && letter !== 'w') last = digit;
    if (code.length === 4) break;
  }
  return code;
}

/** Whether two kept values say the same: case, accents, blanks and punctuation make no conflict. */
export const saysTheSame = (a: string, b: string): boolean => a === b || bare(a) === bare(b);

const bare = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

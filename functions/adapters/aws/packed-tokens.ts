import { asIdentifierToken, type IdentifierToken } from '../../contracts/ids.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import type { SubjectOutline } from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';

/** A token: the 132 bits of its 22 characters, and in the last four a mark and the place of its type. */
const TOKEN_BYTES = 17;
const TOKEN_CHARACTERS = 22;
const TYPE_BITS = 0x07;
const MARK_BIT = 0x08;

/** Tokens in 17 bytes each. @param isMarked one bit besides, for the caller */
export function packTokens(
  tokens: readonly IdentifierToken[],
  isMarked: (token: IdentifierToken) => boolean = () => false,
): Uint8Array {
  const bytes = Buffer.alloc(tokens.length * TOKEN_BYTES);
  for (const [at, token] of tokens.entries()) {
    const end = (at + 1) * TOKEN_BYTES;
    // Filled up to whole bytes; the last one's lower half is free.
    const whole = Buffer.from(`${token.slice(token.indexOf('.') + 1)}AA`, 'base64url');
    whole.copy(bytes, at * TOKEN_BYTES, 0, TOKEN_BYTES);
    const rest = IDENTIFIER_TYPES.indexOf(typeOfToken(token)) | (isMarked(token) ? MARK_BIT : 0);
    bytes.writeUInt8(bytes.readUInt8(end - 1) | rest, end - 1);
  }
  return bytes;
}

export interface PackedToken {
  readonly token: IdentifierToken;
  readonly isMarked: boolean;
}

export function unpackTokens(packed: Uint8Array): readonly PackedToken[] {
  const tokens: PackedToken[] = [];
  for (let at = 0; at + TOKEN_BYTES <= packed.length; at += TOKEN_BYTES) {
    const bytes = Buffer.from(packed.subarray(at, at + TOKEN_BYTES));
    const rest = bytes.readUInt8(TOKEN_BYTES - 1);
    const type = IDENTIFIER_TYPES[rest & TYPE_BITS] ?? '';
    const token = asIdentifierToken(`${type}.${bytes.toString('base64url').slice(0, TOKEN_CHARACTERS)}`);
    tokens.push({ token, isMarked: (rest & MARK_BIT) !== 0 });
  }
  return tokens;
}

/** Subjects without what holds them together: how many identifiers, and these, with the atoms among them marked. */
export function packOutlines(outlines: readonly SubjectOutline[]): Uint8Array {
  return Buffer.concat(
    outlines.flatMap(({ nodes, atoms }) => [
      Buffer.from([nodes.length]),
      packTokens(nodes, (node) => atoms.includes(node)),
    ]),
  );
}

export function unpackOutlines(packed: Uint8Array): readonly SubjectOutline[] {
  const outlines: SubjectOutline[] = [];
  for (let at = 0; at < packed.length; ) {
    const end = at + 1 + (packed[at] ?? 0) * TOKEN_BYTES;
    const tokens = unpackTokens(packed.subarray(at + 1, end));
    const atoms = tokens.filter(({ isMarked }) => isMarked);
    outlines.push({ nodes: tokens.map(({ token }) => token), atoms: atoms.map(({ token }) => token) });
    at = end;
  }
  return outlines;
}

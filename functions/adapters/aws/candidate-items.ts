import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type {
  Block,
  CandidateKey,
  CandidateWrite,
  DistinctSample,
  Stored,
} from '../../pipeline/2-identify/probabilistic/ports.ts';
import { packTokens, unpackTokens } from './packed-tokens.ts';

/** Attributes of an entry besides its key: a block has `size` and atoms, a sample `depth` and marks. */
export const CANDIDATE_ATTRIBUTES = ['version', 'size', 'depth', 'members'] as const;

/** A mark of 48 bits, and which attributes the atom has. */
const MARK_BYTES = 6;
const ATTRIBUTES_BYTES = 2;
const SAMPLED_BYTES = MARK_BYTES + ATTRIBUTES_BYTES;

/** @returns the values of {@link CANDIDATE_ATTRIBUTES} after the write */
export function candidateValues(write: CandidateWrite): readonly AttributeValue[] {
  const version = { N: String(write.version + 1) };
  return 'block' in write
    ? [version, { N: String(write.block.size) }, { NULL: true }, { B: packTokens(write.block.members) }]
    : [version, { NULL: true }, { N: String(write.sample.depth) }, { B: encodeMarks(write.sample) }];
}

export type CandidateEntry =
  | { readonly key: CandidateKey; readonly block: Stored<Block> }
  | { readonly key: CandidateKey; readonly sample: Stored<DistinctSample> };

export function toCandidateEntry(item: Readonly<Record<string, AttributeValue>>): CandidateEntry {
  const key = item.id?.S ?? '';
  const version = Number(item.version?.N);
  const members = item.members?.B ?? new Uint8Array();
  if (item.depth?.N === undefined)
    return {
      key,
      block: {
        version,
        value: { members: unpackTokens(members).map(({ token }) => token), size: Number(item.size?.N) },
      },
    };
  return { key, sample: { version, value: { depth: Number(item.depth.N), ...decodeMarks(members) } } };
}

function encodeMarks({ marks, attributes }: DistinctSample): Uint8Array {
  const bytes = Buffer.alloc(marks.length * SAMPLED_BYTES);
  for (const [at, mark] of marks.entries()) {
    bytes.writeUIntBE(mark, at * SAMPLED_BYTES, MARK_BYTES);
    bytes.writeUIntBE(attributes[at] ?? 0, at * SAMPLED_BYTES + MARK_BYTES, ATTRIBUTES_BYTES);
  }
  return bytes;
}

function decodeMarks(packed: Uint8Array): Pick<DistinctSample, 'marks' | 'attributes'> {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const marks: number[] = [];
  const attributes: number[] = [];
  for (let at = 0; at + SAMPLED_BYTES <= bytes.length; at += SAMPLED_BYTES) {
    marks.push(bytes.readUIntBE(at, MARK_BYTES));
    attributes.push(bytes.readUIntBE(at + MARK_BYTES, ATTRIBUTES_BYTES));
  }
  return { marks, attributes };
}

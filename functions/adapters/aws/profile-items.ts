import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { KeptUntil } from '../../contracts/profile.ts';
import { endOf, type Restrictable, type Restriction } from '../../contracts/restriction.ts';
import type { Published } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { lastEnd } from '../../pipeline/3-profile/kept.ts';
import type {
  StoredNode,
  StoredPerson,
  StoredSubject,
  SubjectWrite,
} from '../../pipeline/understand/ports.ts';
import { decodeGraph, encodeGraph } from './graph-item.ts';
import { packOutlines, unpackOutlines } from './packed-tokens.ts';

export type Item = Record<string, AttributeValue>;

/** Sort key of a node's own item; pages of seen messages lie beside it under `seen#…`. */
export const NODE_PART = 'state';

export const nodeKey = (id: IdentifierToken): Item => ({ id: { S: id }, part: { S: NODE_PART } });
export const subjectKey = (subjectId: SubjectId): Item => ({ subjectId: { S: subjectId } });

const nullable = (value: string | null): AttributeValue => (value === null ? { NULL: true } : { S: value });

const instant = (at: EpochMs | null): AttributeValue => (at === null ? { NULL: true } : { N: String(at) });

/** A node's attributes besides its key and version, in the order of {@link NODE_ATTRIBUTES}. */
export const NODE_ATTRIBUTES = [
  'subject',
  'saturated',
  'state',
  'seen',
  'links',
  'published',
  'erasedAt',
  'restrictedUntil',
  'keptUntil',
  'expiresAt',
  'around',
] as const;
export const nodeValues = (node: StoredNode): readonly AttributeValue[] => [
  nullable(node.subjectId),
  { BOOL: node.saturated },
  nullable(node.state),
  node.seen === null ? { NULL: true } : { B: node.seen },
  { B: node.links },
  nullable(node.published === null ? null : JSON.stringify(node.published)),
  instant(node.erasedAt),
  restrictionOf(node),
  node.keptUntil === null ? { NULL: true } : { S: endsText(node.keptUntil) },
  expiryOf(node),
  node.around === undefined ? { NULL: true } : { B: packOutlines(node.around) },
];

/** Restrictions where there are any, from which the rest follows. */
const restrictionOf = ({ restrictions = [], restrictedUntil }: StoredNode): AttributeValue =>
  restrictions.length === 0 ? instant(restrictedUntil) : { S: JSON.stringify(restrictions) };
function restrictionIn(value: AttributeValue | undefined): Restrictable {
  if (value?.S === undefined) return { restrictedUntil: value?.N === undefined ? null : Number(value.N) };
  const restrictions = JSON.parse(value.S) as readonly Restriction[];
  return { restrictedUntil: endOf(restrictions), restrictions };
}

/** Ends by position: facts, choices, and of each part. */
const endsText = ({ facts, parts, choices }: KeptUntil): string => JSON.stringify([facts, choices, ...parts]);
function endsOf(text: string): KeptUntil {
  const [facts = null, choices = null, ...parts] = JSON.parse(text) as [
    EpochMs | null,
    EpochMs | null,
    ...EpochMs[],
  ];
  return { facts, parts, choices };
}

/** Epoch seconds, as DynamoDB's time to live has them. */
export const seconds = (at: EpochMs): AttributeValue => ({ N: String(Math.ceil(at / 1_000)) });

/** When DynamoDB may delete a node by itself: one that others lean on, or that says what must not be processed, stays and
 * is emptied by the retention sweep. */
const expiryOf = (node: StoredNode): AttributeValue =>
  node.keptUntil === null ||
  node.subjectId !== null ||
  node.saturated ||
  node.erasedAt !== null ||
  node.restrictedUntil !== null
    ? { NULL: true }
    : seconds(lastEnd(node.keptUntil));

/** The item of a node after a write: its version is one higher than the one that was read. */
export const nodeItem = (node: StoredNode): Item => ({
  ...nodeKey(node.id),
  version: { N: String(node.version + 1) },
  ...Object.fromEntries(nodeValues(node).map((value, index) => [NODE_ATTRIBUTES[index] ?? '', value])),
});

export function toNode(item: Item): StoredNode {
  return {
    id: item.id?.S as IdentifierToken,
    version: Number(item.version?.N),
    subjectId: (item.subject?.S ?? null) as SubjectId | null,
    saturated: item.saturated?.BOOL === true,
    state: item.state?.S ?? null,
    seen: item.seen?.B ?? null,
    links: item.links?.B ?? new Uint8Array(),
    published: item.published?.S === undefined ? null : (JSON.parse(item.published.S) as Published),
    erasedAt: item.erasedAt?.N === undefined ? null : Number(item.erasedAt.N),
    ...restrictionIn(item.restrictedUntil),
    keptUntil: item.keptUntil?.S === undefined ? null : endsOf(item.keptUntil.S),
    ...(item.around?.B === undefined ? {} : { around: unpackOutlines(item.around.B) }),
  };
}

/** Sort key of what an atom's signals stated of the person, beside its node. */
export const PERSON_PART = 'person';
export const personKey = (id: AtomId): Item => ({ id: { S: id }, part: { S: PERSON_PART } });

export const personItem = (person: StoredPerson): Item => ({
  ...personKey(person.id),
  version: { N: String(person.version + 1) },
  sealed: { B: person.sealed },
  writtenAt: { N: String(person.writtenAt) },
});

export const toPerson = (item: Item): StoredPerson => ({
  id: item.id?.S as AtomId,
  version: Number(item.version?.N),
  sealed: item.sealed?.B ?? new Uint8Array(),
  writtenAt: Number(item.writtenAt?.N ?? 0),
});

export const SUBJECT_ATTRIBUTES = ['graph', 'published'] as const;
export const subjectValues = (next: NonNullable<SubjectWrite['next']>): readonly AttributeValue[] => [
  { S: encodeGraph(next.graph) },
  { S: JSON.stringify(next.published) },
];

export const subjectItem = (
  subjectId: SubjectId,
  version: number,
  next: NonNullable<SubjectWrite['next']>,
): Item => ({
  ...subjectKey(subjectId),
  version: { N: String(version + 1) },
  ...Object.fromEntries(subjectValues(next).map((value, index) => [SUBJECT_ATTRIBUTES[index] ?? '', value])),
});

export function toSubject(item: Item): readonly [SubjectId, StoredSubject] {
  const subjectId = item.subjectId?.S as SubjectId;
  return [
    subjectId,
    {
      version: Number(item.version?.N),
      graph: decodeGraph(subjectId, item.graph?.S ?? ''),
      published: JSON.parse(item.published?.S ?? '') as Published,
    },
  ];
}

/** Write units of an item: its size in KB, rounded up. Sizes as the DynamoDB developer guide gives them ("Item sizes and
 * formats"): names and strings in UTF-8 bytes, a number about a byte per two digits and one more. */
export function writeUnitsOf(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return Math.max(1, Math.ceil(bytes / 1_024));
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return value.B.length;
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  return 1;
}

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { KeptUntil } from '../../contracts/profile.ts';
import type { Published } from '../../contracts/subject.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { lastEnd } from '../../pipeline/3-profile/kept.ts';
import type {
  StoredNode,
  StoredPerson,
  StoredSubject,
  SubjectWrite,
} from '../../pipeline/understand/ports.ts';
import { decodeGraph, encodeGraph } from './graph-item.ts';
import { packedItem, textOf } from './packed-text.ts';
import { packOutlines, unpackOutlines } from './packed-tokens.ts';

export type Item = Record<string, AttributeValue>;

/** Sort key of a node's own item; pages of seen messages lie beside it under `seen#…`. */
export const NODE_PART = 'state';

export const nodeKey = (id: IdentifierToken): Item => ({ id: { S: id }, part: { S: NODE_PART } });
export const subjectKey = (subjectId: SubjectId): Item => ({ subjectId: { S: subjectId } });

const nullable = (value: string | null): AttributeValue => (value === null ? { NULL: true } : { S: value });

const instant = (at: EpochMs | null): AttributeValue => (at === null ? { NULL: true } : { N: String(at) });

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
export const nodeItem = (node: StoredNode): Item =>
  withinUnit({
    ...nodeKey(node.id),
    version: { N: String(node.version + 1) },
    subject: nullable(node.subjectId),
    saturated: { BOOL: node.saturated },
    state: nullable(node.state),
    seen: node.seen === null ? { NULL: true } : { B: node.seen },
    links: { B: node.links },
    published: nullable(node.published === null ? null : JSON.stringify(node.published)),
    erasedAt: instant(node.erasedAt),
    restrictedUntil: instant(node.restrictedUntil),
    keptUntil: node.keptUntil === null ? { NULL: true } : { S: endsText(node.keptUntil) },
    expiresAt: expiryOf(node),
    around: node.around === undefined ? { NULL: true } : { B: packOutlines(node.around) },
  });

export function toNode(item: Item): StoredNode {
  return {
    id: item.id?.S as IdentifierToken,
    version: Number(item.version?.N),
    subjectId: (item.subject?.S ?? null) as SubjectId | null,
    saturated: item.saturated?.BOOL === true,
    state: textOf(item.state),
    seen: item.seen?.B ?? null,
    links: item.links?.B ?? new Uint8Array(),
    published: publishedIn(item),
    erasedAt: item.erasedAt?.N === undefined ? null : Number(item.erasedAt.N),
    restrictedUntil: item.restrictedUntil?.N === undefined ? null : Number(item.restrictedUntil.N),
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

export const subjectItem = (
  subjectId: SubjectId,
  version: number,
  next: NonNullable<SubjectWrite['next']>,
): Item =>
  withinUnit({
    ...subjectKey(subjectId),
    version: { N: String(version + 1) },
    graph: { S: encodeGraph(next.graph) },
    published: { S: JSON.stringify(next.published) },
  });

export function toSubject(item: Item): readonly [SubjectId, StoredSubject] {
  const subjectId = item.subjectId?.S as SubjectId;
  const published = publishedIn(item);
  invariant(published !== null, 'a stored subject says what was published of it');
  return [
    subjectId,
    {
      version: Number(item.version?.N),
      graph: decodeGraph(subjectId, textOf(item.graph) ?? ''),
      published,
    },
  ];
}

function publishedIn({ published }: Item): Published | null {
  const text = textOf(published);
  return text === null ? null : (JSON.parse(text) as Published);
}

/** What one write unit holds. */
const UNIT_BYTES = 1_024;
/** The item, packed should it cost more than one write unit otherwise. */
const withinUnit = (item: Item): Item => (sizeOf(item) <= UNIT_BYTES ? item : packedItem(item));

/** Write units of an item: its size in KB, rounded up. */
export const writeUnitsOf = (item: Item): number => Math.max(1, Math.ceil(sizeOf(item) / UNIT_BYTES));

/** Sizes as the DynamoDB developer guide gives them ("Item sizes and formats"): names and strings in UTF-8 bytes, a number
 * about a byte per two digits and one more. */
function sizeOf(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return value.B.length;
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  return 1;
}

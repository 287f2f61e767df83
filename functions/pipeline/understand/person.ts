import type { AtomId } from '../../contracts/ids.ts';
import { type PersonAttributes, type PersonState, unsealInTransit } from '../../contracts/person.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { Signal } from '../../contracts/signal.ts';
import { type SubjectKey, type SubjectKeyring, seal, unseal } from '../../contracts/subject-keys.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { standingOf } from '../../registry/person/survivorship.ts';
import { foldStatements, type Statement } from '../3-profile/person.ts';
import { decodePerson, encodePerson } from '../3-profile/person-codec.ts';
import { messagePrefix } from '../3-profile/seen.ts';
import type { Ending } from './judge.ts';
import { type PersonWrite, personContext, type StoredPerson, type World } from './ports.ts';

/** Keys of the atoms that have one. */
export type AtomKeys = ReadonlyMap<AtomId, SubjectKey>;

/** A person as it shall be, still open: sealed once its atom surely has a secret. */
export interface OpenPerson {
  readonly id: AtomId;
  readonly version: number;
  readonly text: string;
}

/**
 * What is known of these persons, by atom. A person that does not open may have got its key, or another one, since
 * the keys were read: those are read again, since taking it for nobody would write over it. One that does not open then was
 * sealed under a secret that is gone, and is known no more.
 * @param keys what is read is added @throws TransientError, ThrottledError
 */
export async function openPersons(
  persons: ReadonlyMap<AtomId, StoredPerson>,
  keys: Map<AtomId, SubjectKey>,
  keyring: Pick<SubjectKeyring, 'read'>,
): Promise<ReadonlyMap<AtomId, PersonState>> {
  const known = new Map<AtomId, PersonState>();
  const open = ({ id, sealed }: StoredPerson): boolean => {
    const key = keys.get(id);
    const text = key === undefined ? null : unseal(key, sealed, personContext(id));
    if (text !== null) known.set(id, decodePerson(text));
    return text !== null;
  };
  const closed = [...persons.values()].filter((person) => !open(person));
  if (closed.length === 0) return known;
  for (const [id, key] of await keyring.read(
    closed.map(({ id }) => id),
    { fresh: true },
  ))
    keys.set(id, key);
  for (const person of closed) open(person);
  return known;
}

/** What a signal states of the person for a purpose that is allowed, or null. Attributes are kept to serve the customer and
 * for nothing else.
 * @throws InvariantError when the seal is broken: the bytes are our own, and tampering must not pass for silence */
export function statedBy(
  signal: Signal,
  allowed: readonly Purpose[],
  secrets: JurisdictionSecrets,
): PersonAttributes | null {
  if (signal.person === undefined || !allowed.includes('service')) return null;
  const attributes = unsealInTransit(secrets, signal.person, signal.messageToken);
  invariant(attributes !== null, 'the seal of what a signal states is broken');
  return attributes;
}

/** The person with what its signals state. Those that an earlier attempt applied are folded again, since it may have died
 * before this item was written; folding twice changes nothing. */
export function foldPerson(
  person: PersonState,
  endings: readonly Ending[],
  secrets: JurisdictionSecrets,
): PersonState {
  const statements = endings.flatMap(({ delivery: { signal }, outcome, allowed }): Statement[] => {
    const attributes = outcome === 'applied' ? statedBy(signal, allowed, secrets) : null;
    if (attributes === null) return [];
    const { sourceId, occurredAt: at, messageToken } = signal;
    return [
      {
        ...standingOf(sourceId, signal.eventClass),
        at,
        sourceId,
        message: messagePrefix(messageToken),
        attributes,
      },
    ];
  });
  return foldStatements(person, statements);
}

/** Whether the person holds already what signals state that nothing else knows of yet: it is written by itself, and an earlier
 * attempt died, or met somebody else's write, before the rest was. */
export function wasStoredBefore(person: PersonState, endings: readonly Ending[]): boolean {
  const stating = endings.filter(
    ({ delivery: { signal }, outcome }) => outcome === 'applied' && signal.person !== undefined,
  );
  if (stating.length === 0) return false;
  const messages = new Set(stating.map(({ delivery: { signal } }) => messagePrefix(signal.messageToken)));
  return Object.values(person).some((origins) =>
    Object.values(origins).some(({ message }) => messages.has(message)),
  );
}

/** The person as it shall be, when that differs from what is stored. */
export function personChange(
  atomId: AtomId,
  before: PersonState,
  after: PersonState,
  world: World,
): OpenPerson | null {
  const text = encodePerson(after);
  if (after === before || text === encodePerson(before)) return null;
  return { id: atomId, version: world.persons.get(atomId)?.version ?? 0, text };
}

/** Seals persons under their atoms' keys. An atom that got no secret, since it was erased while its past was played again,
 * gets no person either. */
export const sealPersons = (
  persons: readonly OpenPerson[],
  keys: AtomKeys,
  now: EpochMs,
): readonly PersonWrite[] =>
  persons.flatMap(({ id, version, text }) => {
    const key = keys.get(id);
    if (key === undefined) return [];
    return [{ id, version, sealed: seal(key, text, personContext(id)), writtenAt: now }];
  });

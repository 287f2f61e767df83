import type { AtomId } from '../../contracts/ids.ts';
import { type PersonAttributes, type PersonState, unsealInTransit } from '../../contracts/person.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { Signal } from '../../contracts/signal.ts';
import { type SubjectKey, seal, unseal } from '../../contracts/subject-keys.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { invariant } from '../../kernel/invariant.ts';
import { standingOf } from '../../registry/person/survivorship.ts';
import { foldStatements, NOBODY, type Statement } from '../3-profile/person.ts';
import { decodePerson, encodePerson } from '../3-profile/person-codec.ts';
import { messagePrefix } from '../3-profile/seen.ts';
import type { Ending } from './judge.ts';
import { type PersonWrite, personContext, type World } from './ports.ts';

/** Keys of the atoms that have one. */
export type AtomKeys = ReadonlyMap<AtomId, SubjectKey>;

/** A person as it shall be, still open: sealed once its atom surely has a secret. */
export interface OpenPerson {
  readonly id: AtomId;
  readonly version: number;
  readonly text: string;
}

/** What is known of the person an atom stands for. What was sealed under a secret that is gone is known no more. */
export function storedPerson(atomId: AtomId, world: World, keys: AtomKeys): PersonState {
  const stored = world.persons.get(atomId);
  const key = keys.get(atomId);
  const text =
    stored === undefined || key === undefined ? null : unseal(key, stored.sealed, personContext(atomId));
  return text === null ? NOBODY : decodePerson(text);
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

/** Seals a person under its atom's key. @throws InvariantError when the atom has none */
export function sealPerson({ id, version, text }: OpenPerson, keys: AtomKeys): PersonWrite {
  const key = keys.get(id);
  invariant(key !== undefined, 'an atom without a secret');
  return { id, version, sealed: seal(key, text, personContext(id)) };
}

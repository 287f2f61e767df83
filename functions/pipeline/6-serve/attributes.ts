import { bucketOf } from '../../contracts/bucket.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { AttributeSettlement, ProfileView, SettleAnswer } from '../../contracts/operations.ts';
import { LEFT_OUT_REASONS } from '../../contracts/outcomes.ts';
import {
  ATTRIBUTE_SETTLED,
  type PersonAttribute,
  type PersonState,
  STEWARDSHIP,
  type StatedValue,
  sealInTransit,
} from '../../contracts/person.ts';
import type { Signal } from '../../contracts/signal.ts';
import { nodeOfSubjectId, type SubjectGraph } from '../../contracts/subject.ts';
import { unseal } from '../../contracts/subject-keys.ts';
import { messageToken, typeOfToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { homeCountryOf } from '../../registry/person/home-country.ts';
import { readNationalId } from '../../registry/person/national-ids.ts';
import { normaliseAttribute } from '../../registry/person/normalise.ts';
import { mergePersons, NOBODY, personOf, survivorsOf } from '../3-profile/person.ts';
import { decodePerson } from '../3-profile/person-codec.ts';
import { personContext } from '../understand/ports.ts';
import type { ServePorts } from './ports.ts';
import { type Answered, type ServePolicy, UNKNOWN_CUSTOMER } from './setting.ts';
import { findSubject } from './subject.ts';

/** What is known of the persons that the atoms stand for. What was sealed under a secret that is gone is known no more.
 * @throws ThrottledError, TransientError */
export async function personsOf(
  { atoms }: Pick<SubjectGraph, 'atoms'>,
  ports: Pick<ServePorts, 'subjects' | 'keyring'>,
): Promise<ReadonlyMap<AtomId, PersonState>> {
  const { persons } = await ports.subjects.read([], [], true, atoms);
  if (persons.size === 0) return new Map();
  const known = new Map<AtomId, PersonState>();
  // A key in memory may be older than the person: what does not open is tried again with the one that is stored.
  for (const fresh of [false, true]) {
    const closed = [...persons.values()].filter(({ id }) => !known.has(id));
    if (closed.length === 0) break;
    const keys = await ports.keyring.read(
      closed.map(({ id }) => id),
      { fresh },
    );
    for (const { id, sealed } of closed) {
      const key = keys.get(id);
      const text = key === undefined ? null : unseal(key, sealed, personContext(id));
      if (text !== null) known.set(id, decodePerson(text));
    }
  }
  return known;
}

/** The attributes of a subject: the merge of its atoms' persons.
 * @throws ThrottledError, TransientError */
export async function attributesOf(
  graph: SubjectGraph,
  ports: Pick<ServePorts, 'subjects' | 'keyring'>,
): Promise<NonNullable<ProfileView['attributes']>> {
  const persons = await personsOf(graph, ports);
  return survivorsOf([...persons.values()].reduce(mergePersons, NOBODY)).map(
    ({ attribute, value, origin, conflict }) => ({
      attribute,
      ...told(value),
      origin,
      ...(conflict === null
        ? {}
        : { conflict: { ...told(conflict.value), origin: conflict.origin, owner: conflict.owner } }),
    }),
  );
}

/** A value as it is told. */
export const told = ({
  value,
  sourceId,
  at,
}: StatedValue): { value: string; source: string; at: string } => ({
  value,
  source: sourceId,
  at: new Date(at).toISOString(),
});

/**
 * `POST /v1/identity/conflicts/settle`: a steward says what is true. The decision goes over the signals stream as every
 * statement does, so that it is folded exactly once, in any order, with evidence, and comes back at a replay. It is kept
 * with the atom that holds the customer's word where there is one, since it answers that; an unmerge takes it along.
 * @throws ThrottledError, TransientError
 */
export async function settleAttribute(
  { subjectId, attribute, value }: AttributeSettlement,
  policy: ServePolicy,
  ports: Pick<ServePorts, 'subjects' | 'keyring' | 'signals'>,
  now: EpochMs,
): Promise<Answered<SettleAnswer>> {
  const search = await findSubject([nodeOfSubjectId(subjectId)], ports.subjects);
  if ('conflicting' in search || search.found === null) return { refusal: UNKNOWN_CUSTOMER };
  const { graph } = search.found;
  const persons = await personsOf(graph, ports);
  const { country } = personOf([...persons.values()].reduce(mergePersons, NOBODY));
  const home = country ?? homeCountryOf(policy.jurisdiction.countries);
  const normalised = value === '' ? '' : normaliseAttribute(attribute, value, home);
  if (normalised === null) {
    return {
      refusal: {
        status: 400,
        title: 'Unusable value',
        detail: `The value is not one that this attribute can have${whyNot(attribute, value, home)}.`,
        at: ['/value'],
      },
    };
  }
  const holder = graph.atoms.find((id) => persons.get(id)?.[attribute]?.customer !== undefined);
  const atomId = holder ?? graph.atoms.find((id) => persons.get(id)?.[attribute] !== undefined);
  if (atomId === undefined) {
    return {
      refusal: {
        status: 409,
        title: 'Nothing to settle',
        detail: 'Nobody has stated this attribute of this customer.',
        at: ['/attribute'],
      },
    };
  }
  const token = messageToken(
    policy.secrets,
    ['', STEWARDSHIP, subjectId, attribute, normalised, now].join('\u0000'),
  );
  const signal: Signal = {
    messageToken: token,
    name: ATTRIBUTE_SETTLED,
    eventClass: 'account',
    sourceId: STEWARDSHIP,
    purposes: ['service'],
    occurredAt: now,
    receivedAt: now,
    identifiers: [{ type: typeOfToken(atomId), token: atomId }],
    facts: [],
    person: sealInTransit(policy.secrets, { [attribute]: normalised }, token),
  };
  await ports.signals.append(new Map([[bucketOf(atomId, policy.buckets), [signal]]]));
  return { answer: { subjectId: graph.subjectId, attribute, settledAt: new Date(now).toISOString() } };
}

/** What can be said of a value that cannot be kept. */
function whyNot(attribute: PersonAttribute, value: string, country: string | undefined): string {
  const read = attribute === 'nationalId' ? readNationalId(value, country) : null;
  return read !== null && 'reason' in read ? `: ${LEFT_OUT_REASONS[read.reason]}` : '';
}

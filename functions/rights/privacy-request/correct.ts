import { bucketOf } from '../../contracts/bucket.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { PersonAttribute, PersonAttributes, PersonState } from '../../contracts/person.ts';
import type { Correction, PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { Signal } from '../../contracts/signal.ts';
import { invariant } from '../../kernel/invariant.ts';
import { type EpochMs, MINUTE_MS } from '../../kernel/time.ts';
import { mergePersons, NOBODY, personOf } from '../../pipeline/3-profile/person.ts';
import { openPersons } from '../../pipeline/understand/person.ts';
import { homeCountryOf } from '../../registry/person/home-country.ts';
import { normaliseAttribute } from '../../registry/person/normalise.ts';
import { awaitsWord, correctionSignal, valuesForgotten, valuesOf } from './correction.ts';
import { eventOf, recipientsEvents, saved, type Told, tell } from './evidence.ts';
import { isProven, type PrivacyPolicy } from './policy.ts';
import type { StepPorts } from './ports.ts';
import { liftContested, restrictContested, UNTIL_ACCURACY_IS_SETTLED } from './restrict.ts';
import { type FoundPerson, findPerson } from './subject.ts';

/** Signals are applied within seconds; a stream that stands is asked again less and less often. */
const [LOOK_AGAIN_MS_MIN, LOOK_AGAIN_MS_MAX] = [2_000, 30 * MINUTE_MS];

/** `applying`: sent, and not in the profile yet: look again at `wakeAt` · `done`: whatever the request needs next. */
export interface Corrected {
  readonly outcome: 'applying' | 'done';
  /** ISO 8601. */
  readonly wakeAt: string;
}

/** One correction at work. */
interface Work {
  readonly request: PrivacyRequest;
  readonly correction: Correction;
  readonly policy: PrivacyPolicy;
  readonly ports: StepPorts;
  readonly now: EpochMs;
}

/**
 * `correct`: makes what is held say what the person says (GDPR art. 16, CCPA Civ 1798.106). Goes the way of a steward's
 * decision, so it is folded once, in any order, with evidence; it stands until a source says something newer. May be
 * repeated: what was sent is sent again as the same message.
 * @throws TransientError, ThrottledError
 */
export async function correct(
  requestId: string,
  policy: PrivacyPolicy,
  ports: StepPorts,
  now: EpochMs,
): Promise<Corrected> {
  const request = await ports.requests.find(requestId);
  invariant(request !== null && request.type === 'correct' && isProven(request), 'no such correction');
  const done: Corrected = { outcome: 'done', wakeAt: new Date(now).toISOString() };
  if (request.state !== 'processing') return done;
  const { correction } = request;
  if (correction === undefined) {
    await askForValues(request, policy, ports);
    return done;
  }
  const work: Work = { request, correction, policy, ports, now };
  const { word, contestedAt } = correction;
  if (word?.outcome === 'unascertained' && contestedAt === null) await contest(work);
  if (awaitsWord(request)) return done;
  if (word?.outcome === 'refused') {
    const at = lastHeardAt(request);
    await close(work, [{ kind: 'privacy-request-denied', reasons: word.reason, at }], word.reason);
    return done;
  }
  const sentAt = await apply(work);
  if (sentAt === null) return done;
  const pauseMs = Math.min(Math.max(now - sentAt, LOOK_AGAIN_MS_MIN), LOOK_AGAIN_MS_MAX);
  return { outcome: 'applying', wakeAt: new Date(now + pauseMs).toISOString() };
}

/** When the person or the controller was last heard of it. What is told of a step bears this time, so that a repetition after
 * a crash tells the same row. */
const lastHeardAt = ({ receivedAt, identity, authority, pauses, correction }: PrivacyRequest): EpochMs =>
  Math.max(
    receivedAt,
    identity?.at ?? 0,
    authority?.at ?? 0,
    correction?.word?.at ?? 0,
    ...pauses.map(({ to }) => to ?? 0),
  );

/** @returns when it was sent; null when there is nothing to wait for */
async function apply(work: Work): Promise<EpochMs | null> {
  const { correction, policy, ports, now } = work;
  let { request } = work;
  const person = await findPerson(request.tokens, ports.subjects);
  const homes = homesOf(person);
  const persons = await personsIn(homes.flat(), ports);
  if (homes.length === 0) {
    const at = lastHeardAt(request);
    await close(work, [{ kind: 'privacy-request-denied', reasons: 'nothing-held', at }], 'nothing-held');
    return null;
  }
  const values = normalised(request, [...persons.values()], policy);
  if (values === null) {
    await askForValues(request, policy, ports);
    return null;
  }
  const targets = targetsOf(values, homes, persons);
  const { sentAt } = correction;
  if (sentAt !== null && isApplied(targets, persons, sentAt)) {
    const reasons = `attributes:${correction.attributes.join('+')}`;
    await close(work, [
      { kind: 'subject-corrected', reasons, at: sentAt },
      { kind: 'privacy-request-completed', reasons: '', at: sentAt },
    ]);
    return null;
  }
  // Its time is kept before it goes: a repetition has to be the same message.
  if (sentAt === null)
    request = await saved({ ...request, correction: { ...correction, sentAt: now } }, ports);
  const at = sentAt ?? now;
  const byBucket = new Map<string, Signal[]>();
  for (const [atomId, own] of targets) {
    const bucket = bucketOf(atomId, policy.buckets);
    const signal = correctionSignal(request.requestId, atomId, own, policy.secrets, at);
    byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), signal]);
  }
  await ports.signals.append(byBucket);
  return at;
}

/** The atoms of every subject that the person's identifiers lead to. */
function homesOf({ nodes, subjects }: FoundPerson): readonly (readonly AtomId[])[] {
  const graphs = [...subjects.values()].map(({ graph }) => graph);
  const alone = [...nodes.values()].filter(
    ({ id, state }) => state !== null && !graphs.some((graph) => graph.nodes.includes(id)),
  );
  return [...graphs.map(({ atoms }) => atoms), ...alone.map(({ id }) => [id])].filter(
    (atoms) => atoms.length > 0,
  );
}

async function personsIn(
  atoms: readonly AtomId[],
  { subjects, keyring }: Pick<StepPorts, 'subjects' | 'keyring'>,
): Promise<ReadonlyMap<AtomId, PersonState>> {
  const world = await subjects.read([], [], true, atoms);
  return openPersons(world.persons, new Map(await keyring.read(atoms, { fresh: true })), keyring);
}

/** The values in the form they are kept in; null when one of them is not a value of its attribute. */
function normalised(
  request: PrivacyRequest,
  persons: readonly PersonState[],
  { secrets, jurisdiction }: PrivacyPolicy,
): PersonAttributes | null {
  const given = valuesOf(request, secrets);
  if (given === null) return null;
  const said = given.country === undefined ? null : normaliseAttribute('country', given.country, undefined);
  const { country } = personOf(persons.reduce(mergePersons, NOBODY));
  const home = said ?? country ?? homeCountryOf(jurisdiction.countries);
  const values = Object.entries(given).map(([name, raw]): [PersonAttribute, string | null] => {
    const attribute = name as PersonAttribute;
    return [attribute, raw === '' ? '' : normaliseAttribute(attribute, raw, home)];
  });
  return values.some(([, value]) => value === null) ? null : Object.fromEntries(values);
}

/** Where each value belongs: in every subject with the atom that has the person's word, or else any word, of the attribute.
 * What nobody has stated is completed with the first (GDPR art. 16, second sentence). */
function targetsOf(
  values: PersonAttributes,
  homes: readonly (readonly AtomId[])[],
  persons: ReadonlyMap<AtomId, PersonState>,
): ReadonlyMap<AtomId, PersonAttributes> {
  const targets = new Map<AtomId, PersonAttributes>();
  for (const [name, value] of Object.entries(values)) {
    const attribute = name as PersonAttribute;
    const holders = homes.flatMap((atoms) => {
      const statedIn = atoms.filter((id) => persons.get(id)?.[attribute] !== undefined);
      return statedIn.find((id) => persons.get(id)?.[attribute]?.customer !== undefined) ?? statedIn[0] ?? [];
    });
    const first = homes[0]?.[0];
    for (const atomId of holders.length > 0 || first === undefined ? holders : [first])
      targets.set(atomId, { ...targets.get(atomId), [attribute]: value });
  }
  return targets;
}

const isApplied = (
  targets: ReadonlyMap<AtomId, PersonAttributes>,
  persons: ReadonlyMap<AtomId, PersonState>,
  sentAt: EpochMs,
): boolean =>
  [...targets].every(([atomId, values]) =>
    Object.keys(values).every(
      (name) => (persons.get(atomId)?.[name as PersonAttribute]?.steward?.at ?? 0) >= sentAt,
    ),
  );

/** Nobody can tell yet who is right: what is held is only stored until it can be told (GDPR art. 18(1)(a)). */
async function contest({ request, correction, policy, ports, now }: Work): Promise<void> {
  await restrictContested(request.tokens, ports);
  await tell(
    request,
    [{ kind: 'subject-restricted', reasons: 'accuracy-contested', at: now }],
    policy,
    ports,
  );
  await ports.events.publish(recipientsEvents(request, 'restriction', policy, now));
  await saved(
    {
      ...request,
      restrictedUntil: UNTIL_ACCURACY_IS_SETTLED,
      correction: { ...correction, contestedAt: now },
    },
    ports,
  );
}

/** Ends the request: what was restricted for it is free again, who has to hear of it does, and the values are forgotten. */
async function close(
  { request, correction, policy, ports, now }: Work,
  told: readonly Told[],
  denial: PrivacyRequest['denial'] = null,
): Promise<void> {
  const { contestedAt } = correction;
  if (contestedAt !== null) {
    // The person hears of it before it is lifted (GDPR art. 18(3)).
    await ports.events.publish([eventOf(request, 'Restriction Ending', 'accuracy-settled', now)]);
    await liftContested(request.tokens, ports);
  }
  const lifted: readonly Told[] =
    contestedAt === null
      ? []
      : [{ kind: 'subject-unrestricted', reasons: 'accuracy-settled', at: contestedAt }];
  await tell(request, [...lifted, ...told], policy, ports);
  const state = denial === null ? 'complete' : 'denied';
  await ports.events.publish([
    ...(denial === null ? recipientsEvents(request, 'correction', policy, now) : []),
    eventOf(request, 'Privacy Request Closed', state, now),
  ]);
  const ended = { state, denial, restrictedUntil: null, needs: null, closedAt: now } as const;
  await saved({ ...request, ...ended, ...valuesForgotten(request) }, ports);
}

/** The clock stands, where the law lets it, until the person gives values that can be used. */
async function askForValues(request: PrivacyRequest, policy: PrivacyPolicy, ports: StepPorts): Promise<void> {
  const reasons = `corrected-values:${request.pauses.length}`;
  const at = lastHeardAt(request);
  await tell(request, [{ kind: 'privacy-request-needs-input', reasons, at }], policy, ports);
  await saved(
    {
      ...request,
      state: 'needs-input',
      needs: 'corrected-values',
      pauses: [...request.pauses, { from: at, to: null }],
      ...valuesForgotten(request),
    },
    ports,
  );
}

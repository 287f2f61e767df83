import type { ConsentState } from '../../contracts/consent.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { PURPOSES } from '../../contracts/purposes.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import { NOTHING_PUBLISHED } from '../../contracts/subject.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { personOf } from '../../pipeline/3-profile/person.ts';
import { wholeState } from '../../pipeline/3-profile/revocable.ts';
import { decodeState } from '../../pipeline/3-profile/state-codec.ts';
import { openPersons } from '../../pipeline/understand/person.ts';
import { sources } from '../../registry/sources/index.ts';
import type { PrivacyPolicy } from './policy.ts';
import type { ExportPorts } from './ports.ts';
import { findPerson, located } from './subject.ts';

/** One thing that is held, in plain words. */
export type Entry = Readonly<Record<string, unknown>>;

/** Everything held of a person, in words that need no explanation of ours (GDPR art. 15 and 20). */
export interface PersonExport {
  readonly about: Entry;
  readonly identifiers: readonly Entry[];
  readonly profile: readonly Entry[];
  readonly segments: readonly Entry[];
  readonly attributes: readonly Entry[];
  readonly consent: readonly Entry[];
  readonly alerts: readonly Entry[];
  readonly quarantined: readonly Entry[];
  readonly history: readonly Entry[];
  readonly sources: readonly Entry[];
  readonly recipients: readonly Entry[];
  readonly retention: readonly Entry[];
}

const iso = (at: EpochMs): string => new Date(at).toISOString();

/** What the live stores have of a person; the archive is gathered beside it. @throws TransientError, ThrottledError */
export async function liveDocument(
  request: PrivacyRequest,
  keys: ReadonlyMap<AtomId, SubjectKey>,
  { jurisdiction }: PrivacyPolicy,
  ports: ExportPorts,
  archived: { readonly rows: number; readonly unread: number },
  now: EpochMs,
): Promise<PersonExport> {
  const person = await findPerson(request.tokens, ports.subjects);
  const found = located(person, request.tokens, null);
  const counts = new Map<string, number>();
  for (const node of person.nodes.keys()) {
    const type = typeOfToken(node);
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const published = [
    ...[...person.nodes.values()].map((node) => node.published ?? NOTHING_PUBLISHED),
    ...[...person.subjects.values()].map((subject) => subject.published),
  ];
  const [alerts, quarantined] = await Promise.all([
    ports.hot.alertsOf(found.subjectIds),
    ports.hot.quarantinedAbout(found.nodes).then((records) => contentOf(records, ports)),
  ]);
  const world = await ports.subjects.read([], [], true, found.atoms);
  const persons = await openPersons(world.persons, new Map(keys), ports.keyring);
  const states = [...person.nodes.values()].flatMap(({ state }) =>
    state === null ? [] : [decodeState(state)],
  );
  return {
    about: {
      requestId: request.requestId,
      law: jurisdiction.law,
      jurisdiction: jurisdiction.code,
      gatheredAt: iso(now),
      archivedRows: archived.rows,
      ...(archived.unread === 0 ? {} : { objectsThatCouldNotBeRead: archived.unread }),
      note: 'Identifiers are stored as keyed tokens only, and cannot be read back; they are counted by type.',
    },
    identifiers: [...counts].map(([type, count]) => ({ type, count })),
    profile: states.map(wholeState).map((state) => ({
      ...state,
      consent: undefined,
      revocable: undefined,
      weeks: [...state.weeks].map(([week, each]) => ({ week, ...each })),
    })),
    segments: published.flatMap(({ segments }) =>
      Object.entries(segments).map(([name, since]) => ({ name, since: iso(since) })),
    ),
    attributes: [...persons.values()].flatMap((each) =>
      Object.entries(personOf(each)).map(([attribute, value]) => ({ attribute, value })),
    ),
    consent: states.flatMap(({ consent }) => choicesIn(consent)),
    alerts: alerts.map((alert) => ({ ...alert })),
    quarantined,
    history: [],
    sources: sources.map(({ id, kind, steward }) => ({ id, kind, steward })),
    recipients: PURPOSES.map((purpose) => ({
      purpose,
      recipients: 'the operational systems of the controller in this account',
      transferred: jurisdiction.transfers.value,
    })),
    retention: Object.entries(jurisdiction.retention).map(([eventClass, { value }]) => ({
      eventClass,
      ...value,
    })),
  };
}

/** Everything that was chosen, stated or signalled, with its time. */
const choicesIn = ({ gpc, age, purposes }: ConsentState): readonly Entry[] => [
  ...Object.entries(purposes).flatMap(([purpose, { explicit, stated }]) => [
    ...explicit.map(({ at, depth }) => ({ purpose, origin: 'explicit', depth, at: iso(at) })),
    ...stated.map(({ at, depth }) => ({ purpose, origin: 'stated', depth, at: iso(at) })),
  ]),
  ...(gpc === null ? [] : [{ purpose: 'all', origin: 'gpc', depth: 'none', at: iso(gpc.lastAt) }]),
  ...(age === null ? [] : [{ purpose: 'all', origin: 'age', years: age.years, at: iso(age.at) }]),
];

async function contentOf(
  records: readonly OutcomeRecord[],
  ports: Pick<ExportPorts, 'quarantine'>,
): Promise<readonly Entry[]> {
  const keys = [...new Set(records.flatMap(({ quarantine }) => quarantine?.key ?? []))];
  const objects = new Map(
    await Promise.all(keys.map(async (key) => [key, await ports.quarantine.get(key)] as const)),
  );
  return records.map(({ reason, sourceId, receivedAt, quarantine: place }) => ({
    reason,
    sourceId,
    receivedAt: iso(receivedAt),
    event: place === undefined ? null : (objects.get(place.key)?.[place.line]?.event ?? null),
  }));
}

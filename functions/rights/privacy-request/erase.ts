import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import type { LocatedSubject, PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { subjectIdOf } from '../../contracts/subject.ts';
import { seal } from '../../contracts/subject-keys.ts';
import { invariant, TransientError } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { StoredNode, SubjectWrite, WriteUnit } from '../../pipeline/understand/ports.ts';
import { eraseStep } from './erase-step.ts';
import { eventOf, saved, tell } from './evidence.ts';
import type { ErasePorts } from './ports.ts';
import { blankNode, type FoundPerson, findPerson, located } from './subject.ts';

/** How long a deleted secret can still be brought back: the recovery window of the table of subject keys. */
export const KEY_RECOVERY_MS = DAY_MS;
const ATTEMPTS_MAX = 6;

/**
 * First step: from here on nothing of the person comes in. All identifiers of a subject become tombstones in one
 * transaction, which takes their states and the subject with it. What was found is remembered before, so that a crash
 * after the transaction does not forget whom the rest is about.
 * @throws TransientError, ThrottledError
 */
export const suppress = eraseStep(async (request, policy, ports, now) => {
  const erasedAt = request.startedAt ?? now;
  let standing = request;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const person = await findPerson([...request.tokens, ...(standing.located?.nodes ?? [])], ports.subjects);
    const found = located(person, request.tokens, standing.located);
    if (standing.startedAt === null || !isSameSubject(standing.located, found) || standing.canary === null) {
      const canary = standing.canary ?? (await canaryOf(request.requestId, found.atoms, ports));
      standing = await saved({ ...standing, startedAt: erasedAt, located: found, canary }, ports);
    }
    if (await bury(found.nodes, person, erasedAt, ports)) {
      await tell(
        request,
        [
          {
            kind: 'subject-suppressed',
            reasons: `identifiers:${found.nodes.length}`,
            at: erasedAt,
            place: 'once',
          },
        ],
        policy,
        ports,
      );
      return;
    }
  }
  throw new TransientError('the subject is being changed');
});

const isSameSubject = (one: LocatedSubject | null, other: LocatedSubject): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** @returns null for a person of whom nothing was ever sealed */
async function canaryOf(
  requestId: string,
  atoms: readonly AtomId[],
  ports: Pick<ErasePorts, 'keyring'>,
): Promise<PrivacyRequest['canary']> {
  const keys = await ports.keyring.read(atoms, { fresh: true });
  for (const atomId of atoms) {
    const key = keys.get(atomId);
    if (key !== undefined)
      return { atomId, sealed: Buffer.from(seal(key, 'canary', requestId)).toString('base64') };
  }
  return null;
}

/** Writes tombstones over nodes, and the subjects away: all of a subject in one transaction. A node that is one already is
 * left: somebody who came back since may live there.
 * @returns false when somebody else wrote first */
async function bury(
  nodes: readonly IdentifierToken[],
  person: FoundPerson,
  erasedAt: EpochMs,
  ports: Pick<ErasePorts, 'subjects'>,
): Promise<boolean> {
  const tombstone = (id: IdentifierToken): StoredNode => ({
    ...blankNode(id),
    version: person.nodes.get(id)?.version ?? 0,
    erasedAt,
  });
  const buried = nodes.filter((id) => (person.nodes.get(id)?.erasedAt ?? 0) < erasedAt).map(tombstone);
  if (buried.length === 0) return true;
  const homeOf = ({ id }: StoredNode) => person.nodes.get(id)?.subjectId ?? null;
  const units = [...person.subjects].flatMap(([subjectId, { version }]): WriteUnit[] => {
    const own = buried.filter((node) => homeOf(node) === subjectId);
    const subjects: readonly SubjectWrite[] = [{ subjectId, version, next: null }];
    return own.length === 0 ? [] : [{ pages: [], nodes: own, subjects, atomic: true }];
  });
  const alone = buried.filter((node) => {
    const home = homeOf(node);
    return home === null || !person.subjects.has(home);
  });
  const results = await ports.subjects.write([
    ...units,
    ...alone.map((node): WriteUnit => ({ pages: [], nodes: [node], subjects: [], atomic: false })),
  ]);
  return results.every((result) => result === 'written');
}

/** Second step: what else the hot stores have, and what lies in quarantine. @throws TransientError, ThrottledError */
export const purge = eraseStep(async (request, policy, ports, now) => {
  await purgeHot(request, ports);
  const at = request.startedAt ?? now;
  await tell(request, [{ kind: 'subject-purged', reasons: '', at }], policy, ports);
});

async function purgeHot(
  { located: found }: PrivacyRequest,
  {
    hot,
    quarantine,
    matching,
    stewardship,
  }: Pick<ErasePorts, 'hot' | 'quarantine' | 'matching' | 'stewardship'>,
): Promise<void> {
  invariant(found !== null, 'a purge before anybody was located');
  await matching.forget(found.atoms);
  await stewardship.forget(found.atoms, [
    ...found.subjectIds,
    ...found.nodes.map((node) => subjectIdOf([node])),
  ]);
  await hot.forgetPages(found.nodes);
  await hot.forgetRebuilt(found.nodes, found.subjectIds);
  const alerts = await hot.alertsOf(found.subjectIds);
  await hot.forgetAlerts(alerts);
  await hot.forgetCues(found.cues);
  const records = await hot.quarantinedAbout(found.nodes);
  const linesByKey = new Map<string, number[]>();
  for (const { quarantine: place } of records)
    if (place !== undefined) linesByKey.set(place.key, [...(linesByKey.get(place.key) ?? []), place.line]);
  // Content before the records that lead to it, so that a crash between leaves nothing that cannot be found.
  for (const [key, lines] of linesByKey) await quarantine.forget(key, lines);
  await hot.forgetRecords(records);
}

/** Third step: the secrets. From here on no row of the person in the archive can be read or joined, whatever its number.
 * @throws TransientError, ThrottledError */
export const deleteKeys = eraseStep(async (request, policy, ports, now) => {
  const { located: found } = request;
  invariant(found !== null, 'keys deleted before anybody was located');
  await ports.keyring.destroy(await notReturned(found.nodes, ports));
  const deletedAt = request.deletedAt ?? now;
  if (request.deletedAt === null)
    await saved({ ...request, deletedAt, pitrClearAt: deletedAt + KEY_RECOVERY_MS }, ports);
  await tell(request, [{ kind: 'subject-keys-deleted', reasons: '', at: deletedAt }], policy, ports);
});

/** Whoever came back after the erasure has a secret of their own, which stays. */
export async function notReturned(
  nodes: readonly IdentifierToken[],
  ports: Pick<ErasePorts, 'subjects'>,
): Promise<readonly AtomId[]> {
  const { nodes: stored } = await ports.subjects.read(nodes, [], true);
  return nodes.filter((id) => (stored.get(id)?.state ?? null) === null);
}

/**
 * When no backup of the keys is left: erased for good. What a restore may have brought back meanwhile is removed again.
 * @throws TransientError, ThrottledError
 */
export const clear = eraseStep(
  async (request, policy, ports, now) => {
    await eraseAgain(request, ports);
    const at = request.pitrClearAt ?? now;
    await tell(request, [{ kind: 'subject-erased', reasons: '', at }], policy, ports);
    await ports.events.publish([eventOf(request, 'Privacy Request Closed', 'erased', at)]);
    await saved({ ...request, state: 'erased', closedAt: now }, ports);
  },
  (request, now) => request.state === 'key-deleted' && (request.pitrClearAt ?? now) <= now,
);

/** Does an erasure again that was done: nothing, unless a table was restored to before it. @throws TransientError, ThrottledError */
async function eraseAgain(request: PrivacyRequest, ports: ErasePorts): Promise<void> {
  const { located: found, startedAt } = request;
  invariant(found !== null && startedAt !== null, 'an erasure without what it erased');
  const person = await findPerson(found.nodes, ports.subjects);
  const again = located(person, found.nodes, found);
  if (!(await bury(again.nodes, person, startedAt, ports)))
    throw new TransientError('the subject is being changed');
  await purgeHot({ ...request, located: again }, ports);
  await ports.keyring.destroy(await notReturned(again.nodes, ports));
}

/** Days for which a table can be taken back: so long, every erasure is done again each day. */
const RESTORABLE_DAYS = 36;

/** Law 8 after a restore: erasures of the time from which a table can be restored are done again.
 * @returns how many there were. @throws TransientError, ThrottledError */
export async function eraseAgainAfterRestore(ports: ErasePorts, now: EpochMs): Promise<number> {
  let count = 0;
  for await (const page of ports.requests.queue('erased', now - RESTORABLE_DAYS * DAY_MS)) {
    for (const request of page) {
      await eraseAgain(request, ports);
      count += 1;
    }
  }
  return count;
}

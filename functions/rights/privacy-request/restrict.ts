import { EVENT_CLASSES } from '../../contracts/event-classes.ts';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { invariant, TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { decodeState } from '../../pipeline/3-profile/state-codec.ts';
import { begun } from './begun.ts';
import { erasureFloorOf } from './erasure-floor.ts';
import { eventOf, recipientsEvents, saved, tell } from './evidence.ts';
import { isProven, type PrivacyPolicy } from './policy.ts';
import type { StepPorts } from './ports.ts';
import { blankNode, type FoundPerson, findPerson, located } from './subject.ts';

/** Until somebody lifts it: the last millisecond of the year 9999. */
export const WITHOUT_END: EpochMs = 253_402_300_799_999;
const ATTEMPTS_MAX = 6;

/** Until it can be told what is accurate. A millisecond short of {@link WITHOUT_END}, so that lifting it lifts nothing that
 * somebody asked for meanwhile. */
export const UNTIL_ACCURACY_IS_SETTLED: EpochMs = WITHOUT_END - 1;

/** Restricts processing of the subject as of now, or frees it: what `next` says for every identifier. Signals are withheld
 * until then, and what is kept stays as it is. @throws TransientError, ThrottledError */
async function restrictSubject(
  tokens: PrivacyRequest['tokens'],
  next: (restrictedUntil: EpochMs | null) => EpochMs | null,
  ports: Pick<StepPorts, 'subjects'>,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const person = await findPerson(tokens, ports.subjects);
    const { nodes } = located(person, tokens, null);
    const changed = nodes
      .map((id) => person.nodes.get(id) ?? blankNode(id))
      .filter((node) => next(node.restrictedUntil) !== node.restrictedUntil)
      .map((node) => ({ ...node, restrictedUntil: next(node.restrictedUntil) }));
    if (changed.length === 0) return;
    const [result] = await ports.subjects.write([{ pages: [], nodes: changed, subjects: [], atomic: true }]);
    if (result === 'written') return;
  }
  throw new TransientError('the subject is being changed');
}

/** Restricts while accuracy is contested; a longer restriction stays. @throws TransientError, ThrottledError */
export const restrictContested = (
  tokens: PrivacyRequest['tokens'],
  ports: Pick<StepPorts, 'subjects'>,
): Promise<void> =>
  restrictSubject(tokens, (until) => Math.max(until ?? 0, UNTIL_ACCURACY_IS_SETTLED), ports);

/** Lifts what {@link restrictContested} did, and no other restriction. @throws TransientError, ThrottledError */
export const liftContested = (
  tokens: PrivacyRequest['tokens'],
  ports: Pick<StepPorts, 'subjects'>,
): Promise<void> =>
  restrictSubject(tokens, (until) => (until === UNTIL_ACCURACY_IS_SETTLED ? null : until), ports);

/** `restrict`: until further notice. @throws TransientError, ThrottledError */
export async function restrict(
  requestId: string,
  policy: PrivacyPolicy,
  ports: StepPorts,
  now: EpochMs,
): Promise<void> {
  const found = await ports.requests.find(requestId);
  invariant(found !== null && found.type === 'restrict' && isProven(found), 'no such restriction');
  if (found.state === 'complete') return;
  const request = await begun(found, ports, now);
  await restrictSubject(request.tokens, () => WITHOUT_END, ports);
  await tell(
    request,
    [
      { kind: 'subject-restricted', reasons: 'until:further-notice', at: request.startedAt },
      { kind: 'privacy-request-completed', reasons: '', at: request.startedAt },
    ],
    policy,
    ports,
  );
  await ports.events.publish([
    ...recipientsEvents(request, 'restriction', policy, now),
    eventOf(request, 'Privacy Request Closed', 'complete', now),
  ]);
  await saved({ ...request, state: 'complete', restrictedUntil: WITHOUT_END, closedAt: now }, ports);
}

/** The newest that is held of a person, whatever its class: a profile does not say which, so the latest floor holds. */
function newestHeld(person: FoundPerson): EpochMs | null {
  let newest: EpochMs | null = null;
  for (const { state } of person.nodes.values()) {
    const lastAt = state === null ? null : decodeState(state).lastSeenAt;
    if (lastAt !== null && (newest === null || lastAt > newest)) newest = lastAt;
  }
  return newest;
}

/**
 * Before an erasure: whether the law lets it begin. Where it has a minimum that has not passed (India, rule 8(3)), and where
 * there is no right to erasure, processing is restricted instead: with the date on which it will be erased, or without end.
 * @returns `erase` when it may begin @throws TransientError, ThrottledError
 */
export async function floor(
  requestId: string,
  policy: PrivacyPolicy,
  ports: StepPorts,
  now: EpochMs,
): Promise<'erase' | 'restricted'> {
  const request = await ports.requests.find(requestId);
  invariant(request !== null && request.type === 'erase' && isProven(request), 'no such erasure');
  if (request.startedAt !== null) return 'erase';
  const { jurisdiction } = policy;
  const newest = newestHeld(await findPerson(request.tokens, ports.subjects));
  const held = newest === null ? {} : Object.fromEntries(EVENT_CLASSES.map((each) => [each, newest]));
  const until = jurisdiction.rights.value.erasure ? erasureFloorOf(jurisdiction, held, now) : WITHOUT_END;
  if (until === null) return 'erase';
  await restrictSubject(request.tokens, () => until, ports);
  const date = new Date(until).toISOString().slice(0, 10);
  const isClosed = until === WITHOUT_END;
  await tell(
    request,
    [{ kind: 'subject-restricted', reasons: isClosed ? 'no-right-to-erasure' : `until:${date}`, at: now }],
    policy,
    ports,
  );
  await ports.events.publish([
    ...recipientsEvents(request, 'restriction', policy, now),
    eventOf(request, 'Privacy Request Closed', 'restricted', now),
  ]);
  const state = isClosed ? 'complete' : 'restricted';
  await saved({ ...request, state, restrictedUntil: until, closedAt: isClosed ? now : null }, ports);
  return 'restricted';
}

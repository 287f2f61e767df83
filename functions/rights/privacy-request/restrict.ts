import { EVENT_CLASSES } from '../../contracts/event-classes.ts';
import { WITHOUT_END } from '../../contracts/restriction.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { decodeState } from '../../pipeline/3-profile/state-codec.ts';
import { erasureFloorOf } from './erasure-floor.ts';
import { eventOf, recipientsEvents, saved, tell } from './evidence.ts';
import { isProven, type PrivacyPolicy } from './policy.ts';
import type { StepPorts } from './ports.ts';
import { restrictFor } from './restricting.ts';
import { type FoundPerson, findPerson } from './subject.ts';

/** `restrict`: until it is lifted. @throws TransientError, ThrottledError */
export async function restrict(
  requestId: string,
  policy: PrivacyPolicy,
  ports: StepPorts,
  now: EpochMs,
): Promise<void> {
  const found = await ports.requests.find(requestId);
  invariant(found !== null && found.type === 'restrict' && isProven(found), 'no such restriction');
  if (found.state === 'complete' || found.lift !== undefined) return;
  const request = await restrictFor(found, WITHOUT_END, ports, now);
  const { at } = request.restriction;
  await tell(
    request,
    [
      { kind: 'subject-restricted', reasons: 'until:further-notice', at },
      { kind: 'privacy-request-completed', reasons: '', at },
    ],
    policy,
    ports,
  );
  await ports.events.publish([
    ...recipientsEvents(request, 'restriction', policy, at),
    eventOf(request, 'Privacy Request Closed', 'complete', at),
  ]);
  await saved(
    { ...request, state: 'complete', startedAt: at, restrictedUntil: WITHOUT_END, closedAt: now },
    ports,
  );
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
 * there is no right to erasure, processing is restricted instead: with the date on which it will be erased, or until it is
 * lifted. One of a minimum ends by itself, and nobody can lift it.
 * @returns `erase` when it may begin @throws TransientError, ThrottledError
 */
export async function floor(
  requestId: string,
  policy: PrivacyPolicy,
  ports: StepPorts,
  now: EpochMs,
): Promise<'erase' | 'restricted'> {
  const found = await ports.requests.find(requestId);
  invariant(found !== null && found.type === 'erase' && isProven(found), 'no such erasure');
  if (found.startedAt !== null) return 'erase';
  if (found.state === 'complete' || (found.restrictedUntil ?? 0) > now) return 'restricted';
  // A step that died is repeated as it was; what comes back when its time has passed is looked at anew.
  const { restriction, ...unrestricted } = found;
  const isRepeated = restriction !== undefined && found.state !== 'restricted';
  const until = isRepeated ? restriction.until : await floorOf(found.tokens, policy, ports, now);
  if (until === null) return 'erase';
  const request = await restrictFor(isRepeated ? found : unrestricted, until, ports, now);
  const { at } = request.restriction;
  const date = new Date(until).toISOString().slice(0, 10);
  const isClosed = until === WITHOUT_END;
  await tell(
    request,
    [{ kind: 'subject-restricted', reasons: isClosed ? 'no-right-to-erasure' : `until:${date}`, at }],
    policy,
    ports,
  );
  await ports.events.publish([
    ...recipientsEvents(request, 'restriction', policy, at),
    eventOf(request, 'Privacy Request Closed', 'restricted', at),
  ]);
  const state = isClosed ? 'complete' : 'restricted';
  await saved({ ...request, state, restrictedUntil: until, closedAt: isClosed ? now : null }, ports);
  return 'restricted';
}

/** Until when the law has the person kept; null when they can be erased at `now`. */
async function floorOf(
  tokens: Parameters<typeof findPerson>[0],
  { jurisdiction }: PrivacyPolicy,
  ports: Pick<StepPorts, 'subjects'>,
  now: EpochMs,
): Promise<EpochMs | null> {
  if (!jurisdiction.rights.value.erasure) return WITHOUT_END;
  const newest = newestHeld(await findPerson(tokens, ports.subjects));
  const held = newest === null ? {} : Object.fromEntries(EVENT_CLASSES.map((each) => [each, newest]));
  return erasureFloorOf(jurisdiction, held, now);
}

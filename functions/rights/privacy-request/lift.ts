import type { Lift, PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { LiftBody, PrivacyRequestView } from '../../contracts/privacy-requests-api.ts';
import { WITHOUT_END } from '../../contracts/restriction.ts';
import { invariant, TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { eventOf, saved, type Told, tell } from './evidence.ts';
import type { PrivacyPolicy } from './policy.ts';
import type { DoorPorts, StepPorts } from './ports.ts';
import { type Answered, UNKNOWN, viewOf } from './request-view.ts';
import { freeFrom } from './restricting.ts';

const NOTHING_TO_LIFT: { readonly refusal: { status: 409; title: string; detail: string } } = {
  refusal: {
    status: 409,
    title: 'Nothing to lift',
    detail:
      'No restriction of this request stands that can be lifted: it is not made yet, was lifted for another reason, or ends by itself.',
  },
};
const NOT_INFORMED: { readonly refusal: { status: 400; title: string; detail: string; at: string[] } } = {
  refusal: {
    status: 400,
    title: 'Person not informed',
    detail: 'The person has to be told after the restriction was made and before it is lifted.',
    at: ['/informedAt'],
  },
};

const ATTEMPTS_MAX = 6;

/**
 * `POST …/lift`: the controller's word that a restriction has served its purpose, and that the person has been told (GDPR
 * art. 18(3)). For one that a person asked for, and for one in the place of an erasure to which there is no right; not for one
 * of a minimum, which ends by itself, nor of a contested accuracy, which ends with the correction. The same order again is the
 * first one. It ends this restriction alone: whatever else was asked for, by whomever and whenever, stands.
 * @throws TransientError, ThrottledError
 */
export async function orderLift(
  requestId: string,
  { reason, informedAt, by }: LiftBody,
  policy: PrivacyPolicy,
  ports: Pick<DoorPorts, 'requests' | 'lineage' | 'driver'>,
  now: EpochMs,
): Promise<Answered<PrivacyRequestView>> {
  const order: Lift = { reason, informedAt: Date.parse(informedAt), by, at: now, doneAt: null };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const request = await ports.requests.find(requestId);
    if (request === null) return UNKNOWN;
    if (request.lift !== undefined) {
      if (!isSame(request.lift, order)) return NOTHING_TO_LIFT;
      // Whoever ordered it may have died before these.
      if (request.lift.doneAt === null) await begin(request, request.lift, policy, ports);
      return { answer: viewOf(request, policy) };
    }
    if (!isLiftable(request)) return NOTHING_TO_LIFT;
    if (order.informedAt < (request.closedAt ?? now) || order.informedAt > now) return NOT_INFORMED;
    const next = { ...request, state: 'lifting' as const, lift: order, driver: request.driver + 1 };
    const written = await ports.requests.save(next);
    if (written === null) continue;
    await begin(written, order, policy, ports);
    return { answer: viewOf(written, policy) };
  }
  throw new TransientError('the request is being changed');
}

const isSame = (one: Lift, other: Lift): boolean =>
  one.reason === other.reason && one.informedAt === other.informedAt && one.by === other.by;

const isLiftable = ({ type, state, restrictedUntil }: PrivacyRequest): boolean =>
  (type === 'restrict' || type === 'erase') && state === 'complete' && restrictedUntil === WITHOUT_END;

async function begin(
  request: PrivacyRequest,
  lift: Lift,
  policy: PrivacyPolicy,
  ports: Pick<DoorPorts, 'lineage' | 'driver'>,
): Promise<void> {
  await tell(request, [informing(lift)], policy, ports);
  await ports.driver.start(request);
}

/** Evidence that the person was told before. */
const informing = ({ reason, informedAt, by, at }: Lift): Told => ({
  kind: 'restriction-ending',
  reasons: `${reason},informed:${new Date(informedAt).toISOString().slice(0, 10)},by:${by}`,
  at,
});

/**
 * Carries a lift out. Whoever listens hears that it ends before it does, and again when it has. What was withheld meanwhile
 * stays withheld: nobody allowed it when it came, and nothing of it is kept but that it did. What fell due meanwhile is not
 * concluded afterwards either. What was stored before counts again, from the person's next signal on.
 * @throws TransientError, ThrottledError
 */
export async function lift(
  requestId: string,
  policy: PrivacyPolicy,
  ports: Pick<StepPorts, 'requests' | 'subjects' | 'lineage' | 'events'>,
  now: EpochMs,
): Promise<void> {
  const request = await ports.requests.find(requestId);
  invariant(request?.lift !== undefined, 'a lift that nobody ordered');
  const { reason, at, doneAt } = request.lift;
  if (doneAt !== null) return;
  await ports.events.publish([eventOf(request, 'Restriction Ending', reason, at)]);
  await freeFrom(request, at, ports);
  // Its first row too: the order may have been written by somebody who died before telling.
  const lifted: Told = { kind: 'subject-unrestricted', reasons: reason, at };
  await tell(request, [informing(request.lift), lifted], policy, ports);
  await ports.events.publish([eventOf(request, 'Restriction Lifted', reason, at)]);
  const done = { ...request.lift, doneAt: now };
  await saved({ ...request, state: 'complete', restrictedUntil: null, lift: done }, ports);
}

import { bucketOf } from '../../contracts/bucket.ts';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { ConsentChoices } from '../../contracts/purposes.ts';
import type { Identifier, Signal } from '../../contracts/signal.ts';
import { messageToken, typeOfToken } from '../../contracts/tokens.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { begun } from './begun.ts';
import { eventOf, saved, tell } from './evidence.ts';
import { isProven, type PrivacyPolicy } from './policy.ts';
import type { StepPorts } from './ports.ts';

/** What each opt-out refuses. An objection refuses all that goes beyond what was ordered (GDPR art. 21). */
const REFUSED: Readonly<Partial<Record<PrivacyRequest['type'], ConsentChoices>>> = {
  'opt-out-sale': { sharing: false },
  'opt-out-profiling': { profiling: false, automatedDecisions: false },
  object: {
    analytics: false,
    personalisation: false,
    profiling: false,
    automatedDecisions: false,
    sharing: false,
  },
};

/** Source of signals that the product makes itself. */
const OWN_SOURCE = 'privacy-request';

/** An opt-out as the customer's own choice, made when it was asked for: it goes the way of every other choice, so that it
 * merges with identity and is overruled by a later one only. */
export function choiceSignal(request: PrivacyRequest, policy: PrivacyPolicy, now: EpochMs): Signal {
  const choices = REFUSED[request.type];
  invariant(choices !== undefined, 'a request that is no choice');
  const [first, ...others] = request.tokens.map((token): Identifier => ({ type: typeOfToken(token), token }));
  invariant(first !== undefined, 'a request without an identifier');
  return {
    messageToken: messageToken(policy.secrets, `privacy-request\u0000${request.requestId}`),
    name: 'Consent Changed',
    eventClass: 'consent',
    sourceId: OWN_SOURCE,
    purposes: ['service'],
    occurredAt: request.receivedAt,
    receivedAt: now,
    // Identifiers that an unproven request names together are not thereby one person's: each gets the choice alone.
    identifiers: isProven(request) && request.identity !== null ? [first, ...others] : [first],
    facts: [{ kind: 'consent', choices }],
  };
}

/** The signals of a request: one, or one for each identifier while nobody has shown that they belong together. */
export function choiceSignals(
  request: PrivacyRequest,
  policy: PrivacyPolicy,
  now: EpochMs,
): readonly Signal[] {
  if (request.identity !== null) return [choiceSignal(request, policy, now)];
  return request.tokens.map((token) => {
    const alone = choiceSignal({ ...request, tokens: [token] }, policy, now);
    return {
      ...alone,
      messageToken: messageToken(policy.secrets, `privacy-request\u0000${request.requestId}\u0000${token}`),
    };
  });
}

/** Opt-outs and objections become choices on the signals stream. @throws TransientError, ThrottledError */
export async function choose(
  requestId: string,
  policy: PrivacyPolicy,
  ports: StepPorts,
  now: EpochMs,
): Promise<void> {
  const found = await ports.requests.find(requestId);
  invariant(found !== null && isProven(found), 'a choice that nobody was shown to have made');
  if (found.state === 'complete') return;
  const request = await begun(found, ports, now);
  const at = request.startedAt;
  const byBucket = new Map<string, Signal[]>();
  for (const signal of choiceSignals(request, policy, at)) {
    const bucket = bucketOf(signal.identifiers[0].token, policy.buckets);
    byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), signal]);
  }
  await ports.signals.append(byBucket);
  await tell(
    request,
    [
      { kind: 'choice-recorded', reasons: '', at },
      { kind: 'privacy-request-completed', reasons: '', at },
    ],
    policy,
    ports,
  );
  await ports.events.publish([eventOf(request, 'Privacy Request Closed', 'complete', at)]);
  await saved({ ...request, state: 'complete', needs: null, closedAt: now }, ports);
}

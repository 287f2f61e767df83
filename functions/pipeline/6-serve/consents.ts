import { bucketOf } from '../../contracts/bucket.ts';
import { EMPTY_CONSENT, type ExplicitChoice, NO_CHOICES } from '../../contracts/consent.ts';
import type { ConsentAnswer, ConsentRequest, ConsentView } from '../../contracts/consents-api.ts';
import type { SubjectId } from '../../contracts/ids.ts';
import type { RawIdentifier } from '../../contracts/operations.ts';
import { depthOf, PURPOSES, type Purpose } from '../../contracts/purposes.ts';
import { happenedBy, type Identifier, type Signal } from '../../contracts/signal.ts';
import { subjectIdOf } from '../../contracts/subject.ts';
import { messageToken, typeOfToken } from '../../contracts/tokens.ts';
import { stableId } from '../../kernel/codec.ts';
import { type EpochMs, MINUTE_MS } from '../../kernel/time.ts';
import { consentChanged } from '../../registry/signals/consent-changed.ts';
import { receiptOf, recordIdOf } from '../../rights/consent/receipt.ts';
import { isMinor, type Standing, standingsOf } from '../../rights/consent/standing.ts';
import { refOf } from '../../rights/consent/state.ts';
import { customerOf } from './customer.ts';
import type { ServePorts } from './ports.ts';
import { isRestricted } from './profile-view.ts';
import type { Answered, Refusal, ServePolicy } from './setting.ts';
import type { FoundSubject } from './subject.ts';

/** Clocks of other systems may be this far ahead of ours. */
const AHEAD_MS_MAX = 5 * MINUTE_MS;

/** Named as the source of acts that come by this API. */
const SOURCE_ID = 'operations-api';

/**
 * `POST /v1/consents`: records one act. It travels the same way as every signal, as a `Consent Changed`, so that its order,
 * its counting once and its evidence are the same; and holds for everything from the batch on that brings it.
 * @throws ThrottledError, TransientError when it is not surely on the stream; asking again is safe
 */
export async function recordConsent(
  request: ConsentRequest,
  policy: ServePolicy,
  ports: Pick<ServePorts, 'subjects' | 'signals'>,
  now: EpochMs,
): Promise<Answered<ConsentAnswer>> {
  const at = request.at === undefined ? now : Date.parse(request.at);
  if (at > now + AHEAD_MS_MAX || at < Date.UTC(2000, 0, 1))
    return {
      refusal: {
        status: 400,
        title: 'Impossible time',
        detail: 'The choice lies ahead, or too far back.',
        at: ['/at'],
      },
    };
  const customer = await customerOf(request.identifiers, policy, ports);
  if ('refusal' in customer) return customer;
  const { tokens, found } = customer.answer;
  const [first, ...others] = tokens.map((token): Identifier => ({ type: typeOfToken(token), token }));
  if (first === undefined) return { refusal: NOBODY };
  const subjectId = found?.graph.subjectId ?? subjectIdOf([first.token]);
  const messageId = `consents ${contentId(request, tokens, at)}`;
  const signal = signalOf(request, [first, ...others], messageToken(policy.secrets, messageId), at, now);
  await ports.signals.append(new Map([[bucketOf(first.token, policy.buckets), [signal]]]));
  return {
    answer: { messageId, subjectId, receipts: receiptsOf(request, signal, subjectId, found, policy) },
  };
}

const NOBODY: Refusal = {
  status: 400,
  title: 'Unusable identifier',
  detail: 'The identifiers name nobody.',
  at: ['/identifiers'],
};

/** An act is told from another by what it says and by its request id, or else its time: a system that gives one id to two
 * different choices must not lose the second. Without an id or a time it is new each time, since the same choice can be made
 * again after the opposite one. */
const contentId = (
  { requestId, choices, notice, recorder, at: stated, guardian }: ConsentRequest,
  tokens: readonly string[],
  at: EpochMs,
): string => {
  const said = [JSON.stringify(Object.entries(choices).sort()), notice ?? '', recorder] as const;
  if (requestId === undefined) return stableId(...tokens, said[0], said[1], at, said[2]);
  return stableId(
    'request',
    requestId,
    ...[...tokens].sort(),
    ...said,
    stated ?? '',
    String(guardian === true),
  );
};

function signalOf(
  { choices, notice, language, recorder, guardian }: ConsentRequest,
  identifiers: Signal['identifiers'],
  token: Signal['messageToken'],
  occurredAt: EpochMs,
  receivedAt: EpochMs,
): Signal {
  return {
    messageToken: token,
    name: consentChanged.name,
    eventClass: consentChanged.eventClass,
    sourceId: SOURCE_ID,
    purposes: consentChanged.purposes,
    occurredAt,
    receivedAt,
    identifiers,
    facts: [
      {
        kind: 'consent',
        choices,
        recorder,
        ...(guardian === true ? { guardian } : {}),
        ...(notice === undefined ? {} : { notice }),
        ...(language === undefined ? {} : { language }),
      },
    ],
  };
}

const actsOf = (found: FoundSubject | null, purpose: Purpose): readonly ExplicitChoice[] =>
  (found?.state.consent.purposes[purpose] ?? NO_CHOICES).explicit;

function receiptsOf(
  { choices, notice, language, recorder, guardian }: ConsentRequest,
  signal: Signal,
  subjectId: SubjectId,
  found: FoundSubject | null,
  { jurisdiction }: ServePolicy,
): ConsentAnswer['receipts'] {
  const at = happenedBy(signal);
  return PURPOSES.flatMap((purpose) => {
    const chosen = choices[purpose];
    if (chosen === undefined) return [];
    const choice: ExplicitChoice = {
      at,
      depth: depthOf(chosen),
      guardian: guardian === true,
      notice: notice ?? null,
      ref: refOf(signal.messageToken),
    };
    // A repeated request finds its own act there already.
    const earlier = actsOf(found, purpose).filter((each) => each.ref !== choice.ref && each.at <= at);
    const act = { subjectId, purpose, choice, earlier, language: language ?? null, recorder };
    return [receiptOf(act, jurisdiction)];
  });
}

/**
 * `POST /v1/consents/lookup`: how every purpose stands for the customer, by what and since when, and what the law takes as
 * given. For a customer who is not known here that is the law alone. While processing is restricted no purpose is in effect;
 * the choices and their receipts are told all the same, being the customer's own and the proof of them (GDPR art. 7(1)).
 * @throws ThrottledError, TransientError
 */
export async function lookupConsent(
  identifiers: readonly RawIdentifier[],
  policy: ServePolicy,
  ports: Pick<ServePorts, 'subjects'>,
  now: EpochMs,
): Promise<Answered<ConsentView>> {
  const customer = await customerOf(identifiers, policy, ports);
  if ('refusal' in customer) return customer;
  const { found } = customer.answer;
  const { jurisdiction } = policy;
  const consent = found?.state.consent ?? EMPTY_CONSENT;
  const standings = standingsOf(jurisdiction, consent, now);
  const { gpc } = consent;
  const restricted = found !== null && isRestricted(found, now);
  const purposes = Object.fromEntries(
    PURPOSES.map((purpose) => [
      purpose,
      purposeView(purpose, standings[purpose], restricted, actsOf(found, purpose), policy),
    ]),
  ) as ConsentView['purposes'];
  return {
    answer: {
      subjectId: found?.graph.subjectId ?? null,
      jurisdiction: jurisdiction.code,
      asOf: iso(now),
      gpc: gpc === null ? null : { firstAt: iso(gpc.firstAt), lastAt: iso(gpc.lastAt) },
      minor: isMinor(jurisdiction, consent, now),
      restricted,
      purposes,
      receipts: found === null ? [] : newestReceipts(found, policy),
    },
  };
}

function newestReceipts(found: FoundSubject, { jurisdiction }: ServePolicy): ConsentView['receipts'] {
  return PURPOSES.flatMap((purpose) => {
    const [choice, ...earlier] = actsOf(found, purpose);
    if (choice === undefined) return [];
    const { subjectId } = found.graph;
    return [receiptOf({ subjectId, purpose, choice, earlier, language: null, recorder: null }, jurisdiction)];
  });
}

function purposeView(
  purpose: Purpose,
  standing: Standing,
  restricted: boolean,
  acts: readonly ExplicitChoice[],
  { jurisdiction }: ServePolicy,
): ConsentView['purposes'][Purpose] {
  const { value, source, evidence } = jurisdiction.purposes[purpose];
  const { origin, at, since } = standing;
  const depth = restricted ? 'none' : standing.depth;
  return {
    inEffect: depth !== 'none',
    depth,
    origin,
    at: at === null ? null : iso(at),
    usableSince: depth === 'none' || since === 0 ? null : iso(since),
    lawfulDefault: { value, source, evidence },
    history: acts.map((choice) => ({
      recordId: recordIdOf(choice, purpose),
      at: iso(choice.at),
      depth: choice.depth,
      notice: choice.notice,
      guardian: choice.guardian,
    })),
  };
}

const iso = (at: EpochMs): string => new Date(at).toISOString();

import type { AtomId } from '../../contracts/ids.ts';
import {
  ATTRIBUTE_SETTLED,
  type PersonAttribute,
  type PersonAttributes,
  STEWARDSHIP,
  sealInTransit,
  unsealInTransit,
} from '../../contracts/person.ts';
import type { Correction, PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { CorrectedValues } from '../../contracts/privacy-requests-api.ts';
import type { Signal } from '../../contracts/signal.ts';
import { type JurisdictionSecrets, messageToken, typeOfToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { ageFacts } from '../../registry/signals/age.ts';

/** What tells by law who somebody is, or how old. The person's own word does not change it: a minor could put themselves
 * out of the rules that protect them, and whoever stole an account could make it theirs. */
const NEEDS_WORD: ReadonlySet<PersonAttribute> = new Set(['birthDate', 'birthPlace', 'nationalId']);

/** Whether a correction waits for the controller to say that the new values are accurate. */
export function awaitsWord({ correction }: Pick<PrivacyRequest, 'correction'>): boolean {
  if (correction === undefined) return false;
  const { word, attributes } = correction;
  return word === null
    ? attributes.some((attribute) => NEEDS_WORD.has(attribute))
    : word.outcome === 'unascertained';
}

const sealContext = (secrets: JurisdictionSecrets, requestId: string) =>
  messageToken(secrets, `correction\u0000${requestId}`);

/** What was asked, as it is kept. Values stay as they were written until the person is known: a telephone number is read by
 * their country. @returns null when an attribute is named twice */
export function correctionOf(
  corrections: CorrectedValues,
  requestId: string,
  secrets: JurisdictionSecrets,
): Correction | null {
  const values: PersonAttributes = Object.fromEntries(
    corrections.map(({ attribute, value }) => [attribute, value]),
  );
  const attributes = Object.keys(values).sort() as PersonAttribute[];
  if (attributes.length < corrections.length) return null;
  const sealed = sealInTransit(secrets, values, sealContext(secrets, requestId));
  return { attributes, sealed, word: null, contestedAt: null, sentAt: null };
}

/** Tells corrections of the same person apart that want something else. */
export const fingerprintOf = (corrections: CorrectedValues, secrets: JurisdictionSecrets): string =>
  messageToken(
    secrets,
    `corrections\u0000${corrections
      .map(({ attribute, value }) => `${attribute}\u0000${value}`)
      .sort()
      .join('\u0000')}`,
  );

/** The values as the person wrote them; null when there are none any more. */
export function valuesOf(
  { requestId, correction }: Pick<PrivacyRequest, 'requestId' | 'correction'>,
  secrets: JurisdictionSecrets,
): PersonAttributes | null {
  const sealed = correction?.sealed ?? null;
  return sealed === null ? null : unsealInTransit(secrets, sealed, sealContext(secrets, requestId));
}

/** The change by which a request forgets the values it was about: nothing is kept of them once it is closed. */
export const valuesForgotten = ({ correction }: PrivacyRequest): Pick<PrivacyRequest, 'correction'> =>
  correction === undefined ? {} : { correction: { ...correction, sealed: null } };

/** A correction on its way, as a steward's decision is: the same one however often it is sent. */
export function correctionSignal(
  requestId: string,
  atomId: AtomId,
  values: PersonAttributes,
  secrets: JurisdictionSecrets,
  sentAt: EpochMs,
): Signal {
  const token = messageToken(secrets, ['correction', requestId, atomId, sentAt].join('\u0000'));
  return {
    messageToken: token,
    name: ATTRIBUTE_SETTLED,
    eventClass: 'account',
    sourceId: STEWARDSHIP,
    purposes: ['service'],
    occurredAt: sentAt,
    receivedAt: sentAt,
    identifiers: [{ type: typeOfToken(atomId), token: atomId }],
    // Who turns out to be younger or older is so from now on, also for what the law denies to minors.
    facts: ageFacts({ birthday: values.birthDate }, { occurredAt: sentAt }),
    person: sealInTransit(secrets, values, token),
  };
}

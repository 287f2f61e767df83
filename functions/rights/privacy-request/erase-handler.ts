import * as z from 'zod';
import { attributeConflicts } from '../../adapters/aws/attribute-conflicts.ts';
import { candidateStore } from '../../adapters/aws/candidate-store.ts';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { hotStores } from '../../adapters/aws/hot-stores.ts';
import { identityReviews } from '../../adapters/aws/identity-reviews.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { quarantineStore } from '../../adapters/aws/quarantine-store.ts';
import { requestBook } from '../../adapters/aws/request-book.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { kmsSigner } from '../../adapters/aws/signer.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import { evidenceLog } from '../../evidence/log/keep.ts';
import { unreachable } from '../../kernel/invariant.ts';
import { forgetPersons } from '../../pipeline/understand/forget-persons.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { stepHandler } from '../../runtime/step-handler.ts';
import { certify } from './certify.ts';
import { clear, deleteKeys, eraseAgainAfterRestore, purge, suppress } from './erase.ts';
import { policyOf } from './policy.ts';

const wiring = lazily(async () => {
  const secrets = await jurisdictionSecrets();
  const policy = policyOf(required, secrets);
  const [profiles, keyring] = [
    profileStore(),
    subjectKeyring(secrets, { function: 'privacyErase', purpose: 'erase' }),
  ];
  return {
    policy,
    ports: {
      requests: requestBook(policy.jurisdiction.logs.value.requestDays),
      subjects: profiles,
      keyring,
      hot: hotStores(),
      matching: {
        forget: (atomIds: readonly AtomId[]) =>
          forgetPersons(atomIds, { profiles, keyring, candidates: candidateStore() }, secrets),
      },
      stewardship: {
        forget: async (atomIds: readonly AtomId[], subjectIds: readonly SubjectId[]) => {
          await identityReviews().forget(atomIds);
          await attributeConflicts().forget(subjectIds);
        },
      },
      quarantine: quarantineStore(),
      log: evidenceLog(evidenceStore()),
      signer: kmsSigner(),
      lineage: lineageStream(),
      events: eventBus(),
    },
  };
});

const document = z.object({ requestId: z.string(), driver: z.int() });
const input = z.union([
  z.object({ step: z.enum(['suppress', 'purge', 'delete-keys', 'certify', 'clear']), input: document }),
  z.object({ step: z.literal('again'), input: z.unknown() }),
]);

/** Steps of an erasure. */
export const handler = stepHandler({
  functionId: 'privacyErase',
  input,
  step: async (given, now) => {
    const { policy, ports } = await wiring();
    if (given.step === 'again') return { erasures: await eraseAgainAfterRestore(ports, now) };
    const { requestId } = given.input;
    switch (given.step) {
      case 'suppress':
        return suppress(requestId, policy, ports, now);
      case 'purge':
        return purge(requestId, policy, ports, now);
      case 'delete-keys':
        return deleteKeys(requestId, policy, ports, now);
      case 'certify':
        return certify(requestId, policy, ports, now);
      case 'clear':
        return clear(requestId, policy, ports, now);
      default:
        return unreachable(given);
    }
  },
});

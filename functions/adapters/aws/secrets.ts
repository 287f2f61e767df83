import { createSecretKey, type KeyObject } from 'node:crypto';
import { GenerateMacCommand } from '@aws-sdk/client-kms';
import { type JurisdictionSecrets, SECRET_LABELS } from '../../contracts/tokens.ts';
import { TransientError } from '../../kernel/invariant.ts';
import { required } from '../../runtime/environment.ts';
import { kms } from './clients.ts';
import { translated } from './errors.ts';

/** HMAC-SHA-256. */
const SECRET_BYTES = 32;

/** Derives the jurisdiction's secrets from its KMS HMAC key: five calls when an instance starts, none after. The
 * results exist in memory only.
 * @throws TransientError when KMS does not answer, or not with a whole secret */
export async function jurisdictionSecrets(keyArn = required('TOKEN_KEY_ARN')): Promise<JurisdictionSecrets> {
  const derive = async (label: string): Promise<KeyObject> => {
    const { Mac } = await translated('kms', () =>
      kms().send(
        new GenerateMacCommand({ KeyId: keyArn, MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from(label) }),
      ),
    );
    // An empty key would do silently what anybody can: compute tokens.
    if (Mac?.length !== SECRET_BYTES) throw new TransientError('kms answered without a whole mac');
    return createSecretKey(Mac);
  };
  const [identifiers, messages, writeKeys, attributesInTransit, subjectKeys] = await Promise.all([
    derive(SECRET_LABELS.identifiers),
    derive(SECRET_LABELS.messages),
    derive(SECRET_LABELS.writeKeys),
    derive(SECRET_LABELS.attributesInTransit),
    derive(SECRET_LABELS.subjectKeys),
  ]);
  return { identifiers, messages, writeKeys, attributesInTransit, subjectKeys };
}

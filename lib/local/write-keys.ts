import { createSecretKey, type KeyObject } from 'node:crypto';
import { type JurisdictionSecrets, SECRET_LABELS, writeKeyOf } from '../../functions/contracts/tokens.ts';
import { resources } from '../../functions/flow/resources.ts';
import { sources } from '../../functions/registry/sources/index.ts';
import { AwsJsonClient } from './aws-request.ts';
import type { Region } from './region.ts';

/** The write key of each source in a region, by source id: derived from the region's KMS key as `collect` does it. */
export async function writeKeysOf(region: Region): Promise<Record<string, string>> {
  const secrets = await secretsOf(region);
  if (secrets === null) return {};
  return Object.fromEntries(sources.map((source) => [source.id, writeKeyOf(secrets, source)]));
}

/** The secrets of a region, derived from its KMS key as its functions do it; null when it has no such key. */
export async function secretsOf(region: Region): Promise<JurisdictionSecrets | null> {
  const keyArn = Object.values(region.functions)
    .map((fn) => fn.environment[resources.tokenKey.env])
    .find((arn) => arn !== undefined);
  if (keyArn === undefined) return null;
  const {
    AWS_ENDPOINT_URL_KMS: url = '',
    AWS_ACCESS_KEY_ID: accessKeyId = '',
    AWS_REGION = '',
  } = region.environment;
  const kms = new AwsJsonClient(url, 'TrentService', '1.1', { accessKeyId, region: AWS_REGION });
  try {
    const derive = async (label: string): Promise<KeyObject> => {
      const { Mac } = await kms.call<{ Mac: string }>('GenerateMac', {
        KeyId: keyArn,
        MacAlgorithm: 'HMAC_SHA_256',
        Message: Buffer.from(label).toString('base64'),
      });
      return createSecretKey(Buffer.from(Mac, 'base64'));
    };
    return {
      identifiers: await derive(SECRET_LABELS.identifiers),
      messages: await derive(SECRET_LABELS.messages),
      writeKeys: await derive(SECRET_LABELS.writeKeys),
      attributesInTransit: await derive(SECRET_LABELS.attributesInTransit),
      subjectKeys: await derive(SECRET_LABELS.subjectKeys),
    };
  } finally {
    kms.close();
  }
}

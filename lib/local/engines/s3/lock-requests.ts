import { answer, type Exchange, header, readXml } from './exchange.ts';
import { parseRetention, requireLockable, requireRetentionChange } from './object-lock.ts';
import type { ObjectStore } from './object-store.ts';
import { isoTime } from './read-requests.ts';
import { malformedXml, S3Error } from './s3-error.ts';
import { documentOf, element, textOf } from './xml.ts';

const noLock = (): S3Error =>
  new S3Error(
    'NoSuchObjectLockConfiguration',
    404,
    'The specified object does not have a ObjectLock configuration',
  );

const versionId = (exchange: Exchange): string | undefined => exchange.query.get('versionId') ?? undefined;

/** PutObjectRetention and GetObjectRetention. */
export async function retention(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  if (exchange.method === 'GET') {
    requireLockable(bucket.settings);
    const found = store.version(bucket, exchange.key, versionId(exchange)).retention;
    if (found === undefined) throw noLock();
    const parts = [element('Mode', found.mode), element('RetainUntilDate', isoTime(found.until))];
    return answer(exchange, 200, {}, documentOf('Retention', ...parts));
  }
  const xml = await readXml(exchange);
  const next = parseRetention(textOf(xml, 'Mode'), textOf(xml, 'RetainUntilDate'), store.now());
  if (next === undefined) throw malformedXml();
  const bypass = header(exchange, 'x-amz-bypass-governance-retention')?.toLowerCase() === 'true';
  await store.amend(bucket, exchange.key, versionId(exchange), (version) => {
    requireRetentionChange(version, next, store.now(), bypass);
    return { ...version, retention: next };
  });
  answer(exchange, 200);
}

/** PutObjectLegalHold and GetObjectLegalHold. */
export async function legalHold(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  if (exchange.method === 'GET') {
    requireLockable(bucket.settings);
    const held = store.version(bucket, exchange.key, versionId(exchange)).legalHold;
    if (held === undefined) throw noLock();
    return answer(exchange, 200, {}, documentOf('LegalHold', element('Status', held ? 'ON' : 'OFF')));
  }
  const status = textOf(await readXml(exchange), 'Status');
  if (status !== 'ON' && status !== 'OFF') throw malformedXml();
  await store.amend(bucket, exchange.key, versionId(exchange), (version) => ({
    ...version,
    legalHold: status === 'ON',
  }));
  answer(exchange, 200);
}

/** PutObjectLockConfiguration and GetObjectLockConfiguration. */
export async function lockConfiguration(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const settings = bucket.settings;
  if (exchange.method === 'GET') {
    if (!settings.objectLock)
      throw new S3Error(
        'ObjectLockConfigurationNotFoundError',
        404,
        'Object Lock configuration does not exist for this bucket',
      );
    const rule = settings.defaultRetention;
    const shown =
      rule === undefined
        ? undefined
        : element(
            'Rule',
            element('DefaultRetention', element('Mode', rule.mode), element('Days', rule.days)),
          );
    const enabled = element('ObjectLockEnabled', 'Enabled');
    return answer(exchange, 200, {}, documentOf('ObjectLockConfiguration', enabled, shown));
  }
  requireLockable(settings);
  const xml = await readXml(exchange);
  const mode = textOf(xml, 'Mode');
  const days = Number(textOf(xml, 'Days') ?? Number(textOf(xml, 'Years')) * 365);
  if (mode === undefined) {
    const { defaultRetention: _, ...others } = settings;
    await bucket.configure(others);
  } else {
    if ((mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') || !(days > 0)) throw malformedXml();
    await bucket.configure({ ...settings, defaultRetention: { mode, days } });
  }
  answer(exchange, 200);
}

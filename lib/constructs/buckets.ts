import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ARCHIVE_TABLES } from '../../functions/contracts/lineage.ts';
import { EVENT_CLASSES } from '../../functions/contracts/signal.ts';
import type { JurisdictionDefinition } from '../../functions/registry/jurisdictions/index.ts';

/** Days an expired or overwritten object can still be brought back. Counted into the retention, not added to it. */
export const RECOVERY_DAYS = 7;
/** Days a steward has to repair a quarantined event. It is kept as received, so no longer than repair takes. */
const QUARANTINE_DAYS = 90;
/** Days for which a person can fetch what they asked to have. */
const EXPORT_DAYS = 7;
/** Days it can be looked up who read or wrote an object. */
const ACCESS_LOG_DAYS = 400;

/** What every bucket of a stack states. */
const SEALED = {
  versioned: true,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
  autoDeleteObjects: false,
} as const satisfies BucketProps;

const expire = (id: string, days: number, prefix?: string): LifecycleRule => ({
  id,
  enabled: true,
  ...(prefix === undefined ? {} : { prefix }),
  expiration: Duration.days(days - RECOVERY_DAYS),
  noncurrentVersionExpiration: Duration.days(RECOVERY_DAYS),
});

/** Removes what failed uploads and expired versions leave behind. */
const TIDY: LifecycleRule = {
  id: 'tidy',
  enabled: true,
  abortIncompleteMultipartUploadAfter: Duration.days(1),
  expiredObjectDeleteMarker: true,
};

/** The evidence and quarantine buckets, and the one that records access to both. */
export class Buckets extends Construct {
  readonly evidence: Bucket;
  readonly quarantine: Bucket;
  /** What people asked to have of themselves, each sealed under the person's own key. */
  readonly exports: Bucket;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly key: IKey; readonly jurisdiction: JurisdictionDefinition },
  ) {
    super(scope, id);
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...SEALED,
      // S3 cannot deliver access logs to a bucket whose default encryption is a KMS key.
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [expire('access-logs', ACCESS_LOG_DAYS), TIDY],
    });
    const encrypted = {
      ...SEALED,
      encryption: BucketEncryption.KMS,
      encryptionKey: props.key,
      bucketKeyEnabled: true,
      // The library's own class and interface differ in `undefined` alone.
      serverAccessLogsBucket: accessLogs as IBucket,
    } as const satisfies BucketProps;
    this.evidence = new Bucket(this, 'Evidence', {
      ...encrypted,
      serverAccessLogsPrefix: 'evidence/',
      lifecycleRules: [...evidenceRules(props.jurisdiction), TIDY],
    });
    this.exports = new Bucket(this, 'Exports', {
      ...encrypted,
      serverAccessLogsPrefix: 'exports/',
      lifecycleRules: [
        {
          id: 'exports',
          enabled: true,
          expiration: Duration.days(EXPORT_DAYS),
          noncurrentVersionExpiration: Duration.days(1),
        },
        TIDY,
      ],
    });
    this.quarantine = new Bucket(this, 'Quarantine', {
      ...encrypted,
      serverAccessLogsPrefix: 'quarantine/',
      lifecycleRules: [expire('quarantine', QUARANTINE_DAYS), TIDY],
    });
  }
}

/** One rule per archive table and event class: a row is gone when the jurisdiction's maximum for its class is. */
function evidenceRules(jurisdiction: JurisdictionDefinition): readonly LifecycleRule[] {
  return EVENT_CLASSES.flatMap((eventClass) => {
    const { minDays, maxDays } = jurisdiction.retention[eventClass].value;
    if (maxDays - RECOVERY_DAYS < minDays)
      throw new Error(
        `${jurisdiction.code}: retention of ${eventClass} leaves less than ${RECOVERY_DAYS} days between minDays and maxDays`,
      );
    return ARCHIVE_TABLES.map((table) =>
      expire(`${table}-${eventClass}`, maxDays, `v1/${table}/event_class=${eventClass}/`),
    );
  });
}

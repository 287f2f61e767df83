import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  type LifecycleRule,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ARCHIVE_TABLES } from '../../functions/contracts/lineage.ts';
import {
  ACCESS_LOG_DAYS,
  ANSWER_DAYS,
  EXPORT_DAYS,
  QUARANTINE_DAYS,
  RECOVERY_DAYS,
  UNREADABLE_DAYS,
} from '../../functions/contracts/retention.ts';
import { EVENT_CLASSES } from '../../functions/contracts/signal.ts';
import { checkpointLockDays, evidenceDays } from '../../functions/registry/evidence-retention.ts';
import type { JurisdictionDefinition } from '../../functions/registry/jurisdictions/index.ts';

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

const expireAfter = (id: string, days: number, prefix?: string): LifecycleRule => ({
  id,
  enabled: true,
  ...(prefix === undefined ? {} : { prefix }),
  expiration: Duration.days(days),
  noncurrentVersionExpiration: Duration.days(RECOVERY_DAYS),
});

/** Removes for good what is that many days old, the days of recovery included. */
const expire = (id: string, days: number, prefix?: string): LifecycleRule =>
  expireAfter(id, days - RECOVERY_DAYS, prefix);

/** Removes what failed uploads and expired versions leave behind. */
const TIDY: LifecycleRule = {
  id: 'tidy',
  enabled: true,
  abortIncompleteMultipartUploadAfter: Duration.days(1),
  expiredObjectDeleteMarker: true,
};

/** Removes what announcements to the evidence log leave behind once they are in it. */
const SETTLED: LifecycleRule = {
  id: 'settled-announcements',
  enabled: true,
  prefix: 'log/pending/',
  noncurrentVersionExpiration: Duration.days(1),
};

/** The evidence, checkpoint and quarantine buckets, the answers to queries, and the bucket that records access to them. */
export class Buckets extends Construct {
  readonly evidence: Bucket;
  /** No personal data lies here, so the lock can be one that nobody opens, not even the account's root. */
  readonly checkpoints: Bucket;
  readonly quarantine: Bucket;
  /** What Athena answered. An answer can be asked for again, so nothing is kept for long. */
  readonly answers: Bucket;
  /** What people asked to have of themselves, each sealed under the person's own key. */
  readonly exports: Bucket;
  /** Who read or wrote what lies in the others, and who touched secrets of subjects. */
  readonly accessLogs: Bucket;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly key: IKey; readonly jurisdiction: JurisdictionDefinition },
  ) {
    super(scope, id);
    this.accessLogs = new Bucket(this, 'AccessLogs', {
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
      serverAccessLogsBucket: this.accessLogs as IBucket,
    } as const satisfies BucketProps;
    this.evidence = new Bucket(this, 'Evidence', {
      ...encrypted,
      serverAccessLogsPrefix: 'evidence/',
      lifecycleRules: [
        ...evidenceRules(props.jurisdiction),
        expire('unreadable', UNREADABLE_DAYS, 'v1/unreadable/'),
        SETTLED,
        TIDY,
      ],
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
    this.checkpoints = new Bucket(this, 'Checkpoints', {
      ...encrypted,
      serverAccessLogsPrefix: 'checkpoints/',
      objectLockEnabled: true,
      objectLockDefaultRetention: ObjectLockRetention.compliance(
        Duration.days(checkpointLockDays(props.jurisdiction)),
      ),
      // Nothing expires: a proof that was given out is checked against its checkpoint long after its row is gone.
      lifecycleRules: [TIDY],
    });
    // The lock keeps versions; a delete marker could still hide one, and the log would be signed on from an older state.
    this.checkpoints.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NothingIsHidden',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [this.checkpoints.arnForObjects('*')],
      }),
    );
    this.quarantine = new Bucket(this, 'Quarantine', {
      ...encrypted,
      serverAccessLogsPrefix: 'quarantine/',
      lifecycleRules: [expire('quarantine', QUARANTINE_DAYS), TIDY],
    });
    this.answers = new Bucket(this, 'Answers', {
      ...encrypted,
      serverAccessLogsPrefix: 'answers/',
      lifecycleRules: [
        {
          id: 'answers',
          enabled: true,
          expiration: Duration.days(ANSWER_DAYS),
          noncurrentVersionExpiration: Duration.days(1),
        },
        TIDY,
      ],
    });
  }
}

/** One rule per archive table and event class: a row is gone when the jurisdiction's maximum for its class is. */
function evidenceRules(jurisdiction: JurisdictionDefinition): readonly LifecycleRule[] {
  return EVENT_CLASSES.flatMap((eventClass) =>
    ARCHIVE_TABLES.map((table) =>
      expireAfter(
        `${table}-${eventClass}`,
        evidenceDays(jurisdiction, eventClass),
        `v1/${table}/event_class=${eventClass}/`,
      ),
    ),
  );
}

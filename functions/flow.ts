/**
 * The map: every function, what triggers it, what it touches and with which actions. `lib` synthesizes triggers,
 * environment variables and least-privilege grants from it, so code that needs a new permission says so here, and
 * nothing is granted that this page does not show. Plain values only.
 */
import type { KeyPurpose } from './contracts/key-purposes.ts';
import type { FlowFunction, HttpRoute } from './flow/triggers.ts';

const INGEST = { ratePerSecond: 2_000, burst: 4_000 } as const;
const OPERATE = { ratePerSecond: 200, burst: 400 } as const;
const STEWARD = { ratePerSecond: 10, burst: 20 } as const;
/** A route of the operations API; with the scope `fullerWith` its answer holds more. */
const route = <Method extends 'GET' | 'POST', const Path extends string>(
  method: Method,
  path: Path,
  scope: string,
  throttle: HttpRoute['throttle'],
  fullerWith?: string,
) => ({ method, path, scope, throttle, ...(fullerWith === undefined ? {} : { fullerWith }) });
const collectRoute = (path: string): HttpRoute => ({
  method: 'POST',
  path,
  throttle: INGEST,
  fromBrowsers: true,
});

const LOOK_THROUGH = ['dynamodb:Scan', 'dynamodb:DeleteItem'] as const;
const LOOK_THROUGH_SUBJECTS = [...LOOK_THROUGH, 'dynamodb:UpdateItem'] as const;
const LOOK_THROUGH_PROFILES = [...LOOK_THROUGH, 'dynamodb:BatchGetItem', 'dynamodb:PutItem'] as const;

const CHANGES_THE_INDEX = {
  on: 'candidates',
  actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'],
} as const;

/** What every function of privacy requests may do beside its own: know who is meant, and tell of what it did. */
const TELLS_OF_REQUESTS = [
  { on: 'lineage', actions: ['kinesis:PutRecords'] },
  { on: 'events', actions: ['events:PutEvents'] },
  { on: 'tokenKey', actions: ['kms:GenerateMac'] },
] as const;
const READS_PERSONS = [
  { on: 'profiles', actions: ['dynamodb:BatchGetItem'] },
  { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
  { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem'] },
] as const;
const REQUESTS = {
  on: 'privacyRequests',
  actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
} as const;
const REQUESTS_IN_QUEUES = {
  on: 'privacyRequests',
  actions: [...REQUESTS.actions, 'dynamodb:Query'],
  indexes: true,
} as const;
/** Writes of `adapters/aws/profile-store.ts`. */
const PROFILE_WRITES = ['dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate', 'dynamodb:PutItem'] as const;

export const flow = {
  collect: {
    entry: 'functions/pipeline/1-collect/handler.ts',
    purpose: 'validates events, answers a receipt per event and queues them',
    trigger: {
      kind: 'http',
      api: 'collect',
      routes: ['batch', 'track', 'identify', 'page', 'screen', 'group', 'alias', 'events'].map((name) =>
        collectRoute(`/v1/${name}`),
      ),
    },
    memoryMb: 1_769,
    timeoutSeconds: 25,
    access: [
      { on: 'signals', actions: ['kinesis:PutRecords'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      {
        on: 'records',
        actions: ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem', 'dynamodb:PartiQLInsert'],
      },
      { on: 'quarantine', actions: ['s3:PutObject'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  understand: {
    entry: 'functions/pipeline/understand/handler.ts',
    purpose: 'identifies, profiles, scores and alerts, a micro-batch at a time',
    trigger: {
      kind: 'stream',
      stream: 'signals',
      batchSize: 500,
      windowSeconds: 0,
      parallelizationFactor: 2,
      bisectOnError: true,
      reportItemFailures: true,
      retryAttempts: 8,
      recordAgeSecondsMax: 43_200,
    },
    memoryMb: 1_769,
    timeoutSeconds: 60,
    keyPurposes: ['understand'],
    access: [
      {
        on: 'profiles',
        actions: [
          'dynamodb:BatchGetItem',
          'dynamodb:Query',
          'dynamodb:BatchWriteItem',
          'dynamodb:PartiQLInsert',
          'dynamodb:PartiQLUpdate',
          'dynamodb:PutItem',
        ],
      },
      {
        on: 'subjects',
        actions: [
          'dynamodb:BatchGetItem',
          'dynamodb:PartiQLUpdate',
          'dynamodb:PutItem',
          'dynamodb:DeleteItem',
        ],
      },
      {
        on: 'subjectKeys',
        actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'],
      },
      { on: 'records', actions: ['dynamodb:BatchWriteItem'] },
      { on: 'alerts', actions: ['dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'] },
      { on: 'dueCues', actions: ['dynamodb:BatchWriteItem'] },
      {
        on: 'identityReviews',
        actions: [
          'dynamodb:BatchGetItem',
          'dynamodb:PartiQLInsert',
          'dynamodb:PartiQLUpdate',
          'dynamodb:PartiQLDelete',
        ],
      },
      CHANGES_THE_INDEX,
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'quarantine', actions: ['s3:PutObject'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  archive: {
    entry: 'functions/evidence/archive/handler.ts',
    purpose: 'writes lineage rows to the evidence bucket as Parquet, a long window at a time',
    trigger: {
      kind: 'stream',
      stream: 'lineage',
      batchSize: 10_000,
      windowSeconds: { parameter: 'ArchiveWindowSeconds' },
      parallelizationFactor: 1,
      bisectOnError: false,
      reportItemFailures: false,
      retryAttempts: 100,
      recordAgeSecondsMax: 79_200,
    },
    memoryMb: 1_769,
    timeoutSeconds: 300,
    access: [
      { on: 'evidence', actions: ['s3:PutObject', 's3:GetObject'], prefix: 'v1/' },
      { on: 'evidence', actions: ['s3:PutObject'], prefix: 'log/pending/' },
      { on: 'evidence', actions: ['s3:ListBucket'] },
    ],
  },
  checkpoint: {
    entry: 'functions/evidence/log/checkpoint-handler.ts',
    purpose: 'appends what was archived to the evidence log and signs its new state',
    trigger: { kind: 'schedule', everyMinutes: 60 },
    memoryMb: 1_024,
    timeoutSeconds: 900,
    reservedConcurrency: 1,
    access: [
      { on: 'evidence', actions: ['s3:GetObject'] },
      { on: 'evidence', actions: ['s3:PutObject'], prefix: 'log/' },
      { on: 'evidence', actions: ['s3:DeleteObject'], prefix: 'log/pending/' },
      { on: 'evidence', actions: ['s3:ListBucket'] },
      { on: 'checkpoints', actions: ['s3:GetObject', 's3:PutObject'] },
      { on: 'checkpoints', actions: ['s3:ListBucket'] },
      { on: 'signingKey', actions: ['kms:GetPublicKey', 'kms:Sign'] },
    ],
  },
  compact: {
    entry: 'functions/evidence/compact/handler.ts',
    purpose: 'puts the small objects of an hour of the archive together',
    trigger: { kind: 'task' },
    memoryMb: 3_008,
    timeoutSeconds: 900,
    // One writer: a step looks what is there and then writes.
    reservedConcurrency: 1,
    access: [
      { on: 'evidence', actions: ['s3:GetObject'] },
      { on: 'evidence', actions: ['s3:DeleteObject', 's3:PutObject'], prefix: 'v1/' },
      { on: 'evidence', actions: ['s3:PutObject'], prefix: 'log/pending/' },
      { on: 'evidence', actions: ['s3:ListBucket'] },
      { on: 'checkpoints', actions: ['s3:GetObject'] },
      { on: 'checkpoints', actions: ['s3:ListBucket'] },
      { on: 'signingKey', actions: ['kms:GetPublicKey'] },
    ],
  },
  audit: {
    entry: 'functions/evidence/audit/handler.ts',
    purpose: 'checks the archive against its log and its signed states, every day',
    trigger: { kind: 'schedule', everyMinutes: 1_440 },
    memoryMb: 3_008,
    timeoutSeconds: 900,
    reservedConcurrency: 1,
    access: [
      { on: 'evidence', actions: ['s3:GetObject'] },
      { on: 'evidence', actions: ['s3:ListBucket'] },
      { on: 'checkpoints', actions: ['s3:GetObject'] },
      { on: 'checkpoints', actions: ['s3:ListBucket'] },
      { on: 'signingKey', actions: ['kms:GetPublicKey'] },
    ],
  },
  sweep: {
    entry: 'functions/pipeline/understand/sweep-handler.ts',
    purpose: 'looks at what should have happened by now and did not',
    trigger: { kind: 'schedule', everyMinutes: 1 },
    memoryMb: 512,
    timeoutSeconds: 55,
    reservedConcurrency: 1,
    keyPurposes: ['understand'],
    access: [
      {
        on: 'dueCues',
        actions: [
          'dynamodb:Query',
          'dynamodb:Scan',
          'dynamodb:BatchWriteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
        ],
      },
      { on: 'profiles', actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLUpdate'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLUpdate'] },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem'] },
      { on: 'alerts', actions: ['dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  serve: {
    entry: 'functions/pipeline/6-serve/handler.ts',
    purpose: 'answers operational systems: profiles, subjects, consents, alerts, receipts, identity',
    trigger: {
      kind: 'http',
      api: 'operations',
      routes: [
        route('POST', '/v1/profiles/lookup', 'profiles:read', OPERATE, 'attributes:read'),
        route('GET', '/v1/subjects/{subjectId}', 'profiles:read', OPERATE, 'attributes:read'),
        route('POST', '/v1/identity/conflicts/settle', 'identity:write', STEWARD),
        { ...route('POST', '/v1/consents', 'consents:write', OPERATE), fromBrowsers: true },
        { ...route('POST', '/v1/consents/lookup', 'consents:read', OPERATE), fromBrowsers: true },
        route('GET', '/v1/alerts', 'alerts:read', OPERATE),
        route('POST', '/v1/alerts/{alertId}/acknowledge', 'alerts:write', OPERATE),
        route('POST', '/v1/alerts/{alertId}/resolve', 'alerts:write', OPERATE),
        route('GET', '/v1/identity/reviews', 'identity:read', STEWARD),
        route('POST', '/v1/identity/reviews/{reviewId}', 'identity:write', STEWARD),
        route('GET', '/v1/identity/conflicts', 'identity:read', STEWARD, 'attributes:read'),
        route('POST', '/v1/identity/unmerge', 'identity:write', STEWARD),
        route('GET', '/v1/subjects/{subjectId}/links', 'identity:read', STEWARD),
        route('GET', '/v1/sources', 'write-keys:read', STEWARD),
        route('POST', '/v1/receipts/lookup', 'quarantine:read', OPERATE),
        route('POST', '/v1/evidence/row-refs', 'evidence:read', STEWARD),
      ],
    },
    memoryMb: 1_024,
    timeoutSeconds: 10,
    keyPurposes: ['serve'],
    access: [
      { on: 'profiles', actions: ['dynamodb:BatchGetItem', 'dynamodb:Query'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem'] },
      {
        on: 'alerts',
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        indexes: true,
      },
      { on: 'records', actions: ['dynamodb:BatchGetItem'] },
      { on: 'signals', actions: ['kinesis:PutRecords'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      {
        on: 'identityReviews',
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        indexes: true,
      },
      { on: 'signals', actions: ['kinesis:PutRecords'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  derive: {
    entry: 'functions/evidence/derive/handler.ts',
    purpose: 'derives effects and whole profiles again from the archive, and compares',
    trigger: {
      kind: 'http',
      api: 'operations',
      routes: [
        route('POST', '/v1/evidence/explain', 'evidence:read', STEWARD),
        route('POST', '/v1/evidence/rebuild', 'evidence:write', STEWARD),
        route('POST', '/v1/evidence/rebuild/comparison', 'evidence:read', STEWARD),
        route('POST', '/v1/evidence/rebuild/clearing', 'evidence:write', STEWARD),
      ],
    },
    memoryMb: 1_769,
    timeoutSeconds: 29,
    keyPurposes: ['derive'],
    access: [
      { on: 'evidence', actions: ['s3:GetObject'], prefix: 'v1/' },
      { on: 'evidence', actions: ['s3:ListBucket'] },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem', 'dynamodb:Scan'] },
      { on: 'profiles', actions: ['dynamodb:Scan'] },
      {
        on: 'rebuiltProfiles',
        actions: [
          'dynamodb:BatchGetItem',
          'dynamodb:Query',
          'dynamodb:Scan',
          'dynamodb:BatchWriteItem',
          'dynamodb:PartiQLInsert',
          'dynamodb:PartiQLUpdate',
          'dynamodb:PutItem',
        ],
      },
      {
        on: 'rebuiltSubjects',
        actions: [
          'dynamodb:BatchGetItem',
          'dynamodb:Scan',
          'dynamodb:BatchWriteItem',
          'dynamodb:PartiQLUpdate',
          'dynamodb:PutItem',
          'dynamodb:DeleteItem',
        ],
      },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  incidents: {
    entry: 'functions/rights/breach/incidents-handler.ts',
    purpose: 'opens incidents of exposed data, lists whom they affect and counts the time to tell of them',
    trigger: {
      kind: 'http',
      api: 'operations',
      routes: [
        route('POST', '/v1/incidents', 'incidents:write', STEWARD),
        route('GET', '/v1/incidents', 'incidents:read', STEWARD),
        route('GET', '/v1/incidents/{id}', 'incidents:read', STEWARD),
        route('POST', '/v1/incidents/{id}/assess', 'incidents:write', STEWARD),
        route('POST', '/v1/incidents/{id}/notify', 'incidents:write', STEWARD),
        route('POST', '/v1/incidents/{id}/close', 'incidents:write', STEWARD),
      ],
    },
    memoryMb: 1_024,
    timeoutSeconds: 29,
    keyPurposes: ['affected'],
    access: [
      {
        on: 'incidents',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        indexes: true,
      },
      { on: 'profiles', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjectKeys', actions: ['dynamodb:Scan'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  incidentReminders: {
    entry: 'functions/rights/breach/reminders-handler.ts',
    purpose: 'reminds of incidents that the law wants told, and tells what a crash left untold',
    trigger: { kind: 'schedule', everyMinutes: 5 },
    memoryMb: 512,
    timeoutSeconds: 60,
    reservedConcurrency: 1,
    access: [
      {
        on: 'incidents',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        indexes: true,
      },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
    ],
  },
  logWatch: {
    entry: 'functions/rights/breach/watch-handler.ts',
    purpose: 'searches the log lines of all others for personal data, and opens an incident where some is',
    trigger: { kind: 'logs' },
    memoryMb: 512,
    timeoutSeconds: 60,
    // A flood of lines waits in CloudWatch Logs rather than taking the concurrency of what serves customers.
    reservedConcurrency: 2,
    access: [
      {
        on: 'incidents',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
    ],
  },
  keyWatch: {
    entry: 'functions/rights/breach/key-watch-handler.ts',
    purpose: 'opens an incident where somebody else than these functions touched secrets of subjects',
    trigger: { kind: 'strangers', table: 'subjectKeys' },
    memoryMb: 1_024,
    timeoutSeconds: 900,
    reservedConcurrency: 1,
    keyPurposes: ['affected'],
    access: [
      {
        on: 'incidents',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      },
      { on: 'profiles', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjectKeys', actions: ['dynamodb:Scan'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
    ],
  },
  quarantine: {
    entry: 'functions/pipeline/1-collect/quarantine-handler.ts',
    purpose: 'lists quarantined events for their steward and replays them after repair',
    trigger: {
      kind: 'http',
      api: 'operations',
      routes: [
        route('GET', '/v1/quarantine', 'quarantine:read', STEWARD),
        route('POST', '/v1/quarantine/replay', 'quarantine:write', STEWARD),
      ],
    },
    memoryMb: 1_024,
    timeoutSeconds: 25,
    access: [
      {
        on: 'records',
        actions: ['dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:UpdateItem'],
        indexes: true,
      },
      { on: 'quarantine', actions: ['s3:GetObject'] },
      { on: 'signals', actions: ['kinesis:PutRecords'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  salvage: {
    entry: 'functions/pipeline/1-collect/salvage-handler.ts',
    purpose:
      'moves stream records that a function gave up on into the quarantine bucket before the stream forgets them',
    trigger: { kind: 'failures-of', functions: ['understand', 'archive'] },
    memoryMb: 512,
    timeoutSeconds: 60,
    access: [
      { on: 'signals', actions: ['kinesis:GetShardIterator', 'kinesis:GetRecords'] },
      { on: 'lineage', actions: ['kinesis:GetShardIterator', 'kinesis:GetRecords'] },
      { on: 'quarantine', actions: ['s3:PutObject'] },
    ],
  },
  privacy: {
    entry: 'functions/rights/privacy-request/api-handler.ts',
    purpose: 'receives privacy requests, proofs of identity and notices, and hands exports over',
    trigger: {
      kind: 'http',
      api: 'operations',
      routes: [
        route('POST', '/v1/privacy-requests', 'privacy:write', STEWARD),
        route('GET', '/v1/privacy-requests/{requestId}', 'privacy:read', STEWARD),
        route('POST', '/v1/privacy-requests/{requestId}/verification', 'privacy:write', STEWARD),
        route('POST', '/v1/privacy-requests/{requestId}/input', 'privacy:write', STEWARD),
        route('POST', '/v1/privacy-requests/{requestId}/accuracy', 'privacy:write', STEWARD),
        route('POST', '/v1/privacy-requests/{requestId}/lift', 'privacy:write', STEWARD),
        route('POST', '/v1/privacy-requests/{requestId}/extension', 'privacy:write', STEWARD),
        route('POST', '/v1/privacy-requests/{requestId}/link', 'privacy:write', STEWARD),
        route('POST', '/v1/privacy-exports', 'privacy:export', STEWARD),
      ],
    },
    memoryMb: 1_024,
    timeoutSeconds: 25,
    keyPurposes: ['disclose'],
    access: [
      REQUESTS,
      ...READS_PERSONS,
      { on: 'exports', actions: ['s3:GetObject'], prefix: 'v1/' },
      { on: 'exports', actions: ['s3:ListBucket'] },
      ...TELLS_OF_REQUESTS,
      { on: 'privacyRequest', actions: ['states:StartExecution'] },
    ],
  },
  privacyStep: {
    entry: 'functions/rights/privacy-request/step-handler.ts',
    purpose:
      'decides what a privacy request needs next, records choices, corrects, restricts processing and frees it',
    trigger: { kind: 'task' },
    memoryMb: 512,
    timeoutSeconds: 120,
    keyPurposes: ['correct'],
    access: [
      REQUESTS_IN_QUEUES,
      { on: 'profiles', actions: ['dynamodb:BatchGetItem', ...PROFILE_WRITES] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem'] },
      { on: 'signals', actions: ['kinesis:PutRecords'] },
      ...TELLS_OF_REQUESTS,
      { on: 'privacyRequest', actions: ['states:StartExecution'] },
    ],
  },
  privacyErase: {
    entry: 'functions/rights/privacy-request/erase-handler.ts',
    purpose: 'erases a person: suppresses, purges, deletes keys and certifies it',
    trigger: { kind: 'task' },
    memoryMb: 1_024,
    timeoutSeconds: 300,
    keyPurposes: ['erase'],
    access: [
      REQUESTS_IN_QUEUES,
      {
        on: 'profiles',
        actions: ['dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:BatchWriteItem', ...PROFILE_WRITES],
      },
      { on: 'rebuiltProfiles', actions: ['dynamodb:Query', 'dynamodb:BatchWriteItem'] },
      { on: 'rebuiltSubjects', actions: ['dynamodb:BatchWriteItem'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem'] },
      CHANGES_THE_INDEX,
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'] },
      { on: 'alerts', actions: ['dynamodb:Query', 'dynamodb:BatchWriteItem'], indexes: true },
      { on: 'dueCues', actions: ['dynamodb:BatchWriteItem'] },
      {
        on: 'identityReviews',
        actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLUpdate', 'dynamodb:PartiQLDelete'],
      },
      { on: 'records', actions: ['dynamodb:Query', 'dynamodb:BatchWriteItem'], indexes: true },
      {
        on: 'quarantine',
        actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObjectVersion'],
        prefix: 'v1/',
      },
      { on: 'quarantine', actions: ['s3:ListBucket', 's3:ListBucketVersions'] },
      { on: 'evidence', actions: ['s3:PutObject', 's3:GetObject'], prefix: 'v1/certificates/' },
      { on: 'evidence', actions: ['s3:PutObject'], prefix: 'log/pending/' },
      { on: 'evidence', actions: ['s3:ListBucket'] },
      { on: 'signingKey', actions: ['kms:Sign'] },
      ...TELLS_OF_REQUESTS,
    ],
  },
  privacyExport: {
    entry: 'functions/rights/privacy-request/export-handler.ts',
    purpose: 'gathers what is held of a person and seals it for them',
    trigger: { kind: 'task' },
    memoryMb: 3_008,
    timeoutSeconds: 900,
    keyPurposes: ['disclose'],
    access: [
      REQUESTS,
      ...READS_PERSONS,
      { on: 'alerts', actions: ['dynamodb:Query'], indexes: true },
      { on: 'records', actions: ['dynamodb:Query'], indexes: true },
      { on: 'quarantine', actions: ['s3:GetObject'], prefix: 'v1/' },
      { on: 'quarantine', actions: ['s3:ListBucket'] },
      { on: 'evidence', actions: ['s3:GetObject'], prefix: 'v1/' },
      { on: 'evidence', actions: ['s3:ListBucket'] },
      { on: 'exports', actions: ['s3:PutObject'], prefix: 'v1/' },
      ...TELLS_OF_REQUESTS,
    ],
  },
  retention: {
    entry: 'functions/rights/retention/handler.ts',
    purpose: 'looks through every store for what is past its time, and rolls months up before they go',
    trigger: { kind: 'task' },
    memoryMb: 3_008,
    timeoutSeconds: 900,
    keyPurposes: ['forget'],
    access: [
      { on: 'profiles', actions: [...LOOK_THROUGH_PROFILES, 'dynamodb:ConditionCheckItem'] },
      { on: 'subjectKeys', actions: [...LOOK_THROUGH_SUBJECTS, 'dynamodb:BatchGetItem'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
      CHANGES_THE_INDEX,
      { on: 'subjects', actions: LOOK_THROUGH_SUBJECTS },
      { on: 'rebuiltProfiles', actions: LOOK_THROUGH_PROFILES },
      { on: 'rebuiltSubjects', actions: LOOK_THROUGH_SUBJECTS },
      { on: 'records', actions: LOOK_THROUGH },
      { on: 'alerts', actions: LOOK_THROUGH },
      { on: 'dueCues', actions: LOOK_THROUGH },
      { on: 'identityReviews', actions: LOOK_THROUGH },
      {
        on: 'evidence',
        actions: ['s3:PutObject', 's3:GetObject', 's3:DeleteObjectVersion'],
        prefix: 'v1/',
      },
      { on: 'evidence', actions: ['s3:PutObject'], prefix: 'log/pending/' },
      { on: 'evidence', actions: ['s3:ListBucket', 's3:ListBucketVersions'] },
      { on: 'quarantine', actions: ['s3:DeleteObjectVersion', 's3:ListBucketVersions'] },
      { on: 'answers', actions: ['s3:DeleteObjectVersion', 's3:ListBucketVersions'] },
      { on: 'exports', actions: ['s3:DeleteObjectVersion', 's3:ListBucketVersions'] },
      { on: 'accessLogs', actions: ['s3:DeleteObjectVersion', 's3:ListBucketVersions'] },
      { on: 'signals', actions: ['kinesis:DescribeStreamSummary'] },
      { on: 'lineage', actions: ['kinesis:DescribeStreamSummary', 'kinesis:PutRecords'] },
    ],
  },
} as const satisfies Record<string, FlowFunction>;

export type FunctionId = keyof typeof flow;

/** What a function of the map may use secrets of subjects for; never, without access to them. */
export type KeyPurposeOf<Id extends FunctionId> = (typeof flow)[Id] extends {
  readonly keyPurposes: readonly (infer Purpose extends KeyPurpose)[];
}
  ? Purpose
  : never;

/** Environment every function has besides its resources' names. */
export const COMMON_ENV = ['JURISDICTION', 'SIGNAL_BUCKETS', 'PEER_ENDPOINTS', 'PUBLIC_HOLIDAYS'] as const;

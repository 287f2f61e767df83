/**
 * The map: every function, what triggers it, what it touches and with which actions. `lib` synthesizes triggers,
 * environment variables and least-privilege grants from it, so code that needs a new permission says so here, and
 * nothing is granted that this page does not show. Plain values only.
 */
import type { FlowMachine, MachineRetry } from './contracts/machines.ts';

export type ResourceKind = 'stream' | 'table' | 'bucket' | 'bus' | 'mac-key' | 'signing-key' | 'machine';

/** What a stack consists of. The key names the resource everywhere; `env` is the variable that tells a function its
 * physical name (an ARN for keys and machines). */
export const resources = {
  signals: { kind: 'stream', env: 'SIGNALS_STREAM' },
  lineage: { kind: 'stream', env: 'LINEAGE_STREAM' },
  /** Atoms: state, window of seen messages, older seen pages. Hot: no index. */
  profiles: { kind: 'table', env: 'PROFILES_TABLE' },
  /** Subjects of several atoms: nodes, edges, published segments. */
  subjects: { kind: 'table', env: 'SUBJECTS_TABLE' },
  /** The secret of each atom. Erasure deletes it, and with it everything that was sealed. */
  subjectKeys: { kind: 'table', env: 'SUBJECT_KEYS_TABLE' },
  /** Profiles and subjects as the archive has them, for comparing with the live ones; empty otherwise. */
  rebuiltProfiles: { kind: 'table', env: 'REBUILT_PROFILES_TABLE' },
  rebuiltSubjects: { kind: 'table', env: 'REBUILT_SUBJECTS_TABLE' },
  /** Outcomes of events that were not applied, by message token; expires. */
  records: { kind: 'table', env: 'RECORDS_TABLE' },
  alerts: { kind: 'table', env: 'ALERTS_TABLE' },
  /** Exposures of personal data: each with its deadlines, and tokens of whom it affects. */
  incidents: { kind: 'table', env: 'INCIDENTS_TABLE' },
  /** Absence cues by the minute in which they fall due. */
  dueCues: { kind: 'table', env: 'DUE_CUES_TABLE' },
  /** Records by what they say of a person: keyed hashes and atom ids, for matching. */
  candidates: { kind: 'table', env: 'CANDIDATES_TABLE' },
  /** Pairs that may be one person, for stewards to decide; expires. */
  identityReviews: { kind: 'table', env: 'IDENTITY_REVIEWS_TABLE' },
  /** Privacy requests by id, with what is needed to finish them and to do them again after a restore. */
  privacyRequests: { kind: 'table', env: 'PRIVACY_REQUESTS_TABLE' },
  quarantine: { kind: 'bucket', env: 'QUARANTINE_BUCKET' },
  evidence: { kind: 'bucket', env: 'EVIDENCE_BUCKET' },
  /** What people asked to have of themselves, for a week. */
  exports: { kind: 'bucket', env: 'EXPORTS_BUCKET' },
  /** Signed states of the evidence log, locked: nobody can take one away before its time. */
  checkpoints: { kind: 'bucket', env: 'CHECKPOINTS_BUCKET' },
  /** What Athena answered, for a few days. */
  answers: { kind: 'bucket', env: 'ANSWERS_BUCKET' },
  events: { kind: 'bus', env: 'EVENT_BUS' },
  /** HMAC key: the root from which the token and write-key secrets are derived in memory. */
  tokenKey: { kind: 'mac-key', env: 'TOKEN_KEY_ARN' },
  /** P-256 key that signs the states of the evidence log. */
  signingKey: { kind: 'signing-key', env: 'SIGNING_KEY_ARN' },
  /** Works on privacy requests, an execution at a time for each. */
  privacyRequest: { kind: 'machine', env: 'PRIVACY_REQUEST_MACHINE_ARN' },
  privacyDaily: { kind: 'machine', env: 'PRIVACY_DAILY_MACHINE_ARN' },
  retention: { kind: 'machine', env: 'RETENTION_MACHINE_ARN' },
} as const satisfies Record<string, { kind: ResourceKind; env: string }>;

export type ResourceId = keyof typeof resources;
export type MachineId = {
  [Id in ResourceId]: (typeof resources)[Id]['kind'] extends 'machine' ? Id : never;
}[ResourceId];

/** Actions a function takes on one resource. Written out, never a wildcard. */
export interface Access {
  readonly on: ResourceId;
  readonly actions: readonly string[];
  /** For tables: the actions also reach the table's indexes. */
  readonly indexes?: true;
  /** For buckets: only keys under this prefix (default: all keys). */
  readonly prefix?: string;
}

export interface HttpTrigger {
  readonly kind: 'http';
  readonly api: 'collect' | 'operations';
  readonly routes: readonly HttpRoute[];
}
export interface HttpRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Scope that the operations API's JWT must carry. */
  readonly scope?: string;
  /** Scope with which the answer holds more; the function itself looks for it. */
  readonly fullerWith?: string;
  readonly throttle: { readonly ratePerSecond: number; readonly burst: number };
}
export interface StreamTrigger {
  readonly kind: 'stream';
  readonly stream: 'signals' | 'lineage';
  readonly batchSize: number;
  /** Seconds; a number, or the name of a stack parameter. */
  readonly windowSeconds: number | { readonly parameter: 'ArchiveWindowSeconds' };
  readonly parallelizationFactor: number;
  readonly bisectOnError: boolean;
  readonly reportItemFailures: boolean;
  readonly retryAttempts: number;
  readonly recordAgeSecondsMax: number;
}
export interface ScheduleTrigger {
  readonly kind: 'schedule';
  readonly everyMinutes: number;
}
/** Records that a stream function gave up on: the queue that is that function's on-failure destination. */
export interface FailureTrigger {
  readonly kind: 'failures-of';
  readonly functions: readonly ('understand' | 'archive')[];
}
/** A step of a state machine invokes the function: see `machines`. */
export interface TaskTrigger {
  readonly kind: 'task';
}
/** What all other functions and the APIs log. Its own lines it never sees, or each would cause another. */
export interface LogsTrigger {
  readonly kind: 'logs';
}

export interface FlowFunction {
  readonly entry: string;
  readonly purpose: string;
  readonly trigger:
    | HttpTrigger
    | StreamTrigger
    | ScheduleTrigger
    | FailureTrigger
    | TaskTrigger
    | LogsTrigger;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Concurrent executions set aside (and the most there can be). Absent: unreserved. */
  readonly reservedConcurrency?: number;
  readonly access: readonly Access[];
}

const INGEST = { ratePerSecond: 2_000, burst: 4_000 } as const;
const OPERATE = { ratePerSecond: 200, burst: 400 } as const;
const STEWARD = { ratePerSecond: 10, burst: 20 } as const;
/** Over an hour: what does not pass by then is for a person to look at. */
const STEP_RETRY: MachineRetry = { attempts: 10, intervalSeconds: 2 };
const privacyStep = (step: string) =>
  ({
    kind: 'task',
    function: 'privacyStep',
    with: { step },
    timeoutSeconds: 120,
    retry: STEP_RETRY,
  }) as const;
const eraseStep = (step: string) =>
  ({
    kind: 'task',
    function: 'privacyErase',
    with: { step },
    result: 'discarded',
    timeoutSeconds: 300,
    retry: STEP_RETRY,
    catch: 'Fail',
  }) as const;
const collectRoute = (path: string): HttpRoute => ({ method: 'POST', path, throttle: INGEST });

const LOOK_THROUGH = ['dynamodb:Scan', 'dynamodb:DeleteItem'] as const;
const LOOK_THROUGH_PROFILES = [...LOOK_THROUGH, 'dynamodb:BatchGetItem', 'dynamodb:UpdateItem'] as const;

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
      { on: 'records', actions: ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'] },
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
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLInsert'] },
      { on: 'records', actions: ['dynamodb:BatchWriteItem'] },
      { on: 'alerts', actions: ['dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'] },
      { on: 'dueCues', actions: ['dynamodb:BatchWriteItem'] },
      { on: 'identityReviews', actions: ['dynamodb:PartiQLInsert'] },
      {
        on: 'candidates',
        actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'],
      },
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
    trigger: { kind: 'schedule', everyMinutes: 60 },
    memoryMb: 3_008,
    timeoutSeconds: 900,
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
    access: [
      {
        on: 'dueCues',
        actions: ['dynamodb:Query', 'dynamodb:BatchWriteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
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
        {
          method: 'POST',
          path: '/v1/profiles/lookup',
          scope: 'profiles:read',
          fullerWith: 'attributes:read',
          throttle: OPERATE,
        },
        {
          method: 'GET',
          path: '/v1/subjects/{subjectId}',
          scope: 'profiles:read',
          fullerWith: 'attributes:read',
          throttle: OPERATE,
        },
        {
          method: 'POST',
          path: '/v1/identity/conflicts/settle',
          scope: 'identity:write',
          throttle: STEWARD,
        },
        { method: 'POST', path: '/v1/consents', scope: 'consents:write', throttle: OPERATE },
        { method: 'POST', path: '/v1/consents/lookup', scope: 'consents:read', throttle: OPERATE },
        { method: 'GET', path: '/v1/alerts', scope: 'alerts:read', throttle: OPERATE },
        {
          method: 'POST',
          path: '/v1/alerts/{alertId}/acknowledge',
          scope: 'alerts:write',
          throttle: OPERATE,
        },
        { method: 'POST', path: '/v1/alerts/{alertId}/resolve', scope: 'alerts:write', throttle: OPERATE },
        { method: 'GET', path: '/v1/identity/reviews', scope: 'identity:read', throttle: STEWARD },
        {
          method: 'POST',
          path: '/v1/identity/reviews/{reviewId}',
          scope: 'identity:write',
          throttle: STEWARD,
        },
        { method: 'POST', path: '/v1/identity/unmerge', scope: 'identity:write', throttle: STEWARD },
        {
          method: 'GET',
          path: '/v1/subjects/{subjectId}/links',
          scope: 'identity:read',
          throttle: STEWARD,
        },
        { method: 'GET', path: '/v1/sources', scope: 'write-keys:read', throttle: STEWARD },
        { method: 'POST', path: '/v1/receipts/lookup', scope: 'quarantine:read', throttle: OPERATE },
        { method: 'POST', path: '/v1/evidence/row-refs', scope: 'evidence:read', throttle: STEWARD },
      ],
    },
    memoryMb: 1_024,
    timeoutSeconds: 10,
    access: [
      { on: 'profiles', actions: ['dynamodb:BatchGetItem', 'dynamodb:Query'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem'] },
      { on: 'alerts', actions: ['dynamodb:Query', 'dynamodb:UpdateItem'], indexes: true },
      { on: 'records', actions: ['dynamodb:BatchGetItem'] },
      { on: 'signals', actions: ['kinesis:PutRecords'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'identityReviews', actions: ['dynamodb:Query', 'dynamodb:UpdateItem'], indexes: true },
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
        { method: 'POST', path: '/v1/evidence/explain', scope: 'evidence:read', throttle: STEWARD },
        { method: 'POST', path: '/v1/evidence/rebuild', scope: 'evidence:write', throttle: STEWARD },
        {
          method: 'POST',
          path: '/v1/evidence/rebuild/comparison',
          scope: 'evidence:read',
          throttle: STEWARD,
        },
        { method: 'POST', path: '/v1/evidence/rebuild/clearing', scope: 'evidence:write', throttle: STEWARD },
      ],
    },
    memoryMb: 1_769,
    timeoutSeconds: 29,
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
        { method: 'POST', path: '/v1/incidents', scope: 'incidents:write', throttle: STEWARD },
        { method: 'GET', path: '/v1/incidents', scope: 'incidents:read', throttle: STEWARD },
        { method: 'GET', path: '/v1/incidents/{id}', scope: 'incidents:read', throttle: STEWARD },
        { method: 'POST', path: '/v1/incidents/{id}/assess', scope: 'incidents:write', throttle: STEWARD },
        { method: 'POST', path: '/v1/incidents/{id}/notify', scope: 'incidents:write', throttle: STEWARD },
        { method: 'POST', path: '/v1/incidents/{id}/close', scope: 'incidents:write', throttle: STEWARD },
      ],
    },
    memoryMb: 1_024,
    timeoutSeconds: 29,
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
  quarantine: {
    entry: 'functions/pipeline/1-collect/quarantine-handler.ts',
    purpose: 'lists quarantined events for their steward and replays them after repair',
    trigger: {
      kind: 'http',
      api: 'operations',
      routes: [
        { method: 'GET', path: '/v1/quarantine', scope: 'quarantine:read', throttle: STEWARD },
        { method: 'POST', path: '/v1/quarantine/replay', scope: 'quarantine:write', throttle: STEWARD },
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
        { method: 'POST', path: '/v1/privacy-requests', scope: 'privacy:write', throttle: STEWARD },
        { method: 'GET', path: '/v1/privacy-requests/{requestId}', scope: 'privacy:read', throttle: STEWARD },
        {
          method: 'POST',
          path: '/v1/privacy-requests/{requestId}/verification',
          scope: 'privacy:write',
          throttle: STEWARD,
        },
        {
          method: 'POST',
          path: '/v1/privacy-requests/{requestId}/input',
          scope: 'privacy:write',
          throttle: STEWARD,
        },
        {
          method: 'POST',
          path: '/v1/privacy-requests/{requestId}/extension',
          scope: 'privacy:write',
          throttle: STEWARD,
        },
        {
          method: 'POST',
          path: '/v1/privacy-requests/{requestId}/link',
          scope: 'privacy:write',
          throttle: STEWARD,
        },
        { method: 'POST', path: '/v1/privacy-exports', scope: 'privacy:export', throttle: STEWARD },
      ],
    },
    memoryMb: 1_024,
    timeoutSeconds: 25,
    access: [
      {
        on: 'privacyRequests',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
      },
      { on: 'profiles', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem'] },
      { on: 'exports', actions: ['s3:GetObject'], prefix: 'v1/' },
      { on: 'exports', actions: ['s3:ListBucket'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
      { on: 'privacyRequest', actions: ['states:StartExecution'] },
    ],
  },
  privacyStep: {
    entry: 'functions/rights/privacy-request/step-handler.ts',
    purpose: 'decides what a privacy request needs next, records choices and restricts processing',
    trigger: { kind: 'task' },
    memoryMb: 512,
    timeoutSeconds: 120,
    access: [
      {
        on: 'privacyRequests',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
        indexes: true,
      },
      {
        on: 'profiles',
        actions: [
          'dynamodb:BatchGetItem',
          'dynamodb:PartiQLInsert',
          'dynamodb:PartiQLUpdate',
          'dynamodb:PutItem',
        ],
      },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'signals', actions: ['kinesis:PutRecords'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
      { on: 'privacyRequest', actions: ['states:StartExecution'] },
    ],
  },
  privacyErase: {
    entry: 'functions/rights/privacy-request/erase-handler.ts',
    purpose: 'erases a person: suppresses, purges, deletes keys and certifies it',
    trigger: { kind: 'task' },
    memoryMb: 1_024,
    timeoutSeconds: 300,
    access: [
      {
        on: 'privacyRequests',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Query'],
        indexes: true,
      },
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
      { on: 'rebuiltProfiles', actions: ['dynamodb:Query', 'dynamodb:BatchWriteItem'] },
      { on: 'rebuiltSubjects', actions: ['dynamodb:BatchWriteItem'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem'] },
      {
        on: 'candidates',
        actions: ['dynamodb:BatchGetItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'],
      },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'] },
      { on: 'alerts', actions: ['dynamodb:Query', 'dynamodb:BatchWriteItem'], indexes: true },
      { on: 'dueCues', actions: ['dynamodb:BatchWriteItem'] },
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
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  privacyExport: {
    entry: 'functions/rights/privacy-request/export-handler.ts',
    purpose: 'gathers what is held of a person and seals it for them',
    trigger: { kind: 'task' },
    memoryMb: 3_008,
    timeoutSeconds: 900,
    access: [
      {
        on: 'privacyRequests',
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
      },
      { on: 'profiles', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjects', actions: ['dynamodb:BatchGetItem'] },
      { on: 'subjectKeys', actions: ['dynamodb:BatchGetItem'] },
      { on: 'alerts', actions: ['dynamodb:Query'], indexes: true },
      { on: 'records', actions: ['dynamodb:Query'], indexes: true },
      { on: 'quarantine', actions: ['s3:GetObject'], prefix: 'v1/' },
      { on: 'quarantine', actions: ['s3:ListBucket'] },
      { on: 'evidence', actions: ['s3:GetObject'], prefix: 'v1/' },
      { on: 'evidence', actions: ['s3:ListBucket'] },
      { on: 'exports', actions: ['s3:PutObject'], prefix: 'v1/' },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  retention: {
    entry: 'functions/rights/retention/handler.ts',
    purpose: 'looks through every store for what is past its time, and rolls months up before they go',
    trigger: { kind: 'task' },
    memoryMb: 3_008,
    timeoutSeconds: 900,
    access: [
      { on: 'profiles', actions: LOOK_THROUGH_PROFILES },
      { on: 'subjects', actions: LOOK_THROUGH },
      { on: 'rebuiltProfiles', actions: LOOK_THROUGH_PROFILES },
      { on: 'rebuiltSubjects', actions: LOOK_THROUGH },
      { on: 'records', actions: LOOK_THROUGH },
      { on: 'alerts', actions: LOOK_THROUGH },
      { on: 'dueCues', actions: LOOK_THROUGH },
      {
        on: 'evidence',
        actions: ['s3:PutObject', 's3:GetObject', 's3:DeleteObjectVersion'],
        prefix: 'v1/',
      },
      { on: 'evidence', actions: ['s3:PutObject'], prefix: 'log/pending/' },
      { on: 'evidence', actions: ['s3:ListBucket', 's3:ListBucketVersions'] },
      { on: 'quarantine', actions: ['s3:DeleteObjectVersion', 's3:ListBucketVersions'] },
      { on: 'answers', actions: ['s3:DeleteObjectVersion', 's3:ListBucketVersions'] },
      { on: 'signals', actions: ['kinesis:DescribeStreamSummary'] },
      { on: 'lineage', actions: ['kinesis:DescribeStreamSummary', 'kinesis:PutRecords'] },
    ],
  },
} as const satisfies Record<string, FlowFunction>;

export type FunctionId = keyof typeof flow;

const RETENTION_STEP = {
  kind: 'task',
  function: 'retention',
  timeoutSeconds: 900,
  retry: { attempts: 5, intervalSeconds: 10 },
} as const;

/** State machines, by the id of their resource. Their tasks are functions whose trigger is `task`. */
export const machines: Readonly<Record<MachineId, FlowMachine>> = {
  retention: {
    purpose: 'rolls months up, removes what is past its time, and proves that nothing is',
    startAt: 'Begin',
    timeoutSeconds: 82_800,
    everyMinutes: 1_440,
    states: {
      Begin: { ...RETENTION_STEP, with: { step: 'begin' }, next: 'RollUp' },
      RollUp: {
        kind: 'each',
        listPath: '$.months',
        concurrency: 1,
        task: {
          function: 'retention',
          with: { step: 'roll-up' },
          timeoutSeconds: 900,
          retry: { attempts: 3, intervalSeconds: 30 },
        },
        next: 'Sweep',
      },
      Sweep: { ...RETENTION_STEP, with: { step: 'sweep' }, next: 'Swept' },
      Swept: {
        kind: 'choice',
        cases: [{ path: '$.done', equals: true, next: 'Report' }],
        otherwise: 'Sweep',
      },
      Report: { ...RETENTION_STEP, with: { step: 'report' }, next: 'Proven' },
      Proven: {
        kind: 'choice',
        cases: [{ path: '$.clean', equals: true, next: 'Done' }],
        otherwise: 'NotProven',
      },
      Done: { kind: 'succeed' },
      NotProven: { kind: 'fail', error: 'SomethingIsPastItsTime' },
    },
  },
  privacyRequest: {
    purpose: 'carries a privacy request from its receipt to its end, and wakes for its deadlines',
    startAt: 'Advance',
    timeoutSeconds: 360 * 86_400,
    states: {
      Advance: { ...privacyStep('advance'), catch: 'Fail', next: 'Which' },
      Which: {
        kind: 'choice',
        cases: [
          { path: '$.action', equals: 'wait', next: 'Wait' },
          { path: '$.action', equals: 'choose', next: 'Choose' },
          { path: '$.action', equals: 'restrict', next: 'Restrict' },
          { path: '$.action', equals: 'export', next: 'Export' },
          { path: '$.action', equals: 'erase', next: 'Floor' },
          { path: '$.action', equals: 'clear', next: 'Clear' },
        ],
        otherwise: 'Done',
      },
      Wait: { kind: 'wait', until: { timestampPath: '$.wakeAt' }, next: 'Advance' },
      Choose: { ...privacyStep('choose'), result: 'discarded', catch: 'Fail', next: 'Advance' },
      Restrict: { ...privacyStep('restrict'), result: 'discarded', catch: 'Fail', next: 'Advance' },
      Export: {
        kind: 'task',
        function: 'privacyExport',
        result: 'discarded',
        timeoutSeconds: 900,
        retry: STEP_RETRY,
        catch: 'Fail',
        next: 'Advance',
      },
      Floor: { ...privacyStep('floor'), result: '$.floor', catch: 'Fail', next: 'May' },
      May: {
        kind: 'choice',
        cases: [{ path: '$.floor.outcome', equals: 'erase', next: 'Suppress' }],
        otherwise: 'Advance',
      },
      Suppress: { ...eraseStep('suppress'), next: 'Purge' },
      Purge: { ...eraseStep('purge'), next: 'DeleteKeys' },
      DeleteKeys: { ...eraseStep('delete-keys'), next: 'Certify' },
      Certify: { ...eraseStep('certify'), next: 'Advance' },
      Clear: { ...eraseStep('clear'), next: 'Advance' },
      Fail: { ...privacyStep('fail'), result: 'discarded', next: 'Failed' },
      Failed: { kind: 'fail', error: 'PrivacyRequestFailed' },
      Done: { kind: 'succeed' },
    },
  },
  privacyDaily: {
    purpose:
      'looks after privacy requests that nobody works on, and does erasures again that a restore undid',
    startAt: 'Tick',
    timeoutSeconds: 3_600,
    everyMinutes: 1_440,
    states: {
      Tick: { ...privacyStep('tick'), result: 'discarded', next: 'Again' },
      Again: {
        kind: 'task',
        function: 'privacyErase',
        with: { step: 'again' },
        result: 'discarded',
        timeoutSeconds: 300,
        retry: STEP_RETRY,
      },
    },
  },
};

/** Environment every function has besides its resources' names. */
export const COMMON_ENV = ['JURISDICTION', 'SIGNAL_BUCKETS', 'PEER_ENDPOINTS', 'PUBLIC_HOLIDAYS'] as const;

/**
 * The map: every function, what triggers it, what it touches and with which actions. `lib` synthesizes triggers,
 * environment variables and least-privilege grants from it, so code that needs a new permission says so here, and
 * nothing is granted that this page does not show. Plain values only.
 */

/** What a stack consists of. The key names the resource everywhere; `env` is the variable that tells a function its
 * physical name (an ARN for keys). */
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
  quarantine: { kind: 'bucket', env: 'QUARANTINE_BUCKET' },
  evidence: { kind: 'bucket', env: 'EVIDENCE_BUCKET' },
  events: { kind: 'bus', env: 'EVENT_BUS' },
  /** HMAC key: the root from which the token and write-key secrets are derived in memory. */
  tokenKey: { kind: 'mac-key', env: 'TOKEN_KEY_ARN' },
} as const satisfies Record<string, { kind: 'stream' | 'table' | 'bucket' | 'bus' | 'mac-key'; env: string }>;

export type ResourceId = keyof typeof resources;

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
/** What all other functions and the APIs log. Its own lines it never sees, or each would cause another. */
export interface LogsTrigger {
  readonly kind: 'logs';
}

export interface FlowFunction {
  readonly entry: string;
  readonly purpose: string;
  readonly trigger: HttpTrigger | StreamTrigger | ScheduleTrigger | FailureTrigger | LogsTrigger;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Concurrent executions set aside (and the most there can be). Absent: unreserved. */
  readonly reservedConcurrency?: number;
  readonly access: readonly Access[];
}

const INGEST = { ratePerSecond: 2_000, burst: 4_000 } as const;
const OPERATE = { ratePerSecond: 200, burst: 400 } as const;
const STEWARD = { ratePerSecond: 10, burst: 20 } as const;
const collectRoute = (path: string): HttpRoute => ({ method: 'POST', path, throttle: INGEST });

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
      { on: 'alerts', actions: ['dynamodb:PartiQLInsert'] },
      { on: 'dueCues', actions: ['dynamodb:BatchWriteItem'] },
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
      { on: 'evidence', actions: ['s3:ListBucket'] },
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
      { on: 'alerts', actions: ['dynamodb:PartiQLInsert'] },
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
      { on: 'events', actions: ['events:PutEvents'] },
      { on: 'tokenKey', actions: ['kms:GenerateMac'] },
    ],
  },
  serve: {
    entry: 'functions/pipeline/6-serve/handler.ts',
    purpose: 'answers operational systems: profiles, subjects, alerts, receipts',
    trigger: {
      kind: 'http',
      api: 'operations',
      routes: [
        { method: 'POST', path: '/v1/profiles/lookup', scope: 'profiles:read', throttle: OPERATE },
        { method: 'GET', path: '/v1/subjects/{subjectId}', scope: 'profiles:read', throttle: OPERATE },
        { method: 'GET', path: '/v1/alerts', scope: 'alerts:read', throttle: OPERATE },
        {
          method: 'POST',
          path: '/v1/alerts/{alertId}/acknowledge',
          scope: 'alerts:write',
          throttle: OPERATE,
        },
        { method: 'POST', path: '/v1/alerts/{alertId}/resolve', scope: 'alerts:write', throttle: OPERATE },
        { method: 'GET', path: '/v1/sources', scope: 'write-keys:read', throttle: STEWARD },
        { method: 'POST', path: '/v1/receipts/lookup', scope: 'quarantine:read', throttle: OPERATE },
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
      { on: 'lineage', actions: ['kinesis:PutRecords'] },
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
} as const satisfies Record<string, FlowFunction>;

export type FunctionId = keyof typeof flow;

/** Environment every function has besides its resources' names. */
export const COMMON_ENV = ['JURISDICTION', 'SIGNAL_BUCKETS', 'PEER_ENDPOINTS', 'PUBLIC_HOLIDAYS'] as const;

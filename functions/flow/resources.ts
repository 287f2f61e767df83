/** What a stack keeps, carries and signs with, by the names that `flow.ts` and `lib` use. Plain values only. */

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
  /** What waits for stewards: pairs that may be one person, which expire, and customers of whom values contradict each other. */
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
  /** Who read or wrote what lies in the other buckets, and which strangers touched secrets of subjects. */
  accessLogs: { kind: 'bucket', env: 'ACCESS_LOGS_BUCKET' },
  events: { kind: 'bus', env: 'EVENT_BUS' },
  /** HMAC key: the root from which the token and write-key secrets are derived in memory. */
  tokenKey: { kind: 'mac-key', env: 'TOKEN_KEY_ARN' },
  /** P-256 key that signs the states of the evidence log. */
  signingKey: { kind: 'signing-key', env: 'SIGNING_KEY_ARN' },
  /** Works on privacy requests, an execution at a time for each. */
  privacyRequest: { kind: 'machine', env: 'PRIVACY_REQUEST_MACHINE_ARN' },
  privacyDaily: { kind: 'machine', env: 'PRIVACY_DAILY_MACHINE_ARN' },
  retention: { kind: 'machine', env: 'RETENTION_MACHINE_ARN' },
  compaction: { kind: 'machine', env: 'COMPACTION_MACHINE_ARN' },
} as const satisfies Record<string, { kind: ResourceKind; env: string }>;

export type ResourceId = keyof typeof resources;
export type MachineId = {
  [Id in ResourceId]: (typeof resources)[Id]['kind'] extends 'machine' ? Id : never;
}[ResourceId];

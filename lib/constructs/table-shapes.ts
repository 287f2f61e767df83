/** The keys and indexes of a jurisdiction's tables. Plain values, so that what runs without a stack can make the same. */

export interface TableShape {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** Days it can be taken back to any second of; `TABLE_RECOVERY_DAYS` when not said. */
  readonly recoveryDays?: number;
  /** Indexes by a text key, sorted by a number. */
  readonly indexes?: readonly TableIndex[];
}

export interface TableIndex {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
}

export const tableShapes = {
  profiles: { partitionKey: 'id', sortKey: 'part' },
  subjects: { partitionKey: 'subjectId' },
  // What a backup can bring back is not erased: the shortest window there is.
  subjectKeys: { partitionKey: 'id', recoveryDays: 1 },
  // Derived from the archive, and derived again when lost.
  rebuiltProfiles: { partitionKey: 'id', sortKey: 'part', recoveryDays: 1 },
  rebuiltSubjects: { partitionKey: 'subjectId', recoveryDays: 1 },
  records: {
    partitionKey: 'messageToken',
    // Sparse: only quarantined events carry the attributes, and only they are paid for twice. A steward looks for what
    // is listed, and a privacy request for what is about a person.
    indexes: [
      { name: 'listed', partitionKey: 'listed', sortKey: 'receivedAt' },
      { name: 'byIdentifier', partitionKey: 'about', sortKey: 'receivedAt' },
    ],
  },
  alerts: {
    partitionKey: 'alertId',
    indexes: [
      { name: 'byState', partitionKey: 'state', sortKey: 'openedAt' },
      { name: 'bySubject', partitionKey: 'subjectId', sortKey: 'openedAt' },
    ],
  },
  incidents: {
    partitionKey: 'incidentId',
    sortKey: 'part',
    // Sparse: an incident itself carries the attribute, the pages of whom it affects do not.
    indexes: [{ name: 'byState', partitionKey: 'state', sortKey: 'openedAt' }],
  },
  dueCues: { partitionKey: 'slot', sortKey: 'cue' },
  // Found again by what records say: it can be built anew from the profiles, so a short window is enough.
  candidates: { partitionKey: 'id', recoveryDays: 1 },
  // Sparse: only what waits for a steward is listed.
  identityReviews: {
    partitionKey: 'reviewId',
    indexes: [{ name: 'listed', partitionKey: 'listed', sortKey: 'openedAt' }],
  },
  privacyRequests: {
    partitionKey: 'id',
    // Sparse: what is open, and what was erased while a restore could still bring it back.
    indexes: [{ name: 'byQueue', partitionKey: 'queue', sortKey: 'queuedAt' }],
  },
} as const satisfies Record<string, TableShape>;

export type TableId = keyof typeof tableShapes;

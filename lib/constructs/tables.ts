import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  type GlobalSecondaryIndexProps,
  ProjectionType,
  Table,
  TableClass,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { TABLE_RECOVERY_DAYS } from '../../functions/contracts/retention.ts';

interface TableShape {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** Days it can be taken back to any second of; {@link TABLE_RECOVERY_DAYS} when not said. */
  readonly recoveryDays?: number;
  /** Indexes by a text key, sorted by a number. */
  readonly indexes?: readonly TableIndex[];
}

interface TableIndex {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
}

const shapes = {
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

export type TableId = keyof typeof shapes;

/**
 * The state of a jurisdiction. `AWS::DynamoDB::Table` rather than the global kind: a replica in another region cannot
 * even be declared on it (law 5). Items expire at `expiresAt`, in epoch seconds.
 */
export class Tables extends Construct {
  readonly byId: Readonly<Record<TableId, Table>>;

  constructor(scope: Construct, id: string, props: { readonly key: IKey }) {
    super(scope, id);
    const table = (name: string, shape: TableShape) => this.table(name, shape, props.key);
    this.byId = {
      profiles: table('Profiles', shapes.profiles),
      subjects: table('Subjects', shapes.subjects),
      subjectKeys: table('SubjectKeys', shapes.subjectKeys),
      rebuiltProfiles: table('RebuiltProfiles', shapes.rebuiltProfiles),
      rebuiltSubjects: table('RebuiltSubjects', shapes.rebuiltSubjects),
      records: table('Records', shapes.records),
      alerts: table('Alerts', shapes.alerts),
      incidents: table('Incidents', shapes.incidents),
      dueCues: table('DueCues', shapes.dueCues),
      candidates: table('Candidates', shapes.candidates),
      identityReviews: table('IdentityReviews', shapes.identityReviews),
      privacyRequests: table('PrivacyRequests', shapes.privacyRequests),
    };
  }

  /** Names of a table's indexes. */
  static indexesOf(id: TableId): readonly string[] {
    const shape: TableShape = shapes[id];
    return (shape.indexes ?? []).map(({ name }) => name);
  }

  private table(name: string, shape: TableShape, key: IKey): Table {
    const table = new Table(this, name, {
      partitionKey: { name: shape.partitionKey, type: AttributeType.STRING },
      ...(shape.sortKey === undefined
        ? {}
        : { sortKey: { name: shape.sortKey, type: AttributeType.STRING } }),
      billingMode: BillingMode.PAY_PER_REQUEST,
      tableClass: TableClass.STANDARD,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: shape.recoveryDays ?? TABLE_RECOVERY_DAYS,
      },
      deletionProtection: true,
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const index of shape.indexes ?? []) table.addGlobalSecondaryIndex(indexOf(index));
    return table;
  }
}

const indexOf = (index: TableIndex): GlobalSecondaryIndexProps => ({
  indexName: index.name,
  partitionKey: { name: index.partitionKey, type: AttributeType.STRING },
  sortKey: { name: index.sortKey, type: AttributeType.NUMBER },
  // A page of the index is answered from the index alone.
  projectionType: ProjectionType.ALL,
});

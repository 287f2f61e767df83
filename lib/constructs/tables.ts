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

interface TableShape {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** Days it can be taken back to any second of; {@link RECOVERY_DAYS} when not said. */
  readonly recoveryDays?: number;
  /** Index by a text key, sorted by a number. */
  readonly index?: { readonly name: string; readonly partitionKey: string; readonly sortKey: string };
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
    // Sparse: only what a steward has to look at carries the attribute, and only that is paid for twice.
    index: { name: 'listed', partitionKey: 'listed', sortKey: 'receivedAt' },
  },
  alerts: { partitionKey: 'alertId', index: { name: 'byState', partitionKey: 'state', sortKey: 'openedAt' } },
  incidents: {
    partitionKey: 'incidentId',
    sortKey: 'part',
    // Sparse: an incident itself carries the attribute, the pages of whom it affects do not.
    index: { name: 'byState', partitionKey: 'state', sortKey: 'openedAt' },
  },
  dueCues: { partitionKey: 'slot', sortKey: 'cue' },
} as const satisfies Record<string, TableShape>;

export type TableId = keyof typeof shapes;

/** Days a table can be taken back to any second of. */
const RECOVERY_DAYS = 35;

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
    };
  }

  /** Names of a table's indexes. */
  static indexesOf(id: TableId): readonly string[] {
    const shape: TableShape = shapes[id];
    return shape.index === undefined ? [] : [shape.index.name];
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
        recoveryPeriodInDays: shape.recoveryDays ?? RECOVERY_DAYS,
      },
      deletionProtection: true,
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.RETAIN,
    });
    if (shape.index !== undefined) table.addGlobalSecondaryIndex(indexOf(shape.index));
    return table;
  }
}

const indexOf = (index: NonNullable<TableShape['index']>): GlobalSecondaryIndexProps => ({
  indexName: index.name,
  partitionKey: { name: index.partitionKey, type: AttributeType.STRING },
  sortKey: { name: index.sortKey, type: AttributeType.NUMBER },
  // A page of the index is answered from the index alone.
  projectionType: ProjectionType.ALL,
});

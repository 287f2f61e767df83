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
import { type TableId, type TableIndex, type TableShape, tableShapes } from './table-shapes.ts';

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
      profiles: table('Profiles', tableShapes.profiles),
      subjects: table('Subjects', tableShapes.subjects),
      subjectKeys: table('SubjectKeys', tableShapes.subjectKeys),
      rebuiltProfiles: table('RebuiltProfiles', tableShapes.rebuiltProfiles),
      rebuiltSubjects: table('RebuiltSubjects', tableShapes.rebuiltSubjects),
      records: table('Records', tableShapes.records),
      alerts: table('Alerts', tableShapes.alerts),
      incidents: table('Incidents', tableShapes.incidents),
      dueCues: table('DueCues', tableShapes.dueCues),
      candidates: table('Candidates', tableShapes.candidates),
      identityReviews: table('IdentityReviews', tableShapes.identityReviews),
      privacyRequests: table('PrivacyRequests', tableShapes.privacyRequests),
    };
  }

  /** Names of a table's indexes. */
  static indexesOf(id: TableId): readonly string[] {
    const shape: TableShape = tableShapes[id];
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

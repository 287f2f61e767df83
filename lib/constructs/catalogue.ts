import { Aws } from 'aws-cdk-lib';
import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { type ColumnType, columnsOf, PARTITIONS } from '../../functions/contracts/archive-columns.ts';
import { ARCHIVE_TABLES, type ArchiveTable } from '../../functions/contracts/lineage.ts';
import { EVENT_CLASSES } from '../../functions/contracts/signal.ts';
import type { JurisdictionDefinition } from '../../functions/registry/jurisdictions/index.ts';
import { queries } from '../../functions/registry/queries/index.ts';
import { compileQuery } from '../../functions/registry/query-definition.ts';
import { sources } from '../../functions/registry/sources/index.ts';
import type { Buckets } from './buckets.ts';

/** A query that would read more stops there: at Athena's list price, half a dollar. */
const SCANNED_BYTES_MAX = 100 * 1_024 ** 3;

/** `dt` is the day of receipt, and before this one there was nothing that could receive. */
const FIRST_DAY = '2026-01-01';

const GLUE_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'string',
  int32: 'int',
  date: 'date',
  bytes: 'binary',
};

/** How Athena works out the folders of a table by itself, so that nobody has to tell it of new ones. */
const PROJECTION: Readonly<Record<keyof typeof PARTITIONS, Readonly<Record<string, string>>>> = {
  event_class: { type: 'enum', values: EVENT_CLASSES.join() },
  // A day more than now: clocks differ.
  dt: {
    type: 'date',
    format: 'yyyy-MM-dd',
    range: `${FIRST_DAY},NOW+1DAYS`,
    interval: '1',
    'interval.unit': 'DAYS',
  },
  hh: { type: 'integer', range: '0,23', digits: '2' },
};

export interface CatalogueProps {
  readonly key: IKey;
  readonly jurisdiction: JurisdictionDefinition;
  readonly buckets: Buckets;
}

/**
 * The archive as SQL: a Glue database whose tables are the columns of `functions/contracts/archive-columns.ts`, a
 * workgroup of Athena that nobody can make careless, and the questions of `functions/registry/queries` by name.
 */
export class Catalogue extends Construct {
  constructor(scope: Construct, id: string, props: CatalogueProps) {
    super(scope, id);
    const { jurisdiction, buckets } = props;
    const databaseName = `rapport_${jurisdiction.code.replaceAll('-', '_')}`;
    const database = new CfnDatabase(this, 'Database', {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: {
        name: databaseName,
        description: `Rapport ${jurisdiction.code}: evidence of what was applied, refused and decided`,
      },
    });
    for (const table of ARCHIVE_TABLES) {
      const made = this.table(table, databaseName, buckets.evidence.bucketName);
      made.addResourceDependency(database);
    }
    const workGroup = this.workGroup(props);
    const setting = { jurisdiction, sources };
    for (const query of queries) {
      const { text, order } = compileQuery(query, setting);
      const made = new CfnNamedQuery(this, `Query${pascal(query.name)}`, {
        name: query.name,
        description:
          `${query.question} ${order.length === 0 ? '' : `Parameters in order: ${order.join(', ')}.`}`.trim(),
        database: databaseName,
        workGroup: workGroup.ref,
        queryString: text,
      });
      made.addResourceDependency(database);
    }
  }

  private table(table: ArchiveTable, databaseName: string, bucketName: string): CfnTable {
    const root = `s3://${bucketName}/v1/${table}/`;
    const partitions = Object.entries(PARTITIONS);
    const folders = partitions.map(([name]) => `${name}=\${${name}}`).join('/');
    return new CfnTable(this, `Table${pascal(table)}`, {
      catalogId: Aws.ACCOUNT_ID,
      databaseName,
      tableInput: {
        name: table,
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: partitions.map(([name, type]) => ({ name, type: GLUE_TYPES[type] })),
        parameters: {
          EXTERNAL: 'TRUE',
          classification: 'parquet',
          'projection.enabled': 'true',
          ...Object.fromEntries(
            Object.entries(PROJECTION).flatMap(([name, settings]) =>
              Object.entries(settings).map(([setting, value]) => [`projection.${name}.${setting}`, value]),
            ),
          ),
          'storage.location.template': `${root}${folders}/`,
        },
        storageDescriptor: {
          location: root,
          columns: columnsOf[table].map(({ name, type, meaning }) => ({
            name,
            type: GLUE_TYPES[type],
            comment: meaning,
          })),
          inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
          serdeInfo: {
            serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
          },
          compressed: true,
          storedAsSubDirectories: false,
        },
      },
    });
  }

  private workGroup({ jurisdiction, buckets, key }: CatalogueProps): CfnWorkGroup {
    return new CfnWorkGroup(this, 'WorkGroup', {
      name: `rapport-${jurisdiction.code}`,
      description: `Rapport ${jurisdiction.code}: questions to the archive`,
      state: 'ENABLED',
      recursiveDeleteOption: false,
      workGroupConfiguration: {
        // Whoever asks cannot send the answer elsewhere, or unencrypted, or scan without end.
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        requesterPaysEnabled: false,
        bytesScannedCutoffPerQuery: SCANNED_BYTES_MAX,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${buckets.answers.bucketName}/`,
          expectedBucketOwner: Aws.ACCOUNT_ID,
          encryptionConfiguration: { encryptionOption: 'SSE_KMS', kmsKey: key.keyArn },
        },
      },
    });
  }
}

const pascal = (name: string): string =>
  name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

import { afterAll, describe, expect, it } from 'vitest';
import { columnsOf, PARTITIONS } from '../../functions/contracts/archive-columns.ts';
import { ARCHIVE_TABLES, type LineageRow } from '../../functions/contracts/lineage.ts';
import { groupRows } from '../../functions/evidence/archive/window.ts';
import { isDeployable, jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { queries } from '../../functions/registry/queries/index.ts';
import { compileQuery } from '../../functions/registry/query-definition.ts';
import { sources } from '../../functions/registry/sources/index.ts';
import { lineageRow } from '../evidence/archive/rows.ts';
import { ofType, removeScratch, synthesize, templateOf, text } from './synthesize.ts';

afterAll(removeScratch);

const codes = Object.values(jurisdictions)
  .filter(isDeployable)
  .map(({ code }) => code);
const templates = synthesize({ jurisdictions: codes });

interface TableInput {
  readonly Name: string;
  readonly PartitionKeys: readonly { readonly Name: string; readonly Type: string }[];
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly StorageDescriptor: {
    readonly Location: unknown;
    readonly Columns: readonly { readonly Name: string; readonly Type: string; readonly Comment: string }[];
    readonly InputFormat: string;
    readonly SerdeInfo: { readonly SerializationLibrary: string };
  };
}

describe.each(codes)('the catalogue of %s', (code) => {
  const template = templateOf(templates, code);
  const of = (type: string) => ofType(template, type).map(([, { Properties }]) => Properties);
  const databaseName = `rapport_${code.replaceAll('-', '_')}`;
  const tables = new Map(
    of('AWS::Glue::Table').map(({ TableInput: input }) => [(input as TableInput).Name, input as TableInput]),
  );

  it('has one database, with the tables of the archive', () => {
    expect(of('AWS::Glue::Database')).toMatchObject([{ DatabaseInput: { Name: databaseName } }]);
    expect([...tables.keys()].sort()).toEqual([...ARCHIVE_TABLES].sort());
    for (const { DatabaseName } of of('AWS::Glue::Table')) expect(DatabaseName).toBe(databaseName);
  });

  it.each(ARCHIVE_TABLES)('describes every column of %s with its meaning', (name) => {
    const input = tables.get(name);
    expect(input?.StorageDescriptor.Columns.map(({ Name, Comment }) => [Name, Comment])).toEqual(
      columnsOf[name].map((column) => [column.name, column.meaning]),
    );
    for (const { Type } of input?.StorageDescriptor.Columns ?? [])
      expect(['string', 'int', 'date', 'binary']).toContain(Type);
    expect(input?.PartitionKeys.map(({ Name }) => Name)).toEqual(Object.keys(PARTITIONS));
    expect(input?.StorageDescriptor.SerdeInfo.SerializationLibrary).toMatch(/ParquetHiveSerDe$/);
  });

  it.each(ARCHIVE_TABLES)('looks for %s where the archive writes it', (name) => {
    const parameters = tables.get(name)?.Parameters ?? {};
    const [group] = groupRows([{ ...lineageRow('a'), table: name } as LineageRow]);
    const template = text(parameters['storage.location.template']);
    expect(template).toMatch(/^s3:\/\/<BucketsEvidence\w+>\/v1\//);
    const projected: Readonly<Record<string, string>> = {
      event_class: 'transaction',
      dt: '2026-03-05',
      hh: '14',
    };
    const folder = template
      .replace(/^s3:\/\/<\w+>\//, '')
      .replace(/\$\{(\w+)\}/g, (_, column: string) => projected[column] ?? '');
    expect(folder).toBe(group?.prefix);
    expect(parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.event_class.type': 'enum',
      'projection.event_class.values': Object.keys(jurisdictions[code]?.retention ?? {}).join(),
      'projection.dt.type': 'date',
      'projection.dt.format': 'yyyy-MM-dd',
      'projection.dt.range': '2026-01-01,NOW+1DAYS',
      'projection.hh.type': 'integer',
      'projection.hh.range': '0,23',
      'projection.hh.digits': '2',
    });
  });

  it('lets nobody scan without limit, or have an answer in the open or elsewhere', () => {
    const workGroups = of('AWS::Athena::WorkGroup');
    expect(workGroups).toMatchObject([
      {
        Name: `rapport-${code}`,
        State: 'ENABLED',
        WorkGroupConfiguration: {
          EnforceWorkGroupConfiguration: true,
          BytesScannedCutoffPerQuery: 100 * 1_024 ** 3,
          EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
          ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_KMS' } },
        },
      },
    ]);
    const configuration = workGroups[0]?.WorkGroupConfiguration as Record<string, Record<string, unknown>>;
    expect(text(configuration.ResultConfiguration?.OutputLocation)).toMatch(/^s3:\/\/<BucketsAnswers\w+>\/$/);
  });

  it('forgets answers within eight days', () => {
    const [, answers] = ofType(template, 'AWS::S3::Bucket').find(([id]) => /Answers/.test(id)) ?? [];
    expect(answers?.Properties.LifecycleConfiguration).toMatchObject({
      Rules: [
        { ExpirationInDays: 7, NoncurrentVersionExpiration: { NoncurrentDays: 1 }, Status: 'Enabled' },
        { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
      ],
    });
  });

  it('names every question of the registry, with the text that is run here', () => {
    const jurisdiction = jurisdictions[code];
    if (jurisdiction === undefined) throw new Error(`no jurisdiction ${code}`);
    const named = of('AWS::Athena::NamedQuery').map(({ Name, QueryString, Database, WorkGroup }) => [
      Name,
      QueryString,
      Database,
      text(WorkGroup),
    ]);
    expect(named).toHaveLength(queries.length);
    for (const query of queries)
      expect(named).toContainEqual([
        query.name,
        compileQuery(query, { jurisdiction, sources }).text,
        databaseName,
        expect.stringMatching(/^<CatalogueWorkGroup/),
      ]);
  });
});

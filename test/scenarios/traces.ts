import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type AttributeValue,
  DynamoDBClient,
  ListTablesCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { unpackedItem } from '../../functions/adapters/aws/packed-text.ts';
import { unpack } from '../../functions/kernel/codec.ts';
import type { Region } from '../../lib/local/region.ts';

/** Something a region keeps or says, as text, with where it was found. */
export interface Trace {
  readonly place: string;
  readonly text: string;
}

/** What the clients of a region's engines need. */
function clientOf({ environment }: Region, service: 'DYNAMODB' | 'KINESIS') {
  return {
    endpoint: environment[`AWS_ENDPOINT_URL_${service}`] ?? '',
    region: environment.AWS_REGION ?? '',
    credentials: { accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: 'local' },
  };
}

/** Every row of every table of a region. */
export async function rowsOfTables(
  region: Region,
): Promise<{ readonly table: string; readonly row: Record<string, AttributeValue> }[]> {
  const client = new DynamoDBClient(clientOf(region, 'DYNAMODB'));
  try {
    const rows: { table: string; row: Record<string, AttributeValue> }[] = [];
    const { TableNames = [] } = await client.send(new ListTablesCommand({}));
    for (const table of TableNames)
      for await (const { Items = [] } of paginateScan({ client }, { TableName: table }))
        for (const row of Items) rows.push({ table, row: unpackedItem(row) });
    return rows;
  } finally {
    client.destroy();
  }
}

/** Every record of every stream of a region: its partition key, and its content unpacked. */
export async function recordsOfStreams(region: Region): Promise<Trace[]> {
  const client = new KinesisClient({ ...clientOf(region, 'KINESIS'), requestHandler: new NodeHttpHandler() });
  const traces: Trace[] = [];
  try {
    const { StreamNames = [] } = await client.send(new ListStreamsCommand({}));
    for (const StreamName of StreamNames) {
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
      for (const { ShardId } of Shards) {
        let { ShardIterator } = await client.send(
          new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
        );
        for (let empty = 0; ShardIterator !== undefined && empty < 2; ) {
          const { Records = [], NextShardIterator } = await client.send(
            new GetRecordsCommand({ ShardIterator }),
          );
          for (const { Data = new Uint8Array(), PartitionKey = '' } of Records) {
            traces.push({ place: `partition key on ${StreamName}`, text: PartitionKey });
            traces.push({ place: `record on ${StreamName}`, text: JSON.stringify(unpack(Data)) });
          }
          empty = Records.length === 0 ? empty + 1 : 0;
          ShardIterator = NextShardIterator;
        }
      }
    }
  } finally {
    client.destroy();
  }
  return traces;
}

/** Bytes as text that keeps what is text in them; binary values of tables also as base64, as they travel. */
const asText = (_name: string, value: unknown): unknown =>
  value instanceof Uint8Array
    ? [Buffer.from(value).toString('latin1'), Buffer.from(value).toString('base64')]
    : value;

export async function rowsAsTraces(region: Region): Promise<Trace[]> {
  const rows = await rowsOfTables(region);
  return rows.map(({ table, row }) => ({ place: `row of ${table}`, text: JSON.stringify(row, asText) }));
}

/** Every file below a folder: its path, and its content (gzip unpacked), unless `skip` says that the content is none of
 * ours. */
export function filesAsTraces(folder: string, skip: (path: string) => boolean = () => false): Trace[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    const named = { place: `path ${name}`, text: name };
    if (!entry.isFile() || skip(name)) return [named];
    return [named, { place: `file ${name}`, text: contentOf(path) }];
  });
}

export function contentOf(path: string): string {
  const bytes = readFileSync(path);
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1');
}

/** Ways in which a text can stand somewhere without being recognised at a glance. Base64 has three forms, by where in
 * the encoded bytes the text begins; its first and last characters mix with what stands around, and are left off. */
function disguises(text: string): string[] {
  const forms = new Set<string>();
  for (const written of new Set([text, text.toLowerCase(), text.toUpperCase()])) {
    const utf8 = Buffer.from(written);
    forms.add(utf8.toString('latin1')).add(utf8.toString('hex')).add(utf8.toString('hex').toUpperCase());
    forms.add([...utf8].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
    forms.add(encodeURIComponent(written)).add(JSON.stringify(written).slice(1, -1));
    for (const shift of [0, 1, 2]) {
      const encoded = Buffer.concat([Buffer.alloc(shift), utf8])
        .toString('base64')
        .replaceAll('=', '');
      const core = encoded.slice(
        shift === 0 ? 0 : shift + 1,
        encoded.length - ((utf8.length + shift) % 3 === 0 ? 0 : 1),
      );
      forms.add(core).add(core.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return [...forms];
}

/** Places where one of the texts stands, in any disguise. */
export function findAny(texts: readonly string[], traces: readonly Trace[]): string[] {
  const forms = texts.flatMap((text) => disguises(text).map((form) => [text, form] as const));
  return traces.flatMap(({ place, text }) =>
    forms.filter(([, form]) => text.includes(form)).map(([marked, form]) => `${place}: ${marked} as ${form}`),
  );
}

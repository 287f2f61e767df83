import { resources } from '../../functions/flow/resources.ts';
import { unpackText } from '../../functions/kernel/codec.ts';
import { AwsJsonClient } from '../local/aws-request.ts';
import type { Region } from '../local/region.ts';

/** An item as DynamoDB's JSON has it; what is not of one of these types is not read here. */
export type TableRow = Readonly<
  Record<
    string,
    { readonly S?: string; readonly N?: string; readonly B?: string; readonly BOOL?: boolean } | undefined
  >
>;
/** A text at rest, packed or not. */
export const textIn = (value: TableRow[string]): string | null =>
  value?.B === undefined ? (value?.S ?? null) : unpackText(Buffer.from(value.B, 'base64'));

interface Page {
  readonly Items: readonly TableRow[];
  readonly LastEvaluatedKey?: object;
}

/** Reads a table of a region whole: fine for a demo, and nothing that the product does. */
export async function* scanTable(
  region: Region,
  table: keyof typeof resources,
  attributes: readonly string[],
): AsyncGenerator<TableRow> {
  const {
    AWS_ENDPOINT_URL_DYNAMODB: url = '',
    AWS_ACCESS_KEY_ID: accessKeyId = '',
    AWS_REGION = '',
  } = region.environment;
  const dynamodb = new AwsJsonClient(url, 'DynamoDB_20120810', '1.0', { accessKeyId, region: AWS_REGION });
  try {
    let start: object | undefined;
    do {
      const page: Page = await dynamodb.call<Page>('Scan', {
        TableName: tableOf(region, resources[table].env),
        ProjectionExpression: attributes.map((name) => `#${name}`).join(),
        ExpressionAttributeNames: Object.fromEntries(attributes.map((name) => [`#${name}`, name])),
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      });
      yield* page.Items;
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  } finally {
    dynamodb.close();
  }
}

function tableOf(region: Region, env: string): string {
  for (const { environment } of Object.values(region.functions)) {
    const table = environment[env];
    if (table !== undefined) return table;
  }
  throw new Error(`${region.jurisdiction}: no function knows ${env}`);
}

import { resources } from '../../functions/flow.ts';
import { AwsJsonClient } from '../local/aws-request.ts';
import type { Region } from '../local/region.ts';
import { summed } from './archive-figures.ts';
import type { Customers } from './report.ts';

/** Attributes as `adapters/aws/profile-items.ts` writes them. */
interface ProfileRow {
  readonly subject?: { readonly S?: string };
  readonly state?: { readonly S?: string };
  readonly published?: { readonly S?: string };
}
interface Page {
  readonly Items: readonly ProfileRow[];
  readonly LastEvaluatedKey?: object;
}

/** Counts a region's customers and who is in which segment, by reading its tables whole: fine for a demo, and nothing
 * that the product does. */
export async function countCustomers(region: Region): Promise<Customers> {
  const {
    AWS_ENDPOINT_URL_DYNAMODB: url = '',
    AWS_ACCESS_KEY_ID: accessKeyId = '',
    AWS_REGION = '',
  } = region.environment;
  const dynamodb = new AwsJsonClient(url, 'DynamoDB_20120810', '1.0', { accessKeyId, region: AWS_REGION });
  try {
    let subjects = 0;
    const segments: [string, number][] = [];
    const note = (row: ProfileRow): void => {
      subjects += 1;
      const published = JSON.parse(row.published?.S ?? '{}') as { segments?: Record<string, number> };
      for (const segment of Object.keys(published.segments ?? {})) segments.push([segment, 1]);
    };
    // An identifier with a profile that belongs to no larger subject is a customer by itself.
    for await (const row of scan(dynamodb, tableOf(region, resources.profiles.env))) {
      if (row.state?.S !== undefined && row.subject?.S === undefined) note(row);
    }
    for await (const row of scan(dynamodb, tableOf(region, resources.subjects.env))) note(row);
    return { subjects, segments: summed(segments) };
  } finally {
    dynamodb.close();
  }
}

async function* scan(dynamodb: AwsJsonClient, TableName: string): AsyncGenerator<ProfileRow> {
  let start: object | undefined;
  do {
    const page: Page = await dynamodb.call<Page>('Scan', {
      TableName,
      ProjectionExpression: '#subject, #state, #published',
      ExpressionAttributeNames: { '#subject': 'subject', '#state': 'state', '#published': 'published' },
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    yield* page.Items;
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

function tableOf(region: Region, env: string): string {
  for (const { environment } of Object.values(region.functions)) {
    const table = environment[env];
    if (table !== undefined) return table;
  }
  throw new Error(`${region.jurisdiction}: no function knows ${env}`);
}

import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { toCandidateEntry } from '../../functions/adapters/aws/candidate-items.ts';
import { unpackedItem } from '../../functions/adapters/aws/packed-text.ts';
import { identifierToken, type JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { handler as archive } from '../../functions/evidence/archive/handler.ts';
import { handler as understand } from '../../functions/pipeline/understand/handler.ts';
import { deliver, send } from './deliver.ts';
import type { Engines } from './engines.ts';
import type { FaultyClients } from './faulty-clients.ts';

const ALLOWED = {
  consent: { categoryPreferences: { analytics: true, personalisation: true, profiling: true } },
};

/** What a customer leaves in every store: two identifiers, attributes, an alert, a cart that may be abandoned, and an event
 * that was refused. */
function eventsOf(person: string, now: number): readonly object[] {
  const track = (id: string, event: string, properties: object, minutesAgo = 120) => ({
    type: 'track',
    event,
    messageId: `${person}-${id}`,
    userId: person,
    context: {
      ...ALLOWED,
      traits: {
        firstName: 'Ada',
        lastName: 'King',
        birthday: '1815-12-10',
        email: `${person}@mail.example.org`,
      },
    },
    timestamp: new Date(now - minutesAgo * 60_000).toISOString(),
    properties,
  });
  return [
    track('1', 'Order Completed', { total: 90, currency: 'EUR' }),
    ...['2', '3', '4'].map((id) => track(id, 'Ticket Opened', { channel: 'phone' })),
    track('5', 'Cart Viewed', { total: 20 }, 0),
    track('6', 'Order Completed', { total: -1 }),
  ];
}

/** Has the stack know people, and their rows archived; nothing dies. */
export async function known(
  people: readonly string[],
  secrets: JurisdictionSecrets,
  engines: Engines,
  faults: FaultyClients,
): Promise<void> {
  faults.begin([]);
  const now = Date.now();
  for (let from = 0; from < people.length; from += 20)
    await send(
      people.slice(from, from + 20).flatMap((person) => eventsOf(person, now)),
      secrets,
      faults,
    );
  for (let news = await engines.news('signals'); news.length > 0; news = await engines.news('signals'))
    await deliver(understand, news, faults);
  await archiveNews(engines, faults);
}

export async function archiveNews(engines: Engines, faults: FaultyClients): Promise<void> {
  for (let news = await engines.news('lineage'); news.length > 0; news = await engines.news('lineage'))
    await deliver(archive, news, faults);
}

/** Tokens of the two identifiers that a person has. */
export const tokensOf = (person: string, secrets: JurisdictionSecrets) =>
  [
    identifierToken(secrets, 'userId', person),
    identifierToken(secrets, 'email', `${person}@mail.example.org`),
  ] as const;

const TABLES = ['profiles', 'subjects', 'subjectKeys', 'records', 'alerts', 'dueCues', 'candidates'] as const;
export type TablesAsText = Readonly<Record<string, readonly string[]>>;

/** All items of the tables that know people, as text. */
export async function tablesAsText(): Promise<TablesAsText> {
  const client = new DynamoDBClient({});
  const found: Record<string, string[]> = {};
  for (const TableName of TABLES) {
    const items: string[] = [];
    for await (const { Items = [] } of paginateScan({ client }, { TableName }))
      items.push(
        ...Items.map((item) =>
          JSON.stringify(TableName === 'candidates' ? toCandidateEntry(item) : unpackedItem(item)),
        ),
      );
    found[TableName] = items;
  }
  client.destroy();
  return found;
}

/** How many items of each table name a person. */
export const itemsAbout = (
  person: string,
  secrets: JurisdictionSecrets,
  tables: TablesAsText,
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(tables).map(([table, items]) => [
      table,
      items.filter((item) => tokensOf(person, secrets).some((token) => item.includes(token))).length,
    ]),
  );

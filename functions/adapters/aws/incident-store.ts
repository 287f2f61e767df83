import {
  type AttributeValue,
  ConditionalCheckFailedException,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { asIdentifierToken } from '../../contracts/ids.ts';
import { asIncidentId, type Incident, type IncidentId } from '../../contracts/incidents.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { IncidentStore, IncidentsQuery, StoredIncident } from '../../rights/breach/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';
import { readItem } from './read-item.ts';

type Row = Record<string, AttributeValue>;

/** Sort keys: the incident itself, a page of whom it affects, and (under a place's key) which incident stands for it. */
const HEAD = 'head';
const pagePart = (page: string): string => `page.${page}`;
const PLACE = 'place';

const seconds = (at: EpochMs): AttributeValue => ({ N: String(Math.ceil(at / 1_000)) });

/** Incidents in DynamoDB. Only the incident itself carries `state`, so the index has nothing else. */
export function incidentStore(table = required('INCIDENTS_TABLE')): IncidentStore {
  const key = (id: string, part: string): Row => ({ incidentId: { S: id }, part: { S: part } });
  const get = (id: string, part: string): Promise<Row | undefined> => readItem(table, key(id, part));
  const putIf = (item: Row, condition: string, values?: Row): Promise<boolean> =>
    unlessRefused(() =>
      dynamodb().send(
        new PutItemCommand({
          TableName: table,
          Item: item,
          ConditionExpression: condition,
          ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
  return {
    read: async (incidentId) => {
      const row = await get(incidentId, HEAD);
      return row === undefined ? null : toStored(row);
    },
    write: (incident, version, expiresAt) =>
      putIf(
        {
          ...key(incident.incidentId, HEAD),
          state: { S: expiresAt === null ? 'open' : 'closed' },
          openedAt: { N: String(incident.openedAt) },
          version: { N: String((version ?? 0) + 1) },
          incident: { S: JSON.stringify(incident) },
          ...(expiresAt === null ? {} : { expiresAt: seconds(expiresAt) }),
        },
        version === null ? 'attribute_not_exists(incidentId)' : 'version = :version',
        version === null ? undefined : { ':version': { N: String(version) } },
      ),
    list: (query) => list(table, query),
    addPage: async (incidentId, { page, atoms }, expiresAt) => {
      await putIf(
        {
          ...key(incidentId, pagePart(page)),
          atoms: { L: atoms.map((atom) => ({ S: atom })) },
          expiresAt: seconds(expiresAt),
        },
        'attribute_not_exists(incidentId)',
      );
    },
    keepPage: async (incidentId, page, expiresAt) => {
      await unlessRefused(() =>
        dynamodb().send(
          new UpdateItemCommand({
            TableName: table,
            Key: key(incidentId, pagePart(page)),
            UpdateExpression: expiresAt === null ? 'REMOVE expiresAt' : 'SET expiresAt = :end',
            ConditionExpression: 'attribute_exists(incidentId)',
            ...(expiresAt === null ? {} : { ExpressionAttributeValues: { ':end': seconds(expiresAt) } }),
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
      );
    },
    page: async (incidentId, page) => {
      const row = await get(incidentId, pagePart(page));
      return row === undefined
        ? null
        : { page, atoms: (row.atoms?.L ?? []).map(({ S = '' }) => asIdentifierToken(S)) };
    },
    claimed: async (place) => {
      const stands = (await get(place, PLACE))?.stands?.S;
      return stands === undefined ? null : asIncidentId(stands);
    },
    claim: async (place, incidentId, instead) => {
      const isFirst = await putIf(
        { ...key(place, PLACE), stands: { S: incidentId } },
        instead === null ? 'attribute_not_exists(incidentId)' : 'stands = :instead',
        instead === null ? undefined : { ':instead': { S: instead } },
      );
      return isFirst ? incidentId : asIncidentId((await get(place, PLACE))?.stands?.S ?? incidentId);
    },
  };
}

/** Runs a conditional write. @returns whether its condition held */
async function unlessRefused(
  write: () => Promise<{
    readonly ConsumedCapacity?: { readonly CapacityUnits?: number | undefined } | undefined;
  }>,
): Promise<boolean> {
  try {
    count('writeUnits', (await write()).ConsumedCapacity?.CapacityUnits ?? 0);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw translate('dynamodb', error);
  }
}

const toStored = (row: Row): StoredIncident => ({
  incident: JSON.parse(row.incident?.S ?? '') as Incident,
  version: Number(row.version?.N),
});

async function list(
  table: string,
  { state, limit, cursor }: IncidentsQuery,
): Promise<{ readonly incidents: readonly StoredIncident[]; readonly cursor?: string }> {
  const answer = await translated('dynamodb', () =>
    dynamodb().send(
      new QueryCommand({
        TableName: table,
        IndexName: 'byState',
        KeyConditionExpression: '#state = :state',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':state': { S: state } },
        ScanIndexForward: false,
        Limit: limit,
        ...(cursor === undefined ? {} : { ExclusiveStartKey: startOf(state, cursor) }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    ),
  );
  count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
  const last = answer.LastEvaluatedKey;
  return {
    incidents: (answer.Items ?? []).map(toStored),
    ...(last === undefined ? {} : { cursor: `${last.openedAt?.N}.${last.incidentId?.S}` }),
  };
}

/** `<openedAt>.<incidentId>` of the last incident of the page before. */
function startOf(state: string, cursor: string): Row {
  const [openedAt = '', id = ''] = cursor.split('.', 2);
  return {
    state: { S: state },
    openedAt: { N: openedAt },
    incidentId: { S: id as IncidentId },
    part: { S: HEAD },
  };
}

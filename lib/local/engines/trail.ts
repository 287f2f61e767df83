import { randomUUID } from 'node:crypto';
import { request as send } from 'node:http';
import type { JsonObject } from './aws-json.ts';
import type { Engine } from './engine.ts';
import type { EventBridgeEngine } from './event-bridge.ts';
import { readBody, serveLoopback } from './loopback-server.ts';

/** Which calls an audit trail records: those that every one of its fields fits. Empty lists ask for nothing. */
export type Selector = readonly {
  readonly field: string;
  readonly equals: readonly string[];
  readonly notStartsWith: readonly string[];
}[];

export interface TrailOptions {
  readonly dynamodb: Engine;
  readonly events: Pick<EventBridgeEngine, 'publish'>;
  readonly selectors: readonly Selector[];
  readonly account: string;
  readonly region: string;
  readonly now: () => number;
}

const BODY_BYTES_MAX = 16 * 1_024 * 1_024;

/**
 * A way to DynamoDB for people and programs that are no functions of the region: what they do is passed on unchanged, and
 * what a trail of the template looks for goes over the default bus as CloudTrail would send it. The functions' own calls do
 * not come this way: IAM, and not the trail, decides on those.
 */
export function startTrail(options: TrailOptions): Promise<Engine> {
  return serveLoopback(async (incoming, response) => {
    const body = await readBody(incoming, BODY_BYTES_MAX);
    await new Promise<void>((resolve, reject) => {
      const { host: _host, ...headers } = incoming.headers;
      const outgoing = send(
        options.dynamodb.url,
        { method: incoming.method ?? 'POST', path: incoming.url ?? '/', headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
          answer.on('end', () => {
            const operation =
              String(incoming.headers['x-amz-target'] ?? '')
                .split('.')
                .at(-1) ?? '';
            const by = userOf(options.account, String(incoming.headers.authorization ?? ''));
            if (answer.statusCode === 200) record(options, operation, by, body.toString('utf8'));
            resolve();
          });
          answer.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  });
}

const userOf = (account: string, authorization: string): string =>
  `arn:aws:iam::${account}:user/${/Credential=([^/]+)/.exec(authorization)?.[1] ?? 'unknown'}`;

function record(options: TrailOptions, operation: string, user: string, body: string): void {
  const { account, region, events } = options;
  for (const selector of options.selectors) {
    const arns = selector.flatMap(({ field, equals }) => (field === 'resources.ARN' ? equals : []));
    const touched = arns.filter((arn) => body.includes(`"${arn.split('/').at(-1)}"`));
    for (const arn of touched) {
      const fields: Readonly<Record<string, string>> = {
        eventCategory: 'Data',
        'resources.type': 'AWS::DynamoDB::Table',
        'resources.ARN': arn,
        'userIdentity.arn': user,
      };
      if (!fits(selector, fields)) continue;
      const time = new Date(options.now()).toISOString().replace(/\.\d+Z$/, 'Z');
      const detail: JsonObject = {
        eventVersion: '1.11',
        userIdentity: { type: 'IAMUser', arn: user, accountId: account },
        eventTime: time,
        eventSource: 'dynamodb.amazonaws.com',
        eventName: operation,
        awsRegion: region,
        requestParameters: parametersIn(body),
        eventID: randomUUID(),
        resources: [{ accountId: account, type: 'AWS::DynamoDB::Table', ARN: arn }],
        eventType: 'AwsApiCall',
        eventCategory: 'Data',
      };
      events.publish('default', {
        version: '0',
        id: randomUUID(),
        source: 'aws.dynamodb',
        account,
        time,
        region,
        resources: [],
        'detail-type': 'AWS API Call via CloudTrail',
        detail,
      });
    }
  }
}

const fits = (selector: Selector, fields: Readonly<Record<string, string>>): boolean =>
  selector.every(({ field, equals, notStartsWith }) => {
    const value = fields[field];
    if (value === undefined) return false;
    return (
      (equals.length === 0 || equals.includes(value)) &&
      !notStartsWith.some((prefix) => value.startsWith(prefix))
    );
  });

/** Keys of the table and its name, as the trail shows them; other attributes it does not. */
function parametersIn(body: string): JsonObject {
  const { TableName, Key, RequestItems } = JSON.parse(body) as JsonObject;
  return {
    ...(TableName === undefined ? {} : { tableName: TableName }),
    ...(Key === undefined ? {} : { key: plainly(Key) }),
    ...(RequestItems === undefined ? {} : { requestItems: plainly(RequestItems) }),
  };
}

/** `{"S": "text"}` as the text itself. */
function plainly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainly);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [[type, inner] = ['', undefined], ...others] = entries;
  if (others.length === 0 && (type === 'S' || type === 'N')) return inner;
  return Object.fromEntries(entries.map(([name, each]) => [name, plainly(each)]));
}

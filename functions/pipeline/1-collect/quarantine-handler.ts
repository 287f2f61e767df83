import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { outcomeRecords } from '../../adapters/aws/outcome-records.ts';
import { quarantineStore } from '../../adapters/aws/quarantine-store.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { signalStream } from '../../adapters/aws/signal-stream.ts';
import { quarantineQuerySchema, replayRequestSchema } from '../../contracts/quarantine-api.ts';
import { sources } from '../../registry/sources/index.ts';
import { required } from '../../runtime/environment.ts';
import {
  type HttpAnswer,
  httpHandler,
  parsedBody,
  parsedBy,
  problem,
  scopesOf,
} from '../../runtime/http-handler.ts';
import { lazily } from '../../runtime/lazily.ts';
import { listQuarantine, type QuarantineSetting, replay } from './quarantine.ts';
import { policyOf } from './setting.ts';

const setting = lazily(
  async (): Promise<QuarantineSetting> => ({
    policy: policyOf(required, await jurisdictionSecrets()),
    sources,
    ports: { signals: signalStream(), quarantine: quarantineStore(), records: outcomeRecords() },
  }),
);

const CONTENT_SCOPE = 'quarantine:write';

async function list(event: APIGatewayProxyEventV2): Promise<HttpAnswer> {
  const parsed = parsedBy(quarantineQuerySchema, event.queryStringParameters ?? {});
  if ('problem' in parsed) return problem(parsed.problem);
  const { include, source, reason, cursor, limit } = parsed.value;
  if (include === 'event' && !scopesOf(event).includes(CONTENT_SCOPE))
    return problem({
      status: 403,
      title: 'Not allowed',
      detail: `Reading events asks for the scope ${CONTENT_SCOPE}.`,
    });
  const query = {
    limit,
    ...(source === undefined ? {} : { sourceId: source }),
    ...(reason === undefined ? {} : { reason }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  return { status: 200, body: await listQuarantine(query, include === 'event', await setting()) };
}

/** `GET /v1/quarantine` and `POST /v1/quarantine/replay`. */
export const handler = httpHandler({
  functionId: 'quarantine',
  handle: async (event) => {
    if (event.requestContext.http.method === 'GET') return list(event);
    const parsed = parsedBody(replayRequestSchema, event);
    if ('problem' in parsed) return problem(parsed.problem);
    return { status: 200, body: await replay(parsed.value, Date.now(), await setting()) };
  },
});

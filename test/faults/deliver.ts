import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { writeKeyOf } from '../../functions/contracts/tokens.ts';
import { handler as collect } from '../../functions/pipeline/1-collect/handler.ts';
import { crm } from '../../functions/registry/sources/crm.ts';
import type { StreamEvent, StreamResponse } from '../../functions/runtime/stream-handler.ts';
import type { StreamRecord } from './engines.ts';
import type { FaultyClients } from './faulty-clients.ts';

export const context = { awsRequestId: 'r' } as Context;

/** Sends a batch to the collect function until it is taken, as an SDK does. */
export async function send(
  events: readonly object[],
  secrets: JurisdictionSecrets,
  faults: FaultyClients,
): Promise<void> {
  const request = {
    rawPath: '/v1/batch',
    requestContext: { http: { method: 'POST' } },
    headers: { authorization: `Basic ${Buffer.from(`${writeKeyOf(secrets, crm)}:`).toString('base64')}` },
    body: JSON.stringify({ batch: events }),
    isBase64Encoded: false,
  } as unknown as APIGatewayProxyEventV2;
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const { statusCode } = await collect(request, context);
    if (statusCode === 200) return;
    if (statusCode !== 503) throw new Error(`answered ${statusCode}`);
    await faults.revive();
  }
  throw new Error('never taken');
}

/** Delivers a batch until all of it is done, as an event source does. */
export async function deliver(
  handler: (event: StreamEvent, context: Context) => Promise<StreamResponse>,
  records: readonly StreamRecord[],
  faults: FaultyClients,
): Promise<void> {
  let left = records;
  for (let attempt = 0; left.length > 0; attempt += 1) {
    if (attempt === 6) throw new Error('never done');
    try {
      const { batchItemFailures } = await handler({ Records: left }, context);
      const from = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()[0];
      left = from === undefined ? [] : left.filter(({ kinesis }) => kinesis.sequenceNumber >= from);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'BatchFailure') throw error;
    }
    await faults.revive();
  }
}

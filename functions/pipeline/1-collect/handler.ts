import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { outcomeRecords } from '../../adapters/aws/outcome-records.ts';
import { quarantineStore } from '../../adapters/aws/quarantine-store.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { signalStream } from '../../adapters/aws/signal-stream.ts';
import { sources } from '../../registry/sources/index.ts';
import { required } from '../../runtime/environment.ts';
import { httpHandler, problem } from '../../runtime/http-handler.ts';
import { lazily } from '../../runtime/lazily.ts';
import { count } from '../../runtime/meter.ts';
import { RateLimit } from './rate-limit.ts';
import { type CollectSetting, receive } from './receive.ts';
import { policyOf } from './setting.ts';

const setting = lazily(
  async (): Promise<CollectSetting> => ({
    policy: policyOf(required, await jurisdictionSecrets()),
    sources,
    ports: {
      signals: signalStream(),
      lineage: lineageStream(),
      quarantine: quarantineStore(),
      records: outcomeRecords(),
    },
    limit: new RateLimit(),
  }),
);

/** `POST /v1/{batch,track,identify,page,screen,group,alias,events}`. */
export const handler = httpHandler({
  functionId: 'collect',
  handle: async (event) => {
    const request = {
      path: event.rawPath,
      headers: event.headers,
      body: event.body,
      isBase64: event.isBase64Encoded,
    };
    const answer = await receive(request, Date.now(), await setting());
    if ('refusal' in answer) return problem(answer.refusal);
    const { status, receipts, unknownCategories } = answer;
    count('events', receipts.length);
    const leftOut = receipts.reduce((sum, receipt) => sum + (receipt.leftOut?.length ?? 0), 0);
    if (leftOut > 0) count('attributesLeftOut', leftOut);
    if (unknownCategories !== undefined) count('unknownConsentCategories', unknownCategories);
    return { status, body: { success: status === 200, receipts } };
  },
});

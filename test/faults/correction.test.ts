import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileView } from '../../functions/contracts/operations.ts';
import { handler as serve } from '../../functions/pipeline/6-serve/handler.ts';
import { context } from './deliver.ts';
import { type Play, Stand } from './requests.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.start();
}, 60_000);
afterAll(() => stand?.stop());

describe('a privacy request about what is used, over DynamoDB, S3, KMS, Kinesis and Step Functions', () => {
  it('corrects once what was contested, and frees what was restricted for it, after or between whatever writes a function dies', async () => {
    const judge = (outcome: string) => (requestId: string) =>
      stand.ask('POST /v1/privacy-requests/{requestId}/accuracy', { outcome }, requestId);
    const { ends, calls } = await endsOf(
      {
        type: 'correct',
        corrections: [{ attribute: 'givenName', value: 'Augusta' }],
        before: judge('unascertained'),
        after: judge('accurate'),
      },
      (at) => `corrected-${at}`,
    );
    expect(calls.length).toBeGreaterThan(40);
    const [calm] = ends;
    expect(calm).toMatchObject({
      state: 'complete',
      orders: 1,
      givenName: [{ value: 'Augusta', origin: 'steward' }],
      events: [
        'Privacy Request Closed complete',
        'Recipients To Be Told correction',
        'Recipients To Be Told restriction',
        'Restriction Ending accuracy-settled',
        'Restriction Lifted accuracy-settled',
      ],
      evidence: {
        'correction-judged': 2,
        'subject-restricted': 1,
        'subject-unrestricted': 1,
        'subject-corrected': 1,
        'privacy-request-completed': 1,
      },
    });
    for (const end of ends) expect(end).toEqual({ ...calm, death: end.death });
  }, 240_000);

  it('restricts and is lifted once, after or between whatever writes a function dies', async () => {
    const { ends } = await endsOf(
      {
        type: 'restrict',
        after: (requestId) => {
          const order = { reason: 'claims-settled', by: 'legal', informedAt: new Date().toISOString() };
          return stand.ask('POST /v1/privacy-requests/{requestId}/lift', order, requestId);
        },
      },
      (at) => `restricted-${at}`,
    );
    const [calm] = ends;
    expect(calm).toMatchObject({
      state: 'complete',
      orders: 1,
      events: [
        'Privacy Request Closed complete',
        'Recipients To Be Told restriction',
        'Restriction Ending claims-settled',
        'Restriction Lifted claims-settled',
      ],
      evidence: {
        'subject-restricted': 1,
        'privacy-request-completed': 1,
        'restriction-ending': 1,
        'subject-unrestricted': 1,
      },
    });
    for (const end of ends) expect(end).toEqual({ ...calm, death: end.death });
  }, 240_000);
});

/** How each ends of whom one request is played: what is left, what was told, and what others see of them. */
async function endsOf(what: Play, people: (at: number) => string) {
  const { played, calls } = await stand.playEach(what, people);
  const evidence = await stand.evidenceByRequest();
  const ends = [];
  for (const { person, death, requestId } of played) {
    const { value, attributes = [] } = await seen(person);
    ends.push({
      death: death === null ? null : `${death.when} ${calls[death.call - 1]} (${death.call})`,
      state: (await stand.statusOf(requestId)).state,
      orders: value?.orders,
      givenName: attributes
        .filter(({ attribute }) => attribute === 'givenName')
        .map(({ value, origin }) => ({ value, origin })),
      events: stand.eventsAbout(requestId),
      evidence: evidence.get(requestId),
    });
  }
  return { ends, calls };
}

/** A person as operational systems that may see attributes see them. */
async function seen(person: string): Promise<ProfileView> {
  const event = {
    routeKey: 'POST /v1/profiles/lookup',
    isBase64Encoded: false,
    requestContext: { authorizer: { jwt: { claims: { scope: 'attributes:read' } } } },
    body: JSON.stringify({ identifiers: [{ type: 'userId', value: person }] }),
  } as unknown as APIGatewayProxyEventV2;
  return JSON.parse((await serve(event, context)).body ?? 'null') as ProfileView;
}

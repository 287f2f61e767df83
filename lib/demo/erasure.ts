import { setTimeout as pause } from 'node:timers/promises';
import type { PrivacyState } from '../../functions/contracts/privacy-requests.ts';
import type { PrivacyRequestView } from '../../functions/contracts/privacy-requests-api.ts';
import type { Region } from '../local/region.ts';
import type { ReadyJurisdiction } from '../local/regions.ts';
import type { Person } from './town-people.ts';

/** What one erasure took. */
export interface ErasureFigures {
  readonly state: PrivacyState;
  /** From receipt of the request to the deletion of the keys; null when the law lets it begin only later. */
  readonly seconds: number | null;
  /** Calls to AWS that it caused, by service, until everything that followed from it was archived. */
  readonly calls: Readonly<Record<string, number>>;
  /** Status of a lookup of the person afterwards. */
  readonly lookupStatus: number;
}

const POLL_MS = 500;
const WAIT_MS_MAX = 120_000;
const UNDER_WAY: ReadonlySet<PrivacyState> = new Set(['received', 'pending', 'processing']);

/** Erases the first of these people whom a region has a profile of, through its API, while nothing else runs.
 * @returns null when it has none of them
 * @throws Error when the API refuses, or nothing has come of it after two minutes */
export async function eraseOne(
  region: Region,
  ready: ReadyJurisdiction,
  people: readonly Person[],
): Promise<ErasureFigures | null> {
  const person = await firstKnown(ready, people);
  if (person === null) return null;
  const before = callsOf(region);
  const { requestId } = await asked(ready, '/v1/privacy-requests', {
    type: 'erase',
    identifiers: identifiersOf(person),
    requester: 'person',
  });
  const path = `/v1/privacy-requests/${requestId}`;
  let request = await asked(ready, `${path}/verification`, {
    by: 'service-desk',
    identity: { outcome: 'verified', method: 'signed-in' },
  });
  const until = performance.now() + WAIT_MS_MAX;
  while (UNDER_WAY.has(request.state)) {
    if (performance.now() > until)
      throw new Error(`${region.jurisdiction}: the erasure is still ${request.state}; see the logs`);
    await pause(POLL_MS);
    request = await asked(ready, path);
  }
  await region.idle({ closeWindows: true });
  const calls = differenceOf(before, callsOf(region));
  const { state, deletedAt, receivedAt } = request;
  return {
    state,
    seconds: deletedAt === null ? null : (Date.parse(deletedAt) - Date.parse(receivedAt)) / 1_000,
    calls,
    lookupStatus: (await lookup(ready, person)).status,
  };
}

/** Account holders in their order, so that a run is repeatable. */
async function firstKnown(ready: ReadyJurisdiction, people: readonly Person[]): Promise<Person | null> {
  for (const person of people) {
    if (person.userId === null) continue;
    if ((await lookup(ready, person)).ok) return person;
  }
  return null;
}

const identifiersOf = ({ userId, email }: Person): readonly { type: string; value: string }[] => [
  ...(userId === null ? [] : [{ type: 'userId', value: userId }]),
  { type: 'email', value: email },
];

async function lookup(ready: ReadyJurisdiction, person: Person): Promise<Response> {
  const response = await call(ready, '/v1/profiles/lookup', { identifiers: identifiersOf(person) });
  await response.body?.cancel();
  return response;
}

function call(ready: ReadyJurisdiction, path: string, body?: object): Promise<Response> {
  return fetch(`${ready.operationsUrl.replace(/\/$/, '')}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ready.token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function asked(ready: ReadyJurisdiction, path: string, body?: object): Promise<PrivacyRequestView> {
  const response = await call(ready, path, body);
  if (!response.ok) throw new Error(`the privacy API answered ${response.status}; see the logs`);
  return (await response.json()) as PrivacyRequestView;
}

type Calls = Readonly<Record<string, number>>;

const callsOf = (region: Region): Calls =>
  Object.fromEntries(
    Object.entries(region.meter().awsCalls).map(([service, operations]) => [
      service,
      Object.values(operations).reduce((sum, n) => sum + n, 0),
    ]),
  );

const differenceOf = (before: Calls, after: Calls): Calls =>
  Object.fromEntries(
    Object.entries(after)
      .map(([service, n]) => [service, n - (before[service] ?? 0)] as const)
      .filter(([, n]) => n > 0),
  );

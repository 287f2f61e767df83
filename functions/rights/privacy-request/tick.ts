import { CLOSED_STATES, type PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { isFarAhead } from './advance.ts';
import { eventOf, saved, tell } from './evidence.ts';
import type { PrivacyPolicy } from './policy.ts';
import type { StepPorts } from './ports.ts';

/** No request stays open for longer: every machine sleeps less, and every law gives less time. */
const OPEN_DAYS_MAX = 3 * 365;
/** Days in which an erasure becomes final, with time to spare for one that failed at it. */
const CLEARING_DAYS_MAX = 36;

/** Makes sure that every open request has an execution that works on it: one may have crashed, failed or been stopped.
 * @returns how many were started anew. @throws TransientError, ThrottledError */
export async function tick(ports: Pick<StepPorts, 'requests' | 'driver'>, now: EpochMs): Promise<number> {
  let started = 0;
  for await (const page of ports.requests.queue('open', now - OPEN_DAYS_MAX * DAY_MS))
    started += await drive(page, ports, now);
  // Those whose keys' backups may not be gone yet are not quite done.
  for await (const page of ports.requests.queue('erased', now - CLEARING_DAYS_MAX * DAY_MS))
    started += await drive(page, ports, now);
  return started;
}

async function drive(
  page: readonly PrivacyRequest[],
  ports: Pick<StepPorts, 'requests' | 'driver'>,
  now: EpochMs,
): Promise<number> {
  let started = 0;
  for (const request of page) {
    if (CLOSED_STATES.has(request.state) || isFarAhead(request, now)) continue;
    if ((await ports.driver.start(request)) === 'started') continue;
    const next = await ports.requests.save({ ...request, driver: request.driver + 1 });
    if (next === null) continue;
    await ports.driver.start(next);
    started += 1;
  }
  return started;
}

/** The machine gave up on a step: somebody is told, and the daily tick tries again. @throws TransientError, ThrottledError */
export async function fail(
  requestId: string,
  policy: PrivacyPolicy,
  ports: Pick<StepPorts, 'requests' | 'lineage' | 'events'>,
  now: EpochMs,
): Promise<void> {
  const found = await ports.requests.find(requestId);
  if (found === null || CLOSED_STATES.has(found.state) || found.state === 'key-deleted') return;
  const { driver } = found;
  // Its time is kept before it is told, so that a repetition tells the same.
  const isKept = found.state === 'failed' && found.failed?.driver === driver;
  const request = isKept
    ? found
    : await saved({ ...found, state: 'failed', failed: { driver, at: now } }, ports);
  const at = request.failed?.at ?? now;
  const reasons = `driver:${driver}`;
  await tell(request, [{ kind: 'privacy-request-failed', reasons, at }], policy, ports);
  await ports.events.publish([eventOf(request, 'Privacy Request Failed', reasons, at)]);
}

import * as z from 'zod';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { machineDriver } from '../../adapters/aws/machine-driver.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { requestBook } from '../../adapters/aws/request-book.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { signalStream } from '../../adapters/aws/signal-stream.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { unreachable } from '../../kernel/invariant.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { stepHandler } from '../../runtime/step-handler.ts';
import { advance } from './advance.ts';
import { choose } from './choose.ts';
import { correct } from './correct.ts';
import { lift } from './lift.ts';
import { policyOf } from './policy.ts';
import { floor, restrict } from './restrict.ts';
import { fail, tick } from './tick.ts';

const wiring = lazily(async () => {
  const secrets = await jurisdictionSecrets();
  const policy = policyOf(required, secrets);
  return {
    policy,
    ports: {
      requests: requestBook(policy.jurisdiction.logs.value.requestDays),
      subjects: profileStore(),
      keyring: subjectKeyring(secrets, { function: 'privacyStep', purpose: 'correct' }),
      signals: signalStream(),
      lineage: lineageStream(),
      events: eventBus(),
      driver: machineDriver(),
    },
  };
});

const document = z.object({ requestId: z.string(), driver: z.int() });
const input = z.union([
  z.object({
    step: z.enum(['advance', 'floor', 'choose', 'correct', 'restrict', 'lift', 'fail']),
    input: document,
  }),
  z.object({ step: z.literal('tick'), input: z.unknown() }),
]);

/** Steps of a privacy request that take nothing away. */
export const handler = stepHandler({
  functionId: 'privacyStep',
  input,
  step: async (given, now) => {
    const { policy, ports } = await wiring();
    if (given.step === 'tick') return { started: await tick(ports, now) };
    const { requestId } = given.input;
    switch (given.step) {
      case 'advance':
        return advance(given.input, policy, ports, now);
      case 'floor':
        return { outcome: await floor(requestId, policy, ports, now) };
      case 'choose':
        return choose(requestId, policy, ports, now);
      case 'correct':
        return correct(requestId, policy, ports, now);
      case 'restrict':
        return restrict(requestId, policy, ports, now);
      case 'lift':
        return lift(requestId, policy, ports, now);
      case 'fail':
        return fail(requestId, policy, ports, now);
      default:
        return unreachable(given);
    }
  },
});

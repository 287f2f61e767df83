import { machines } from '../../functions/flow/machines.ts';
import type { MachineId } from '../../functions/flow/resources.ts';
import { statesLanguage } from '../../lib/constructs/states-language.ts';
import { systemClock } from '../../lib/local/engines/event-bridge/schedule.ts';
import type { Definition } from '../../lib/local/engines/step-functions/states.ts';
import {
  type Execution,
  type StepFunctionsEngine,
  startStepFunctions,
} from '../../lib/local/engines/step-functions.ts';
import type { Json } from '../../lib/local/template/template.ts';
import type { FaultyClients } from './faulty-clients.ts';

/** A handler of a task, as the shells make them. */
export type Task = (event: unknown, context: never) => Promise<unknown>;

/** The state machines of the map over functions in this process, whose every attempt is a new instance. */
export interface Machines {
  readonly states: StepFunctionsEngine;
  /** Starts one and waits for its end. */
  run(id: MachineId): Promise<Execution>;
  /** Waits until every execution has ended or waits for its time. */
  settled(): Promise<void>;
}

const arnOf = (id: string): string => `arn:aws:states:eu-central-1:111122223333:stateMachine:${id}`;
const functionArn = (id: string): string => `arn:aws:lambda:eu-central-1:111122223333:function:${id}`;

/** Far enough ahead that a wait for what takes seconds is over at once, and one for a deadline is not. */
const AHEAD_MS = 3_000_000;
const impatientClock = { ...systemClock, now: () => Date.now() + AHEAD_MS };

/** @param tasks handlers by the id of their function; machines of which one is missing are not made */
export async function startMachines(
  tasks: Readonly<Record<string, Task>>,
  faults: FaultyClients,
): Promise<Machines> {
  // Retries wait for seconds in real time; here they come at once.
  const states = await startStepFunctions({ clock: impatientClock, retryPauseMs: 0 });
  for (const [id, machine] of Object.entries(machines))
    states.createMachine({
      arn: arnOf(id),
      definition: statesLanguage(machine, functionArn) as unknown as Definition,
      invoke: async (arn, input) => {
        const task = tasks[arn.split(':').at(-1) ?? ''];
        if (task === undefined) throw new Error(`no function ${arn}`);
        await faults.revive();
        return (await task(input, {} as never)) as Json;
      },
    });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SFN: states.url,
    PRIVACY_REQUEST_MACHINE_ARN: arnOf('privacyRequest'),
  });
  const settled = async (): Promise<void> => {
    while (!states.isIdle(60_000)) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return {
    states,
    settled,
    run: async (id) => {
      const executionArn = await states.start(arnOf(id), {});
      await settled();
      const ended = states.executions().find((each) => each.executionArn === executionArn);
      if (ended === undefined) throw new Error(`${id} did not run`);
      return ended;
    },
  };
}

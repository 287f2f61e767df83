import type { Execution } from './engines/step-functions.ts';
import { TemplateError, UserError } from './errors.ts';
import type { Build, MachineDraft } from './resources/build.ts';
import type { TriggerSurroundings } from './start-triggers.ts';
import type { Json } from './template/template.ts';

/** The failure of an invoked function, named as the function named it: retries and catchers go by the name. */
class TaskError extends Error {
  constructor(errorType: string, errorMessage: string) {
    super(errorMessage);
    this.name = errorType;
  }
}

/**
 * Makes the state machines, and goes on with executions that an earlier run left.
 * @param onForbidden told when a machine invokes a function that its role does not name
 * @throws TemplateError when a definition uses what this region cannot run as AWS would
 */
export function startMachines(
  { build, invoke }: TriggerSurroundings,
  onForbidden: (machine: MachineDraft) => void,
): void {
  const { states } = build.engines;
  for (const machine of build.machines.values()) {
    try {
      states.createMachine({
        arn: machine.arn,
        definition: machine.definition,
        invoke: async (functionArn, input) => {
          if (!build.grants.allows(machine.role, 'lambda:InvokeFunction')) onForbidden(machine);
          const invocation = await invoke(functionArn, input);
          if (!invocation.ok) throw new TaskError(invocation.error.errorType, invocation.error.errorMessage);
          return invocation.response as Json;
        },
      });
    } catch (cause) {
      throw new TemplateError(
        machine.logicalId,
        `${machine.logicalId}: the local region cannot run this machine: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    }
  }
  states.resume();
}

/** A machine's id in the map: the last part of its name (`rapport-eu-privacyRequest`). */
const machineIdOf = (build: Build, arn: string): string =>
  build.machines.get(arn)?.name.split('-').at(-1) ?? arn;

/** @throws UserError when the region has no such machine */
export function machineArnOf(build: Build, machineId: string): string {
  const arn = [...build.machines.keys()].find((candidate) => machineIdOf(build, candidate) === machineId);
  if (arn === undefined) throw new UserError(`the region has no state machine ${machineId}`);
  return arn;
}

/** All executions of the region, with the ids of their machines. */
export const executionsOf = (build: Build): readonly (Execution & { readonly machineId: string })[] =>
  build.engines.states
    .executions()
    .map((execution) => ({ ...execution, machineId: machineIdOf(build, execution.machineArn) }));

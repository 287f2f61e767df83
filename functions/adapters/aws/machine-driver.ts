import { ExecutionAlreadyExists, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Driver } from '../../rights/privacy-request/ports.ts';
import { required } from '../../runtime/environment.ts';
import { stepFunctions } from './clients.ts';
import { translate } from './errors.ts';

/** The state machine of privacy requests on Step Functions. An execution is named after the request and its number, so that
 * starting it twice starts it once. */
export const machineDriver = (machineArn = required('PRIVACY_REQUEST_MACHINE_ARN')): Driver => ({
  start: async ({ requestId, driver }) => {
    try {
      await stepFunctions().send(
        new StartExecutionCommand({
          stateMachineArn: machineArn,
          name: `${requestId}-${driver}`,
          input: JSON.stringify({ requestId, driver }),
        }),
      );
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'ended';
      throw translate('states', error);
    }
  },
});

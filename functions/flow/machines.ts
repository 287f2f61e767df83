/** State machines, beside `flow.ts`: which function works when, waits and retries included. Plain values only. */
import type { FlowMachine, MachineRetry } from '../contracts/machines.ts';
import type { MachineId } from './resources.ts';

/** Over an hour: what does not pass by then is for a person to look at. */
const STEP_RETRY: MachineRetry = { attempts: 10, intervalSeconds: 2 };
const privacyStep = (step: string) =>
  ({
    kind: 'task',
    function: 'privacyStep',
    with: { step },
    timeoutSeconds: 120,
    retry: STEP_RETRY,
  }) as const;
const eraseStep = (step: string) =>
  ({
    kind: 'task',
    function: 'privacyErase',
    with: { step },
    result: 'discarded',
    timeoutSeconds: 300,
    retry: STEP_RETRY,
    catch: 'Fail',
  }) as const;
const RETENTION_STEP = {
  kind: 'task',
  function: 'retention',
  timeoutSeconds: 900,
  retry: { attempts: 5, intervalSeconds: 10 },
} as const;
const COMPACTION_STEP = {
  kind: 'task',
  function: 'compact',
  timeoutSeconds: 900,
  retry: { attempts: 3, intervalSeconds: 30 },
} as const;

/** State machines, by the id of their resource. Their tasks are functions whose trigger is `task`. */
export const machines: Readonly<Record<MachineId, FlowMachine>> = {
  retention: {
    purpose: 'rolls months up, removes what is past its time, and proves that nothing is',
    startAt: 'Begin',
    timeoutSeconds: 82_800,
    everyMinutes: 1_440,
    states: {
      Begin: { ...RETENTION_STEP, with: { step: 'begin' }, next: 'RollUp' },
      RollUp: {
        kind: 'each',
        listPath: '$.months',
        concurrency: 1,
        task: {
          function: 'retention',
          with: { step: 'roll-up' },
          timeoutSeconds: 900,
          retry: { attempts: 3, intervalSeconds: 30 },
        },
        next: 'Sweep',
      },
      Sweep: { ...RETENTION_STEP, with: { step: 'sweep' }, next: 'Swept' },
      Swept: {
        kind: 'choice',
        cases: [{ path: '$.done', equals: true, next: 'Report' }],
        otherwise: 'Sweep',
      },
      Report: { ...RETENTION_STEP, with: { step: 'report' }, next: 'Proven' },
      Proven: {
        kind: 'choice',
        cases: [{ path: '$.clean', equals: true, next: 'Done' }],
        otherwise: 'NotProven',
      },
      Done: { kind: 'succeed' },
      NotProven: { kind: 'fail', error: 'SomethingIsPastItsTime' },
    },
  },
  compaction: {
    purpose: 'makes large objects of the small ones of each hour of the archive, and removes those later',
    startAt: 'Remove',
    timeoutSeconds: 3_600,
    everyMinutes: 60,
    states: {
      Remove: { ...COMPACTION_STEP, with: { step: 'remove' }, result: 'discarded', next: 'Plan' },
      Plan: { ...COMPACTION_STEP, with: { step: 'plan' }, next: 'Planned' },
      Planned: {
        kind: 'choice',
        cases: [{ path: '$.done', equals: true, next: 'Done' }],
        otherwise: 'Hours',
      },
      Hours: {
        kind: 'each',
        listPath: '$.hours',
        concurrency: 1,
        task: {
          function: 'compact',
          with: { step: 'hour' },
          timeoutSeconds: 900,
          retry: { attempts: 3, intervalSeconds: 30 },
        },
        next: 'Plan',
      },
      Done: { kind: 'succeed' },
    },
  },
  privacyRequest: {
    purpose: 'carries a privacy request from its receipt to its end, and wakes for its deadlines',
    startAt: 'Advance',
    timeoutSeconds: 360 * 86_400,
    states: {
      Advance: { ...privacyStep('advance'), catch: 'Fail', next: 'Which' },
      Which: {
        kind: 'choice',
        cases: [
          { path: '$.action', equals: 'wait', next: 'Wait' },
          { path: '$.action', equals: 'choose', next: 'Choose' },
          { path: '$.action', equals: 'correct', next: 'Correct' },
          { path: '$.action', equals: 'restrict', next: 'Restrict' },
          { path: '$.action', equals: 'lift', next: 'Lift' },
          { path: '$.action', equals: 'export', next: 'Export' },
          { path: '$.action', equals: 'erase', next: 'Floor' },
          { path: '$.action', equals: 'clear', next: 'Clear' },
        ],
        otherwise: 'Done',
      },
      Wait: { kind: 'wait', until: { timestampPath: '$.wakeAt' }, next: 'Advance' },
      Choose: { ...privacyStep('choose'), result: 'discarded', catch: 'Fail', next: 'Advance' },
      Correct: { ...privacyStep('correct'), result: '$.corrected', catch: 'Fail', next: 'Corrected' },
      Corrected: {
        kind: 'choice',
        cases: [{ path: '$.corrected.outcome', equals: 'applying', next: 'Applying' }],
        otherwise: 'Advance',
      },
      Applying: { kind: 'wait', until: { timestampPath: '$.corrected.wakeAt' }, next: 'Advance' },
      Lift: { ...privacyStep('lift'), result: 'discarded', catch: 'Fail', next: 'Advance' },
      Restrict: { ...privacyStep('restrict'), result: 'discarded', catch: 'Fail', next: 'Advance' },
      Export: {
        kind: 'task',
        function: 'privacyExport',
        result: 'discarded',
        timeoutSeconds: 900,
        retry: STEP_RETRY,
        catch: 'Fail',
        next: 'Advance',
      },
      Floor: { ...privacyStep('floor'), result: '$.floor', catch: 'Fail', next: 'May' },
      May: {
        kind: 'choice',
        cases: [{ path: '$.floor.outcome', equals: 'erase', next: 'Suppress' }],
        otherwise: 'Advance',
      },
      Suppress: { ...eraseStep('suppress'), next: 'Purge' },
      Purge: { ...eraseStep('purge'), next: 'DeleteKeys' },
      DeleteKeys: { ...eraseStep('delete-keys'), next: 'Certify' },
      Certify: { ...eraseStep('certify'), next: 'Advance' },
      Clear: { ...eraseStep('clear'), next: 'Advance' },
      Fail: { ...privacyStep('fail'), result: 'discarded', next: 'Failed' },
      Failed: { kind: 'fail', error: 'PrivacyRequestFailed' },
      Done: { kind: 'succeed' },
    },
  },
  privacyDaily: {
    purpose:
      'looks after privacy requests that nobody works on, and does erasures again that a restore undid',
    startAt: 'Tick',
    timeoutSeconds: 3_600,
    everyMinutes: 1_440,
    states: {
      Tick: { ...privacyStep('tick'), result: 'discarded', next: 'Again' },
      Again: {
        kind: 'task',
        function: 'privacyErase',
        with: { step: 'again' },
        result: 'discarded',
        timeoutSeconds: 300,
        retry: STEP_RETRY,
      },
    },
  },
};

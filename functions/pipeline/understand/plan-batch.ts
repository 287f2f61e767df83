import type { AtomId } from '../../contracts/ids.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { mayMatch, type UnderstandContext } from './context.ts';
import type { Batch } from './delivery.ts';
import { type Attempt, matchPersons, type PersonsMatched } from './match-persons.ts';
import { type Plan, planUnit } from './plan.ts';
import type { Knowledge } from './plan-group.ts';
import type { ProfileStore, UnderstandPorts } from './ports.ts';
import { StaleReadError } from './stale-read.ts';
import { readWorld, type Unit, unitsOf } from './world.ts';

/** What an attempt at a batch goes by. */
export interface BatchKnowledge extends Knowledge {
  readonly batch: Batch;
  /** What this attempt has read. */
  readonly store: Pick<ProfileStore, 'read'>;
  readonly keys: Map<AtomId, SubjectKey>;
}

interface Planned {
  readonly planned: readonly { readonly unit: Unit; readonly plan: Plan }[];
  /** Units of which what was read does not fit together: to be read again. */
  readonly stale: readonly Unit[];
}

export type PlannedMatched = Planned & Pick<PersonsMatched, 'enter'>;

function planAll(toPlan: BatchKnowledge, context: UnderstandContext, now: EpochMs): Planned {
  const planned: { unit: Unit; plan: Plan }[] = [];
  const stale: Unit[] = [];
  for (const unit of unitsOf(toPlan.batch, toPlan.world)) {
    try {
      planned.push({ unit, plan: planUnit(unit, toPlan, context, now) });
    } catch (error) {
      if (!(error instanceof StaleReadError)) throw error;
      stale.push(unit);
    }
  }
  return { planned, stale };
}

/** Plans, matches the persons that come of it, and plans again with the subjects that matches join or part: what is read for
 * that was mostly read before. */
export async function planMatched(
  toPlan: BatchKnowledge,
  context: UnderstandContext,
  ports: UnderstandPorts,
  attempt: Attempt,
  now: EpochMs,
): Promise<PlannedMatched> {
  const { batch, store, keys } = toPlan;
  const unmatched = planAll(toPlan, context, now);
  const plans = unmatched.planned.map(({ plan }) => plan);
  try {
    const { matches, enter } = await matchPersons(plans, store, keys, context, ports, attempt, now);
    if (matches === null) return { ...unmatched, enter };
    const matched = { ...batch, matches };
    const world = await readWorld(matched, store, attempt.consistent, mayMatch(context));
    return { ...planAll({ ...toPlan, batch: matched, world }, context, now), enter };
  } catch (error) {
    if (!(error instanceof StaleReadError)) throw error;
    return { planned: [], stale: unitsOf(batch, toPlan.world), enter: async () => new Set() };
  }
}

import { memoryEvidenceStore } from '../../../functions/adapters/memory/evidence-store.ts';
import { memorySigner } from '../../../functions/adapters/memory/signer.ts';
import type { LineageRow } from '../../../functions/contracts/lineage.ts';
import { archiveWindow } from '../../../functions/evidence/archive/archive.ts';
import { type AuditReport, verifyArchive } from '../../../functions/evidence/audit/verify.ts';
import { compactHour, planCompaction, removeReplaced } from '../../../functions/evidence/compact/compact.ts';
import { type CheckpointContext, checkpoint } from '../../../functions/evidence/log/checkpoint.ts';
import { expiryOf } from '../../../functions/evidence/log/expiry.ts';
import { originOf, publicKeyOf } from '../../../functions/evidence/log/note.ts';
import type { CheckpointPorts } from '../../../functions/evidence/log/ports.ts';
import { eu } from '../../../functions/registry/jurisdictions/eu.ts';
import { Crash, delivery, HOUR_14 } from '../archive/rows.ts';

export const CONTEXT: CheckpointContext = { origin: originOf('eu'), expiresOn: expiryOf(eu) };

export interface LoggedArchive extends CheckpointPorts {
  readonly evidence: ReturnType<typeof memoryEvidenceStore>;
  readonly checkpoints: ReturnType<typeof memoryEvidenceStore>;
}

/** An empty archive in memory with its log. @param clock dates what is written */
export const loggedArchive = (clock: () => number = () => HOUR_14): LoggedArchive => ({
  evidence: memoryEvidenceStore(clock),
  checkpoints: memoryEvidenceStore(clock),
  signer: memorySigner(),
});

/** Archives one window, at a place of the stream. */
export const archived = (ports: CheckpointPorts, at: number, ...rows: readonly LineageRow[]) =>
  archiveWindow({ store: ports.evidence }, [delivery(at, rows)]);

export const signed = (ports: CheckpointPorts, now = HOUR_14) => checkpoint(CONTEXT, ports, now);

export interface Compacted {
  readonly merged: number;
  readonly made: number;
  readonly rows: number;
  readonly refused: number;
  readonly removed: number;
  /** Rounds in which it was done. */
  readonly rounds: number;
}

/** Runs the steps of the machine `compaction` to its end, and adds up what they say. */
export async function compacted(
  ports: CheckpointPorts,
  now: number,
  isInTime: () => boolean = () => true,
): Promise<Compacted> {
  const context = { origin: CONTEXT.origin, key: publicKeyOf(await ports.signer.publicKey()) };
  const own = { ...ports, isInTime };
  const { removed } = await removeReplaced(context, own, now);
  const sum = { merged: 0, made: 0, rows: 0, refused: 0, rounds: 0 };
  let plan = await planCompaction(null, context, own, now);
  for (; !plan.done; plan = await planCompaction(plan, context, own, now)) {
    sum.rounds += 1;
    for (const hour of plan.hours) {
      const { merged, made, rows, refused } = await compactHour(hour, context, own, now);
      sum.merged += merged;
      sum.made += made;
      sum.rows += rows;
      sum.refused += refused;
    }
  }
  return { ...sum, removed };
}

export async function audited(ports: CheckpointPorts, now = HOUR_14): Promise<AuditReport> {
  return verifyArchive(ports, {
    origin: CONTEXT.origin,
    keys: [publicKeyOf(await ports.signer.publicKey())],
    now,
    checkpointAgeMsMax: null,
    includes: () => true,
    reads: () => true,
  });
}

/** The ports as a function sees them that dies at its n-th call (from 0), before the call took effect or after. */
export function dyingPorts(ports: CheckpointPorts, call: number, when: 'before' | 'after'): CheckpointPorts {
  let calls = 0;
  let isDead = false;
  const guard = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...given: unknown[]): Promise<unknown> => {
          const isFatal = calls === call;
          calls += 1;
          if (isFatal && when === 'before') isDead = true;
          if (isDead) throw new Crash('died');
          const result: unknown = await method.apply(target, given);
          if (isFatal) isDead = true;
          if (isDead) throw new Crash('died');
          return result;
        };
      },
    });
  return {
    evidence: guard(ports.evidence),
    checkpoints: guard(ports.checkpoints),
    signer: guard(ports.signer),
  };
}

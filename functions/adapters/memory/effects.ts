import type { Alert } from '../../contracts/alerts.ts';
import type { LineageRow } from '../../contracts/lineage.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import type { DomainEvent, DueCue, EffectPorts } from '../../pipeline/understand/ports.ts';

/** What a batch told, gathered in memory; for unit and property tests. */
export class MemoryEffects implements EffectPorts {
  readonly rows: LineageRow[] = [];
  readonly opened = new Map<string, Alert>();
  readonly cues: DueCue[] = [];
  readonly published: DomainEvent[] = [];
  readonly kept: OutcomeRecord[] = [];

  readonly alerts = {
    open: async (alerts: readonly Alert[]): Promise<void> => {
      for (const alert of alerts) if (!this.opened.has(alert.alertId)) this.opened.set(alert.alertId, alert);
    },
  };
  readonly dueCues = {
    arm: async (cues: readonly DueCue[]): Promise<void> => {
      this.cues.push(...cues);
    },
  };
  readonly lineage = {
    append: async (rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void> => {
      for (const rows of rowsByBucket.values()) this.rows.push(...rows);
    },
  };
  readonly events = {
    publish: async (events: readonly DomainEvent[]): Promise<void> => {
      this.published.push(...events);
    },
  };
  readonly records = {
    put: async (records: readonly OutcomeRecord[]): Promise<void> => {
      this.kept.push(...records);
    },
  };
}

import type { Alert } from '../../contracts/alerts.ts';
import type { AlertId } from '../../contracts/ids.ts';
import type { LineageRow } from '../../contracts/lineage.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { DomainEvent, EffectPorts } from '../../pipeline/understand/ports.ts';
import { memoryAttributeConflicts } from './attribute-conflicts.ts';
import { MemoryDueCues } from './due-cues.ts';
import { memoryIdentityReviews } from './identity-reviews.ts';

/** What a batch told, gathered in memory; for unit and property tests. */
export class MemoryEffects implements EffectPorts {
  readonly rows: LineageRow[] = [];
  readonly opened = new Map<string, Alert>();
  readonly published: DomainEvent[] = [];
  readonly kept: OutcomeRecord[] = [];

  readonly alerts = {
    open: async (alerts: readonly Alert[]): Promise<void> => {
      for (const alert of alerts) if (!this.opened.has(alert.alertId)) this.opened.set(alert.alertId, alert);
    },
    close: async (alertIds: readonly AlertId[], at: EpochMs): Promise<void> => {
      for (const alertId of alertIds) {
        const alert = this.opened.get(alertId);
        if (alert === undefined || alert.state === 'resolved') continue;
        this.opened.set(alertId, { ...alert, state: 'resolved', resolvedAt: at });
      }
    },
  };
  readonly dueCues = new MemoryDueCues();
  readonly reviews = memoryIdentityReviews();
  readonly conflicts = memoryAttributeConflicts();
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

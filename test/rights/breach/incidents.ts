import { createSecretKey } from 'node:crypto';
import { memoryIncidentStore } from '../../../functions/adapters/memory/incident-store.ts';
import type { EffectRow, LineageRow } from '../../../functions/contracts/lineage.ts';
import type { JurisdictionSecrets } from '../../../functions/contracts/tokens.ts';
import type { EpochMs } from '../../../functions/kernel/time.ts';
import type { IncidentLaw } from '../../../functions/rights/breach/incident.ts';
import type { IncidentEvent, IncidentPorts, IncidentStore } from '../../../functions/rights/breach/ports.ts';
import { calendar, lawOf } from '../calendars.ts';

export const lawIn = (code: string): IncidentLaw => ({ jurisdiction: lawOf(code), calendar: calendar(code) });

export function secretsForTests(): JurisdictionSecrets {
  const secret = (fill: number) => createSecretKey(Buffer.alloc(32, fill));
  return { identifiers: secret(1), messages: secret(2), writeKeys: secret(3), subjectKeys: secret(4) };
}

/** Incidents in memory, with what they told. */
export interface MemoryIncidents extends IncidentPorts {
  readonly rows: LineageRow[];
  readonly published: IncidentEvent[];
  /** Runs before each call of a port; throws to let the function die there. */
  onCall: (name: string) => void;
}

export function memoryIncidents(store: IncidentStore = memoryIncidentStore()): MemoryIncidents {
  const rows: LineageRow[] = [];
  const published: IncidentEvent[] = [];
  const ports: MemoryIncidents = {
    rows,
    published,
    onCall: () => undefined,
    incidents: new Proxy(store, {
      get:
        (target, name: keyof IncidentStore) =>
        async (...given: never[]) => {
          ports.onCall(`${name} before`);
          const answer = await (target[name] as (...args: never[]) => Promise<unknown>)(...given);
          ports.onCall(`${name} after`);
          return answer;
        },
    }),
    lineage: {
      append: async (byBucket) => {
        ports.onCall('append before');
        for (const each of byBucket.values()) rows.push(...each);
        ports.onCall('append after');
      },
    },
    events: {
      publish: async (events) => {
        ports.onCall('publish before');
        published.push(...events);
        ports.onCall('publish after');
      },
    },
  };
  return ports;
}

/** Effects as the archive has them: a row marked as redelivered counts once. A fresh row that is there already would be
 * counted twice: that is the fault this finds. */
export function archived(rows: readonly LineageRow[]): readonly EffectRow[] {
  const kept: EffectRow[] = [];
  for (const row of rows) {
    if (row.table !== 'effects') continue;
    if (row.redelivered === true && kept.some(({ rowId }) => rowId === row.rowId)) continue;
    kept.push(row);
  }
  return kept;
}

export const at = (text: string): EpochMs => Date.parse(text);

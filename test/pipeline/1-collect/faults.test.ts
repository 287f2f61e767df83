import { describe, expect, it } from 'vitest';
import { TransientError } from '../../../functions/kernel/invariant.ts';
import { collect } from '../../../functions/pipeline/1-collect/collect.ts';
import { type CollectPorts, keep } from '../../../functions/pipeline/1-collect/keep.ts';
import { memoryStage, NOW, order, policy, source } from './setting.ts';

/** Ports that break at one call: before it has an effect, or after it, when only the answer is lost. */
function breakingAt(ports: CollectPorts, call: number, when: 'before' | 'after') {
  let calls = 0;
  const breaking =
    <A extends unknown[], R>(run: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      calls += 1;
      const isNow = calls === call;
      if (isNow && when === 'before') throw new TransientError('crash before');
      const result = await run(...given);
      if (isNow) throw new TransientError('crash after');
      return result;
    };
  const broken: CollectPorts = {
    signals: { append: breaking(ports.signals.append) },
    lineage: { append: breaking(ports.lineage.append) },
    quarantine: { put: breaking(ports.quarantine.put), get: ports.quarantine.get },
    records: {
      find: breaking(ports.records.find),
      putNew: breaking(ports.records.putNew),
      put: breaking(ports.records.put),
    },
  };
  return { broken, calls: () => calls };
}

const events = [
  order({ messageId: 'good-1' }),
  order({ messageId: 'bad-1', properties: { total: -1 } }),
  order({ messageId: 'good-2', userId: 'C-2' }),
  order({ messageId: 'bad-2', event: '' }),
  order({ messageId: 'uk-1', properties: { country: 'GB' } }),
];
const CALLS = 5;

describe.each(['before', 'after'] as const)('a crash %s an external call', (when) => {
  it.each(Array.from({ length: CALLS }, (_, at) => at + 1))(
    'number %i is never success, and the retry completes it',
    async (call) => {
      const stage = memoryStage();
      const attempt = (ports: CollectPorts, receivedAt: number) =>
        keep(
          collect({ source: source('web'), events, sentAt: null, receivedAt, gpc: false }, policy),
          policy.buckets,
          ports,
        );
      const { broken } = breakingAt(stage.ports, call, when);
      await expect(attempt(broken, NOW)).rejects.toThrow(`crash ${when}`);
      await attempt(stage.ports, NOW + 86_400_000);

      expect(new Set(stage.signals().map(({ messageToken }) => messageToken)).size).toBe(2);
      const records = [...stage.ports.records.records.values()];
      expect(records.map(({ outcome }) => outcome).sort()).toEqual([
        'misdirected',
        'quarantined',
        'quarantined',
      ]);
      for (const { quarantine, messageToken } of records) {
        if (quarantine === undefined) continue;
        const entries = await stage.ports.quarantine.get(quarantine.key);
        expect(entries?.[quarantine.line]?.messageToken).toBe(messageToken);
      }
      // What a row says twice, it says under one id and one hour, and the second time it says so: the archive can tell.
      const refused = stage.rows().filter((row) => row.table === 'refusals' && row.outcome !== 'duplicate');
      const rows = Map.groupBy(refused, ({ rowId }) => rowId);
      expect(rows.size).toBe(3);
      for (const same of rows.values()) {
        expect(new Set(same.map(({ receivedAt }) => receivedAt)).size).toBe(1);
        for (const repeated of same.slice(1)) expect(repeated.redelivered).toBe(true);
      }
    },
  );

  it('is tried at every call there is', async () => {
    const stage = memoryStage();
    const { broken, calls } = breakingAt(stage.ports, 0, when);
    await keep(
      collect({ source: source('web'), events, sentAt: null, receivedAt: NOW, gpc: false }, policy),
      policy.buckets,
      broken,
    );
    expect(calls()).toBe(CALLS);
  });
});

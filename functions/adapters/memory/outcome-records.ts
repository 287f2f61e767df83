import type { MessageToken } from '../../contracts/ids.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import type { EpochMs } from '../../kernel/time.ts';

interface StoredRecord extends OutcomeRecord {
  readonly replayedAt?: EpochMs;
}

/** The table of outcomes in memory, for unit tests. */
export function memoryOutcomeRecords() {
  const records = new Map<MessageToken, StoredRecord>();
  return {
    records,
    find: async (tokens: readonly MessageToken[]): Promise<ReadonlyMap<MessageToken, StoredRecord>> =>
      new Map(
        tokens.flatMap((token) => (records.has(token) ? [[token, records.get(token) as StoredRecord]] : [])),
      ),
    putNew: async (added: readonly OutcomeRecord[]): Promise<ReadonlySet<MessageToken>> => {
      const taken = added.filter(({ messageToken }) => records.has(messageToken));
      for (const record of added)
        if (!taken.includes(record)) records.set(record.messageToken, structuredClone(record));
      return new Set(taken.map(({ messageToken }) => messageToken));
    },
    put: async (added: readonly OutcomeRecord[]): Promise<void> => {
      for (const record of added) records.set(record.messageToken, structuredClone(record));
    },
    listQuarantined: async (query: {
      limit: number;
      sourceId?: string;
      reason?: string;
      cursor?: string;
    }) => {
      const matching = [...records.values()]
        .filter((record) => record.outcome === 'quarantined' && record.replayedAt === undefined)
        .filter((record) => query.sourceId === undefined || record.sourceId === query.sourceId)
        .filter((record) => query.reason === undefined || record.reason === query.reason)
        .sort(
          (one, other) =>
            other.receivedAt - one.receivedAt || (one.messageToken < other.messageToken ? -1 : 1),
        );
      const start = matching.findIndex((record) => cursorOf(record) === query.cursor) + 1;
      const page = matching.slice(start, start + query.limit);
      const last = page.at(-1);
      const isMore = start + query.limit < matching.length;
      return { records: page, ...(isMore && last !== undefined ? { cursor: cursorOf(last) } : {}) };
    },
    markReplayed: async (token: MessageToken, at: EpochMs): Promise<void> => {
      const record = records.get(token);
      if (record?.outcome === 'quarantined') records.set(token, { ...record, replayedAt: at });
    },
  };
}

const cursorOf = (record: StoredRecord): string => `${record.receivedAt}.${record.messageToken}`;

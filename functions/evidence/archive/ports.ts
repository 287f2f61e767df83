/** A record of the lineage stream as the archive needs it. `values` is null for poison, which then has `raw`. */
export type LineageDelivery = { readonly shardId: string; readonly sequenceNumber: string } & (
  | { readonly values: readonly unknown[] }
  | { readonly values: null; readonly raw: Uint8Array }
);

/** Where evidence is kept for good. Nothing in it is ever overwritten. */
export interface EvidenceStore {
  /** Writes an object unless its key exists: `present` then, and what is there stays.
   * @throws TransientError, ThrottledError */
  putOnce(key: string, bytes: Uint8Array): Promise<'written' | 'present'>;
  /** Keys under a prefix, in order; with `after` only those behind that key.
   * @throws TransientError, ThrottledError */
  keys(prefix: string, after?: string): Promise<readonly string[]>;
  /** @throws TransientError, also when the key does not exist; ThrottledError */
  read(key: string): Promise<Uint8Array>;
}

export interface ArchivePorts {
  readonly store: EvidenceStore;
}

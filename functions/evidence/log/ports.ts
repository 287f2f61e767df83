import type { EpochMs } from '../../kernel/time.ts';
import type { EvidenceStore } from '../archive/ports.ts';

/** What is known of an object without reading it. */
export interface StoredObject {
  /** SHA-256 of its bytes as hexadecimal digits; null when the store does not know it. */
  readonly sha256: string | null;
  readonly at: EpochMs;
}

/** A bucket whose objects can be read and listed. */
export type ReadableBucket = Pick<EvidenceStore, 'keys' | 'read'>;

/** The evidence bucket as the log sees it. */
export interface LogStore extends EvidenceStore {
  /** Null when the key has no object.
   * @throws TransientError, ThrottledError */
  stat(key: string): Promise<StoredObject | null>;
  /** Removes an object; nothing happens when there is none. A bucket with versions keeps what was there for its recovery days.
   * @throws TransientError, ThrottledError */
  remove(key: string): Promise<void>;
}

/** The jurisdiction's signing key, whose private half nobody sees. */
export interface Signer {
  /** PEM (SPKI). @throws TransientError */
  publicKey(): Promise<string>;
  /** ECDSA over P-256 and SHA-256, DER.
   * @param message at most 4,096 bytes
   * @throws TransientError */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export interface CheckpointPorts {
  readonly evidence: LogStore;
  /** The bucket from which nothing can be taken. */
  readonly checkpoints: EvidenceStore;
  readonly signer: Signer;
}

import type { EvidenceStore } from '../archive/ports.ts';
import type { LogStore, ReadableBucket } from '../log/ports.ts';

export interface CompactPorts {
  readonly evidence: LogStore & EvidenceStore;
  readonly checkpoints: ReadableBucket;
  /** Asked before each object that is made or folder that is cleared: false ends the step, and the next one goes on. */
  readonly isInTime: () => boolean;
}

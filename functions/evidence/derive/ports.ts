import type { SubjectKeyring } from '../../contracts/subject-keys.ts';
import type { ProfileStore, StoredNode } from '../../pipeline/understand/ports.ts';
import type { EvidenceStore } from '../archive/ports.ts';

/** What deriving needs of the archive. */
export interface DerivePorts {
  readonly evidence: Pick<EvidenceStore, 'keys' | 'read'>;
  readonly keyring: Pick<SubjectKeyring, 'read' | 'all'>;
}

/** An identifier of a profile store, as far as two stores are compared by it. */
export type StoredIdentity = Pick<StoredNode, 'id' | 'state' | 'subjectId' | 'saturated'>;

export interface IdentityList {
  /** Every identifier, in pages. @throws ThrottledError, TransientError */
  identities(): AsyncIterable<readonly StoredIdentity[]>;
}

export interface ExplainPorts extends DerivePorts {
  /** A new and empty place to play signals in. */
  scratch(): ProfileStore;
}

export interface RebuildPorts extends DerivePorts {
  /** Where profiles are rebuilt. */
  readonly rebuilt: ProfileStore & IdentityList;
  readonly live: IdentityList;
}

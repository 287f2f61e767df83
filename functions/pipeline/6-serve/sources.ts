import type { SourcePage } from '../../contracts/operations.ts';
import { type JurisdictionSecrets, writeKeyOf } from '../../contracts/tokens.ts';
import type { SourceDefinition } from '../../registry/source-definition.ts';

/** The sources of a stack with their write keys: the one place where an operator gets them. They are derived anew at each
 * question, since no key is stored. */
export const sourcePage = (
  sources: readonly SourceDefinition[],
  secrets: JurisdictionSecrets,
): SourcePage => ({
  sources: sources.map((source) => ({
    id: source.id,
    kind: source.kind,
    steward: source.steward,
    keyVersion: source.keyVersion,
    writeKey: writeKeyOf(secrets, source),
  })),
});

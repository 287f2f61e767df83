import { isWriteKeyOf, type JurisdictionSecrets } from '../../contracts/tokens.ts';
import type { SourceDefinition } from '../../registry/source-definition.ts';

/** The write key of a request: `Basic base64(writeKey:)` as Segment's clients send it, `Bearer` as event routers do.
 * Null when the header holds none. */
export function keyFromHeader(authorization: string | undefined): string | null {
  const [scheme, credentials = ''] = (authorization ?? '').trim().split(/\s+/, 2);
  switch (scheme?.toLowerCase()) {
    case 'basic': {
      const decoded = Buffer.from(credentials, 'base64').toString('utf8');
      const colon = decoded.indexOf(':');
      return (colon === -1 ? decoded : decoded.slice(0, colon)) || null;
    }
    case 'bearer':
      return credentials || null;
    default:
      return null;
  }
}

/** The source that a write key belongs to, or null. The key's mac is compared in constant time; which sources exist
 * is no secret. */
export function sourceOfKey(
  secrets: JurisdictionSecrets,
  sources: readonly SourceDefinition[],
  key: string | null,
): SourceDefinition | null {
  if (key === null) return null;
  const claimed = sources.filter((source) => key.startsWith(`${source.id}_`));
  return claimed.find((source) => isWriteKeyOf(secrets, source, key)) ?? null;
}

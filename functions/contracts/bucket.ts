/**
 * The partition bucket of a token: `b00`, `b01`, … A partition key, so that one atom's signals mostly meet in one
 * batch (fewer write conflicts; nothing depends on it). FNV-1a over the token: tokens are uniform already, and a
 * bucket must say nothing about its token.
 * @param buckets how many there are, at most 100 (environment `SIGNAL_BUCKETS`)
 */
export function bucketOf(token: string, buckets: number): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < token.length; at += 1) hash = Math.imul(hash ^ token.charCodeAt(at), 0x01000193);
  return `b${String((hash >>> 0) % buckets).padStart(2, '0')}`;
}

import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { DeleteObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { Shelf } from '../../rights/retention/ports.ts';
import { kinesis, s3 } from './clients.ts';
import { translated } from './errors.ts';
import { judged, refOf, removeEach } from './retention-pages.ts';

/** Versions listed in one look. */
const PAGE_MAX = 1_000;

/**
 * A bucket with all versions of its objects, not current ones and delete markers too.
 * @param endOf when a version of this key that was written then has to be gone; null: never
 */
export function objectsShelf(
  name: string,
  bucket: string,
  endOf: (key: string, writtenAt: EpochMs) => EpochMs | null,
): Shelf {
  return {
    name,
    look: async (now, cursor, remove) => {
      const [key, version] = cursor === null ? [] : (JSON.parse(cursor) as [string, string]);
      const page = await translated('s3', () =>
        s3().send(
          new ListObjectVersionsCommand({
            Bucket: bucket,
            MaxKeys: PAGE_MAX,
            ...(key === undefined ? {} : { KeyMarker: key }),
            ...(version === undefined ? {} : { VersionIdMarker: version }),
          }),
        ),
      );
      // A delete marker holds nothing and is removed by its own lifecycle rule.
      const versions = page.Versions ?? [];
      const { over, unjudged } = judged(versions, ({ Key = '', LastModified }) => {
        const end = LastModified === undefined ? null : endOf(Key, LastModified.getTime());
        return isPast(end, now);
      });
      const { removed, refused } = remove
        ? await removeEach(over, async ({ Key, VersionId }) => {
            await s3().send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
          })
        : { removed: 0, refused: [] };
      return {
        looked: versions.length,
        over: over.length,
        removed,
        unjudged: [...unjudged, ...refused].map(({ Key = '', VersionId = '' }) =>
          refOf(name, Key, VersionId),
        ),
        cursor:
          page.IsTruncated === true
            ? JSON.stringify(
                [page.NextKeyMarker, page.NextVersionIdMarker].filter((each) => each !== undefined),
              )
            : null,
      };
    },
  };
}

/** @throws InvariantError when the end is no time: a key that is not named as ours are */
function isPast(end: EpochMs | null, now: EpochMs): boolean {
  invariant(end === null || Number.isFinite(end), 'an object whose end is no time');
  return end !== null && end <= now;
}

/** A stream: it forgets by itself, so that all there is to look at is how long it has been told to remember.
 * @param hoursMax longer than this is past its time */
export function streamShelf(name: string, streamName: string, hoursMax: number): Shelf {
  return {
    name,
    look: async () => {
      const { StreamDescriptionSummary } = await translated('kinesis', () =>
        kinesis().send(new DescribeStreamSummaryCommand({ StreamName: streamName })),
      );
      const hours = StreamDescriptionSummary?.RetentionPeriodHours ?? Number.POSITIVE_INFINITY;
      return { looked: 1, over: hours > hoursMax ? 1 : 0, removed: 0, unjudged: [], cursor: null };
    },
  };
}

import { bucketOf } from '../../contracts/bucket.ts';
import type { EffectKind, EffectRow } from '../../contracts/lineage.ts';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { stableId } from '../../kernel/codec.ts';
import { TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { ChangeOfRecord } from '../../registry/jurisdiction-definition.ts';
import { PRIVACY_POLICY, type PrivacyPolicy } from './policy.ts';
import type { PrivacyEvent, RequestBook, TellPorts } from './ports.ts';

/** One step of a request, for the archive. The same step has the same row, however often it is told. */
export interface Told {
  readonly kind: EffectKind;
  /** Codes, comma-separated. */
  readonly reasons: string;
  /** The same at every repetition, as is all that tells the step from others: the archive looks for a row where it would lie. */
  readonly at: EpochMs;
  /** What tells it from others of its kind, if not its reasons: for a step that happens once, whose reasons may be others at
   * a repetition. */
  readonly place?: string;
}

/**
 * Leaves evidence of steps. The rows name the request and no person: what is proven of an erasure has to outlive whom it
 * is about. A step may be told again after a crash, so each row is marked for the archive to look for first.
 * @throws TransientError, ThrottledError
 */
export async function tell(
  request: Pick<PrivacyRequest, 'requestId' | 'type'>,
  steps: readonly Told[],
  { buckets }: Pick<PrivacyPolicy, 'buckets'>,
  { lineage }: Pick<TellPorts, 'lineage'>,
): Promise<void> {
  const rows = steps.map(
    ({ kind, reasons, at, place = reasons }): EffectRow => ({
      table: 'effects',
      rowId: stableId(request.requestId, kind, place),
      eventClass: 'account',
      receivedAt: at,
      policyVersion: PRIVACY_POLICY,
      rowRef: null,
      kind,
      name: request.type,
      reasons: reasons === '' ? `request:${request.requestId}` : `request:${request.requestId},${reasons}`,
      latencyMs: null,
      redelivered: true,
    }),
  );
  if (rows.length > 0) await lineage.append(new Map([[bucketOf(request.requestId, buckets), rows]]));
}

/** An event about a request; the same one has the same id at every repetition. */
export const eventOf = (
  request: Pick<PrivacyRequest, 'requestId' | 'type'>,
  type: PrivacyEvent['type'],
  detail: string,
  at: EpochMs,
  dueAt: EpochMs | null = null,
): PrivacyEvent => ({
  id: stableId(request.requestId, type, detail),
  type,
  requestId: request.requestId,
  name: request.type,
  detail,
  dueAt,
  occurredAt: at,
});

/** What the law has those told of to whom the person's record was disclosed (GDPR art. 19): an event for the controller, who
 * knows the recipients. It names the request, and the controller knows whose that is. */
export const recipientsEvents = (
  request: Pick<PrivacyRequest, 'requestId' | 'type'>,
  change: ChangeOfRecord,
  { jurisdiction }: Pick<PrivacyPolicy, 'jurisdiction'>,
  at: EpochMs,
): readonly PrivacyEvent[] =>
  jurisdiction.recipientsTold.value.includes(change)
    ? [eventOf(request, 'Recipients To Be Told', change, at)]
    : [];

/** Writes a request that was read. @throws TransientError when somebody else wrote it meanwhile; ThrottledError */
export async function saved(
  next: PrivacyRequest,
  { requests }: { readonly requests: Pick<RequestBook, 'save'> },
): Promise<PrivacyRequest> {
  const written = await requests.save(next);
  if (written === null) throw new TransientError('the request is being changed');
  return written;
}

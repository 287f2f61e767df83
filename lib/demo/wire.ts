/** What of Segment's wire format the demo sends. Values are `unknown` where a bad event must be possible. */
export interface TrackEvent {
  readonly type: 'track';
  readonly event: string;
  readonly messageId: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly timestamp?: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
}

/** Where one jurisdiction's stack takes events, and the keys of its sources. */
export interface CollectEndpoint {
  readonly collectUrl: string;
  readonly writeKeys: Readonly<Record<string, string>>;
}

/** What the receipts of a run say. `sent` counts events, a retried one once. */
export interface SendTally {
  sent: number;
  requests: number;
  retries: number;
  bytes: number;
  /** Events for which no receipt came back, after every retry. */
  failed: number;
  readonly receipts: Record<'accepted' | 'quarantined' | 'misdirected', number>;
  /** `<outcome>: <reason>` → events. */
  readonly reasons: Map<string, number>;
  /** Milliseconds from request to answer, one a successful request. */
  readonly latencyMs: number[];
}

export const emptySendTally = (): SendTally => ({
  sent: 0,
  requests: 0,
  retries: 0,
  bytes: 0,
  failed: 0,
  receipts: { accepted: 0, quarantined: 0, misdirected: 0 },
  reasons: new Map(),
  latencyMs: [],
});

/** Two parts of a run as one; latencies are those of the second, live part, when it has any. */
export function joinTallies(history: SendTally, live: SendTally): SendTally {
  const reasons = new Map(history.reasons);
  for (const [reason, events] of live.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + events);
  const { accepted, quarantined, misdirected } = history.receipts;
  return {
    sent: history.sent + live.sent,
    requests: history.requests + live.requests,
    retries: history.retries + live.retries,
    bytes: history.bytes + live.bytes,
    failed: history.failed + live.failed,
    receipts: {
      accepted: accepted + live.receipts.accepted,
      quarantined: quarantined + live.receipts.quarantined,
      misdirected: misdirected + live.receipts.misdirected,
    },
    reasons,
    latencyMs: live.latencyMs.length > 0 ? live.latencyMs : history.latencyMs,
  };
}

/** Adds the receipts of one answer to the tally.
 * @returns how many receipts it held */
export function countReceipts(tally: SendTally, body: string): number {
  let receipts: readonly { outcome?: string; reason?: string }[] = [];
  try {
    receipts = (JSON.parse(body) as { receipts?: typeof receipts }).receipts ?? [];
  } catch {
    return 0;
  }
  for (const { outcome, reason } of receipts) {
    if (outcome !== 'accepted' && outcome !== 'quarantined' && outcome !== 'misdirected') continue;
    tally.receipts[outcome] += 1;
    if (outcome !== 'accepted') {
      const key = `${outcome}: ${reason ?? 'no reason given'}`;
      tally.reasons.set(key, (tally.reasons.get(key) ?? 0) + 1);
    }
  }
  return receipts.length;
}

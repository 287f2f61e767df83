import type { EpochMs } from '../../functions/kernel/time.ts';

export const TOWN_SOURCES = ['web', 'pos', 'crm', 'support', 'delivery', 'survey'] as const;
export type TownSource = (typeof TOWN_SOURCES)[number];

/** What the town means an event to be. Kept apart from the event, for tests and measures. */
export type Intent = 'ordinary' | 'duplicate' | 'late' | 'malformed' | 'misdirected' | 'unknown';

/** The calls of Segment's client, as values. Fields a bad event may garble are `unknown`. */
export type TownCall =
  | { readonly type: 'track'; readonly event: string; readonly properties: Readonly<Record<string, unknown>> }
  | { readonly type: 'page'; readonly name: string; readonly properties: Readonly<Record<string, unknown>> }
  | { readonly type: 'identify'; readonly traits: Readonly<Record<string, unknown>> };

export interface TownEvent {
  /** The true person: never sent. */
  readonly personId: string;
  readonly intent: Intent;
  readonly source: TownSource;
  /** Whose collect endpoint it goes to. */
  readonly jurisdiction: string;
  /** The request carries `Sec-GPC: 1`. */
  readonly gpc: boolean;
  /** When the client sends it; `timestamp` says when it happened. */
  readonly sentAt: EpochMs;
  readonly messageId: string;
  readonly timestamp: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly call: TownCall;
}

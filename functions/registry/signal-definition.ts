import type * as z from 'zod';
import type { QuarantineReason } from '../contracts/outcomes.ts';
import type { Purpose } from '../contracts/purposes.ts';
import type { EventClass, Fact } from '../contracts/signal.ts';
import type { LocalDay } from '../kernel/local-day.ts';
import type { EpochMs } from '../kernel/time.ts';

export const SOURCE_KINDS = ['web', 'pos', 'crm', 'support', 'delivery', 'survey'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** What a definition may ask of its surroundings when it turns properties into facts. */
export interface FactContext {
  readonly occurredAt: EpochMs;
  /** Amount in whole units of `currency` (default: the jurisdiction's) → minor units of the jurisdiction's currency. */
  toMinor(amount: number, currency?: string): number;
  /** Hour of day 0–23 in the jurisdiction's time zone. */
  localHour(at: EpochMs): number;
  /** Last millisecond of a date in the jurisdiction's time zone. */
  endOfDay(day: LocalDay): EpochMs;
}

/** One kind of event that sources send. One file per signal under `registry/signals`. */
export interface SignalDefinition<Properties = unknown> {
  /** As clients send it; Segment's e-commerce name where one exists. */
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly eventClass: EventClass;
  readonly purposes: readonly Purpose[];
  /** How deep they must be permitted (absent: `basic`). What tells which things somebody looked at needs `full`. */
  readonly depth?: 'full';
  /** Kinds of source that usually send it. */
  readonly sources: readonly SourceKind[];
  /** Unknown keys are dropped. An issue may name its reason with `params.reason` (see `fields.ts`). */
  readonly properties: z.ZodType<Properties>;
  facts(properties: Properties, context: FactContext): readonly Fact[];
  /** The event is an act of choosing, and what was chosen is in its `context.consent`. */
  readonly choiceInContext?: true;
  /** The entry proves itself: one test runs every example of every entry. */
  readonly examples: {
    readonly good: readonly {
      readonly properties: Record<string, unknown>;
      readonly facts: readonly Fact[];
    }[];
    readonly bad: readonly {
      readonly properties: Record<string, unknown>;
      readonly reason: QuarantineReason;
    }[];
  };
}

/** Keeps the type of the properties between schema and facts. */
export const defineSignal = <P>(definition: SignalDefinition<P>): SignalDefinition =>
  definition as SignalDefinition;

import type * as z from 'zod';
import type { EpochMs } from '../kernel/time.ts';
import { EVENT_CLASSES, type EventClass } from './event-classes.ts';
import type { IdentifierToken, MessageToken } from './ids.ts';
import type { ConsentChoices, Purpose } from './purposes.ts';
import {
  CONTACT_CHANNELS,
  type ContactChannel,
  IDENTIFIER_TYPES,
  type IdentifierType,
} from './signal-codes.ts';
import type { factSchema } from './signal-schemas.ts';

export {
  CONTACT_CHANNELS,
  type ContactChannel,
  EVENT_CLASSES,
  type EventClass,
  IDENTIFIER_TYPES,
  type IdentifierType,
};

export interface Identifier {
  readonly type: IdentifierType;
  readonly token: IdentifierToken;
}

/** What the profile understands of a signal: see its schema. */
export type Fact = z.infer<typeof factSchema>;

/** The latest moment at which a signal can have happened: a sender's clock may be ahead, and nothing happens after it was
 * received. */
export const happenedBy = ({ occurredAt, receivedAt }: Pick<Signal, 'occurredAt' | 'receivedAt'>): EpochMs =>
  Math.min(occurredAt, receivedAt);

/** One validated event, as it travels on the signals stream: tokens and facts, nothing raw (law 10). */
export interface Signal {
  readonly messageToken: MessageToken;
  /** Registry name, or `other` for a name the catalogue does not have (a free name could hold anything). */
  readonly name: string;
  readonly eventClass: EventClass;
  readonly sourceId: string;
  readonly purposes: readonly Purpose[];
  readonly occurredAt: EpochMs;
  readonly receivedAt: EpochMs;
  /** `occurredAt` rests on our clock, since the sender said no time or its clock is wrong: sent again, the same event may be
   * given another. */
  readonly timeEstimated?: true;
  /** At least one, highest priority first; the first names the atom. */
  readonly identifiers: readonly [Identifier, ...Identifier[]];
  readonly facts: readonly Fact[];
  /** The purposes must be permitted in full; absent: a basic permission is enough. */
  readonly depth?: 'full';
  /** What the sender's consent manager says holds (`context.consent`), keyed by purpose. */
  readonly consent?: ConsentChoices;
  /** `Sec-GPC: 1` came with the request. Its absence means nothing. */
  readonly gpc?: true;
  /** What the event states of the person, sealed for this message (`sealInTransit`), as base64. */
  readonly person?: string;
}

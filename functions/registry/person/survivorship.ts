import type { EventClass } from '../../contracts/event-classes.ts';
import { type Origin, STEWARDSHIP } from '../../contracts/person.ts';
import type { SourceKind } from '../signal-definition.ts';
import { sources } from '../sources/index.ts';

/** Whose word a source's is, and how much it counts beside others. */
interface Standing {
  readonly saidBy: Exclude<Origin, 'steward'>;
  readonly priority: number;
}

/**
 * What people write themselves is their own word; what an agent or a machine notes is a system's. Priorities: where somebody
 * answers for the record (CRM) counts most, then what the customer keeps up themselves, then what was told in passing.
 */
const STANDINGS: Readonly<Record<SourceKind, Standing>> = {
  crm: { saidBy: 'system', priority: 50 },
  web: { saidBy: 'customer', priority: 40 },
  support: { saidBy: 'customer', priority: 30 },
  pos: { saidBy: 'system', priority: 20 },
  delivery: { saidBy: 'system', priority: 10 },
  survey: { saidBy: 'customer', priority: 10 },
};

/** A statement about the account outranks what came along with an order or a ticket: a gift has another's address. */
const ABOUT_THE_ACCOUNT = 100;

/** Who says what a signal states, and with which standing. A source that the registry no longer has counts least. */
export function standingOf(sourceId: string, eventClass: EventClass): { origin: Origin; rank: number } {
  if (sourceId === STEWARDSHIP) return { origin: 'steward', rank: 0 };
  const kind = sources.find((source) => source.id === sourceId)?.kind;
  const { saidBy, priority } =
    kind === undefined ? { saidBy: 'system' as const, priority: 0 } : STANDINGS[kind];
  return { origin: saidBy, rank: priority + (eventClass === 'account' ? ABOUT_THE_ACCOUNT : 0) };
}

/** Who settles a conflict: the steward of the source that logged what the customer contradicts, since the correction has to
 * be made there (GDPR art. 16, CCPA Civ 1798.106); of a source no longer listed, that of the customer's source. */
export function ownerOf(loggedBy: string | undefined, saidBy: string | undefined): string {
  const stewardOf = (sourceId: string | undefined): string | undefined =>
    sources.find((source) => source.id === sourceId)?.steward;
  return stewardOf(loggedBy) ?? stewardOf(saidBy) ?? 'privacy-office';
}

import { type EpochMs, SECOND_MS } from '../../functions/kernel/time.ts';
import type { Random } from './random.ts';
import type { TownCall, TownEvent, TownSource } from './town-event.ts';
import type { Person } from './town-people.ts';

/** How a source knows the person: by browser, by account, or by what they gave at the desk. */
export interface Recognised {
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly traits?: Readonly<Record<string, string>>;
}

/** Writes down one person's events. */
export interface Diary {
  readonly person: Person;
  readonly random: Random;
  readonly now: EpochMs;
  readonly events: TownEvent[];
  /** Notes an event, unless it would lie in the future. */
  note(at: EpochMs, source: TownSource, who: Recognised, call: TownCall): void;
  track(
    at: EpochMs,
    source: TownSource,
    who: Recognised,
    event: string,
    properties: Record<string, unknown>,
  ): void;
}

export function diaryOf(person: Person, jurisdiction: string, now: EpochMs, random: Random): Diary {
  const events: TownEvent[] = [];
  const note: Diary['note'] = (moment, source, who, call) => {
    const at = Math.round(moment);
    if (at >= now) return;
    const consent =
      source === 'web' && person.choices !== null ? { consent: { categoryPreferences: person.choices } } : {};
    const { traits, ...ids } = who;
    events.push({
      personId: person.id,
      intent: 'ordinary',
      source,
      jurisdiction,
      gpc: source === 'web' && person.gpc,
      sentAt: Math.min(now - 1, at + random.int(50, 4 * SECOND_MS)),
      messageId: messageIdOf(random),
      timestamp: new Date(at).toISOString(),
      ...ids,
      context: {
        location: {
          country: person.country,
          ...(person.region === undefined ? {} : { region: person.region }),
        },
        ...consent,
        ...(traits === undefined || call.type === 'identify' ? {} : { traits }),
      },
      call: call.type === 'identify' ? { ...call, traits: { ...traits, ...call.traits } } : call,
    });
  };
  return {
    person,
    random,
    now,
    events,
    note,
    track: (at, source, who, event, properties) =>
      note(at, source, who, { type: 'track', event, properties }),
  };
}

/** As a client's random id looks; drawn from the person's own chance, so that it is the same in every run. */
export function messageIdOf(random: Random): string {
  const word = (): string => random.int(0, 0xffffffff).toString(16).padStart(8, '0');
  return `town-${word()}${word()}${word()}`;
}

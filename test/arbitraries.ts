import { createHash, createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { asIdentifierToken, asMessageToken, type IdentifierToken } from '../functions/contracts/ids.ts';
import { type PersonAttributes, sealInTransit } from '../functions/contracts/person.ts';
import type { Fact, Identifier, IdentifierType, Signal } from '../functions/contracts/signal.ts';
import { IDENTIFIER_TYPES } from '../functions/contracts/signal.ts';
import type { JurisdictionSecrets } from '../functions/contracts/tokens.ts';
import { DAY_MS } from '../functions/kernel/time.ts';

/** Shared builders and arbitraries of the law tests. */
export const NOW = Date.UTC(2026, 5, 1, 12);

const key = (label: string) => createSecretKey(Buffer.from(label.padEnd(32, '.')));
export const SECRETS: JurisdictionSecrets = {
  identifiers: key('identifiers'),
  messages: key('messages'),
  writeKeys: key('write keys'),
  attributesInTransit: key('attributes in transit'),
  subjectKeys: key('subject keys'),
};

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);
export const tokenOf = (type: IdentifierType, value: string): IdentifierToken =>
  asIdentifierToken(`${type}.${hash(`${type} ${value}`)}`);
export const messageOf = (id: string) => asMessageToken(hash(`message ${id}`));

export function signal(
  changes: Partial<Omit<Signal, 'messageToken' | 'identifiers'>> & {
    id: string;
    who: Partial<Record<IdentifierType, string>>;
    /** What it states of the person; sealed here as `collect` does. */
    states?: PersonAttributes | undefined;
  },
): Signal {
  const { id, who, states, ...rest } = changes;
  const identifiers = IDENTIFIER_TYPES.filter((type) => who[type] !== undefined).map(
    (type): Identifier => ({ type, token: tokenOf(type, who[type] ?? '') }),
  );
  return {
    messageToken: messageOf(id),
    name: 'Order Completed',
    eventClass: 'transaction',
    sourceId: 'pos',
    purposes: ['service'],
    occurredAt: NOW - DAY_MS,
    receivedAt: NOW,
    facts: [{ kind: 'order', valueMinor: 2_500, items: 1 }],
    ...rest,
    identifiers: identifiers as unknown as Signal['identifiers'],
    ...(states === undefined ? {} : { person: sealInTransit(SECRETS, states, messageOf(id)) }),
  };
}

const factArbitrary: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({
    kind: fc.constant('order' as const),
    valueMinor: fc.integer({ min: 0, max: 5_000_000 }),
    items: fc.integer({ min: 0, max: 40 }),
  }),
  fc.record({ kind: fc.constant('refund' as const), valueMinor: fc.integer({ min: 0, max: 500_000 }) }),
  fc.record({ kind: fc.constant('visit' as const), depth: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    kind: fc.constant('cart' as const),
    open: fc.boolean(),
    valueMinor: fc.integer({ min: 0, max: 90_000 }),
  }),
  fc.record({
    kind: fc.constant('contact' as const),
    channel: fc.constantFrom('phone' as const, 'chat' as const, 'store' as const),
    escalated: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('resolution' as const),
    firstContact: fc.boolean(),
    minutes: fc.integer({ min: 0, max: 9_000 }),
  }),
  fc.record({
    kind: fc.constant('delivery' as const),
    onTime: fc.boolean(),
    hour: fc.integer({ min: 0, max: 23 }),
  }),
  fc.record({
    kind: fc.constantFrom('satisfaction' as const, 'effort' as const),
    score: fc.integer({ min: 0, max: 100 }),
  }),
  fc.record({
    kind: fc.constant('flag' as const),
    code: fc.constantFrom('praise' as const, 'complaint' as const),
  }),
);

/** Two years of times, minute by minute and with collisions, so that windows move and ties happen. */
const timeArbitrary = fc
  .integer({ min: 0, max: 730 * 24 * 6 })
  .map((tenMinutes) => NOW - tenMinutes * 600_000);
const consentArbitrary = fc.option(
  fc.record({ profiling: fc.boolean(), personalisation: fc.boolean() }, { requiredKeys: [] }),
  { nil: undefined, freq: 4 },
);

/** Signals of one atom, each a message of its own. */
export const signalsArbitrary = (maxLength = 40): fc.Arbitrary<Signal[]> =>
  fc
    .array(
      fc.record({
        occurredAt: timeArbitrary,
        facts: fc.array(factArbitrary, { minLength: 1, maxLength: 2 }),
        consent: consentArbitrary,
        gpc: fc.boolean(),
      }),
      { maxLength },
    )
    .map((each) =>
      each.map(({ consent, gpc, ...rest }, index) =>
        signal({
          id: `m${index}`,
          who: { userId: 'u1' },
          ...rest,
          ...(consent === undefined ? {} : { consent: consent as Record<string, boolean> }),
          ...(gpc ? { gpc: true as const } : {}),
        }),
      ),
    );

const statesArbitrary: fc.Arbitrary<PersonAttributes> = fc
  .record(
    { surname: fc.constantFrom('King', 'Ring', ''), city: fc.constantFrom('Bonn', 'Köln') },
    { requiredKeys: [] },
  )
  .map((stated) => stated as PersonAttributes);

/** Signals of a few people whose identifiers overlap: anonymous browsing, log-ins, shared devices. */
export const crowdArbitrary = (maxLength = 30): fc.Arbitrary<Signal[]> =>
  fc
    .array(
      fc.record({
        occurredAt: timeArbitrary,
        facts: fc.array(factArbitrary, { minLength: 1, maxLength: 2 }),
        sourceId: fc.constantFrom('pos', 'web', 'crm'),
        states: fc.option(statesArbitrary, { nil: undefined }),
        who: fc
          .record(
            {
              userId: fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5'),
              email: fc.constantFrom('e1', 'e2'),
              anonymousId: fc.constantFrom('a1', 'a2', 'a3'),
            },
            { requiredKeys: [] },
          )
          .filter((who) => Object.keys(who).length > 0),
      }),
      { maxLength },
    )
    .map((each) =>
      each.map((one, index) =>
        signal({ id: `m${index}`, ...one, who: one.who as Partial<Record<IdentifierType, string>> }),
      ),
    );

/** A permutation of the indices 0 … length-1. */
export const permutationArbitrary = (length: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray(
    Array.from({ length }, (_, index) => index),
    { minLength: length, maxLength: length },
  );

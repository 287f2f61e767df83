import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentifierToken } from '../../../functions/contracts/ids.ts';
import { IDENTIFIER_TYPES, type IdentifierType } from '../../../functions/contracts/signal.ts';
import {
  type Decision,
  edgeOf,
  endsOf,
  type MatchLink,
  orderedPair,
} from '../../../functions/contracts/subject.ts';
import { typeOfToken } from '../../../functions/contracts/tokens.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import type { NewEvidence } from '../../../functions/pipeline/2-identify/evidence.ts';
import type { LinkPolicy } from '../../../functions/pipeline/2-identify/limits.ts';
import { CONNECTED_NODES_MAX } from '../../../functions/pipeline/2-identify/valve.ts';
import { ever, type Limit, weekly } from '../../../functions/registry/identifier-definition.ts';
import { NOW, permutationArbitrary, tokenOf } from '../../arbitraries.ts';
import { IdentityBook } from './identity-book.ts';

const policyOf = (
  links: Partial<Record<IdentifierType, Partial<Record<IdentifierType, Limit>>>>,
  subjects: LinkPolicy['subjects'] = {},
): LinkPolicy => ({
  links: {
    ...(Object.fromEntries(IDENTIFIER_TYPES.map((type) => [type, {}])) as LinkPolicy['links']),
    ...links,
  },
  subjects,
});
const UNLIMITED = policyOf({});
const TIGHT = policyOf(
  { email: { userId: ever(3) }, deviceId: { userId: weekly(2), email: weekly(2) } },
  { userId: ever(2), email: ever(3), deviceId: weekly(1) },
);

const day = (number: number): number => NOW + number * DAY_MS;
const [u1, u2, u3, u4] = [1, 2, 3, 4].map((each) => tokenOf('userId', `u${each}`)) as [
  IdentifierToken,
  IdentifierToken,
  IdentifierToken,
  IdentifierToken,
];
const [e1, d1] = [tokenOf('email', 'e1'), tokenOf('deviceId', 'd1')];
const decided = (
  a: IdentifierToken,
  b: IdentifierToken,
  verdict: Decision['verdict'],
  at = NOW,
): NewEvidence => {
  const [x, y] = orderedPair(a, b);
  return { decisions: [{ a: x, b: y, verdict, at, cause: 'review' }] };
};
const severed = (a: IdentifierToken, b: IdentifierToken, at = NOW): NewEvidence => ({
  severed: [[...orderedPair(a, b), at]],
});
const seen = (a: IdentifierToken, b: IdentifierToken, at = NOW): NewEvidence => ({
  edges: [edgeOf(a, b, at)],
});
const matched = (a: IdentifierToken, b: IdentifierToken, bits: number): NewEvidence => {
  const [x, y] = orderedPair(a, b);
  return { matches: [{ a: x, b: y, bits, contributions: { name: bits }, model: 'shipped@1' }] };
};

const userArbitrary = fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5').map((each) => tokenOf('userId', each));
const nodeArbitrary = fc.oneof(
  userArbitrary,
  fc.constantFrom('e1', 'e2', 'e3').map((each) => tokenOf('email', each)),
  fc.constantFrom('d1', 'd2', 'd3').map((each) => tokenOf('deviceId', each)),
);
const pairArbitrary = fc
  .tuple(nodeArbitrary, nodeArbitrary)
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => orderedPair(a, b));

/** One step of news. Bits and times differ from step to step, so that no two say different things of equal weight. */
const stepArbitrary = (kinds: readonly ('edge' | 'match' | 'decision' | 'severed')[]) =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    pair: pairArbitrary,
    at: fc.nat({ max: 20 }),
    yes: fc.boolean(),
  });
function stepsOf(
  drawn: readonly {
    kind: string;
    pair: readonly [IdentifierToken, IdentifierToken];
    at: number;
    yes: boolean;
  }[],
): NewEvidence[] {
  return drawn.map(({ kind, pair: [a, b], at, yes }, index) => {
    if (kind === 'edge') return seen(a, b, day(at));
    // The same pair always matches equally well: revising a weight is another matter.
    if (kind === 'match') return matched(a, b, 1 + (`${a}${b}`.length % 7) + a.charCodeAt(9) / 1_000);
    if (kind === 'severed') return severed(a, b, NOW + index);
    return decided(a, b, yes ? 'same' : 'different', NOW + index);
  });
}
const storyArbitrary = (kinds: Parameters<typeof stepArbitrary>[0], maxLength = 24) =>
  fc.array(stepArbitrary(kinds), { maxLength }).map(stepsOf);

const together = (steps: readonly NewEvidence[]): NewEvidence => ({
  edges: steps.flatMap(({ edges = [] }) => edges),
  matches: steps.flatMap(({ matches = [] }) => matches),
  decisions: steps.flatMap(({ decisions = [] }) => decisions),
  severed: steps.flatMap(({ severed: taken = [] }) => taken),
});
const inTurn = (policy: LinkPolicy, steps: readonly NewEvidence[]): IdentityBook => {
  const book = new IdentityBook(policy);
  for (const step of steps) book.take(step);
  return book;
};
const shuffledStory = (kinds: Parameters<typeof stepArbitrary>[0]) =>
  storyArbitrary(kinds).chain((steps) =>
    fc.record({
      steps: fc.constant(steps),
      order: permutationArbitrary(steps.length),
      sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
    }),
  );
const EVERYTHING = ['edge', 'edge', 'edge', 'match', 'decision', 'severed'] as const;

function split(steps: readonly NewEvidence[], sizes: readonly number[]): NewEvidence[] {
  const parts: NewEvidence[] = [];
  for (let at = 0, turn = 0; at < steps.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    parts.push(together(steps.slice(at, at + size)));
    at += size;
  }
  return parts;
}

describe.each([
  ['without limits', UNLIMITED],
  ['with limits that bind', TIGHT],
])('who belongs together, %s', (_name, policy) => {
  it('is the same for any order, split and grouping of all that links and all that keeps apart', () => {
    fc.assert(
      fc.property(shuffledStory(EVERYTHING), ({ steps, order, sizes }) => {
        const atOnce = new IdentityBook(policy).take(together(steps));
        // What was forgotten of an identifier that links too many does not come back by severing one of its links.
        const everSaturated =
          inTurn(
            policy,
            steps.map(({ severed: _, ...rest }) => rest),
          ).saturated.size > 0;
        fc.pre(!(everSaturated && steps.some((step) => step.severed !== undefined)));
        const shuffled = order.map((at) => steps[at] ?? {});
        expect(inTurn(policy, split(shuffled, sizes)).partition()).toEqual(atOnce.partition());
        expect(inTurn(policy, shuffled).partition()).toEqual(atOnce.partition());
      }),
      { numRuns: 1_500 },
    );
  });

  it('never includes two who were told apart, at any moment', () => {
    fc.assert(
      fc.property(storyArbitrary(EVERYTHING), (steps) => {
        const book = new IdentityBook(policy);
        const verdicts = new Map<string, Decision>();
        for (const step of steps) {
          book.take(step);
          for (const decision of step.decisions ?? []) verdicts.set(`${decision.a} ${decision.b}`, decision);
          for (const { a, b, verdict } of verdicts.values())
            if (verdict === 'different') expect(book.isOne(a, b)).toBe(false);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('is what it would have been, had a severed link never been seen', () => {
    const cases = fc.record({
      steps: storyArbitrary(['edge', 'edge', 'match']),
      taken: fc.array(fc.nat({ max: 23 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(cases, ({ steps, taken }) => {
        const gone = new Set(taken.map((at) => steps[at]).flatMap((step) => pairsOf(step ?? {})));
        const book = inTurn(policy, steps);
        // What was forgotten of an identifier that links too many cannot be told again.
        fc.pre(book.saturated.size === 0);
        for (const key of gone) {
          const [a, b] = key.split(' ') as [IdentifierToken, IdentifierToken];
          book.take(severed(a, b));
        }
        const never = inTurn(
          policy,
          steps.filter((step) => !pairsOf(step).some((key) => gone.has(key))),
        );
        expect(book.partition()).toEqual(never.partition());
      }),
      { numRuns: 1_500 },
    );
  });
});

const pairsOf = ({ edges = [], matches = [] }: NewEvidence): readonly string[] => [
  ...edges.map(([a, b]) => `${a} ${b}`),
  ...matches.map(({ a, b }: MatchLink) => `${a} ${b}`),
];

describe('limits', () => {
  it('hold in every subject after any interleaving', () => {
    fc.assert(
      fc.property(storyArbitrary(['edge', 'match']), (steps) => {
        const book = inTurn(TIGHT, steps);
        for (const { nodes, edges } of new Set(book.homes.values())) {
          const ofType = (type: IdentifierType) => nodes.filter((node) => typeOfToken(node) === type);
          expect(ofType('userId').length).toBeLessThanOrEqual(2);
          expect(ofType('email').length).toBeLessThanOrEqual(3);
          for (const email of ofType('email')) {
            const users = edges.filter((edge) => edge.includes(email)).flatMap(endsOf);
            expect(users.filter((each) => typeOfToken(each) === 'userId').length).toBeLessThanOrEqual(3);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('of a subject leave out what was seen last, and say so', () => {
    const book = inTurn(policyOf({}, { userId: ever(2) }), [
      seen(u3, e1, day(9)),
      seen(u1, e1, day(1)),
      seen(u2, e1, day(5)),
    ]);
    expect([book.isOne(u1, e1), book.isOne(u2, e1), book.isOne(u3, e1)]).toEqual([true, true, false]);
    expect(book.refused).toEqual([{ a: expect.anything(), b: expect.anything(), reason: 'userId:2:ever' }]);
    expect(new Set([book.refused[0]?.a, book.refused[0]?.b])).toEqual(new Set([u3, e1]));
  });

  it('of a week drop the links of that week alone', () => {
    const book = inTurn(policyOf({ deviceId: { userId: weekly(2) } }), [
      seen(u1, d1, day(0)),
      seen(u2, d1, day(30)),
      seen(u3, d1, day(30)),
    ]);
    expect(book.isOne(u1, u3)).toBe(true);
    book.take(seen(u4, d1, day(30)));
    expect([book.isOne(u1, d1), book.isOne(u2, d1), book.isOne(u3, d1), book.isOne(u4, d1)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(book.refused.map(({ reason }) => reason)).toEqual(Array(3).fill('userId:2:weekly'));
    // News that one of them had been there before: that week has two again.
    book.take(seen(u4, d1, day(10)));
    expect(book.isOne(u1, u2) && book.isOne(u2, u3) && book.isOne(u3, u4)).toBe(true);
  });

  it('of links part again those whom an identifier had glued before it was known to be shared', () => {
    const policy = policyOf({ email: { userId: ever(3) } });
    const book = inTurn(policy, [seen(u1, e1), seen(u2, e1), seen(u3, e1)]);
    expect(book.partition()).toHaveLength(1);
    book.take(seen(u4, e1));
    expect(book.partition()).toEqual([]);
    expect(book.blocked).toEqual([{ token: e1, limit: 'userId:3:ever' }]);
  });

  it('do not overrule a person, and let nothing else come in beside', () => {
    const book = inTurn(policyOf({}, { userId: ever(1) }), [
      seen(u1, e1),
      decided(u1, u2, 'same'),
      seen(u3, e1),
    ]);
    expect([book.isOne(u1, u2), book.isOne(u1, u3)]).toEqual([true, false]);
  });
});

describe('decisions', () => {
  it('outlive later evidence, in either direction', () => {
    const book = inTurn(UNLIMITED, [seen(u1, e1), seen(u2, e1), decided(u1, u2, 'different')]);
    expect(book.isOne(u1, u2)).toBe(false);
    book
      .take(seen(u1, d1))
      .take(seen(u2, d1))
      .take(matched(u1, u2, 40));
    expect(book.isOne(u1, u2)).toBe(false);
    book.take(decided(u1, u2, 'same', NOW + 1));
    expect(book.isOne(u1, u2)).toBe(true);
    book.take(decided(u1, u2, 'different', NOW));
    expect(book.isOne(u1, u2)).toBe(true);
  });

  it('leave an identifier that both were seen with to the one seen with it first', () => {
    const book = inTurn(UNLIMITED, [
      seen(u2, e1, day(2)),
      seen(u1, e1, day(1)),
      decided(u1, u2, 'different'),
    ]);
    expect([book.isOne(u1, e1), book.isOne(u2, e1)]).toEqual([true, false]);
    expect(book.refused).toEqual([{ a: expect.anything(), b: expect.anything(), reason: 'told-apart' }]);
  });

  it('bring a severed link back only when they are the later', () => {
    const book = inTurn(UNLIMITED, [
      seen(u1, e1),
      severed(u1, e1, NOW + 5),
      seen(u1, e1),
      matched(u1, e1, 30),
    ]);
    expect(book.isOne(u1, e1)).toBe(false);
    expect(book.take(decided(u1, e1, 'same', NOW + 4)).isOne(u1, e1)).toBe(false);
    expect(book.take(decided(u1, e1, 'same', NOW + 6)).isOne(u1, e1)).toBe(true);
  });
});

describe('matches', () => {
  it('come after what was seen together, the strongest first, and can be taken back', () => {
    const policy = policyOf({}, { userId: ever(2) });
    const book = inTurn(policy, [matched(u1, u2, 3), matched(u2, u3, 9)]);
    expect([book.isOne(u1, u2), book.isOne(u2, u3)]).toEqual([false, true]);
    const [x, y] = orderedPair(u2, u3);
    book.take({ withdrawn: [[x, y]] });
    expect([book.isOne(u1, u2), book.isOne(u2, u3)]).toEqual([true, false]);
    expect(book.homes.get(u1)?.matches).toHaveLength(1);
  });
});

describe('the valve', () => {
  it('lets no more hang together than one transaction can change, and says what it refused', () => {
    const users = Array.from({ length: 2 * CONNECTED_NODES_MAX }, (_, at) =>
      tokenOf('userId', `chain ${at}`),
    );
    const book = new IdentityBook(UNLIMITED);
    for (const [at, user] of users.entries()) {
      const next = users[at + 1];
      if (next !== undefined) book.take(seen(user, next));
    }
    const sizes = [...new Set(book.homes.values())].map(({ nodes }) => nodes.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(CONNECTED_NODES_MAX);
    expect(Math.max(...sizes)).toBeGreaterThan(CONNECTED_NODES_MAX / 2);
    expect(book.refused.every(({ reason }) => reason.startsWith('subject-full'))).toBe(true);
    expect(book.refused.length).toBeGreaterThan(0);
  });
});

describe('a customer with more identifiers than may hang together', () => {
  /** An account with addresses, and a browser for nearly every visit: each seen with it on some day. */
  const visitsArbitrary = fc.record({
    mails: fc.nat({ max: 3 }),
    days: fc.array(fc.nat({ max: 60 }), {
      minLength: CONNECTED_NODES_MAX - 4,
      maxLength: CONNECTED_NODES_MAX + 40,
    }),
  });
  const stepsOfVisits = ({ mails, days }: { mails: number; days: readonly number[] }): NewEvidence[] => [
    ...Array.from({ length: mails }, (_, at) => seen(u1, tokenOf('email', `mail ${at}`), day(at))),
    ...days.map((each, at) => seen(u1, tokenOf('anonymousId', `browser ${at}`), day(each))),
  ];

  it('has the same ones whatever they come in: those first seen, the stronger kinds before the weaker', () => {
    let fullest = 0;
    fc.assert(
      fc.property(
        visitsArbitrary.map(stepsOfVisits).chain((steps) =>
          fc.record({
            steps: fc.constant(steps),
            order: permutationArbitrary(steps.length),
            sizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
          }),
        ),
        ({ steps, order, sizes }) => {
          const atOnce = new IdentityBook(UNLIMITED).take(together(steps));
          const shuffled = order.map((at) => steps[at] ?? {});
          const inParts = inTurn(UNLIMITED, split(shuffled, sizes));
          expect(inParts.partition()).toEqual(atOnce.partition());
          expect(inParts.contents()).toEqual(atOnce.contents());
          expect(inTurn(UNLIMITED, shuffled).partition()).toEqual(atOnce.partition());
          const all = new Set(steps.flatMap(({ edges = [] }) => edges.flatMap(endsOf)));
          const size = atOnce.homes.get(u1)?.nodes.length ?? 0;
          expect(size).toBe(Math.min(all.size, CONNECTED_NODES_MAX));
          fullest = Math.max(fullest, all.size);
          for (const { reason } of inParts.refused) expect(reason).toBe('subject-full');
        },
      ),
      { numRuns: 200 },
    );
    expect(fullest).toBeGreaterThan(CONNECTED_NODES_MAX);
  });

  it('never changes more at once than one transaction holds, and says where what came first counted', () => {
    const chain = (name: string): NewEvidence[] =>
      Array.from({ length: CONNECTED_NODES_MAX - 1 }, (_, at) =>
        seen(tokenOf('userId', `${name} ${at}`), tokenOf('userId', `${name} ${at + 1}`), day(9)),
      );
    const book = inTurn(UNLIMITED, [
      ...chain('left'),
      ...chain('right'),
      seen(tokenOf('userId', 'left 0'), tokenOf('userId', 'right 0'), day(1)),
    ]);
    expect(book.partition()).toHaveLength(2);
    expect(book.refused.map(({ reason }) => reason)).toEqual(['subject-full-already']);
  });
});

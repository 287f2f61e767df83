import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConsentState, EMPTY_CONSENT } from '../../functions/contracts/consent.ts';
import { CONSENT_DEPTHS, type ConsentDepth, PURPOSES } from '../../functions/contracts/purposes.ts';
import type { Fact, IdentifierType, Signal } from '../../functions/contracts/signal.ts';
import { wholeState } from '../../functions/pipeline/3-profile/revocable.ts';
import { EMPTY_STATE } from '../../functions/pipeline/3-profile/state.ts';
import { decodeState, encodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { type Standings, standingsOf } from '../../functions/rights/consent/standing.ts';
import { foldConsent, mergeConsent } from '../../functions/rights/consent/state.ts';
import { NOW, permutationArbitrary, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const RUNS = 1_000;
const GPC = ['profiling', 'sharing'] as const;
const laws = Object.values(jurisdictions);
const lawOf = (code: string) => laws.find((law) => law.code === code) ?? laws[0] ?? expect.fail('no law');

/** Times that collide often. */
const timeArbitrary = fc.integer({ min: 1, max: 12 }).map((at) => NOW - 3_600_000 * at);
const choicesArbitrary = fc
  .dictionary(fc.constantFrom(...PURPOSES), fc.constantFrom(...CONSENT_DEPTHS), { minKeys: 1, maxKeys: 3 })
  .map((choices) => ({ ...choices }));
const sayingArbitrary = fc.record({
  occurredAt: timeArbitrary,
  act: fc.option(choicesArbitrary, { nil: undefined }),
  guardian: fc.boolean(),
  stated: fc.option(choicesArbitrary, { nil: undefined }),
  gpc: fc.boolean(),
  years: fc.option(fc.integer({ min: 0, max: 18 }), { nil: undefined, freq: 1 }),
});

/** Signals that say things about consent, each a message of its own. */
const sayingsArbitrary = (maxLength = 14): fc.Arbitrary<Signal[]> =>
  fc.array(sayingArbitrary, { maxLength }).map((each) =>
    each.map(({ occurredAt, act, guardian, stated, gpc, years }, index) => {
      const facts: Fact[] = [];
      if (act !== undefined)
        facts.push({ kind: 'consent', choices: act, ...(guardian ? { guardian: true as const } : {}) });
      if (years !== undefined) facts.push({ kind: 'age', years });
      return signal({
        id: `s${index}`,
        who: { userId: 'u1' },
        occurredAt,
        facts,
        ...(stated === undefined ? {} : { consent: stated }),
        ...(gpc ? { gpc: true as const } : {}),
      });
    }),
  );

const consentArbitrary = sayingsArbitrary().map((signals) => foldConsent(EMPTY_CONSENT, signals, GPC));
const stored = (consent: ConsentState): string => encodeState({ ...EMPTY_STATE, consent });

describe('consent follows from what was said, not from when we heard it', () => {
  it('folds any permutation and any repetition of the signals to the same state', () => {
    const cases = sayingsArbitrary().chain((signals) =>
      fc.tuple(
        fc.constant(signals),
        permutationArbitrary(signals.length).map((order) => order.map((at) => signals[at] as Signal)),
        fc.array(fc.nat({ max: Math.max(0, signals.length - 1) }), { maxLength: signals.length }),
      ),
    );
    fc.assert(
      fc.property(cases, ([signals, permuted, again]) => {
        const repeated = again.map((at) => signals[at] as Signal);
        const whole = foldConsent(EMPTY_CONSENT, signals, GPC);
        expect(foldConsent(EMPTY_CONSENT, [...permuted, ...repeated], GPC)).toEqual(whole);
        const oneByOne = [...repeated, ...permuted].reduce(
          (consent, each) => foldConsent(consent, [each], GPC),
          EMPTY_CONSENT,
        );
        expect(stored(oneByOne)).toBe(stored(whole));
      }),
      { numRuns: RUNS },
    );
  });

  it('merges commutatively, associatively and idempotently, with no choice as the neutral element', () => {
    fc.assert(
      fc.property(consentArbitrary, consentArbitrary, consentArbitrary, (a, b, c) => {
        expect(mergeConsent(a, b)).toEqual(mergeConsent(b, a));
        expect(mergeConsent(mergeConsent(a, b), c)).toEqual(mergeConsent(a, mergeConsent(b, c)));
        expect(mergeConsent(a, a)).toEqual(a);
        expect(mergeConsent(a, EMPTY_CONSENT)).toEqual(a);
      }),
      { numRuns: RUNS },
    );
  });

  it('is stored and read back the same', () => {
    fc.assert(
      fc.property(consentArbitrary, consentArbitrary, (a, b) => {
        for (const consent of [a, mergeConsent(a, b)])
          expect(decodeState(stored(consent)).consent).toEqual(consent);
      }),
      { numRuns: RUNS },
    );
  });
});

const at = (hoursAgo: number): number => NOW - hoursAgo * 3_600_000;
const says = (changes: Partial<Signal>, id = JSON.stringify(changes)): Signal =>
  signal({ id, who: { userId: 'u1' }, facts: [], ...changes });
const act = (depth: ConsentDepth, hoursAgo: number, guardian = false): Signal =>
  says({
    occurredAt: at(hoursAgo),
    facts: [
      { kind: 'consent', choices: { profiling: depth }, ...(guardian ? { guardian: true as const } : {}) },
    ],
  });
const states = (depth: ConsentDepth, hoursAgo: number): Signal =>
  says({ occurredAt: at(hoursAgo), consent: { profiling: depth } });
const gpc = (hoursAgo: number): Signal => says({ occurredAt: at(hoursAgo), gpc: true });
const aged = (years: number, hoursAgo = 1): Signal =>
  says({ occurredAt: at(hoursAgo), facts: [{ kind: 'age', years }] });

/** How things stand for a customer of some atoms, each given by what it was said of it. */
function standing(code: string, ...atoms: readonly (readonly Signal[])[]): Standings {
  const law = lawOf(code);
  const consents = atoms.map((signals) =>
    foldConsent(EMPTY_CONSENT, signals, law.globalPrivacyControl.value),
  );
  return standingsOf(law, consents.reduce(mergeConsent, EMPTY_CONSENT), NOW);
}
const profiling = (code: string, ...atoms: readonly (readonly Signal[])[]) =>
  standing(code, ...atoms).profiling;

describe('what stands', () => {
  it('is what the law takes as given until somebody chooses', () => {
    expect(profiling('eu')).toMatchObject({ depth: 'none', origin: 'law' });
    expect(profiling('au')).toMatchObject({ depth: 'full', origin: 'law', since: 0 });
    expect(standing('eu', [act('none', 1)]).service).toMatchObject({ depth: 'full', origin: 'contract' });
  });

  it('is the later act of the same person, on whichever of their identifiers it was made', () => {
    expect(profiling('eu', [act('none', 9)], [act('full', 5)]).depth).toBe('full');
    expect(profiling('eu', [act('full', 9), act('none', 5)]).depth).toBe('none');
    expect(profiling('eu', [act('full', 5)], [act('none', 5)]).depth).toBe('none');
  });

  it('is the stricter of what is merely stated on two identifiers, until an act says otherwise', () => {
    expect(profiling('eu', [states('none', 9)], [states('full', 5)])).toMatchObject({ depth: 'none' });
    expect(profiling('eu', [states('none', 9), states('full', 5)])).toMatchObject({ depth: 'full' });
    expect(profiling('eu', [states('none', 9)], [states('full', 5), act('full', 3)]).depth).toBe('full');
  });

  it('is not loosened by a statement, only tightened', () => {
    expect(profiling('eu', [act('none', 9), states('full', 5)]).depth).toBe('none');
    expect(profiling('eu', [act('full', 9), states('basic', 5)]).depth).toBe('basic');
    expect(profiling('eu', [act('full', 5), states('none', 9)]).depth).toBe('full');
  });

  it('is what Global Privacy Control denies, from any browser of the customer and whatever is stated later', () => {
    for (const code of ['eu', 'us-ca', 'au'])
      expect(profiling(code, [act('full', 9), states('full', 1)], [gpc(5)])).toMatchObject({
        depth: 'none',
        origin: 'gpc',
      });
  });

  it('is a later consent in the face of that signal: in California for good, elsewhere until the next signal', () => {
    const later = [gpc(9), act('full', 5)];
    expect(profiling('us-ca', later).depth).toBe('full');
    expect(profiling('eu', later).depth).toBe('full');
    expect(profiling('us-ca', [...later, gpc(1)]).depth).toBe('full');
    expect(profiling('eu', [...later, gpc(1)]).depth).toBe('none');
    expect(profiling('us-ca', [act('full', 10), gpc(9), gpc(1)]).depth).toBe('none');
  });

  it('never is more than the law leaves to a minor, whatever was chosen', () => {
    const agreed = act('full', 2);
    expect(profiling('br', [agreed, aged(17)])).toMatchObject({ depth: 'none', origin: 'minor' });
    expect(profiling('in', [agreed, aged(17)]).depth).toBe('none');
    expect(profiling('br', [agreed, aged(18)]).depth).toBe('full');
    expect(profiling('eu', [agreed, aged(15)]).depth).toBe('none');
    expect(profiling('eu', [act('full', 2, true), aged(15)]).depth).toBe('full');
    expect(profiling('eu', [agreed, aged(16)]).depth).toBe('full');
    // California takes sale and sharing from nobody under 16 without their own yes.
    const sharing = (...signals: Signal[]) => standing('us-ca', signals).sharing.depth;
    const yes = says({ occurredAt: at(2), facts: [{ kind: 'consent', choices: { sharing: true } }] });
    expect([sharing(), sharing(aged(15)), sharing(aged(15), yes), sharing(aged(12), yes)]).toEqual([
      'full',
      'none',
      'full',
      'none',
    ]);
  });

  it('lets a minor grow up: by whole years since the age was stated, and by a later statement', () => {
    const law = lawOf('br');
    const consent = foldConsent(EMPTY_CONSENT, [act('full', 2), aged(17)], []);
    expect(standingsOf(law, consent, NOW).profiling.depth).toBe('none');
    expect(standingsOf(law, consent, NOW + 367 * 86_400_000).profiling.depth).toBe('full');
    expect(profiling('br', [act('full', 2), aged(17, 9), aged(18, 1)]).depth).toBe('full');
    expect(profiling('br', [act('full', 2), aged(18, 9)], [aged(17, 1)]).depth).toBe('none');
  });
});

const BROWSING = ['analytics', 'personalisation', 'profiling'] as const;
const visit = (
  id: string,
  hoursAgo: number,
  changes: Partial<Signal> = {},
  who: Partial<Record<IdentifierType, string>> = { userId: 'u1' },
): Signal =>
  signal({
    id,
    who,
    name: 'Page Viewed',
    purposes: BROWSING,
    occurredAt: at(hoursAgo),
    facts: [{ kind: 'visit', depth: 2 }],
    ...changes,
  });
const chooses = (id: string, hoursAgo: number, granted: boolean): Signal =>
  signal({
    id,
    who: { userId: 'u1' },
    name: 'Consent Changed',
    occurredAt: at(hoursAgo),
    facts: [
      { kind: 'consent', choices: { analytics: granted, personalisation: granted, profiling: granted } },
    ],
  });

const stateOf = (region: MemoryRegion) =>
  decodeState(region.store.nodes.get(tokenOf('userId', 'u1'))?.state ?? '');

describe('what rested on a permission that is taken back', () => {
  const story = fc
    .record({
      before: fc.array(fc.integer({ min: 61, max: 900 }), { maxLength: 6 }),
      after: fc.array(fc.integer({ min: 1, max: 39 }), { maxLength: 6 }),
      orders: fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 4 }),
    })
    .chain(({ before, after, orders }) => {
      const [withdrawal, regrant] = [chooses('w', 60, false), chooses('r', 40, true)];
      const old = before.map((hours, index) => visit(`old${index}`, hours));
      const recent = after.map((hours, index) => visit(`new${index}`, hours));
      const contract = orders.map((hours, index) =>
        signal({ id: `o${index}`, who: { userId: 'u1' }, occurredAt: at(hours) }),
      );
      const all = [...old, withdrawal, regrant, ...contract, ...recent];
      return fc
        .tuple(permutationArbitrary(all.length), fc.integer({ min: 1, max: 5 }))
        .map(([order, size]) => {
          const arrived = order.map((index) => all[index] as Signal);
          // A signal can't be used under a permission that nobody has heard of: those that need the new one follow it.
          const late = arrived.filter((each) => recent.includes(each));
          const rest = arrived.filter((each) => !recent.includes(each));
          const from = rest.indexOf(regrant) + 1;
          const tail: Signal[] = rest.slice(from);
          for (const [index, each] of late.entries()) tail.splice((index * 7) % (tail.length + 1), 0, each);
          return { arrived: [...rest.slice(0, from), ...tail], recent, contract, size };
        });
    });

  it('is gone in any order of signals, withdrawal and new grant; what came after the grant stays', async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ arrived, recent, contract, size }) => {
        // Where profiling needs no opt-in, so that a signal is good before any choice is known.
        const region = new MemoryRegion('au');
        for (let from = 0; from < arrived.length; from += size)
          await region.deliverUntilDone([region.record(arrived.slice(from, from + size))]);
        const state = stateOf(region);
        expect(wholeState(state).visits).toBe(recent.length);
        expect(wholeState(state).orders).toBe(contract.length);
        const expected = new MemoryRegion('au');
        const inOrder = [...arrived].sort((a, b) => a.occurredAt - b.occurredAt);
        for (const each of inOrder) await expected.deliverUntilDone([expected.record([each])]);
        expect(region.states()).toEqual(expected.states());
        expect(region.segments()).toEqual(expected.segments());
      }),
      { numRuns: 300 },
    );
  });

  it('is gone at once, also from identifiers that the withdrawal does not name', async () => {
    const region = new MemoryRegion('au');
    const [user, browser] = [tokenOf('userId', 'u1'), tokenOf('anonymousId', 'a1')];
    await region.deliverUntilDone([
      region.record([visit('v1', 50, {}, { anonymousId: 'a1' })]),
      region.record([visit('v2', 40, {}, { userId: 'u1', anonymousId: 'a1' })]),
    ]);
    const visits = (token: typeof user) =>
      wholeState(decodeState(region.store.nodes.get(token)?.state ?? '')).visits;
    expect([visits(user), visits(browser)]).toEqual([1, 1]);
    await region.deliverUntilDone([region.record([chooses('w', 1, false), visit('v3', 0.5)])]);
    expect([visits(user), visits(browser)]).toEqual([0, 0]);
  });

  it('rests on the other purposes that still stand, and is seen by what serves those only', async () => {
    const region = new MemoryRegion('au');
    const no = signal({
      id: 'no-profiling',
      who: { userId: 'u1' },
      occurredAt: at(10),
      facts: [{ kind: 'consent', choices: { profiling: false } }],
    });
    await region.deliverUntilDone([region.record([visit('v1', 20)]), region.record([no])]);
    expect(stateOf(region).revocable).toMatchObject([
      { purposes: ['personalisation'], facts: { visits: 1 } },
    ]);
    await region.deliverUntilDone([region.record([chooses('yes', 5, true)])]);
    expect(stateOf(region).revocable).toMatchObject([{ purposes: ['personalisation'] }]);
  });

  it('takes the rest of its own batch along, wherever in the batch it stands', async () => {
    const region = new MemoryRegion('au');
    await region.deliverUntilDone([
      region.record([visit('v1', 9), visit('v2', 8), chooses('w', 7, false), visit('v3', 6)]),
    ]);
    expect(wholeState(stateOf(region)).visits).toBe(0);
    const refusals = region.archived().filter((row) => row.table === 'refusals');
    expect(refusals.map((row) => row.reason)).toEqual(Array(3).fill('customer-refused'));
  });

  it('keeps a customer who browses and buys every other week for a year within one write unit', async () => {
    const region = new MemoryRegion('eu');
    const yes = says({ occurredAt: at(9_000), facts: [{ kind: 'consent', choices: { profiling: true } }] });
    const year = Array.from({ length: 26 }, (_, week) => [
      visit(`v${week}`, week * 336 + 1),
      signal({ id: `o${week}`, who: { userId: 'u1' }, occurredAt: at(week * 336) }),
    ]).flat();
    for (const each of [yes, ...year]) await region.deliverUntilDone([region.record([each])]);
    const state = region.store.nodes.get(tokenOf('userId', 'u1'))?.state ?? '';
    expect(wholeState(decodeState(state))).toMatchObject({ visits: 26, orders: 26 });
    expect(state.length).toBeLessThan(1_024);
  });
});

describe('the evidence of consent', () => {
  const changes = (region: MemoryRegion) =>
    region
      .archived()
      .filter((row) => row.table === 'effects' && row.eventClass === 'consent')
      .map((row) => (row.table === 'effects' ? `${row.kind} ${row.name} ${row.reasons}` : ''));

  it('has a row per purpose for every act and every change of what stands, and none for repetition', async () => {
    const region = new MemoryRegion('eu');
    for (const each of [
      states('full', 20),
      states('full', 19),
      says({
        occurredAt: at(15),
        facts: [
          {
            kind: 'consent',
            choices: { profiling: false, sharing: 'basic' },
            notice: 'v7',
            language: 'de',
            recorder: 'call-centre',
          },
        ],
      }),
      gpc(10),
      gpc(9),
    ])
      await region.deliverUntilDone([region.record([each])]);
    const told = 'notice:v7,language:de,recorder:call-centre';
    expect(changes(region)).toEqual([
      'consent-granted profiling origin:stated,depth:full',
      `consent-withdrawn profiling origin:explicit,depth:none,${told}`,
      `consent-granted sharing origin:explicit,depth:basic,${told}`,
      ...['analytics', 'personalisation', 'profiling', 'sharing'].map(
        (purpose) => `gpc-honoured ${purpose} origin:gpc,depth:none`,
      ),
    ]);
  });

  it.each(laws.map(({ code }) => code))(
    'in %s calls it granted when a consent manager says yes, also where the law took it as given',
    async (code) => {
      const region = new MemoryRegion(code);
      await region.deliverUntilDone([region.record([states('full', 20)])]);
      await region.deliverUntilDone([region.record([states('full', 19)])]);
      const told = changes(region).map((row) => row.split(' ', 1).join());
      expect(told).toEqual(Array(told.length).fill('consent-granted'));
      expect(region.effects.published.filter(({ type }) => type === 'Consent Withdrawn')).toEqual([]);
    },
  );

  it('is there once, whatever call a batch dies at, also when the signal itself is withheld', async () => {
    const refusal = visit('g1', 5, { gpc: true });
    for (let call = 1; call <= 8; call += 1) {
      for (const after of [false, true]) {
        const region = new MemoryRegion('eu');
        region.crashAt(call, after);
        await region.deliverUntilDone([region.record([refusal])]);
        expect(changes(region).map((row) => row.split(' ', 2).join(' '))).toEqual(
          ['analytics', 'personalisation', 'profiling', 'sharing'].map((each) => `gpc-honoured ${each}`),
        );
      }
    }
  });
});

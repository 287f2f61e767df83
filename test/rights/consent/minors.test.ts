import { describe, expect, it } from 'vitest';
import type { Purpose } from '../../../functions/contracts/purposes.ts';
import type { Fact } from '../../../functions/contracts/signal.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { wholeState } from '../../../functions/pipeline/3-profile/revocable.ts';
import { decodeState } from '../../../functions/pipeline/3-profile/state-codec.ts';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import { NOW, signal } from '../../arbitraries.ts';
import { MemoryRegion } from '../../understand-harness.ts';

const BEYOND_SERVICE: readonly Purpose[] = [
  'analytics',
  'personalisation',
  'profiling',
  'automatedDecisions',
  'sharing',
];
type Allowed = 'nobody' | 'the guardian' | 'the minor';

/** What counsel would read in the table of the law: under which age, for what, and who may allow it all the same. */
const LAWS: Readonly<Record<string, readonly (readonly [underAge: number, readonly Purpose[], Allowed])[]>> =
  {
    eu: [[16, BEYOND_SERVICE, 'the guardian']],
    uk: [[13, BEYOND_SERVICE, 'the guardian']],
    ch: [[16, BEYOND_SERVICE, 'the guardian']],
    'us-ca': [
      [13, ['sharing'], 'the guardian'],
      [16, ['sharing'], 'the minor'],
    ],
    us: [[13, BEYOND_SERVICE, 'the guardian']],
    ca: [[13, BEYOND_SERVICE, 'the guardian']],
    'ca-qc': [[14, BEYOND_SERVICE, 'the guardian']],
    br: [
      [18, ['personalisation', 'profiling'], 'nobody'],
      [12, ['analytics', 'automatedDecisions', 'sharing'], 'the guardian'],
    ],
    in: [
      [18, ['analytics', 'personalisation', 'profiling'], 'nobody'],
      [18, ['automatedDecisions', 'sharing'], 'the guardian'],
    ],
    cn: [[14, BEYOND_SERVICE, 'the guardian']],
    jp: [[16, BEYOND_SERVICE, 'the guardian']],
    kr: [[14, BEYOND_SERVICE, 'the guardian']],
    sg: [[13, BEYOND_SERVICE, 'the guardian']],
    au: [[15, BEYOND_SERVICE, 'the guardian']],
    za: [[18, BEYOND_SERVICE, 'the guardian']],
    sa: [[18, BEYOND_SERVICE, 'the guardian']],
  };

const CASES = Object.entries(LAWS).flatMap(([code, rules]) =>
  rules.flatMap(([underAge, purposes, allowed]) =>
    purposes.map((purpose) => [code, underAge, purpose, allowed] as const),
  ),
);

const who = { userId: 'kim' };

/** How a signal for a purpose ends, of a customer of whom an age was stated, and for whom somebody chose. */
async function endingOf(
  code: string,
  purpose: Purpose,
  years: number | null,
  chosenBy: 'the guardian' | 'the minor' | null,
): Promise<string> {
  const region = new MemoryRegion(code);
  const choice: Fact[] =
    chosenBy === null
      ? []
      : [
          {
            kind: 'consent',
            choices: { [purpose]: true },
            ...(chosenBy === 'the guardian' ? { guardian: true as const } : {}),
          },
        ];
  const age: Fact[] = years === null ? [] : [{ kind: 'age', years }];
  const said = signal({ id: 'said', who, occurredAt: NOW - 2 * DAY_MS, facts: [...age, ...choice] });
  const used = signal({ id: 'used', who, occurredAt: NOW - DAY_MS, purposes: [purpose] });
  await region.deliverUntilDone([region.record([said])]);
  await region.deliverUntilDone([region.record([used])]);
  const row = region.archived().findLast((each) => 'signalName' in each);
  return row?.table === 'refusals' ? row.reason : 'applied';
}

it('names every jurisdiction there is', () => {
  expect(Object.keys(LAWS).sort()).toEqual(Object.keys(jurisdictions).sort());
});

describe.each(CASES)('in %s under %i, %s', (code, underAge, purpose, allowed) => {
  it('is denied unless it is allowed by whom the law says', async () => {
    const young = underAge - 1;
    expect(await endingOf(code, purpose, young, null)).toBe('minor');
    // Below a lower age of the same law, it takes the guardian; here the minor is as old as can be.
    expect(await endingOf(code, purpose, young, 'the minor')).toBe(
      allowed === 'the minor' ? 'applied' : 'minor',
    );
    expect(await endingOf(code, purpose, young, 'the guardian')).toBe(
      allowed === 'nobody' ? 'minor' : 'applied',
    );
  });

  it('is what anybody chooses from that age on, and of whom no age was stated', async () => {
    expect(await endingOf(code, purpose, 18, 'the minor')).toBe('applied');
    if (!CASES.some(([other, age, same]) => other === code && same === purpose && age > underAge))
      expect(await endingOf(code, purpose, underAge, 'the minor')).toBe('applied');
    expect(await endingOf(code, purpose, null, 'the minor')).toBe('applied');
  });
});

// California denies minors sharing alone, which leaves nothing in a profile.
const PROFILED = Object.keys(LAWS).filter((code) => code !== 'us-ca');

describe.each(PROFILED)('a minor in %s', (code) => {
  it('is served, and the profile loses what rested on a purpose once the age is known', async () => {
    const region = new MemoryRegion(code);
    const purposes = LAWS[code]?.[0]?.[1] ?? [];
    const choices = Object.fromEntries(purposes.map((purpose) => [purpose, true]));
    const visit = signal({
      id: 'visit',
      who,
      purposes: [...purposes] as never,
      facts: [{ kind: 'visit', depth: 5 }],
      occurredAt: NOW - DAY_MS,
    });
    const chosen = signal({
      id: 'chosen',
      who,
      occurredAt: NOW - 2 * DAY_MS,
      facts: [{ kind: 'consent', choices }],
    });
    await region.deliverUntilDone([region.record([chosen, visit])]);
    const visits = () => {
      const [state = ''] = Object.values(region.states());
      return wholeState(decodeState(state)).visits;
    };
    expect(visits()).toBe(1);
    await region.deliverUntilDone([
      region.record([signal({ id: 'age', who, occurredAt: NOW, facts: [{ kind: 'age', years: 5 }] })]),
    ]);
    const order = signal({ id: 'order', who, occurredAt: NOW });
    await region.deliverUntilDone([region.record([order])]);
    expect(region.archived().findLast((each) => 'signalName' in each)?.table).toBe('signals');
    expect(visits()).toBe(0);
  });
});

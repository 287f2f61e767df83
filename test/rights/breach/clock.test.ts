import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Seriousness } from '../../../functions/registry/jurisdiction-definition.ts';
import { jurisdictionCodes } from '../../../functions/registry/jurisdictions/index.ts';
import { type BreachFacts, breachDuties } from '../../../functions/rights/breach/clock.ts';
import { calendar, lawOf } from '../calendars.ts';

interface Fixture {
  readonly what: string;
  readonly code: string;
  readonly aware: string;
  readonly facts?: Partial<BreachFacts>;
  readonly holidays?: string;
  /** `to state [time]`, one a line of the law. */
  readonly duties: readonly string[];
}

const unknown = { assessedAt: null, peopleToldAt: null, seriousness: null, people: null } as const;
const told = ({
  code,
  aware,
  facts = {},
  holidays = 'none',
}: Omit<Fixture, 'what' | 'duties'>): readonly string[] =>
  breachDuties(
    lawOf(code),
    { awareAt: Date.parse(aware), ...unknown, ...facts },
    calendar(code, holidays),
  ).map((duty) => {
    switch (duty.state) {
      case 'running':
        return `${duty.to} by ${new Date(duty.dueAt).toISOString()}`;
      case 'at-once':
        return `${duty.to} at once`;
      default:
        return `${duty.to} after ${duty.for}`;
    }
  });

const FRIDAY = '2027-02-05T17:00:00Z';

const fixtures: readonly Fixture[] = [
  {
    what: '72 hours run through the weekend to the minute',
    code: 'eu',
    aware: FRIDAY,
    facts: { seriousness: 'risk' },
    duties: ['regulator by 2027-02-08T17:00:00.000Z'],
  },
  {
    what: 'people too where the risk is high',
    code: 'uk',
    aware: FRIDAY,
    facts: { seriousness: 'high-risk' },
    duties: ['regulator by 2027-02-08T17:00:00.000Z', 'people at once'],
  },
  {
    what: 'nobody where there is no risk',
    code: 'eu',
    aware: FRIDAY,
    facts: { seriousness: 'any' },
    duties: [],
  },
  {
    what: 'people in 30 days, the attorney general 15 days after them',
    code: 'us-ca',
    aware: FRIDAY,
    facts: { people: 501, peopleToldAt: Date.parse('2027-02-12T17:00:00Z') },
    duties: ['regulator by 2027-02-28T07:59:59.999Z', 'people by 2027-03-08T07:59:59.999Z'],
  },
  {
    what: 'the attorney general hears nothing of 500 people',
    code: 'us-ca',
    aware: FRIDAY,
    facts: { people: 500, peopleToldAt: Date.parse('2027-02-12T17:00:00Z') },
    duties: ['people by 2027-03-08T07:59:59.999Z'],
  },
  {
    what: 'the attorney general waits for the notice to people',
    code: 'us-ca',
    aware: FRIDAY,
    duties: ['regulator after notice-to-people', 'people by 2027-03-08T07:59:59.999Z'],
  },
  {
    what: 'three business days skip the weekend and Carnival',
    code: 'br',
    aware: FRIDAY,
    holidays: '2027-02-08,2027-02-09',
    duties: ['regulator by 2027-02-13T02:59:59.999Z', 'people by 2027-02-13T02:59:59.999Z'],
  },
  {
    what: 'the Board at once and in full in 72 hours',
    code: 'in',
    aware: FRIDAY,
    duties: ['regulator at once', 'regulator by 2027-02-08T17:00:00.000Z', 'people at once'],
  },
  {
    what: 'four hours where it is serious',
    code: 'cn',
    aware: FRIDAY,
    facts: { seriousness: 'serious' },
    duties: ['regulator at once', 'regulator by 2027-02-05T21:00:00.000Z', 'people at once'],
  },
  {
    what: 'a preliminary report in three days and a final one in thirty',
    code: 'jp',
    aware: FRIDAY,
    duties: [
      'regulator by 2027-02-09T14:59:59.999Z',
      'regulator by 2027-03-08T14:59:59.999Z',
      'people at once',
    ],
  },
  {
    what: 'no regulator for fewer than a thousand people',
    code: 'kr',
    aware: FRIDAY,
    facts: { people: 999 },
    duties: ['people by 2027-02-08T17:00:00.000Z'],
  },
  {
    what: 'three days start with the assessment',
    code: 'sg',
    aware: FRIDAY,
    duties: ['regulator after assessment', 'people after assessment'],
  },
  {
    what: 'and end with the third day after it',
    code: 'sg',
    aware: FRIDAY,
    facts: { assessedAt: Date.parse('2027-02-10T17:00:00Z') },
    duties: ['regulator by 2027-02-14T15:59:59.999Z', 'people at once'],
  },
];

describe('a breach is told', () => {
  it.each(fixtures)('$code: $what', ({ duties, ...breach }) => {
    expect(told(breach)).toEqual(duties);
  });
});

const grade = fc.constantFrom<Seriousness | null>(null, 'any', 'risk', 'high-risk', 'serious');

describe.each(jurisdictionCodes)('%s', (code) => {
  const at = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2029, 0, 1) });

  it('wants no less told when more is unknown', () => {
    fc.assert(
      fc.property(at, grade, fc.option(fc.nat(5_000)), (awareAt, seriousness, people) => {
        const duties = (facts: Partial<BreachFacts>) =>
          breachDuties(lawOf(code), { ...unknown, awareAt, ...facts }, calendar(code));
        expect(duties({})).toEqual(expect.arrayContaining([...duties({ seriousness, people })]));
      }),
    );
  });

  it('reminds before it is due, and a later breach is due no earlier', () => {
    fc.assert(
      fc.property(at, fc.nat(10 * 86_400_000), (awareAt, laterMs) => {
        const due = (start: number) =>
          breachDuties(
            lawOf(code),
            { ...unknown, awareAt: start, assessedAt: start, peopleToldAt: start },
            calendar(code),
          ).flatMap((duty) => (duty.state === 'running' ? [duty] : []));
        const [first, second] = [due(awareAt), due(awareAt + laterMs)];
        first.forEach(({ startsAt, halfAt, eightyPercentAt, dueAt }, index) => {
          expect(startsAt < halfAt && halfAt < eightyPercentAt && eightyPercentAt < dueAt).toBe(true);
          expect(second[index]?.dueAt).toBeGreaterThanOrEqual(dueAt);
        });
      }),
    );
  });
});

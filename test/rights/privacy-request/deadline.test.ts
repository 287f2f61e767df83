import { describe, expect, it } from 'vitest';
import {
  type Duty,
  deadlineOf,
  type RequestTimes,
  ruleFor,
} from '../../../functions/rights/privacy-request/deadline.ts';
import { calendar, lawOf } from '../calendars.ts';

/** A request as it might come, and the instant at which the local day ends on which it is due. */
interface Fixture {
  readonly what: string;
  readonly code: string;
  readonly duty?: Duty;
  /** With the offset that holds there then. */
  readonly received: string;
  readonly verified?: string;
  readonly pauses?: readonly (readonly [from: string, to: string | null])[];
  readonly noticed?: string;
  readonly holidays?: string;
  /** Null: the clock stands. */
  readonly due: string | null;
}

const fixtures: readonly Fixture[] = [
  {
    what: 'a month after the last of January is the last of February',
    code: 'eu',
    received: '2027-01-31T23:30:00+01:00',
    due: '2027-02-28T23:59:59.999+01:00',
  },
  {
    what: 'which is the 29th in a leap year',
    code: 'eu',
    received: '2028-01-31T09:00:00+01:00',
    due: '2028-02-29T23:59:59.999+01:00',
  },
  {
    what: 'a month that crosses into summer time still ends with the day',
    code: 'eu',
    received: '2027-03-10T12:00:00+01:00',
    due: '2027-04-10T23:59:59.999+02:00',
  },
  {
    what: 'an extension with notice makes it three months from receipt',
    code: 'eu',
    received: '2026-11-30T10:00:00+01:00',
    noticed: '2026-12-30T18:00:00+01:00',
    due: '2027-02-28T23:59:59.999+01:00',
  },
  {
    what: 'an extension that the person hears of a day late is none',
    code: 'eu',
    received: '2026-11-30T10:00:00+01:00',
    noticed: '2026-12-31T00:00:00+01:00',
    due: '2026-12-30T23:59:59.999+01:00',
  },
  {
    what: 'waiting for the person does not stop the clock',
    code: 'eu',
    received: '2026-07-01T10:00:00+02:00',
    pauses: [['2026-07-10T10:00:00+02:00', '2026-07-20T09:00:00+02:00']],
    due: '2026-08-01T23:59:59.999+02:00',
  },
  {
    what: 'waiting for the person stops the clock for ten days',
    code: 'uk',
    received: '2026-07-01T10:00:00+01:00',
    pauses: [['2026-07-10T10:00:00+01:00', '2026-07-20T09:00:00+01:00']],
    due: '2026-08-11T23:59:59.999+01:00',
  },
  {
    what: 'two questions at a time are waited for once',
    code: 'uk',
    received: '2026-07-01T10:00:00+01:00',
    pauses: [
      ['2026-07-12T10:00:00+01:00', '2026-07-20T09:00:00+01:00'],
      ['2026-07-10T10:00:00+01:00', '2026-07-14T09:00:00+01:00'],
    ],
    due: '2026-08-11T23:59:59.999+01:00',
  },
  {
    what: 'an answer on the day of the question costs no day',
    code: 'uk',
    received: '2026-07-01T10:00:00+01:00',
    pauses: [['2026-07-10T10:00:00+01:00', '2026-07-10T19:00:00+01:00']],
    due: '2026-08-01T23:59:59.999+01:00',
  },
  {
    what: 'a question after the last day saves nobody',
    code: 'uk',
    received: '2026-07-01T10:00:00+01:00',
    pauses: [['2026-08-02T00:00:00+01:00', '2026-08-20T09:00:00+01:00']],
    due: '2026-08-01T23:59:59.999+01:00',
  },
  {
    what: 'waiting counts from receipt, however long before it began',
    code: 'uk',
    received: '2026-07-01T10:00:00+01:00',
    pauses: [
      ['2026-06-01T10:00:00+01:00', '2026-06-20T09:00:00+01:00'],
      ['2026-06-28T10:00:00+01:00', '2026-07-03T09:00:00+01:00'],
    ],
    due: '2026-08-03T23:59:59.999+01:00',
  },
  {
    what: 'the clock stands while the person is silent',
    code: 'uk',
    received: '2026-07-01T10:00:00+01:00',
    pauses: [['2026-07-10T10:00:00+01:00', null]],
    due: null,
  },
  {
    what: 'the UK has no extension in the registry, so notice of one changes nothing',
    code: 'uk',
    received: '2026-10-31T10:00:00+00:00',
    noticed: '2026-11-01T10:00:00+00:00',
    due: '2026-11-30T23:59:59.999+00:00',
  },
  {
    what: '45 days run from receipt, however late the person is verified',
    code: 'us-ca',
    received: '2026-11-25T09:00:00-08:00',
    verified: '2026-12-20T09:00:00-08:00',
    pauses: [['2026-11-26T09:00:00-08:00', '2026-12-20T09:00:00-08:00']],
    due: '2027-01-09T23:59:59.999-08:00',
  },
  {
    what: '45 more with notice on the last day',
    code: 'us-ca',
    received: '2026-11-25T09:00:00-08:00',
    noticed: '2027-01-09T23:59:59-08:00',
    due: '2027-02-23T23:59:59.999-08:00',
  },
  {
    what: 'receipt late in the evening is of that day there, though it is tomorrow in UTC',
    code: 'us-ca',
    received: '2026-12-31T23:59:59-08:00',
    due: '2027-02-14T23:59:59.999-08:00',
  },
  {
    what: 'ten business days skip weekends and Thanksgiving',
    code: 'us-ca',
    duty: 'acknowledge',
    received: '2026-11-20T16:00:00-08:00',
    holidays: '2026-11-26',
    due: '2026-12-07T23:59:59.999-08:00',
  },
  {
    what: 'and end a day early where nobody supplied the holiday',
    code: 'us-ca',
    duty: 'acknowledge',
    received: '2026-11-20T16:00:00-08:00',
    due: '2026-12-04T23:59:59.999-08:00',
  },
  {
    what: 'an opt-out of a Saturday takes 15 business days over Christmas and New Year',
    code: 'us-ca',
    duty: 'opt-out',
    received: '2026-12-19T12:00:00-08:00',
    holidays: '2026-12-25,2027-01-01',
    due: '2027-01-12T23:59:59.999-08:00',
  },
  {
    what: '45 days over a leap day',
    code: 'us',
    received: '2028-02-01T08:00:00-05:00',
    due: '2028-03-17T23:59:59.999-04:00',
  },
  {
    what: 'an opt-out has the time of any request where the law gives it none',
    code: 'us',
    duty: 'opt-out',
    received: '2026-06-01T08:00:00-04:00',
    due: '2026-07-16T23:59:59.999-04:00',
  },
  {
    what: '30 days from the end of January pass February',
    code: 'ca',
    received: '2027-01-30T08:00:00-05:00',
    due: '2027-03-01T23:59:59.999-05:00',
  },
  {
    what: '30 days over the return to winter time',
    code: 'ca-qc',
    received: '2026-10-15T08:00:00-04:00',
    due: '2026-11-14T23:59:59.999-05:00',
  },
  {
    what: '15 days over the turn of the year',
    code: 'br',
    received: '2026-12-20T23:30:00-03:00',
    due: '2027-01-04T23:59:59.999-03:00',
  },
  {
    what: '90 days end on 28 February of a leap year',
    code: 'in',
    received: '2027-11-30T10:00:00+05:30',
    due: '2028-02-28T23:59:59.999+05:30',
  },
  {
    what: '15 working days skip Golden Week and count the Saturday worked for it',
    code: 'cn',
    received: '2026-09-28T10:00:00+08:00',
    holidays: '2026-10-01,2026-10-02,2026-10-05,2026-10-06,2026-10-07,+2026-10-10',
    due: '2026-10-23T23:59:59.999+08:00',
  },
  {
    what: '14 days over New Year',
    code: 'jp',
    received: '2026-12-25T10:00:00+09:00',
    due: '2027-01-08T23:59:59.999+09:00',
  },
  {
    what: 'ten days into March of a common year',
    code: 'kr',
    received: '2027-02-24T10:00:00+09:00',
    due: '2027-03-06T23:59:59.999+09:00',
  },
  {
    what: '30 days end on a leap day',
    code: 'sg',
    received: '2028-01-30T10:00:00+08:00',
    due: '2028-02-29T23:59:59.999+08:00',
  },
  {
    what: '30 days over the start of southern summer time',
    code: 'au',
    received: '2026-09-20T10:00:00+10:00',
    due: '2026-10-20T23:59:59.999+11:00',
  },
  {
    what: '30 days end on a Saturday and stay there',
    code: 'za',
    received: '2026-12-31T10:00:00+02:00',
    due: '2027-01-30T23:59:59.999+02:00',
  },
  {
    what: '30 days over the start of summer time',
    code: 'ch',
    received: '2027-02-28T10:00:00+01:00',
    due: '2027-03-30T23:59:59.999+02:00',
  },
  {
    what: '30 days and 30 more with notice',
    code: 'sa',
    received: '2026-11-25T10:00:00+03:00',
    noticed: '2026-12-01T10:00:00+03:00',
    due: '2027-01-24T23:59:59.999+03:00',
  },
];

const timesOf = ({ received, verified, pauses = [], noticed }: Fixture): RequestTimes => ({
  receivedAt: Date.parse(received),
  verifiedAt: verified === undefined ? null : Date.parse(verified),
  pauses: pauses.map(([from, to]) => ({ from: Date.parse(from), to: to === null ? null : Date.parse(to) })),
  extensionNoticedAt: noticed === undefined ? null : Date.parse(noticed),
});

describe('a request is due', () => {
  it.each(fixtures)('$code: $what', (fixture) => {
    const rule = ruleFor(lawOf(fixture.code), fixture.duty ?? 'answer');
    if (rule === null) throw new Error('no such duty');
    const deadline = deadlineOf(rule, timesOf(fixture), calendar(fixture.code, fixture.holidays));
    const due = deadline.state === 'running' ? new Date(deadline.dueAt).toISOString() : null;
    expect(due).toBe(fixture.due === null ? null : new Date(fixture.due).toISOString());
  });

  it('in every jurisdiction of the registry', () => {
    expect(new Set(fixtures.map(({ code }) => code)).size).toBe(16);
  });
});

describe('around the due time', () => {
  const eu = (times: Partial<RequestTimes> = {}) => {
    const rule = ruleFor(lawOf('eu'), 'answer');
    if (rule === null) throw new Error('no such duty');
    const receivedAt = Date.parse('2026-11-01T00:00:00+01:00');
    const all = { receivedAt, verifiedAt: null, pauses: [], extensionNoticedAt: null, ...times };
    return deadlineOf(rule, all, calendar('eu'));
  };

  it('reminders come at half and at 80 % of the time', () => {
    // 31 days, from midnight to the end of 1 December.
    expect(eu()).toMatchObject({
      halfAt: Date.parse('2026-11-16T11:59:59.999+01:00'),
      eightyPercentAt: Date.parse('2026-11-25T19:11:59.999+01:00'),
    });
  });

  it('notice of an extension is possible to the last moment of the time it extends', () => {
    const noticeBy = Date.parse('2026-12-01T23:59:59.999+01:00');
    expect(eu()).toMatchObject({ extended: false, extensionNoticeBy: noticeBy });
    expect(eu({ extensionNoticedAt: noticeBy })).toMatchObject({
      extended: true,
      extensionNoticeBy: noticeBy,
      dueAt: Date.parse('2027-02-01T23:59:59.999+01:00'),
    });
  });

  it('a clock that stood over a weekend cannot have run out in it', () => {
    const rule = {
      within: { count: 2, unit: 'business-days' },
      extension: null,
      clock: 'from-receipt-stops-for-person',
    } as const;
    const times = {
      receivedAt: Date.parse('2026-11-25T10:00:00Z'),
      verifiedAt: null,
      pauses: [{ from: Date.parse('2026-11-27T18:00:00Z'), to: Date.parse('2026-11-29T18:00:00Z') }],
      extensionNoticedAt: null,
    };
    expect(deadlineOf(rule, times, calendar('uk'))).toMatchObject({
      dueAt: Date.parse('2026-11-30T23:59:59.999Z'),
    });
  });

  it('a clock that starts with verification waits for it', () => {
    const rule = {
      within: { count: 10, unit: 'calendar-days' },
      extension: null,
      clock: 'from-verification',
    } as const;
    const times = { receivedAt: 0, verifiedAt: null, pauses: [], extensionNoticedAt: null };
    expect(deadlineOf(rule, times, calendar('uk'))).toEqual({ state: 'not-started' });
    const verifiedAt = Date.parse('2026-11-25T10:00:00Z');
    expect(deadlineOf(rule, { ...times, verifiedAt }, calendar('uk'))).toMatchObject({
      dueAt: Date.parse('2026-12-05T23:59:59.999Z'),
    });
  });

  it('only California has a duty to acknowledge', () => {
    expect(ruleFor(lawOf('us-ca'), 'acknowledge')).toMatchObject({ clock: 'from-receipt', extension: null });
    expect(ruleFor(lawOf('eu'), 'acknowledge')).toBeNull();
  });
});

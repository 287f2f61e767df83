import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeakPattern } from '../../../functions/contracts/incidents.ts';
import { identifierToken } from '../../../functions/contracts/tokens.ts';
import { leaksIn } from '../../../functions/rights/breach/scan.ts';
import { SECRETS } from '../../arbitraries.ts';

const line = (value: string): string => JSON.stringify({ level: 'warn', message: 'unexpected', value });
const token = identifierToken(SECRETS, 'email', 'ada@lovelace.org');

describe('a log line with', () => {
  it.each<[string, LeakPattern, string]>([
    ['an e-mail address', 'email', line('no mail for ada@lovelace.org today')],
    ['one in a URL', 'email', line('GET /v1/x?who=ada%40lovelace.org')],
    ['a telephone number', 'phone', line('call +491701234567')],
    ['one with separators', 'phone', line('tel:+44 20 7946 0958')],
    ['a card number', 'payment-card', line('card 4111 1111 1111 1111 refused')],
    ['one without spaces', 'payment-card', line('5500005555555559')],
    ['a US social security number', 'national-id', line('ssn 078-05-1120')],
    ['a Brazilian CPF', 'national-id', line('cpf 529.982.247-25')],
    ['a Chinese resident number', 'national-id', line('11010519491231002X')],
    ['a Korean resident number', 'national-id', line('820701-2409184')],
    ['an event', 'event-payload', JSON.stringify({ type: 'track', anonymousId: 'x' })],
    ['an event within JSON', 'event-payload', line(JSON.stringify({ userId: 'C-1' }))],
    ['an event as Node prints it', 'event-payload', "{ type: 'track', traits: { name: 'Ada' } }"],
    ['a pseudonym', 'identifier-token', line(`no node ${token}`)],
  ])('%s is found', (_, pattern, text) => {
    expect([...leaksIn(text)]).toEqual([pattern]);
  });

  it.each([
    ['metrics', '{"_aws":{"Timestamp":1764068901000},"function":"collect","durationMs":12.453201511283036}'],
    ['a request id', line('550e8400-e29b-41d4-a716-446655440000')],
    ['a sequence number', line('49590338271490256608559692538361571095921575989136588898')],
    ['a time', line('2026-11-25T11:00:00.000+05:30 and 1e+21')],
    ['a stack frame', line('at send (/var/task/node_modules/@aws-sdk/client-kinesis/dist/x.js:12:4111)')],
    ['a version', line('repeat-contact@1 of rapport@1.2.3')],
    ['a card number with a wrong digit', line('4111 1111 1111 1112')],
    ['a CPF with a wrong digit', line('529.982.247-26')],
    ['a date that looks like a number', line('2026-11-2511')],
    ['an access log', '{"requestId":"a1b2","routeKey":"POST /v1/subjects/{subjectId}","status":"421"}'],
    ['nothing', ''],
  ])('%s is none of these', (_, text) => {
    expect([...leaksIn(text)]).toEqual([]);
  });
});

it('reads any text to its end in time, and finds an address wherever it stands', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (before, after) => {
      expect(leaksIn(`${before} ada@lovelace.org ${after}`).has('email')).toBe(true);
    }),
  );
  for (const hostile of [
    'a'.repeat(300_000),
    '1 '.repeat(150_000),
    '+1'.repeat(150_000),
    'a.@'.repeat(90_000),
  ]) {
    const began = performance.now();
    leaksIn(hostile);
    expect(performance.now() - began).toBeLessThan(5_000);
  }
});

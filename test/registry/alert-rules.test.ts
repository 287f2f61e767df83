import { describe, expect, it } from 'vitest';
import { NOTHING_PUBLISHED, type Published, subjectIdOf } from '../../functions/contracts/subject.ts';
import { EMPTY_STATE } from '../../functions/pipeline/3-profile/state.ts';
import { alertsOf } from '../../functions/pipeline/5-alert/alert.ts';
import type { AlertRuleDefinition, CueExample } from '../../functions/registry/alert-rule-definition.ts';
import { alertRules } from '../../functions/registry/alert-rules/index.ts';
import { segments } from '../../functions/registry/segments/index.ts';
import { tokenOf } from '../arbitraries.ts';

const SUBJECT = subjectIdOf([tokenOf('userId', 'u1')]);

/** What the rule makes of an example, in a silence that may be concluded from unless said otherwise. */
const alerted = (
  rule: AlertRuleDefinition,
  { state, segments: names = [], now }: CueExample,
  { published = NOTHING_PUBLISHED.alerts as Published['alerts'], permitted = true, settled = true } = {},
) =>
  alertsOf(
    SUBJECT,
    () => ({ ...EMPTY_STATE, ...state }),
    new Set(names),
    published,
    [rule],
    () => permitted,
    now,
    settled,
  );

describe.each(alertRules.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  it.each(rule.examples.fires)('fires when $why, once, and with its reasons', (example) => {
    const first = alerted(rule, example);
    expect(first.opened).toMatchObject([{ rule: name, ruleVersion: rule.version, severity: rule.severity }]);
    const [alert] = first.opened;
    expect(alert?.reasons.length).toBeGreaterThan(0);
    for (const { value, threshold } of alert?.reasons ?? []) expect(value).toBeGreaterThanOrEqual(threshold);
    expect(alert?.occurredAt).toBeLessThanOrEqual(example.now);
    // The same behaviour is nothing new to tell, nor is another of its kind while the rule cools down.
    expect(alerted(rule, example, { published: first.alerts }).opened).toEqual([]);
    const earlier = (alert?.occurredAt ?? 0) - 1;
    const ended = { [name]: { firedAt: example.now - rule.cooldownMs + 1, occurredAt: earlier, opened: [] } };
    expect(alerted(rule, example, { published: ended }).opened).toEqual([]);
    const cool = { [name]: { firedAt: example.now - rule.cooldownMs, occurredAt: earlier, opened: [] } };
    expect(alerted(rule, example, { published: cool }).opened).toHaveLength(1);
  });

  it.each(rule.examples.fires)('says nothing without permission, though $why', (example) => {
    const { opened, alerts, dueAt } = alerted(rule, example, { permitted: false });
    expect([opened, alerts, dueAt]).toEqual([[], {}, null]);
  });

  it.each(rule.examples.fires)('draws no conclusion from silence right after a signal: $why', (example) => {
    const { opened, dueAt } = alerted(rule, example, { settled: false });
    const isAbsence = rule.dueAt !== undefined;
    expect([opened.length, dueAt !== null]).toEqual(isAbsence ? [0, true] : [1, false]);
  });

  it.each(rule.examples.quiet)('is quiet when $why', (example) => {
    expect(alerted(rule, example).opened).toEqual([]);
  });

  it('has both kinds of example and a purpose, and reads only segments that exist', () => {
    const { fires, quiet } = rule.examples;
    expect(Math.min(fires.length, quiet.length)).toBeGreaterThan(0);
    expect(rule.purposes.length).toBeGreaterThan(0);
    const known = segments.map((segment) => segment.name);
    for (const example of [...fires, ...quiet])
      expect(known).toEqual(expect.arrayContaining([...(example.segments ?? [])]));
  });
});

it('alert rules have each name once', () => {
  expect(new Set(alertRules.map(({ name }) => name)).size).toBe(alertRules.length);
});

import { describe, expect, it } from 'vitest';
import { EMPTY_STATE } from '../../functions/pipeline/3-profile/state.ts';
import { scoreProfile } from '../../functions/pipeline/4-score/score.ts';
import type { SegmentDefinition, SegmentExample } from '../../functions/registry/segment-definition.ts';
import { segments } from '../../functions/registry/segments/index.ts';

const scored = (segment: SegmentDefinition, { state, at }: SegmentExample, isPermitted = () => true) =>
  scoreProfile(() => ({ ...EMPTY_STATE, ...state }), [segment], isPermitted, at);

describe.each(segments.map((segment) => [segment.name, segment] as const))('%s', (name, segment) => {
  it.each(segment.examples.in)('has whoever $why', (example) => {
    const { segments: entered, scores } = scored(segment, example);
    expect(entered.has(name)).toBe(true);
    expect(scores[name]).toBeGreaterThanOrEqual(segment.enterAt);
  });

  it.each(segment.examples.out)('leaves out whoever $why', (example) => {
    expect(scored(segment, example).segments.has(name)).toBe(false);
  });

  it('is not computed without its purposes, and says which are missing', () => {
    const [example] = segment.examples.in;
    expect(example).toBeDefined();
    if (example === undefined) return;
    const result = scored(segment, example, () => false);
    expect([...result.segments]).toEqual([]);
    expect(result.scores).toEqual({});
    expect(result.notComputed).toEqual({ [name]: segment.purposes });
  });

  it('has both kinds of example, a purpose, and room between entering and leaving', () => {
    expect(Math.min(segment.examples.in.length, segment.examples.out.length)).toBeGreaterThan(0);
    expect(segment.purposes.length).toBeGreaterThan(0);
    expect(segment.leaveBelow).toBeLessThan(segment.enterAt);
  });
});

it('segments have each name once', () => {
  expect(new Set(segments.map(({ name }) => name)).size).toBe(segments.length);
});

import { describe, expect, it } from 'vitest';
import { collect } from '../../../functions/pipeline/1-collect/collect.ts';
import type { SourceDefinition } from '../../../functions/registry/source-definition.ts';
import { NOW, order, policy, source } from './setting.ts';

const collected = (event: unknown, from: SourceDefinition = source('web')) => {
  const result = collect(
    { source: from, events: [event], sentAt: null, receivedAt: NOW, gpc: false },
    policy,
  );
  const signal = [...result.signals.values()].flat()[0];
  return { ...result, signal, receipt: result.receipts[0] };
};
const managed = (context: Record<string, unknown>) => collected(order({ context }));

describe('what a consent manager states with an event', () => {
  it('is read from the Segment object by purpose, and by the categories the source has explained', () => {
    const { signal } = managed({
      consent: { categoryPreferences: { personalisation: 'basic', C0002: true, C0004: false } },
    });
    expect(signal?.consent).toEqual({
      analytics: 'full',
      personalisation: 'basic',
      profiling: 'none',
      sharing: 'none',
    });
  });

  it('is read from the RudderStack object', () => {
    const { signal } = managed({
      consentManagement: {
        provider: 'oneTrust',
        resolutionStrategy: 'and',
        allowedConsentIds: ['C0001', 'C0003', 'analytics'],
        deniedConsentIds: ['C0004'],
      },
    });
    expect(signal?.consent).toEqual({
      analytics: 'full',
      personalisation: 'full',
      profiling: 'none',
      sharing: 'none',
    });
  });

  it('takes a category of one provider apart from one of another', () => {
    const two: SourceDefinition = {
      ...source('web'),
      consentCategories: { '1': ['analytics'], 'ketch:1': ['sharing'] },
    };
    const event = (provider: string) =>
      order({ context: { consentManagement: { provider, allowedConsentIds: ['1'] } } });
    expect(collected(event('ketch'), two).signal?.consent).toEqual({ sharing: 'full' });
    expect(collected(event('iubenda'), two).signal?.consent).toEqual({ analytics: 'full' });
  });

  it('takes the strictest of several answers about one purpose', () => {
    const { signal } = managed({
      consent: { categoryPreferences: { analytics: true } },
      consentManagement: { allowedConsentIds: ['C0002'], deniedConsentIds: ['analytics'] },
    });
    expect(signal?.consent).toEqual({ analytics: 'none' });
  });

  it('ignores categories that nobody explained, counts them, and takes the event', () => {
    const { receipt, signal, unknownCategories } = managed({
      consent: { categoryPreferences: { Advertising: true, toString: false } },
      consentManagement: { allowedConsentIds: ['c9', 7] },
    });
    expect(receipt?.outcome).toBe('accepted');
    expect(signal).not.toHaveProperty('consent');
    expect(unknownCategories).toBe(4);
  });

  it('makes an event bad that answers for a purpose in no way we can read: guessing would decide for the customer', () => {
    for (const context of [
      { consent: { categoryPreferences: { profiling: 'maybe' } } },
      { consent: { categoryPreferences: ['profiling'] } },
      { consentManagement: { deniedConsentIds: 'profiling' } },
      { consentManagement: ['profiling'] },
      { consent: 'no' },
      { consent: [] },
      // No text can be made of such an object: it once made the whole request fail.
      { consentManagement: { allowedConsentIds: [{ toString: 5 }] } },
      { consentManagement: { deniedConsentIds: [null] } },
    ])
      expect(managed(context).receipt).toMatchObject({ outcome: 'quarantined', reason: 'schema-mismatch' });
  });

  it('is an act, and not a statement, where the event is one of choosing', () => {
    const { signal } = collected(
      order({
        event: 'Segment Consent Preference Updated',
        properties: {},
        context: { consent: { categoryPreferences: { profiling: true, Advertising: true } } },
      }),
    );
    expect(signal).toMatchObject({ name: 'Segment Consent Preference Updated', purposes: ['service'] });
    expect(signal).not.toHaveProperty('consent');
    expect(signal?.facts).toEqual([{ kind: 'consent', choices: { profiling: 'full' } }]);
  });
});

describe('an age in the traits', () => {
  const identified = (traits: Record<string, unknown>) =>
    collected({ type: 'identify', messageId: 'i', userId: 'C-1', timestamp: '2026-03-02T10:00:00Z', traits })
      .signal?.facts;

  it.each([
    [{ age: 12 }, 12],
    [{ age: '17' }, 17],
    [{ age: 70 }, 18],
    [{ birthday: '2010-03-02' }, 16],
    [{ birthday: '2010-03-03' }, 15],
    [{ birthday: '1950-01-01T00:00:00.000Z' }, 18],
    [{ minor: true }, 0],
    [{ minor: false }, 18],
    [{ minor: true, age: 14 }, 14],
    [{ minor: true, age: 40 }, 0],
    [{ age: 20, birthday: '2012-01-01' }, 14],
  ])('of %j is kept as full years, up to adulthood', (traits, years) => {
    expect(identified(traits)).toEqual([{ kind: 'age', years }]);
  });

  it.each([
    [{ age: -1 }],
    [{ age: 900 }],
    [{ age: 'old' }],
    [{ birthday: '2030-01-01' }],
    [{ minor: 'yes' }],
  ])('that makes no sense (%j) says nothing, and the event is good', (traits) =>
    expect(identified(traits)).toEqual([]),
  );
});

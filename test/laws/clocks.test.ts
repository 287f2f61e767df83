import { describe, expect, it } from 'vitest';
import type { Signal } from '../../functions/contracts/signal.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../functions/kernel/time.ts';
import { collect } from '../../functions/pipeline/1-collect/collect.ts';
import { policyOf } from '../../functions/pipeline/1-collect/setting.ts';
import { decodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import { sources } from '../../functions/registry/sources/index.ts';
import { NOW, SECRETS, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const SETTING: Readonly<Record<string, string>> = {
  JURISDICTION: 'eu',
  SIGNAL_BUCKETS: '8',
  PEER_ENDPOINTS: '{}',
};
const policy = policyOf((name) => SETTING[name] ?? '', SECRETS);

/** An order as `collect` hands it on, received at a time, with what its sender says of times. */
function received(id: string, at: number, times: { timestamp?: number; sentAt?: number }): Signal[] {
  const [source] = sources.filter((each) => each.signals === 'any');
  if (source === undefined) throw new Error('no source may send everything');
  const { timestamp, sentAt = null } = times;
  const event = {
    type: 'track',
    event: 'Order Completed',
    messageId: id,
    userId: 'ada',
    properties: { total: 25 },
    ...(timestamp === undefined ? {} : { timestamp: new Date(timestamp).toISOString() }),
  };
  const { signals } = collect({ source, events: [event], sentAt, receivedAt: at, gpc: false }, policy);
  return [...signals.values()].flat();
}

const ordersOf = (region: MemoryRegion): number[] =>
  [...region.store.nodes.values()].map(({ state }) => (state === null ? 0 : decodeState(state).orders));

describe('a sender whose clock is missing or wrong', () => {
  /** One event, then enough others to move it out of the window of its atom, then the same event again. */
  async function sentTwice(times: (at: number) => { timestamp?: number; sentAt?: number }) {
    const region = new MemoryRegion();
    const deliver = (id: string, at: number) =>
      region.deliverUntilDone([region.record(received(id, at, times(at)))], at);
    await deliver('twice', NOW);
    for (let other = 1; other <= 60; other += 1)
      await deliver(`other-${other}`, NOW + other * 20 * SECOND_MS);
    await deliver('twice', NOW + 30 * MINUTE_MS);
    return region;
  }

  it('counts an event once that was sent without a time, however late it is sent again', async () => {
    const region = await sentTwice(() => ({}));
    expect(ordersOf(region)).toEqual([61]);
    expect(region.archived().at(-1)).toMatchObject({ table: 'refusals', outcome: 'duplicate' });
  });

  it('counts an event once whose time was corrected, though the retry corrects it otherwise', async () => {
    const ahead = 3 * HOUR_MS;
    // Between the attempts the clock was set back by a quarter of an hour, and is wrong all the same.
    const drift = (at: number) => (at < NOW + 25 * MINUTE_MS ? ahead : ahead - 15 * MINUTE_MS);
    const region = await sentTwice((at) => ({ timestamp: NOW + ahead, sentAt: at + drift(at) }));
    expect(ordersOf(region)).toEqual([61]);
  });
});

describe('a sender whose clock is ahead', () => {
  const choice = (id: string, granted: boolean, occurredAt: number, receivedAt: number): Signal =>
    signal({
      id,
      who: { userId: 'ada' },
      name: 'Consent Changed',
      eventClass: 'consent',
      purposes: ['service'],
      occurredAt,
      receivedAt,
      facts: [{ kind: 'consent', choices: { profiling: granted } }],
    });

  it.each([
    ['refusal', true],
    ['grant', false],
  ])('does not overrule the %s that came after its choice', async (_name, granted) => {
    const region = new MemoryRegion();
    const [early, late] = [
      choice('early', granted, NOW + 20 * HOUR_MS, NOW),
      choice('late', !granted, NOW + HOUR_MS, NOW + HOUR_MS),
    ];
    await region.deliverUntilDone([region.record([early])], NOW);
    await region.deliverUntilDone([region.record([late])], NOW + HOUR_MS);
    const state = region.store.nodes.get(tokenOf('userId', 'ada'))?.state ?? '';
    const { profiling } = decodeState(state).consent.purposes;
    expect(profiling?.explicit.map(({ depth }) => depth)).toEqual(
      granted ? ['none', 'full'] : ['full', 'none'],
    );
  });

  it('does not bring back whom an erasure forgot after its signal had come', async () => {
    const region = new MemoryRegion();
    const order = signal({
      id: 'ahead',
      who: { userId: 'ada' },
      occurredAt: NOW + 20 * HOUR_MS,
      receivedAt: NOW,
    });
    await region.deliverUntilDone([region.record([order])], NOW);
    const id = tokenOf('userId', 'ada');
    const node = region.store.nodes.get(id);
    if (node === undefined) throw new Error('the order made no profile');
    region.store.nodes.set(id, {
      ...node,
      state: null,
      seen: null,
      links: new Uint8Array(),
      published: null,
      keptUntil: null,
      erasedAt: NOW + HOUR_MS,
    });
    await region.keyring.destroy([id]);
    // A backlog, a replay from the archive or a restored stream brings it again.
    await region.deliverUntilDone([region.record([order])], NOW + 2 * HOUR_MS);
    expect(region.states()).toEqual({});
    expect(region.effects.kept.map(({ outcome }) => outcome)).toEqual(['suppressed']);
  });
});

import type { CandidateStore } from '../../../functions/pipeline/2-identify/probabilistic/ports.ts';
import type { ProfileStore } from '../../../functions/pipeline/understand/ports.ts';
import type { MemoryRegion } from '../../understand-harness.ts';

type Call =
  | 'profiles.read'
  | 'profiles.write'
  | 'candidates.read'
  | 'candidates.write'
  | 'reviews.read'
  | 'reviews.write'
  | 'keys.read'
  | 'keys.create';

/** Counts the round trips that wait for each other: every call to a table takes one turn, and all that are asked for before
 * a turn begins share it. */
export class RoundTrips {
  /** What each turn did. */
  readonly turns: (readonly Call[])[] = [];
  #waiting: { readonly call: Call; readonly go: () => void }[] = [];

  /** Takes the place of the region's tables, except for those that only tell what happened. */
  constructor(region: MemoryRegion) {
    const store: ProfileStore = region.store;
    const candidates: CandidateStore = region.candidates;
    const { keyring, effects } = region;
    const { reviews } = effects;
    store.read = this.#taking('profiles.read', store.read.bind(store));
    store.write = this.#taking('profiles.write', store.write.bind(store));
    candidates.read = this.#taking('candidates.read', candidates.read.bind(candidates));
    candidates.write = this.#taking('candidates.write', candidates.write.bind(candidates));
    reviews.waiting = this.#taking('reviews.read', reviews.waiting);
    reviews.put = this.#taking('reviews.write', reviews.put);
    reviews.drop = this.#taking('reviews.write', reviews.drop);
    keyring.read = this.#taking('keys.read', keyring.read.bind(keyring));
    keyring.create = this.#taking('keys.create', keyring.create.bind(keyring));
  }

  forget(): void {
    this.turns.length = 0;
  }

  /** Turns before anything of the profiles is written. */
  get reading(): readonly (readonly Call[])[] {
    const end = this.turns.findIndex((calls) =>
      calls.some((call) => call !== 'candidates.write' && !call.endsWith('read')),
    );
    return end < 0 ? this.turns : this.turns.slice(0, end);
  }

  /** Those of matching: from the first look into the index on. */
  get matching(): readonly (readonly Call[])[] {
    const start = this.reading.findIndex((calls) => calls.includes('candidates.read'));
    return start < 0 ? [] : this.reading.slice(start);
  }

  #taking<A extends unknown[], R>(call: Call, ask: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      await this.#turn(call);
      return ask(...args);
    };
  }

  #turn(call: Call): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ call, go });
      if (this.#waiting.length > 1) return;
      // By then all that waits for no other call has asked.
      setImmediate(() => {
        const together = this.#waiting;
        this.#waiting = [];
        this.turns.push(together.map((each) => each.call));
        for (const each of together) each.go();
      });
    });
  }
}

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  dynamodb,
  eventBridge,
  kinesis,
  kinesisOneAttempt,
  s3,
} from '../../functions/adapters/aws/clients.ts';

/** The clients' stacks of middleware differ only in the types of requests, which nobody looks at here. */
type Stack = DynamoDBClient['middlewareStack'];

/** What a call meets once the function has died. Its name is one that no adapter tries again after: a dead function
 * tries nothing. */
class Died extends Error {
  override readonly name = 'AccessDeniedException';
}

export interface Death {
  /** Number of the call at which the function dies, from 1 and counted on over restarts. */
  readonly call: number;
  /** `before`: the call is never sent · `after`: it has had its effect, and the answer is lost. */
  readonly when: 'before' | 'after';
}

/** Calls that change nothing anywhere. */
const READS = /^(?:BatchGet|Describe|GenerateMac|Get|Head|List|Query|Scan|Sign)/;

/**
 * Deaths of which each leaves something else behind, and no other death leaves anything that none of them does: after each
 * call that changes something, and at the first of each run of calls that only read. Whatever read of a run a function dies
 * at, it has written the same, and what it had in memory is gone.
 */
export const deathsThatDiffer = (calls: readonly string[]): readonly Death[] =>
  calls.flatMap((name, at): readonly Death[] => {
    if (!READS.test(name)) return [{ call: at + 1, when: 'after' }];
    return READS.test(calls[at - 1] ?? '') ? [] : [{ call: at + 1, when: 'before' }];
  });

/** Sees every call that the functions' own AWS clients make, and lets the function die at some of them: neither that call
 * nor any later one is answered, until it is started again. */
export class FaultyClients {
  #calls: string[] = [];
  #deaths: readonly Death[] = [];
  #dead = false;
  readonly #inFlight = new Set<Promise<unknown>>();
  /** Runs instead of a call; `undefined` lets it pass. Throws what the service would answer. */
  onCall: (name: string) => void = () => undefined;

  /** @param others clients beside those of the stream functions */
  constructor(others: readonly { readonly middlewareStack: unknown }[] = []) {
    const own = [dynamodb(), kinesis(), kinesisOneAttempt(), s3(), eventBridge()];
    for (const { middlewareStack } of [...own, ...others]) {
      (middlewareStack as unknown as Stack).add(
        (next, { commandName }) =>
          (request) =>
            this.#meet(String(commandName), () => next(request)),
        { step: 'initialize', name: 'faulty' },
      );
    }
  }

  /** Names of the calls since {@link begin}. */
  get calls(): readonly string[] {
    return this.#calls;
  }

  /** Starts counting anew. */
  begin(deaths: readonly Death[]): void {
    this.#calls = [];
    this.#deaths = deaths;
    this.#dead = false;
  }

  /** A new instance takes over, once what was under way has come to rest. */
  async revive(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    this.#dead = false;
  }

  async #meet<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Died('the function is dead');
    this.#calls.push(name);
    const death = this.#deaths.find(({ call: number }) => number === this.#calls.length);
    if (death?.when === 'before') this.#dead = true;
    if (this.#dead) throw new Died('died before the call');
    this.onCall(name);
    const answer = call();
    this.#inFlight.add(answer);
    try {
      const result = await answer;
      if (death !== undefined) this.#dead = true;
      if (this.#dead) throw new Died('died before the answer came');
      return result;
    } finally {
      this.#inFlight.delete(answer);
    }
  }
}

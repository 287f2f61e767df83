import { generateKeyPairSync, sign, verify } from 'node:crypto';
import {
  MemoryHotStores,
  MemoryRequestBook,
  memoryPrivacy,
} from '../../../functions/adapters/memory/privacy.ts';
import { memoryQuarantineStore } from '../../../functions/adapters/memory/quarantine-store.ts';
import type { IdentifierToken, SubjectId } from '../../../functions/contracts/ids.ts';
import type { LineageRow } from '../../../functions/contracts/lineage.ts';
import type { PrivacyRequest, PrivacyRequestType } from '../../../functions/contracts/privacy-requests.ts';
import type { LiftBody, PrivacyRequestBody } from '../../../functions/contracts/privacy-requests-api.ts';
import { IDENTIFIER_TYPES, type IdentifierType, type Signal } from '../../../functions/contracts/signal.ts';
import { identifierToken } from '../../../functions/contracts/tokens.ts';
import { TransientError } from '../../../functions/kernel/invariant.ts';
import { forgetPersons } from '../../../functions/pipeline/understand/forget-persons.ts';
import { normaliseIdentifier } from '../../../functions/registry/identifiers/index.ts';
import { advance } from '../../../functions/rights/privacy-request/advance.ts';
import { certify } from '../../../functions/rights/privacy-request/certify.ts';
import { choose } from '../../../functions/rights/privacy-request/choose.ts';
import { correct } from '../../../functions/rights/privacy-request/correct.ts';
import { statedByOperator, verify as verifyRequest } from '../../../functions/rights/privacy-request/door.ts';
import {
  clear,
  deleteKeys,
  eraseAgainAfterRestore,
  purge,
  suppress,
} from '../../../functions/rights/privacy-request/erase.ts';
import { exportPerson } from '../../../functions/rights/privacy-request/export.ts';
import { lift, orderLift } from '../../../functions/rights/privacy-request/lift.ts';
import { type PrivacyPolicy, policyOf } from '../../../functions/rights/privacy-request/policy.ts';
import type { ArchivedRow } from '../../../functions/rights/privacy-request/ports.ts';
import { receive } from '../../../functions/rights/privacy-request/receive.ts';
import { floor, restrict } from '../../../functions/rights/privacy-request/restrict.ts';
import { fail } from '../../../functions/rights/privacy-request/tick.ts';
import { NOW, SECRETS, signal } from '../../arbitraries.ts';
import { MemoryRegion } from '../../understand-harness.ts';

/** Token of an identifier as the doors make it. */
export const tokenOf = (type: IdentifierType, value: string): IdentifierToken =>
  identifierToken(SECRETS, type, normaliseIdentifier(type, value) ?? '');

/** A signal whose identifiers are the doors' tokens. */
export function seen(given: Parameters<typeof signal>[0]): Signal {
  const [first, ...others] = IDENTIFIER_TYPES.flatMap((type) => {
    const value = given.who?.[type];
    return value === undefined ? [] : [{ type, token: tokenOf(type, value) }];
  });
  if (first === undefined) throw new Error('a signal of nobody');
  return { ...signal(given), identifiers: [first, ...others] };
}

/** Everything that privacy requests touch, in memory, with the real rules over it and crashes on demand. */
export class PrivacyRegion {
  readonly region: MemoryRegion;
  readonly policy: PrivacyPolicy;
  readonly requests = new MemoryRequestBook();
  readonly hot = new MemoryHotStores();
  readonly memory = memoryPrivacy();
  readonly quarantine = memoryQuarantineStore();
  readonly rows: LineageRow[] = [];
  readonly sent: Signal[] = [];
  readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  now = NOW;
  /** Time that passes before a step that failed is tried again. */
  retryMs = 0;
  /** Happens before a step that failed is tried again. */
  onRetry: () => Promise<void> = async () => undefined;
  calls = 0;
  /** Whether a turn of an export has time for more than what it reads first. */
  hasTime = true;
  #crash: { readonly at: number; readonly after: boolean } | null = null;

  constructor(jurisdiction = 'eu') {
    this.region = new MemoryRegion(jurisdiction);
    const settings: Readonly<Record<string, string>> = {
      JURISDICTION: jurisdiction,
      SIGNAL_BUCKETS: '8',
      PUBLIC_HOLIDAYS: 'none',
    };
    this.policy = policyOf((name) => settings[name] ?? '', SECRETS);
  }

  /** Makes the nth external call from now fail: before it does anything, or after it has done everything. */
  crashAt(call: number, after: boolean): void {
    this.#crash = { at: this.calls + call, after };
  }

  get ports() {
    const guarded = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function' || name === 'queue') return member;
          return async (...given: unknown[]) => {
            this.calls += 1;
            const crash = this.#crash?.at === this.calls ? this.#crash : null;
            if (crash?.after === false) throw new TransientError('crashed before the call');
            const result: unknown = await Reflect.apply(member, target, given);
            if (crash?.after === true) throw new TransientError('crashed after the call');
            return result;
          };
        },
      });
    const quarantine = {
      get: this.quarantine.get,
      forget: async (key: string, lines: readonly number[]): Promise<void> => {
        const kept = (this.quarantine.objects.get(key) ?? []).map((line, at) =>
          lines.includes(at) ? '{"erased":true}' : line,
        );
        await this.quarantine.put(key, kept);
      },
    };
    return {
      requests: guarded(this.requests),
      subjects: guarded(this.region.store),
      keyring: guarded(this.region.keyring),
      hot: guarded(this.hot),
      matching: guarded({
        forget: (atomIds: readonly IdentifierToken[]) =>
          forgetPersons(
            atomIds,
            { profiles: this.region.store, keyring: this.region.keyring, candidates: this.region.candidates },
            SECRETS,
          ),
      }),
      stewardship: guarded({
        forget: async (atomIds: readonly IdentifierToken[], subjectIds: readonly SubjectId[]) => {
          await this.region.effects.reviews.forget(atomIds);
          await this.region.effects.conflicts.forget(subjectIds);
        },
      }),
      quarantine: guarded(quarantine),
      log: guarded(this.memory.log),
      signer: guarded({
        sign: async (message: Uint8Array) => new Uint8Array(sign('sha256', message, this.pair.privateKey)),
      }),
      lineage: guarded({
        append: async (byBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void> => {
          for (const rows of byBucket.values()) this.rows.push(...rows);
        },
      }),
      events: guarded(this.memory.events),
      driver: guarded(this.memory.driver),
      signals: guarded({
        append: async (byBucket: ReadonlyMap<string, readonly Signal[]>): Promise<void> => {
          for (const signals of byBucket.values()) this.sent.push(...signals);
        },
      }),
      exports: guarded(this.memory.exports),
      archive: guarded(this.memory.archive),
      verifier: statedByOperator,
      isInTime: () => this.hasTime,
    };
  }

  /** What of the evidence has been told, each row once. */
  get evidence(): readonly string[] {
    const once = new Map(this.rows.map((row) => [row.rowId, row]));
    return [...once.values()].map((row) => (row.table === 'effects' ? row.kind : row.table));
  }

  /** Rows and events that were told again with other bytes, by what they tell. */
  get toldOtherwise(): readonly string[] {
    const told = [
      ...this.rows.map((row) => [row.rowId, JSON.stringify(row)] as const),
      ...this.memory.announced.map((event) => [event.id, JSON.stringify(event)] as const),
      ...this.sent.map((signal) => [signal.messageToken, JSON.stringify({ ...signal, person: '' })] as const),
    ];
    return [...Map.groupBy(told, ([id]) => id).values()]
      .map((copies) => [...new Set(copies.map(([, text]) => text))])
      .filter((texts) => texts.length > 1)
      .map((texts) => texts.join(' '));
  }

  /** Lays what `understand` archived so far where the archive's reader finds it. */
  archive(): void {
    for (const [at, row] of this.region.archived().entries()) {
      const stored: ArchivedRow & { readonly rowRef: string | null } = {
        rowId: row.rowId,
        rowRef: row.rowRef,
        payload: row.payload === undefined ? null : Buffer.from(row.payload, 'base64'),
        columns: { table: row.table, policy_version: row.policyVersion },
      };
      const date = new Date(row.receivedAt).toISOString().slice(0, 10);
      this.memory.archived.set(`v1/${row.table}/event_class=other/dt=${date}/hh=00/${at}.parquet`, [stored]);
    }
  }

  async ask(
    type: PrivacyRequestType,
    identifiers: PrivacyRequestBody['identifiers'],
    rest: Partial<PrivacyRequestBody> = {},
  ): Promise<PrivacyRequest> {
    const chance = `request${String(this.requests.requests.size).padStart(15, '0')}`;
    const answered = await receive(
      { type, identifiers, requester: 'person', ...rest },
      chance,
      this.policy,
      this.ports,
      this.now,
    );
    if ('refusal' in answered) throw new Error(answered.refusal.title);
    return this.request(answered.answer.requestId);
  }

  request(requestId: string): PrivacyRequest {
    const request = this.requests.requests.get(requestId);
    if (request === undefined) throw new Error('no such request');
    return request;
  }

  verify(requestId: string, body: Omit<Parameters<typeof verifyRequest>[1], 'by'>) {
    return verifyRequest(requestId, { by: 'desk', ...body }, this.policy, this.ports, this.now);
  }

  async verified(
    type: PrivacyRequestType,
    identifiers: PrivacyRequestBody['identifiers'],
    rest: Partial<PrivacyRequestBody> = {},
  ): Promise<string> {
    const { requestId } = await this.ask(type, identifiers, rest);
    await this.verify(requestId, { identity: { outcome: 'verified', method: 'signed-in' } });
    return requestId;
  }

  lift(requestId: string, body: Partial<LiftBody> = {}) {
    const informedAt = new Date(this.now).toISOString();
    return orderLift(
      requestId,
      { reason: 'asked-by-person', informedAt, by: 'desk', ...body },
      this.policy,
      this.ports,
      this.now,
    );
  }

  /**
   * Runs the machine of `functions/flow.ts` until it waits or is done; a step that fails is repeated, as its retries do.
   * @returns what it stopped with
   */
  async run(requestId: string): Promise<'wait' | 'done' | 'failed'> {
    for (let turn = 0; turn < 30; turn += 1) {
      const { driver } = this.request(requestId);
      const { action } = await this.#again(() =>
        advance({ requestId, driver }, this.policy, this.ports, this.now),
      );
      if (action === 'wait' || action === 'done') return action;
      const step = async (
        work: (
          id: string,
          policy: PrivacyPolicy,
          ports: PrivacyRegion['ports'],
          now: number,
        ) => Promise<unknown>,
      ) => this.#again(() => work(requestId, this.policy, this.ports, this.now));
      if (action === 'choose') await step(choose);
      if (action === 'correct') {
        const { outcome } = await this.#again(() => correct(requestId, this.policy, this.ports, this.now));
        if (outcome === 'applying') return 'wait';
      }
      if (action === 'restrict') await step(restrict);
      if (action === 'lift') await step(lift);
      if (action === 'export') await step(exportPerson);
      if (action === 'clear') await step(clear);
      if (action === 'erase' && (await step(floor)) === 'erase')
        for (const work of [suppress, purge, deleteKeys, certify]) await step(work);
    }
    await fail(requestId, this.policy, this.ports, this.now);
    return 'failed';
  }

  eraseAgain(): Promise<number> {
    return eraseAgainAfterRestore(this.ports, this.now);
  }

  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof TransientError) || attempt === 5) throw error;
        this.now += this.retryMs;
        await this.onRetry();
      }
    }
  }

  /** Whether a certificate carries a signature that its statement verifies under the public key. */
  isSigned(requestId: string): boolean {
    const body = this.memory.certificates.get(requestId)?.body ?? {};
    return verify(
      'sha256',
      Buffer.from(JSON.stringify(body.statement)),
      this.pair.publicKey,
      Buffer.from(String(body.signature), 'base64'),
    );
  }
}

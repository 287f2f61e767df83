import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AlertView,
  ProfileView,
  RawIdentifier,
  ReceiptView,
} from '../../functions/contracts/operations.ts';
import type { Receipt } from '../../functions/contracts/outcomes.ts';
import type { Region } from '../../lib/local/region.ts';
import { type ReadyJurisdiction, type Regions, startRegions } from '../../lib/local/regions.ts';

/** An answer over HTTP, its JSON read. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly body: Body;
}

export type Event = Readonly<Record<string, unknown>>;
export type Receipts = Answer<{ readonly success?: boolean; readonly receipts: readonly Receipt[] }>;

/** One jurisdiction as its callers see it: what ready.json says, over HTTP, and nothing else. */
export class Door {
  readonly code: string;
  readonly region: Region;
  readonly ready: ReadyJurisdiction;
  /** Events that this door, or a client that said so, has brought, those sent on from the quarantine, and applied
   * ones that profiles no longer hold. */
  readonly ledger = { sent: 0, replayed: 0, purged: 0 };

  constructor(code: string, region: Region, ready: ReadyJurisdiction) {
    this.code = code;
    this.region = region;
    this.ready = ready;
  }

  keyOf(source: string): string {
    const key = this.ready.writeKeys[source];
    if (key === undefined) throw new Error(`no write key for ${source}`);
    return key;
  }

  /** Sends events as one batch of a source. */
  async send(
    source: string,
    batch: readonly Event[],
    headers: Record<string, string> = {},
  ): Promise<Receipts> {
    this.ledger.sent += batch.length;
    return this.post('/v1/batch', source, JSON.stringify({ batch }), headers);
  }

  /** Posts any body to the collect API. What it holds is for the caller to enter into the ledger. */
  async post(
    path: string,
    source: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<Receipts> {
    const authorization = `Basic ${Buffer.from(`${this.keyOf(source)}:`).toString('base64')}`;
    const response = await fetch(`${this.ready.collectUrl}${path}`, {
      method: 'POST',
      headers: { authorization, ...headers },
      body,
    });
    return { status: response.status, body: (await response.json()) as Receipts['body'] };
  }

  /** Asks the operations API. */
  async ask<Body = Record<string, unknown>>(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
  ): Promise<Answer<Body>> {
    const response = await fetch(`${this.ready.operationsUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.ready.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }

  lookUp(...identifiers: readonly RawIdentifier[]): Promise<Answer<ProfileView>> {
    return this.ask('POST', '/v1/profiles/lookup', { identifiers });
  }

  receiptOf(messageId: string, ...identifiers: readonly RawIdentifier[]): Promise<Answer<ReceiptView>> {
    return this.ask('POST', '/v1/receipts/lookup', { messageId, identifiers });
  }

  async alertsOf(subjectId: string, state = 'open'): Promise<readonly AlertView[]> {
    const query = new URLSearchParams({ subjectId, state });
    const { body } = await this.ask<{ alerts: readonly AlertView[] }>('GET', `/v1/alerts?${query}`);
    return body.alerts;
  }

  /** Waits until everything sent so far is applied, told and archived. */
  settled(): Promise<void> {
    return this.region.idle({ timeoutMs: 60_000 });
  }
}

/** Stacks at work, each behind its door. */
export interface RunningDoors {
  door(code: string): Door;
  /** Holds everything that the regions write to disk. */
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** The shop whose pages may send from a browser. */
export const SHOP_ORIGIN = 'https://shop.example';

/** Starts stacks from their synthesized templates, in a folder that is gone at the end. */
export async function startDoors(...jurisdictions: readonly string[]): Promise<RunningDoors> {
  const parent = mkdtempSync(join(tmpdir(), 'rapport-doors-'));
  const remove = (): void => rmSync(parent, { recursive: true, force: true });
  let regions: Regions;
  try {
    regions = await startRegions({
      jurisdictions,
      dataDir: join(parent, 'state'),
      basePort: 0,
      inMemory: true,
      archiveWindowSeconds: 60,
      browserOrigins: SHOP_ORIGIN,
      tuning: { pollMs: 50, concurrencyMax: 2 },
    });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    door(code) {
      const [region, ready] = [regions.regions[code], regions.ready.jurisdictions[code]];
      if (region === undefined || ready === undefined) throw new Error(`${code} does not run`);
      return new Door(code, region, ready);
    },
    dataDir: regions.dataDir,
    async stop() {
      await regions.stop();
      remove();
    },
  };
}

export interface RunningPair extends Pick<RunningDoors, 'dataDir' | 'stop'> {
  readonly eu: Door;
  readonly uk: Door;
}

/** Starts the EU and the UK stack. */
export async function startPair(): Promise<RunningPair> {
  const { door, dataDir, stop } = await startDoors('eu', 'uk');
  return { eu: door('eu'), uk: door('uk'), dataDir, stop };
}

/** Everything a customer can permit, as Segment's clients carry it in `context`. */
export const ALL_ALLOWED = {
  consent: { categoryPreferences: { analytics: true, personalisation: true, profiling: true } },
} as const;

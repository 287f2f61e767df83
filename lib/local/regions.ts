import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowFunction } from '../../functions/flow/triggers.ts';
import { flow } from '../../functions/flow.ts';
import { takeDataFolder } from './data-folder.ts';
import { startDynamoDb } from './engines/dynamodb.ts';
import type { Engine } from './engines/engine.ts';
import { HttpFront } from './http/http-front.ts';
import { LOCAL_AUDIENCE, type OidcIssuer, startOidcIssuer } from './http/oidc-issuer.ts';
import { type Region, type RegionOptions, startRegion } from './region.ts';
import { synthesize } from './synthesize.ts';
import type { SynthesizedStack } from './template/template.ts';
import { writeKeysOf } from './write-keys.ts';

/** First port of a run; jurisdiction number n (from 0) has the ten from `base + 10 n`. */
export const BASE_PORT = 4_600;
const PORTS_EACH = 10;
/** Place of each listener in its jurisdiction's ten. DynamoDB is shared: place 0 of the first jurisdiction. */
const PLACE = {
  dynamodb: 0,
  collect: 1,
  operations: 2,
  issuer: 3,
  kinesis: 4,
  s3: 5,
  kms: 6,
  events: 7,
  sqs: 8,
  states: 9,
} as const;

export interface ReadyJurisdiction {
  readonly collectUrl: string;
  readonly operationsUrl: string;
  /** By source id. */
  readonly writeKeys: Readonly<Record<string, string>>;
  /** JWT for the operations API with every scope. */
  readonly token: string;
}
/** What a client needs to know of running regions; the contents of the ready file. */
export interface Ready {
  readonly jurisdictions: Readonly<Record<string, ReadyJurisdiction>>;
}

export interface RegionsOptions {
  readonly jurisdictions: readonly string[];
  /** Everything the run writes lies in here. */
  readonly dataDir: string;
  /** Go on with what an earlier run left. */
  readonly keep?: boolean;
  /** 0: any free ports. */
  readonly basePort?: number;
  /** Keep tables and streams in memory, not on disk: faster, and gone at the end. S3 objects are files all the same. */
  readonly inMemory?: boolean;
  /** Longest that the archive gathers rows; seconds. */
  readonly archiveWindowSeconds?: number;
  /** Origins whose pages may send from a browser, comma-separated; absent: none. */
  readonly browserOrigins?: string;
  /** Stacks that are synthesized already; absent: the CDK app is run. */
  readonly stacks?: readonly SynthesizedStack[];
  /** Passed to every region. */
  readonly tuning?: Pick<RegionOptions, 'concurrencyMax' | 'onDemandShards' | 'pollMs' | 'eager'>;
  onProgress?(line: string): void;
}

export interface Regions {
  readonly regions: Readonly<Record<string, Region>>;
  readonly ready: Ready;
  readonly dataDir: string;
  /** Stops everything. May be called twice. */
  stop(): Promise<void>;
}

interface Doors {
  readonly fronts: { readonly collect: HttpFront; readonly operations: HttpFront };
  readonly issuer: OidcIssuer;
}

/** Scopes that the operations API knows. */
const allScopes = (): readonly string[] => {
  const functions: readonly FlowFunction[] = Object.values(flow);
  const scopes = functions.flatMap(({ trigger }) =>
    trigger.kind === 'http'
      ? trigger.routes
          .flatMap(({ scope, fullerWith }) => [scope, fullerWith])
          .filter((scope) => scope !== undefined)
      : [],
  );
  return [...new Set(scopes)].sort();
};

/** Synthesizes the app and runs the stack of each jurisdiction, side by side and sealed from each other.
 * @throws UserError or EngineError whose message is one line saying what to do; everything started is stopped then. */
export async function startRegions(options: RegionsOptions): Promise<Regions> {
  const say = options.onProgress ?? (() => undefined);
  const folder = takeDataFolder(options.dataDir, { keep: options.keep ?? false });
  const started: Engine[] = [];
  const ended = { done: undefined as Promise<void> | undefined };
  const regions: Record<string, Region> = {};
  const stop = (): Promise<void> => {
    ended.done ??= (async () => {
      rmSync(join(folder.path, 'ready.json'), { force: true });
      await Promise.all(Object.values(regions).map((region) => region.stop()));
      await Promise.all(started.map((engine) => engine.stop()));
      folder.release();
    })();
    return ended.done;
  };
  try {
    const portOf = (at: number, place: number): number => {
      const base = options.basePort ?? BASE_PORT;
      return base === 0 ? 0 : base + at * PORTS_EACH + place;
    };
    // Listeners first: a taken port shows at once, and every region can be told all collect URLs.
    const doors: Doors[] = [];
    for (const at of options.jurisdictions.keys())
      doors.push(await openDoors(started, (place) => portOf(at, place)));
    say('synthesizing the stacks and starting DynamoDB');
    const dynamodbOptions = options.inMemory ? {} : { directory: join(folder.path, 'dynamodb') };
    const [stacks, dynamodb] = await bothOrStop(
      options.stacks ?? synthesize({ jurisdictions: options.jurisdictions, directory: folder.path }),
      startDynamoDb({ port: portOf(0, PLACE.dynamodb), ...dynamodbOptions }).then((engine) => {
        started.push(engine);
        return engine;
      }),
    );
    const peers = Object.fromEntries(
      options.jurisdictions.map((code, at) => [code, doors[at]?.fronts.collect.url]),
    );
    for (const [at, code] of options.jurisdictions.entries()) {
      const door = doors[at];
      const stack = stacks.find((candidate) => candidate.jurisdiction === code);
      if (door === undefined || stack === undefined) throw new Error(`no stack for ${code}`);
      say(`starting ${stack.stackName} (${stack.region})`);
      regions[code] = await startRegion({
        stack,
        directory: folder.path,
        dynamodb,
        durable: !(options.inMemory ?? false),
        fronts: { ...door.fronts },
        ports: {
          kinesis: portOf(at, PLACE.kinesis),
          s3: portOf(at, PLACE.s3),
          kms: portOf(at, PLACE.kms),
          events: portOf(at, PLACE.events),
          sqs: portOf(at, PLACE.sqs),
          states: portOf(at, PLACE.states),
        },
        parameters: {
          OidcIssuer: door.issuer.url,
          OidcAudience: LOCAL_AUDIENCE,
          PeerEndpoints: JSON.stringify(peers),
          ...(options.archiveWindowSeconds === undefined
            ? {}
            : { ArchiveWindowSeconds: String(options.archiveWindowSeconds) }),
          ...(options.browserOrigins === undefined ? {} : { BrowserOrigins: options.browserOrigins }),
        },
        ...options.tuning,
      });
    }
    const ready: Ready = { jurisdictions: await readyOf(regions, options.jurisdictions, doors) };
    writeFileSync(join(folder.path, 'ready.json'), `${JSON.stringify(ready, undefined, 2)}\n`, {
      mode: 0o600,
    });
    return { regions, ready, dataDir: folder.path, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function openDoors(started: Engine[], portAt: (place: number) => number): Promise<Doors> {
  const collect = await HttpFront.open(portAt(PLACE.collect));
  started.push(collect);
  const operations = await HttpFront.open(portAt(PLACE.operations));
  started.push(operations);
  const issuer = await startOidcIssuer({ port: portAt(PLACE.issuer) });
  started.push(issuer);
  return { fronts: { collect, operations }, issuer };
}

/** Waits for both even when one fails, so that nothing comes up after the cleaning up. */
async function bothOrStop<A, B>(one: A | Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([one, other]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

async function readyOf(
  regions: Readonly<Record<string, Region>>,
  codes: readonly string[],
  doors: readonly Doors[],
): Promise<Record<string, ReadyJurisdiction>> {
  const entries: [string, ReadyJurisdiction][] = [];
  for (const [at, code] of codes.entries()) {
    const region = regions[code];
    const door = doors[at];
    if (region === undefined || door === undefined) continue;
    entries.push([
      code,
      {
        collectUrl: door.fronts.collect.url,
        operationsUrl: door.fronts.operations.url,
        writeKeys: await writeKeysOf(region),
        token: await door.issuer.mint({ subject: 'local-operator', scopes: allScopes() }),
      },
    ]);
  }
  return Object.fromEntries(entries);
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Receipt } from '../../functions/contracts/outcomes.ts';
import {
  isDeployable,
  type JurisdictionDefinition,
  jurisdictionCodes,
  jurisdictions,
} from '../../functions/registry/jurisdictions/index.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { type Regions, startRegions } from '../../lib/local/regions.ts';
import { ALL_ALLOWED, Door } from './running-pair.ts';
import {
  filesAsTraces,
  findAny,
  recordsOfStreams,
  rowsAsTraces,
  rowsOfTables,
  type Trace,
} from './traces.ts';

/** A stack for each jurisdiction that can be deployed anywhere, side by side. */
const RUNNING = jurisdictionCodes.filter((code) => {
  const definition = jurisdictions[code];
  return definition !== undefined && isDeployable(definition);
});

/** A made-up resident of one jurisdiction, whose values occur nowhere else. */
interface Resident {
  readonly code: string;
  readonly email: string;
  readonly marks: readonly string[];
  readonly event: Readonly<Record<string, unknown>>;
}

/** A country without its part says nothing where a part has a law of its own. */
const PARTS_OF_THE_REST: Readonly<Record<string, string>> = { US: 'NY', CA: 'ON' };

/** Every jurisdiction has one, also where no stack can stand. */
const residents: readonly Resident[] = Object.values(jurisdictions).map(residentOf);

function residentOf({ code, countries, currency }: JurisdictionDefinition): Resident {
  const stem = `Qzr${code.replace('-', '')}Q`;
  const [country = '', part] = (countries[0] ?? '').split('-');
  const state = part ?? PARTS_OF_THE_REST[country];
  const email = `${stem}.mark@${stem}.example.org`;
  const name = `${stem} Markström`;
  const userId = `${stem}-member`;
  const address = { country, ...(state === undefined ? {} : { state }), street: `${stem} street 9b` };
  const event = {
    type: 'track',
    event: 'Order Completed',
    messageId: `${stem}-message`,
    userId,
    context: { traits: { email, name, address }, ...ALL_ALLOWED },
    properties: { total: 12, currency, coupon: name },
  };
  return { code, email, marks: [stem, email, name, userId], event };
}

const residentIn = (code: string): Resident => {
  const found = residents.find((resident) => resident.code === code);
  if (found === undefined) throw new Error(`no resident of ${code}`);
  return found;
};

const folder = mkdtempSync(join(tmpdir(), 'rapport-residency-'));
let regions: Regions;
const doors = new Map<string, Door>();
const doorOf = (code: string): Door => {
  const door = doors.get(code);
  if (door === undefined) throw new Error(`${code} does not run`);
  return door;
};
/** Outcome of each resident's event at each door: `<resident> at <door>`. */
const answers = new Map<string, { readonly status: number; readonly receipt: Receipt | undefined }>();
/** What each region keeps and says once all is done. */
const kept = new Map<string, readonly Trace[]>();

beforeAll(async () => {
  regions = await startRegions({
    jurisdictions: RUNNING,
    dataDir: join(folder, 'state'),
    basePort: 0,
    inMemory: true,
    archiveWindowSeconds: 60,
    tuning: { pollMs: 500, concurrencyMax: 1, onDemandShards: 1 },
  });
  for (const code of RUNNING) {
    const [region, ready] = [regions.regions[code], regions.ready.jurisdictions[code]];
    if (region !== undefined && ready !== undefined) doors.set(code, new Door(code, region, ready));
  }
  for (const door of doors.values()) {
    // One's own alone, so that the others' answer is theirs: 421 where nobody of a batch belongs.
    for (const party of [[residentIn(door.code)], others(door.code)]) {
      const { status, body } = await door.send(
        'web',
        party.map(({ event }) => event),
      );
      for (const [at, { code }] of party.entries())
        answers.set(`${code} at ${door.code}`, { status, receipt: body.receipts[at] });
    }
  }
  for (const door of doors.values()) await door.settled();
  for (const door of doors.values()) kept.set(door.code, await tracesOf(door));
}, 300_000);
afterAll(async () => {
  await regions?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** Everything of one stack: tables, streams, buckets, logs and buses. */
async function tracesOf({ code, region }: Door): Promise<readonly Trace[]> {
  const files = filesAsTraces(regions.dataDir, (name) => /^cdk\.out|^synth/.test(name));
  const stack = `rapport-${code}-`;
  const isOwn = (place: string): boolean =>
    place.includes(`logs/${code}/`) || place.toLowerCase().replaceAll('_', '-').includes(stack);
  return [
    ...(await rowsAsTraces(region)),
    ...(await recordsOfStreams(region)),
    ...files.filter(({ place }) => isOwn(place)),
    { place: 'buses and metrics', text: JSON.stringify([region.recentEvents(), region.meter()]) },
  ];
}

const tracesIn = (code: string): readonly Trace[] => kept.get(code) ?? [];
const others = (code: string): readonly Resident[] => residents.filter((resident) => resident.code !== code);

it('runs a stack for each jurisdiction that can have one, and a resident of each there is', () => {
  expect(RUNNING).toHaveLength(15);
  expect(doors.size).toBe(RUNNING.length);
  expect(residents).toHaveLength(Object.keys(jurisdictions).length);
});

describe.each(RUNNING)('a resident of %s', (code) => {
  const { email, marks } = residentIn(code);
  const elsewhere = RUNNING.filter((other) => other !== code);

  it('is taken in at home, and sent away everywhere else with the address of home', () => {
    expect(answers.get(`${code} at ${code}`)).toMatchObject({
      status: 200,
      receipt: { outcome: 'accepted' },
    });
    const home = doorOf(code).ready.collectUrl;
    for (const other of elsewhere)
      expect([other, answers.get(`${code} at ${other}`)]).toEqual([
        other,
        {
          status: 421,
          receipt: expect.objectContaining({
            outcome: 'misdirected',
            reason: `jurisdiction:${code}`,
            endpoint: home,
          }),
        },
      ]);
  });

  it('is known at home, and nowhere else', async () => {
    const answered = await Promise.all(
      RUNNING.map(async (each) => [
        each,
        (await doorOf(each).lookUp({ type: 'email', value: email })).status,
      ]),
    );
    expect(answered).toEqual(RUNNING.map((each) => [each, each === code ? 200 : 404]));
  });

  it('stands at home as tokens alone, and these tokens stand in no other stack', async () => {
    expect(findAny(marks, tracesIn(code))).toEqual([]);
    const tokens = (await rowsOfTables(doorOf(code).region))
      .filter(({ table }) => /-TablesProfiles/.test(table))
      .flatMap(({ row }) => row.id?.S ?? []);
    expect(tokens.length).toBeGreaterThanOrEqual(2);
    expect(findTexts(tokens, tracesIn(code)).length).toBeGreaterThan(0);
    for (const other of elsewhere) expect([other, findTexts(tokens, tracesIn(other))]).toEqual([other, []]);
  });

  it('has left nothing in any other stack: no table, stream, bucket, log, bus or metric', () => {
    for (const other of elsewhere) {
      expect(tracesIn(other).length).toBeGreaterThan(20);
      expect([other, findAny(marks, tracesIn(other))]).toEqual([other, []]);
    }
  });
});

it('refuses a resident of a place where no stack can stand, everywhere and unstored', () => {
  const homeless = residents.filter(({ code }) => !RUNNING.includes(code));
  expect(homeless.length).toBeGreaterThan(0);
  for (const { code, marks } of homeless)
    for (const other of RUNNING) {
      expect(answers.get(`${code} at ${other}`)).toMatchObject({
        status: 421,
        receipt: { outcome: 'misdirected', reason: `jurisdiction:${code}` },
      });
      expect([other, findAny(marks, tracesIn(other))]).toEqual([other, []]);
    }
});

it('answers queries of the archive with one applied signal for each home, and refusals that name nobody', async () => {
  const archive = await openArchive(regions.dataDir);
  try {
    const signals = await archive.query(
      'SELECT jurisdiction, count(*)::INT AS signals FROM signals GROUP BY ALL ORDER BY jurisdiction',
    );
    expect(signals).toEqual([...RUNNING].sort().map((jurisdiction) => ({ jurisdiction, signals: 1 })));
    const refusals = await archive.query(
      "SELECT jurisdiction, count(*)::INT AS refused FROM refusals WHERE outcome = 'misdirected' GROUP BY ALL ORDER BY jurisdiction",
    );
    expect(refusals).toEqual(
      [...RUNNING].sort().map((jurisdiction) => ({ jurisdiction, refused: residents.length - 1 })),
    );
    const rows = JSON.stringify([
      await archive.query('SELECT * FROM signals'),
      await archive.query('SELECT * FROM refusals'),
      await archive.query('SELECT * FROM effects'),
    ]);
    expect(
      findAny(
        residents.flatMap(({ marks }) => marks),
        [{ place: 'rows', text: rows }],
      ),
    ).toEqual([]);
  } finally {
    archive.close();
  }
});

it('makes no call that the map does not allow', () => {
  for (const door of doors.values()) expect([door.code, door.region.violations()]).toEqual([door.code, []]);
});

const findTexts = (texts: readonly string[], traces: readonly Trace[]): string[] =>
  traces.filter(({ text }) => texts.some((each) => text.includes(each))).map(({ place }) => place);

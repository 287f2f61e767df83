import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { secretsShelf } from '../../functions/adapters/aws/retention-keys.ts';
import { profilesShelf } from '../../functions/adapters/aws/retention-tables.ts';
import { subjectKeyring } from '../../functions/adapters/aws/subject-keys.ts';
import type { AtomId } from '../../functions/contracts/ids.ts';
import type { SubjectKeyring } from '../../functions/contracts/subject-keys.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import type { ProfileStore } from '../../functions/pipeline/understand/ports.ts';
import type { Look, Shelf } from '../../functions/rights/retention/ports.ts';
import { NOW, SECRETS, tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';
import { ends, node, unit } from './profile-tables.ts';

/** Days that the longest class of rows is kept. */
const ROW_DAYS = 100;
const [GONE, KNOWN, CHOSE] = [
  tokenOf('userId', 'gone'),
  tokenOf('userId', 'known'),
  tokenOf('userId', 'chose'),
];

const BY = { function: 'understand', purpose: 'understand' } as const;

let tables: LocalTables;
let keysTable = '';
let keyring: SubjectKeyring;
let other: SubjectKeyring;
let profiles: ProfileStore;
let shelf: Shelf;
let besides: Shelf;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());
beforeEach(async () => {
  const names = { profiles: await tables.fresh('profiles'), subjects: await tables.fresh('subjects') };
  keysTable = await tables.fresh('subjectKeys');
  keyring = subjectKeyring(SECRETS, BY, keysTable);
  other = subjectKeyring(SECRETS, BY, keysTable);
  profiles = profileStore(names, () => NOW);
  shelf = secretsShelf('subjectKeys', { keys: keysTable, profiles: names.profiles }, ROW_DAYS);
  besides = profilesShelf('profiles', names.profiles, async () => undefined);
  await keyring.create([GONE, KNOWN, CHOSE]);
  await profiles.write([
    unit({ nodes: [node(KNOWN, { keptUntil: ends(NOW + 900 * DAY_MS) })] }),
    unit({ nodes: [node(CHOSE, { keptUntil: { ...ends(NOW), choices: NOW + 900 * DAY_MS } })] }),
  ]);
});

/** Looks at secrets, after profiles as a whole sweep does. */
async function sweep(afterDays: number, remove = true): Promise<Look> {
  await besides.look(NOW + afterDays * DAY_MS, null, remove);
  return shelf.look(NOW + afterDays * DAY_MS, null, remove);
}
const secretOf = async (id: AtomId): Promise<string | null> => {
  const { Item } = await tables.client.send(
    new GetItemCommand({ TableName: keysTable, Key: { id: { S: id } }, ConsistentRead: true }),
  );
  return Item?.secret?.B === undefined ? null : Buffer.from(Item.secret.B).toString('hex');
};

describe('the secret of an atom', () => {
  it('goes when nothing is known of the atom and the last row that it may seal is past its time', async () => {
    expect(await sweep(0)).toMatchObject({ looked: 3, over: 0, removed: 0 });
    expect(await sweep(ROW_DAYS - 1)).toMatchObject({ over: 0, removed: 0 });
    expect(await secretOf(GONE)).not.toBeNull();
    expect(await sweep(ROW_DAYS, false)).toMatchObject({ over: 1, removed: 0 });
    expect(await sweep(ROW_DAYS)).toMatchObject({ over: 1, removed: 1 });
    expect(await sweep(ROW_DAYS, false)).toMatchObject({ looked: 2, over: 0 });
    expect(await secretOf(GONE)).toBeNull();
  });

  it('stays as long as anything of the atom is kept, be it a choice', async () => {
    await sweep(0);
    await sweep(2 * ROW_DAYS);
    expect(await secretOf(KNOWN)).not.toBeNull();
    expect(await secretOf(CHOSE)).not.toBeNull();
    expect(await sweep(900)).toMatchObject({ removed: 0 });
    expect(await sweep(900 + ROW_DAYS)).toMatchObject({ removed: 2 });
  });

  it('is a new one for whoever returns afterwards', async () => {
    const before = await secretOf(GONE);
    await sweep(0);
    await sweep(ROW_DAYS);
    await keyring.create([GONE]);
    expect(await secretOf(GONE)).not.toBeNull();
    expect(await secretOf(GONE)).not.toBe(before);
  });

  it('stays for whoever returns before, though the sweep has found it idle already', async () => {
    const before = await secretOf(GONE);
    await sweep(0);
    await other.create([GONE]);
    expect(await sweep(ROW_DAYS)).toMatchObject({ over: 0, removed: 0 });
    expect(await secretOf(GONE)).toBe(before);
    // Noted anew, since nothing was kept of them after all.
    expect(await sweep(2 * ROW_DAYS)).toMatchObject({ removed: 1 });
  });

  it('stays when its atom comes back while it is being removed', async () => {
    await sweep(0);
    const scanned = shelf.look(NOW + ROW_DAYS * DAY_MS, null, true);
    const [{ removed }] = await Promise.all([scanned, other.create([GONE])]);
    const key = (await other.read([GONE], { fresh: true })).get(GONE);
    // Whichever was first, who came back has a secret, and the sweep spares it from then on.
    expect([0, 1]).toContain(removed);
    expect(key).toBeDefined();
    expect(await sweep(ROW_DAYS)).toMatchObject({ over: 0 });
  });
});

import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { EffectPayload } from '../../contracts/payloads.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import { DAY_MS } from '../../kernel/time.ts';
import type { DerivePorts } from './ports.ts';
import {
  type ArchivedMatch,
  type ArchivedSignal,
  addRefs,
  identityIn,
  monthsOf,
  objectsOf,
  signalsIn,
} from './rows.ts';

/** What an effect followed from. */
export interface EvidenceBefore {
  /** Those that its states are made of. */
  readonly signals: readonly ArchivedSignal[];
  /** What people ordered about the subject until then. */
  readonly orders: readonly IdentityOrder[];
  /** What matching concluded about it until then, and in the very batch. */
  readonly matches: readonly ArchivedMatch[];
}

/** Everything in the archive that an effect followed from.
 * @param date UTC day of the effect */
export async function evidenceBefore(
  { atoms, at }: EffectPayload,
  date: string,
  ports: DerivePorts,
): Promise<EvidenceBefore> {
  const versions = new Map(atoms);
  const keys = await ports.keyring.read([...versions.keys()]);
  const objects = [
    ...(await ports.evidence.keys('v1/signals/')),
    ...(await ports.evidence.keys('v1/refusals/')),
    ...(await ports.evidence.keys('v1/effects/')),
  ];
  const days = new Set(objects.map((key) => /\/dt=([\d-]{10})\//.exec(key)?.[1] ?? ''));
  const first = [...days].filter((day) => day !== '').sort()[0] ?? date;
  const refs = new Map<string, { readonly atomId: AtomId; readonly key: SubjectKey }>();
  const months = monthsOf(Date.parse(`${first}T00:00:00Z`), at + DAY_MS);
  for (const [atomId, key] of keys) addRefs(refs, atomId, key, months);
  const signals = new Map<string, ArchivedSignal>();
  for (const table of ['signals', 'refusals'] as const)
    for (const key of await objectsOf(table, days, ports))
      for (const signal of (await signalsIn(await ports.evidence.read(key), refs)).signals)
        if (signal.version <= (versions.get(signal.atomId) ?? 0)) signals.set(signal.rowId, signal);
  const orders = new Map<string, IdentityOrder>();
  const matches = new Map<string, ArchivedMatch>();
  for (const key of await objectsOf('effects', days, ports)) {
    const found = await identityIn(await ports.evidence.read(key), refs);
    for (const order of found.orders) if (order.receivedAt <= at) orders.set(order.orderId, order);
    for (const match of found.matches) if (match.judgedAt <= at) matches.set(match.rowId, match);
  }
  return { signals: [...signals.values()], orders: [...orders.values()], matches: [...matches.values()] };
}

import type { EffectRow } from '../../contracts/lineage.ts';
import { EVENT_CLASSES } from '../../contracts/signal.ts';
import { DamagedFileError } from '../../evidence/archive/intact.ts';
import { readPlainSignals } from '../../evidence/archive/parquet.ts';
import { stableId } from '../../kernel/codec.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import type { RetentionPorts } from './ports.ts';
import { type Release, RollUp, releaseKey, settledAt } from './roll-up.ts';
import { RETENTION_VERSION } from './sweep.ts';

/**
 * Rolls a month up and releases it, once and for all: a month that has a release gets no other, whatever its rows are by
 * then. Reads every object of the month, so that a month's people have to fit in memory: a few million.
 * @param month `YYYY-MM`, of receipt
 * @returns what the release is, or that there was one
 * @throws DamagedFileError when an object of the month is not what was written; ThrottledError, TransientError
 */
export async function releaseMonth(
  month: string,
  jurisdiction: JurisdictionDefinition,
  ports: Pick<RetentionPorts, 'evidence' | 'lineage'>,
): Promise<'released' | 'already-released'> {
  invariant(/^\d{4}-\d{2}$/.test(month), 'a month is YYYY-MM');
  const key = releaseKey(month);
  const isThere = (await ports.evidence.keys(key)).includes(key);
  const release = isThere ? await readRelease(key, ports) : await rolledUp(month, jurisdiction, ports);
  const written = isThere
    ? 'present'
    : await ports.evidence.putOnce(key, new TextEncoder().encode(`${JSON.stringify(release)}\n`));
  // Told again when a release is found: an attempt before may have died in between.
  const told = evidenceOf(written === 'written' ? release : await readRelease(key, ports));
  const row = written === 'written' ? told : { ...told, redelivered: true as const };
  await ports.lineage.append(new Map([['retention', [row]]]));
  return written === 'written' ? 'released' : 'already-released';
}

/** @throws DamagedFileError that names the object */
async function signalsIn(key: string, { evidence }: Pick<RetentionPorts, 'evidence'>) {
  const bytes = await evidence.read(key);
  try {
    return await readPlainSignals(bytes);
  } catch (error) {
    throw error instanceof DamagedFileError ? new DamagedFileError(error.message, key) : error;
  }
}

async function rolledUp(
  month: string,
  jurisdiction: JurisdictionDefinition,
  ports: Pick<RetentionPorts, 'evidence'>,
): Promise<Release> {
  const rollUp = new RollUp();
  for (const eventClass of EVENT_CLASSES)
    for (const key of await ports.evidence.keys(`v1/signals/event_class=${eventClass}/dt=${month}-`))
      for (const signal of key.endsWith('.parquet') ? await signalsIn(key, ports) : [])
        rollUp.add({ eventClass, ...signal });
  const threshold = jurisdiction.aggregateThreshold.value;
  return { month, jurisdiction: jurisdiction.code, threshold, cells: rollUp.cells(threshold) };
}

const readRelease = async (key: string, { evidence }: Pick<RetentionPorts, 'evidence'>): Promise<Release> =>
  JSON.parse(new TextDecoder().decode(await evidence.read(key))) as Release;

const evidenceOf = ({ month, cells, threshold }: Release): EffectRow => ({
  table: 'effects',
  rowId: stableId('month-rolled-up', month),
  eventClass: 'other',
  // Not when it was done but when it was due, so that a second attempt tells the same.
  receivedAt: settledAt(month),
  policyVersion: RETENTION_VERSION,
  rowRef: null,
  kind: 'month-rolled-up',
  name: month,
  reasons: `cells:${cells.length},threshold:${threshold}`,
  latencyMs: null,
});

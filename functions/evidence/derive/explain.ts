import type { AtomId } from '../../contracts/ids.ts';
import type { ArchiveTable, EffectKind } from '../../contracts/lineage.ts';
import { type EffectPayload, effectPayloadIn, matchIn, signalPayloadIn } from '../../contracts/payloads.ts';
import { PURPOSES } from '../../contracts/purposes.ts';
import {
  NOTHING_PUBLISHED,
  nodeOfSubjectId,
  type Published,
  type SubjectGraph,
  soloGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import { rowRef, type SubjectKey } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { IdentityCause } from '../../pipeline/2-identify/changes.ts';
import { PIPELINE_VERSION, type UnderstandContext } from '../../pipeline/understand/context.ts';
import { matchReasons } from '../../pipeline/understand/matches.ts';
import type { ProfileStore, World } from '../../pipeline/understand/ports.ts';
import { publishGroup } from '../../pipeline/understand/publish.ts';
import { viewOf } from '../../pipeline/understand/sweep.ts';
import { consentReasons } from '../../rights/consent/changes.ts';
import { type PlainRow, readPlainRows } from '../archive/parquet.ts';
import { type EvidenceBefore, evidenceBefore } from './before.ts';
import type { DerivePorts, ExplainPorts } from './ports.ts';
import { play } from './rebuild.ts';
import { type ArchivedMatch, concludedLast, opened } from './rows.ts';

/** What came of deriving an effect again. */
export const VERDICTS = {
  equal: 'derived again from the archive, it is the same to the bit',
  different: 'derived again from the archive, it is not the same: the archive or the code has changed',
  sealed: 'the key that opens the row is gone: the customer was erased',
  'other-version': 'the row names a version of the definitions that this release does not have',
  concluded:
    'it says what its sealed evidence says; that was weighed by how often values occurred at the time, which is not kept',
  'human-act': 'a person did it: there is nothing to derive',
  'no-payload': 'nothing but its plain columns was kept',
} as const;
export type Verdict = keyof typeof VERDICTS;

export interface Explanation {
  readonly lineageId: string;
  readonly table: ArchiveTable;
  readonly verdict: Verdict;
  readonly policyVersion: string;
  /** The row's plain columns, as archived. */
  readonly recorded: Readonly<Record<string, string | number | null>>;
  /** What it was derived to; null when it was not. */
  readonly derived: Readonly<Record<string, string | number | null>> | null;
  /** Rows of the archive that it follows from. */
  readonly from: readonly string[];
  /** When it was judged, epoch ms. */
  readonly at: EpochMs | null;
}

/**
 * Derives one row of the archive again, from the archive alone and the definitions that it names (law 7).
 * @param day UTC day of receipt, when it is known: the search is then through that day only
 * @returns null when no row has this id
 */
export async function explain(
  lineageId: string,
  day: string | null,
  context: UnderstandContext,
  ports: ExplainPorts,
): Promise<Explanation | null> {
  const found = await findRow(lineageId, day, ports);
  if (found === null) return null;
  const { row, table, date } = found;
  const { row_id: _id, row_ref: _ref, payload: _payload, policy_version: version, ...recorded } = row.plain;
  const policyVersion = String(version);
  const told = (verdict: Verdict, rest: Partial<Explanation> = {}): Explanation => ({
    lineageId,
    table,
    policyVersion,
    recorded,
    verdict,
    derived: null,
    from: [],
    at: null,
    ...rest,
  });
  if (row.rowRef === null || row.payload === null)
    return told(isHumanAct(recorded.kind) ? 'human-act' : 'no-payload');
  const owner = await ownerOf(row.rowRef, date, ports);
  const open = owner === null ? null : opened(row, new Map([[row.rowRef, owner]]));
  if (open === null) return told('sealed');
  if (!isVersionHere(policyVersion, context)) return told('other-version');
  if (table !== 'effects') {
    const payload = signalPayloadIn(open.text);
    if (payload === null) return told('other-version');
    const derived = { source_id: payload.signal.sourceId, signal_name: payload.signal.name };
    return told(includes(recorded, derived) ? 'equal' : 'different', {
      derived,
      at: payload.signal.receivedAt,
    });
  }
  const payload = effectPayloadIn(open.text);
  if (payload === null) return told('other-version');
  if (ORDERS.has(payload.kind)) return told('human-act', { at: payload.at });
  if (payload.matched !== undefined) {
    const { kind, at } = payload;
    const key = (await ports.keyring.read([payload.matched.other])).get(payload.matched.other);
    const change = key === undefined ? null : matchIn(payload.matched, key, lineageId);
    if (change === null) return told('sealed');
    const derived = { kind, name: PROBABILISTIC, reasons: matchReasons(change) };
    return told(includes(recorded, derived) ? 'concluded' : 'different', { derived, at });
  }
  const evidence = await evidenceBefore(payload, date, ports);
  const derived = await deriveEffect(payload, evidence, context, ports);
  return told(derived !== null && includes(recorded, derived) ? 'equal' : 'different', {
    derived,
    from: [...evidence.signals, ...evidence.matches].map(({ rowId }) => rowId).sort(),
    at: payload.at,
  });
}

const PROBABILISTIC: IdentityCause = 'probabilistic';

const HUMAN_ACTS: ReadonlySet<unknown> = new Set<EffectKind>([
  'alert-acknowledged',
  'alert-resolved',
  'incident-assessed',
  'incident-closed',
  'incident-notified',
]);
const isHumanAct = (kind: unknown): boolean => HUMAN_ACTS.has(kind);
/** What a person ordered about identity. Its payload says what, and nothing else led to it. */
const ORDERS: ReadonlySet<EffectKind> = new Set(['identity-decided', 'link-severed']);

const includes = (
  recorded: Readonly<Record<string, unknown>>,
  derived: Readonly<Record<string, unknown>>,
): boolean => Object.entries(derived).every(([name, value]) => recorded[name] === value);

function isVersionHere(policyVersion: string, context: UnderstandContext): boolean {
  const definitions: readonly { name: string; version: number }[] = [
    ...context.segments,
    ...context.alertRules,
  ];
  return (
    policyVersion === PIPELINE_VERSION ||
    definitions.some(({ name, version }) => policyVersion === `${name}@${version}`)
  );
}

async function findRow(
  lineageId: string,
  day: string | null,
  ports: DerivePorts,
): Promise<{ readonly row: PlainRow; readonly table: ArchiveTable; readonly date: string } | null> {
  // Ids of effects are one hash; those of signals and refusals say where in the stream they came from.
  const tables: readonly ArchiveTable[] = lineageId.includes('.') ? ['signals', 'refusals'] : ['effects'];
  for (const table of tables) {
    const keys = await ports.evidence.keys(`v1/${table}/`);
    for (const key of keys) {
      const date = /\/dt=([\d-]{10})\//.exec(key)?.[1];
      if (date === undefined || (day !== null && date !== day)) continue;
      const row = (await readPlainRows(table, await ports.evidence.read(key), lineageId))[0];
      if (row !== undefined) return { row, table, date };
    }
  }
  return null;
}

/** Whose reference it is: every atom is asked, since nothing but its secret leads from it to its rows. */
async function ownerOf(
  ref: string,
  date: string,
  { keyring }: DerivePorts,
): Promise<{ readonly atomId: AtomId; readonly key: SubjectKey } | null> {
  const at = Date.parse(`${date}T00:00:00Z`);
  for await (const page of keyring.all())
    for (const [atomId, key] of page) if (rowRef(key, at) === ref) return { atomId, key };
  return null;
}

/** The effect as this release has it: the signals are played through the code that applied them, and the subject that
 * comes of it is judged at the time that the effect names. */
async function deriveEffect(
  payload: EffectPayload,
  { signals, orders, matches }: EvidenceBefore,
  context: UnderstandContext,
  ports: ExplainPorts,
): Promise<Readonly<Record<string, string | number | null>> | null> {
  const { kind, name, at } = payload;
  const scratch = ports.scratch();
  const playable = [...signals, ...orders, ...concludedLast(matches)];
  await play(playable, 'explain', context, { rebuilt: scratch, keyring: ports.keyring }, at);
  if (kind === 'subject-split') {
    const node = nodeOfSubjectId(payload.subjectId);
    const found = (await scratch.read([node], [], true)).nodes.get(node);
    return found !== undefined && (found.subjectId ?? subjectIdOf([node])) === payload.subjectId
      ? { kind, name }
      : null;
  }
  const subject = await subjectIn(scratch, payload);
  if (subject === null) return null;
  if (IDENTITY_KINDS.has(kind)) {
    if (subject.graph.subjectId !== payload.subjectId) return null;
    const { nodes } = subject.graph;
    const joins = ({ a, b, link, judgedAt }: ArchivedMatch): boolean =>
      link !== null && judgedAt === at && nodes.includes(a) && nodes.includes(b);
    const isUnfounded = name === PROBABILISTIC && kind === 'subjects-merged' && !matches.some(joins);
    return isUnfounded ? null : { kind, name };
  }
  const view = viewOf(subject.graph, subject.world, context, at);
  if (kind === 'consent-granted' || kind === 'consent-withdrawn' || kind === 'gpc-honoured') {
    const purpose = PURPOSES.find((each) => each === name);
    if (purpose === undefined) return null;
    const said = signals.map((each) => each.signal);
    const derived = consentReasons(view.standings[purpose], said);
    return derived.kinds.includes(kind) ? { kind, name, reasons: derived.reasons } : null;
  }
  const told = toldBefore(payload, subject.graph);
  const isPart = kind === 'alert-closed' && payload.reasons === 'subject-split';
  const judged = publishGroup({ ...view, told, ...(isPart ? { answersFor: () => true } : {}) }, context, at);
  const effect = judged.effects.find((each) => each.kind === kind && each.name === name);
  return effect === undefined ? null : { kind, name, reasons: effect.reasons };
}

/** What was told before decides what is news: for a segment that was left, that the subject was in it. */
function toldBefore({ kind, name }: EffectPayload, { subjectId }: SubjectGraph): Published {
  switch (kind) {
    case 'segment-left':
      return { ...NOTHING_PUBLISHED, segments: { [name]: 0 } };
    case 'alert-closed': {
      const opened = [{ occurredAt: 0, openedAs: subjectId }];
      return { ...NOTHING_PUBLISHED, alerts: { [name]: { firedAt: 0, occurredAt: 0, opened } } };
    }
    default:
      return NOTHING_PUBLISHED;
  }
}

const IDENTITY_KINDS: ReadonlySet<EffectKind> = new Set(['subjects-merged', 'link-refused']);

/** The subject that all atoms of the effect belong to; null when they do not belong together. */
async function subjectIn(
  store: ProfileStore,
  { atoms }: EffectPayload,
): Promise<{ readonly graph: SubjectGraph; readonly world: World } | null> {
  const { nodes } = await store.read(
    atoms.map(([atomId]) => atomId),
    [],
    true,
  );
  const [first] = nodes.values();
  if (first === undefined || [...nodes.values()].some(({ subjectId }) => subjectId !== first.subjectId))
    return null;
  if (first.subjectId === null)
    return { graph: soloGraph(first.id), world: { nodes, subjects: new Map(), persons: new Map() } };
  const { subjects } = await store.read([], [first.subjectId], true);
  const graph = subjects.get(first.subjectId)?.graph;
  return graph === undefined ? null : { graph, world: { nodes, subjects, persons: new Map() } };
}

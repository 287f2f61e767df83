import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { atomsOf, pagesOf } from './affected.ts';
import { type Alteration, change, discovered } from './change.ts';
import type { IncidentLaw } from './incident.ts';
import type { AffectedPorts, IncidentPorts } from './ports.ts';
import { UNNAMED_MS_MAX } from './requests.ts';

/** Who touched secrets of subjects, as the audit trail tells kinds of identity apart. Names are in the trail, and not here. */
export const STRANGERS = {
  Root: "the account's root",
  IAMUser: 'a user of the account',
  AssumedRole: 'a role that is of no function with access to the secrets',
  FederatedUser: 'a user of another directory',
  other: 'none of these: another account, or a service of AWS',
} as const;
export type Stranger = keyof typeof STRANGERS;

/** One call to the table of secrets by somebody who is no function with access to it. */
export interface StrangeCall {
  readonly operation: string;
  readonly by: Stranger;
  readonly at: EpochMs;
  /** What was asked for, as the trail has it: keys of the table are tokens of identifiers. */
  readonly parameters: unknown;
}

export interface KeyWatchPorts extends IncidentPorts {
  readonly subjects: AffectedPorts['subjects'];
  /** Every atom that has a secret, in pages. @throws ThrottledError, TransientError */
  readonly everyAtom: () => AsyncIterable<readonly AtomId[]>;
}

/**
 * Opens an incident for secrets that were touched outside their purpose, or counts on the open one, and lists whom it
 * affects: the persons whose secrets the call names; everybody when it names none, since a scan reads them all.
 * Repeating it for the same call counts it again and lists nobody twice.
 * @returns how many atoms were listed anew
 * @throws ThrottledError, TransientError
 */
export async function keyTouched(
  call: StrangeCall,
  law: IncidentLaw,
  ports: KeyWatchPorts,
  now: EpochMs,
): Promise<{ readonly listed: number }> {
  const { operation, by, at } = call;
  const { incident } = await discovered(
    {
      kind: 'decrypt-outside-purpose',
      place: `subject-keys/${operation}`,
      what: by,
      count: 1,
      firstAt: at,
      lastAt: at,
    },
    law,
    ports,
    now,
  );
  const known = new Set<AtomId>();
  for (const name of incident.pages)
    for (const atom of (await ports.incidents.page(incident.incidentId, name))?.atoms ?? []) known.add(atom);
  const names: string[] = [];
  let listed = 0;
  for await (const atoms of affectedBy(call, ports)) {
    const added = atoms.filter((atom) => !known.has(atom));
    for (const page of pagesOf(added)) {
      await ports.incidents.addPage(incident.incidentId, page, now + UNNAMED_MS_MAX);
      names.push(page.page);
    }
    listed += added.length;
  }
  // Each page is there before the incident names it; one that it names stays as long as the incident.
  for (const name of names) await ports.incidents.keepPage(incident.incidentId, name, null);
  if (names.length > 0)
    await change(
      incident.incidentId,
      (current): Alteration => ({ ...current, pages: [...new Set([...current.pages, ...names])] }),
      law,
      ports,
    );
  return { listed };
}

async function* affectedBy(
  { parameters }: StrangeCall,
  ports: KeyWatchPorts,
): AsyncIterable<readonly AtomId[]> {
  const tokens = tokensIn(JSON.stringify(parameters ?? null));
  if (tokens.length === 0) yield* ports.everyAtom();
  else
    yield await atomsOf(
      { tokens, subjectIds: [], rows: [] },
      { subjects: ports.subjects, keyring: { all: nobody } },
    );
}

/** Whom archive rows belong to is not asked: a call names atoms. */
async function* nobody(): AsyncGenerator<never> {}

/** 16 bytes of a keyed hash in base64url. */
const TOKEN = new RegExp(`\\b(?:${IDENTIFIER_TYPES.join('|')})\\.[\\w-]{22}(?![\\w-])`, 'g');
const tokensIn = (text: string): readonly IdentifierToken[] => [
  ...new Set([...text.matchAll(TOKEN)].map(([token]) => token as IdentifierToken)),
];

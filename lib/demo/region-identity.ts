import { identifierToken, type JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { normaliseIdentifier } from '../../functions/registry/identifiers/index.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import type { Region } from '../local/region.ts';
import { secretsOf } from '../local/write-keys.ts';
import {
  type IdentityFigures,
  identityFigures,
  type StoredLinks,
  type WaitingPair,
  withoutMatches,
} from './identity-figures.ts';
import { scanTable, textIn } from './region-tables.ts';
import type { TrueIdentifier } from './town-truth.ts';

/** Attributes as `adapters/aws/profile-items.ts` and `identity-reviews.ts` write them. */
const NODE_PART = 'state';

/** Pairs that wait for a steward in a region. */
export async function waitingPairs(region: Region): Promise<readonly WaitingPair[]> {
  const pairs: WaitingPair[] = [];
  for await (const { a, b, bits, listed } of scanTable(region, 'identityReviews', [
    'a',
    'b',
    'bits',
    'listed',
  ])) {
    if (listed?.S === undefined || a?.S === undefined || b?.S === undefined) continue;
    pairs.push({ a: a.S, b: b.S, bits: Number(bits?.N) });
  }
  return pairs;
}

/** Compares who is who in a region with the truth. Looks at identifiers that it has applied a signal of: what nobody
 * permitted to be kept cannot be linked. */
export async function identityOf(
  region: Region,
  truth: readonly TrueIdentifier[],
  waiting: readonly WaitingPair[],
): Promise<IdentityFigures> {
  const secrets = await secretsOf(region);
  const mode = jurisdictions[region.jurisdiction]?.identity.value.probabilistic;
  if (secrets === null || mode === undefined)
    throw new Error(`${region.jurisdiction}: no key of tokens, or not in the registry`);
  const groupOf = new Map<string, string>();
  for await (const { id, part, subject } of scanTable(region, 'profiles', ['id', 'part', 'subject'])) {
    if (part?.S === NODE_PART && id?.S !== undefined) groupOf.set(id.S, subject?.S ?? id.S);
  }
  const unmatched = new Map(groupOf);
  for await (const { graph } of scanTable(region, 'subjects', ['graph']))
    for (const [node, group] of withoutMatches(JSON.parse(textIn(graph) ?? '') as StoredLinks))
      unmatched.set(node, group);
  return identityFigures(mode, groupOf, unmatched, tokensOf(truth, secrets), waiting);
}

function tokensOf(
  truth: readonly TrueIdentifier[],
  secrets: JurisdictionSecrets,
): ReadonlyMap<string, string> {
  const personOf = new Map<string, string>();
  for (const { type, value, country, personId } of truth) {
    const normalised = normaliseIdentifier(type, value, country);
    if (normalised !== null) personOf.set(identifierToken(secrets, type, normalised), personId);
  }
  return personOf;
}

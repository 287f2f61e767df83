import type { EffectKind } from '../../contracts/lineage.ts';
import { PURPOSES, type Purpose } from '../../contracts/purposes.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { Standing, Standings } from './standing.ts';

/** A change of what stands, for the evidence: which purposes, and by what. */
export interface ConsentChange {
  readonly kind: Extract<EffectKind, 'consent-granted' | 'consent-withdrawn' | 'gpc-honoured'>;
  readonly purposes: readonly Purpose[];
  /** Codes: `origin:explicit,depth:full,notice:…,language:…,recorder:…`. */
  readonly reasons: string;
}

/**
 * What changed by new choices or by a merge, one entry for all purposes that changed alike. What a consent manager repeats
 * with every event and what a browser signals again are no change; an act is one, also when it says the same again.
 *
 * @param before how the purposes stood for each of those whom the customer is made of
 * @param signals what came now, for what only they know of an act
 */
export function consentChanges(
  before: readonly Standings[],
  after: Standings,
  signals: readonly Signal[],
): readonly ConsentChange[] {
  const changes = new Map<string, { kind: ConsentChange['kind']; reasons: string; purposes: Purpose[] }>();
  for (const purpose of PURPOSES) {
    const now = after[purpose];
    const earlier = before.map((standings) => standings[purpose]);
    if (earlier.some((each) => isSame(each, now)) && !earlier.some((each) => isLost(each, now))) continue;
    const kind = kindOf(now, earlier);
    if (kind === null) continue;
    const reasons = reasonsOf(now, signals).join();
    const change = changes.get(`${kind} ${reasons}`) ?? { kind, reasons, purposes: [] };
    change.purposes.push(purpose);
    changes.set(`${kind} ${reasons}`, change);
  }
  return [...changes.values()];
}

/** What the evidence says of how a purpose stands, and as which kinds of change that can have come about. */
export const consentReasons = (
  standing: Standing,
  signals: readonly Signal[],
): { readonly kinds: readonly ConsentChange['kind'][]; readonly reasons: string } => ({
  kinds: [kindOf(standing, []), kindOf(standing, [standing])].filter((kind) => kind !== null),
  reasons: reasonsOf(standing, signals).join(),
});

/** Whether a purpose is no longer served, in whole or for what happened before some time, that was served before. */
export const isLost = (before: Standing, after: Standing): boolean =>
  before.depth !== 'none' && after.since > before.since;

const isSame = (before: Standing, after: Standing): boolean =>
  before.depth === after.depth &&
  before.origin === after.origin &&
  before.choice?.ref === after.choice?.ref &&
  before.since >= after.since;

function kindOf(after: Standing, before: readonly Standing[]): ConsentChange['kind'] | null {
  switch (after.origin) {
    case 'contract':
    case 'law':
      return null;
    case 'gpc':
      return 'gpc-honoured';
    case 'minor':
      return 'consent-withdrawn';
    case 'explicit':
    case 'stated': {
      if (after.depth === 'none') return 'consent-withdrawn';
      // A refusal that came late, and that a newer act has overtaken: what rested on the purpose before is gone.
      const isOvertaken = before.some(
        (each) =>
          each.depth === after.depth &&
          each.origin === after.origin &&
          each.choice?.ref === after.choice?.ref,
      );
      return isOvertaken ? 'consent-withdrawn' : 'consent-granted';
    }
  }
}

function reasonsOf({ origin, depth, choice }: Standing, signals: readonly Signal[]): readonly string[] {
  const act =
    choice === null
      ? undefined
      : signals
          .filter(({ messageToken }) => messageToken.startsWith(choice.ref))
          .flatMap(({ facts }) => facts)
          .find((fact) => fact.kind === 'consent');
  return [
    `origin:${origin}`,
    `depth:${depth}`,
    ...(choice === null || choice.notice === null ? [] : [`notice:${choice.notice}`]),
    ...(choice?.guardian === true ? ['guardian:yes'] : []),
    ...(act?.language === undefined ? [] : [`language:${act.language}`]),
    ...(act?.recorder === undefined ? [] : [`recorder:${act.recorder}`]),
  ];
}

import {
  AGE_KEPT_MAX,
  CHOICES_KEPT,
  type ConsentState,
  type ExplicitChoice,
  type GpcSeen,
  isEmptyConsent,
  NO_CHOICES,
  type PurposeChoices,
  type StatedAge,
  type Statement,
} from '../../contracts/consent.ts';
import type { MessageToken } from '../../contracts/ids.ts';
import {
  type ConsentChoices,
  compareDepths,
  depthOf,
  PURPOSES,
  type Purpose,
} from '../../contracts/purposes.ts';
import { happenedBy, type Signal } from '../../contracts/signal.ts';
import type { EpochMs } from '../../kernel/time.ts';

/** First 48 bits of a message token: the name of the record that the message made. */
const REF_LENGTH = 8;
export const refOf = (token: MessageToken): string => token.slice(0, REF_LENGTH);

/**
 * Folds every choice that the signals carry into an atom's consent: acts (`Consent Changed`), statements
 * (`context.consent`), `Sec-GPC: 1` where it denies anything, and ages. Honouring a choice needs no permission. Any order
 * or split of the same signals gives the same state, and folding one twice changes nothing.
 */
export function foldConsent(
  consent: ConsentState,
  signals: readonly Signal[],
  gpcDenies: readonly Purpose[],
): ConsentState {
  let folded = consent;
  for (const signal of signals) {
    const { consent: stated, facts } = signal;
    // By a clock that is ahead, a choice would overrule those that the customer makes after it.
    const at = happenedBy(signal);
    if (stated !== undefined) folded = withStatements(folded, stated, at);
    for (const fact of facts) {
      if (fact.kind === 'age') folded = { ...folded, age: laterAge(folded.age, { years: fact.years, at }) };
      if (fact.kind !== 'consent') continue;
      folded = withChoices(folded, fact.choices, {
        at,
        guardian: fact.guardian === true,
        notice: fact.notice ?? null,
        ref: refOf(signal.messageToken),
      });
    }
    if (signal.gpc === true && gpcDenies.length > 0)
      folded = { ...folded, gpc: widerGpc(folded.gpc, { firstAt: at, lastAt: at }) };
  }
  return folded;
}

/** Whether a signal says anything that {@link foldConsent} keeps. */
export const carriesChoice = ({ consent, gpc, facts }: Signal): boolean =>
  (consent !== undefined && Object.keys(consent).length > 0) ||
  gpc === true ||
  facts.some(({ kind }) => kind === 'consent' || kind === 'age');

function withChoices(
  consent: ConsentState,
  choices: ConsentChoices,
  act: Omit<ExplicitChoice, 'depth'>,
): ConsentState {
  return withEach(consent, choices, act.at, (own, depth) => ({
    ...own,
    explicit: newestChoices(own.explicit, [{ ...act, depth }]),
  }));
}

const withStatements = (consent: ConsentState, choices: ConsentChoices, at: EpochMs): ConsentState =>
  withEach(consent, choices, at, (own, depth) => ({
    ...own,
    stated: [[...own.stated, { depth, at }].reduce(laterStatement)],
  }));

function withEach(
  consent: ConsentState,
  choices: ConsentChoices,
  at: EpochMs,
  change: (own: PurposeChoices, depth: ReturnType<typeof depthOf>) => PurposeChoices,
): ConsentState {
  const purposes: Partial<Record<Purpose, PurposeChoices>> = { ...consent.purposes };
  for (const purpose of PURPOSES) {
    const choice = choices[purpose];
    if (choice === undefined) continue;
    const depth = depthOf(choice);
    const own = change(purposes[purpose] ?? NO_CHOICES, depth);
    purposes[purpose] = depth === 'none' ? { ...own, refusedAt: laterTime(own.refusedAt, at) } : own;
  }
  return { ...consent, purposes };
}

/**
 * The consent of the customer whom two atoms make up together: the acts of both by their dates, of what is merely stated
 * each depth (the stricter one will hold), the signals of both browsers, and the latest age. Commutative, associative and
 * idempotent, with `EMPTY_CONSENT` neutral.
 */
export function mergeConsent(a: ConsentState, b: ConsentState): ConsentState {
  if (a === b || isEmptyConsent(b)) return a;
  if (isEmptyConsent(a)) return b;
  const purposes: Partial<Record<Purpose, PurposeChoices>> = {};
  for (const purpose of PURPOSES) {
    const [x, y] = [a.purposes[purpose], b.purposes[purpose]];
    const merged = x === undefined || y === undefined ? (x ?? y) : mergeChoices(x, y);
    if (merged !== undefined) purposes[purpose] = merged;
  }
  return {
    gpc: a.gpc === null || b.gpc === null ? (a.gpc ?? b.gpc) : widerGpc(a.gpc, b.gpc),
    age: a.age === null || b.age === null ? (a.age ?? b.age) : laterAge(a.age, b.age),
    purposes,
  };
}

const mergeChoices = (a: PurposeChoices, b: PurposeChoices): PurposeChoices => ({
  explicit: newestChoices(a.explicit, b.explicit),
  stated: newestOfEachDepth([...a.stated, ...b.stated]),
  refusedAt: b.refusedAt === null ? a.refusedAt : laterTime(a.refusedAt, b.refusedAt),
});

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Newest first; at the same instant the stricter, then by what tells them apart, so that the order is total. */
export const compareChoices = (a: ExplicitChoice, b: ExplicitChoice): number =>
  b.at - a.at ||
  compareDepths(a.depth, b.depth) ||
  Number(a.guardian) - Number(b.guardian) ||
  text(a.ref, b.ref) ||
  text(a.notice ?? '', b.notice ?? '');

function newestChoices(
  a: readonly ExplicitChoice[],
  b: readonly ExplicitChoice[],
): readonly ExplicitChoice[] {
  return [...a, ...b]
    .sort(compareChoices)
    .filter((each, index, all) => {
      const before = all[index - 1];
      return before === undefined || compareChoices(before, each) !== 0;
    })
    .slice(0, CHOICES_KEPT);
}

/** The later one; at the same instant the stricter. */
const laterStatement = (a: Statement, b: Statement): Statement =>
  a.at > b.at || (a.at === b.at && compareDepths(a.depth, b.depth) <= 0) ? a : b;

function newestOfEachDepth(statements: readonly Statement[]): readonly Statement[] {
  const newest = new Map<Statement['depth'], Statement>();
  for (const each of statements) {
    const own = newest.get(each.depth);
    newest.set(each.depth, own === undefined ? each : laterStatement(own, each));
  }
  return [...newest.values()].sort((a, b) => compareDepths(a.depth, b.depth));
}

const widerGpc = (a: GpcSeen | null, b: GpcSeen): GpcSeen =>
  a === null ? b : { firstAt: Math.min(a.firstAt, b.firstAt), lastAt: Math.max(a.lastAt, b.lastAt) };

/** The later statement; of two at the same instant the younger age. */
function laterAge(a: StatedAge | null, b: StatedAge): StatedAge {
  const kept = { ...b, years: Math.min(b.years, AGE_KEPT_MAX) };
  if (a === null || a.at < kept.at) return kept;
  if (a.at > kept.at) return a;
  return a.years <= kept.years ? a : kept;
}

const laterTime = (a: EpochMs | null, b: EpochMs): EpochMs => (a === null ? b : Math.max(a, b));

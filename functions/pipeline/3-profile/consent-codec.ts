import {
  type ConsentState,
  EMPTY_CONSENT,
  type ExplicitChoice,
  isEmptyConsent,
  NO_CHOICES,
  type PurposeChoices,
  type Statement,
} from '../../contracts/consent.ts';
import { CONSENT_DEPTHS, type ConsentDepth, PURPOSES, type Purpose } from '../../contracts/purposes.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { compareChoices } from '../../rights/consent/state.ts';

type Row = readonly unknown[];

/** One act, however many purposes it was about: time, record, depth of each purpose as a digit (`.` for none of them),
 * guardian, notice. */
type ActRow = readonly [EpochMs, string, string, 0 | 1, string?];

/** Consent at rest, a row by position: signals of the browser, age, acts, statements by purpose, latest refusals. */
export function consentRow(consent: ConsentState): Row {
  if (isEmptyConsent(consent)) return [];
  const { gpc, age, purposes } = consent;
  return [
    gpc === null ? [] : gpc.firstAt === gpc.lastAt ? [gpc.firstAt] : [gpc.firstAt, gpc.lastAt],
    age === null ? [] : [age.years, age.at],
    actRows(purposes),
    PURPOSES.flatMap((purpose, index) =>
      (purposes[purpose]?.stated ?? []).map(({ depth, at }) => [index, CONSENT_DEPTHS.indexOf(depth), at]),
    ),
    refusedRow(purposes),
  ];
}

function refusedRow(purposes: ConsentState['purposes']): readonly number[] {
  const times = PURPOSES.map((purpose) => purposes[purpose]?.refusedAt ?? 0);
  return times.slice(0, times.findLastIndex((time) => time > 0) + 1);
}

function actRows(purposes: ConsentState['purposes']): readonly ActRow[] {
  const acts = new Map<string, { choice: ExplicitChoice; depths: string[] }>();
  for (const [index, purpose] of PURPOSES.entries()) {
    for (const choice of purposes[purpose]?.explicit ?? []) {
      const { at, ref, guardian, notice, depth } = choice;
      const digit = String(CONSENT_DEPTHS.indexOf(depth));
      const act = `${at} ${ref} ${guardian} ${notice ?? ''}`;
      // One act may hold two answers to one purpose; the second then needs a row of its own.
      const free = [act, `${act} ${digit}`].find((key) => (acts.get(key)?.depths[index] ?? '.') === '.');
      const key = free ?? `${act} ${digit}`;
      const row = acts.get(key) ?? { choice, depths: PURPOSES.map(() => '.') };
      row.depths[index] = digit;
      acts.set(key, row);
    }
  }
  return [...acts.values()]
    .sort((a, b) => compareChoices(a.choice, b.choice) || (a.depths.join() < b.depths.join() ? -1 : 1))
    .map(({ choice: { at, ref, guardian, notice }, depths }): ActRow => {
      const row = [at, ref, depths.join(''), guardian ? 1 : 0] as const;
      return notice === null ? row : [...row, notice];
    });
}

/** Reverse of {@link consentRow}. */
export function consentOf(row: Row): ConsentState {
  if (row.length === 0) return EMPTY_CONSENT;
  const [gpc, age, acts, stated, refused] = row as readonly [
    readonly number[],
    readonly number[],
    readonly ActRow[],
    readonly (readonly [number, number, EpochMs])[],
    readonly number[],
  ];
  const purposes: Partial<Record<Purpose, PurposeChoices>> = {};
  for (const [index, purpose] of PURPOSES.entries()) {
    const choices: PurposeChoices = {
      explicit: acts.flatMap((act) => choiceOf(act, index)).sort(compareChoices),
      stated: stated.flatMap(([of, depth, at]): Statement[] =>
        of === index ? [{ depth: depthAt(depth), at }] : [],
      ),
      refusedAt: refused[index] || null,
    };
    if (choices.explicit.length + choices.stated.length > 0)
      purposes[purpose] = { ...NO_CHOICES, ...choices };
  }
  const [firstAt, lastAt = firstAt] = gpc;
  const [years, at] = age;
  return {
    gpc: firstAt === undefined || lastAt === undefined ? null : { firstAt, lastAt },
    age: years === undefined || at === undefined ? null : { years, at },
    purposes,
  };
}

const depthAt = (index: number): ConsentDepth => CONSENT_DEPTHS[index] ?? 'none';

function choiceOf([at, ref, depths, guardian, notice]: ActRow, index: number): ExplicitChoice[] {
  const digit = depths[index];
  if (digit === undefined || digit === '.') return [];
  return [{ at, ref, depth: depthAt(Number(digit)), guardian: guardian === 1, notice: notice ?? null }];
}

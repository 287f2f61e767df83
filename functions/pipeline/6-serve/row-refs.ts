import type { RowRefs, RowRefsLookup } from '../../contracts/operations.ts';
import { rowRef } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { customerOf } from './customer.ts';
import type { ServePorts } from './ports.ts';
import { type Answered, type ServePolicy, UNKNOWN_CUSTOMER } from './setting.ts';

/** Months that one question may cover: longer than anything is kept. */
const MONTHS_MAX = 120;

/**
 * `POST /v1/evidence/row-refs`: under which references the archive has the rows of a customer, for the months from one day
 * to another. An auditor's bridge from a person to their evidence; once the person is erased there is none.
 * @throws ThrottledError, TransientError
 */
export async function lookupRowRefs(
  { identifiers, from, to }: RowRefsLookup,
  policy: ServePolicy,
  ports: Pick<ServePorts, 'subjects' | 'keyring'>,
): Promise<Answered<RowRefs>> {
  const months = monthsBetween(Date.parse(from), Date.parse(to));
  if (months.length === 0 || months.length > MONTHS_MAX) {
    return {
      refusal: {
        status: 400,
        title: 'Unusable days',
        detail: `The first day must not be after the last, and they may span ${MONTHS_MAX} months.`,
        at: ['/from', '/to'],
      },
    };
  }
  const customer = await customerOf(identifiers, policy, ports);
  if ('refusal' in customer) return customer;
  const { found } = customer.answer;
  if (found === null) return { refusal: UNKNOWN_CUSTOMER };
  const keys = await ports.keyring.read(found.graph.atoms);
  const rowRefs = [...keys.values()].flatMap((key) => months.map((at) => rowRef(key, at)));
  return { answer: { rowRefs: rowRefs.sort() } };
}

/** A moment of each UTC month that has one of the days; no more than a few above the limit. */
function monthsBetween(first: EpochMs, last: EpochMs): readonly EpochMs[] {
  const months: EpochMs[] = [];
  const start = new Date(first);
  for (let month = 0; months.length <= MONTHS_MAX; month += 1) {
    const at = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month, 1);
    if (at > last) break;
    months.push(at);
  }
  return first > last ? [] : months;
}

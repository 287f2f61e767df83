import { UserError } from '../lib/local/errors.ts';
import type { ReadyJurisdiction } from '../lib/local/regions.ts';
import { under } from './arguments.ts';

/** Asks the operations API of a running region: posts the body, or gets when there is none.
 * @returns the answer; null when it is 404, for the caller to say what is missing
 * @throws UserError when nobody answers, or with the problem's own words */
export async function askOperations<Answer>(
  code: string,
  region: ReadyJurisdiction,
  path: string,
  body?: unknown,
): Promise<Answer | null> {
  let response: Response;
  try {
    response = await fetch(`${region.operationsUrl.replace(/\/$/, '')}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${region.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new UserError(`${code} does not answer at ${region.operationsUrl}: start it with npm start`, {
      cause,
    });
  }
  if (response.status === 404) return null;
  if (!response.ok) throw new UserError(`${code} answered ${response.status}: ${await faultOf(response)}`);
  return (await response.json()) as Answer;
}

/** What a problem+json answer says (RFC 9457). */
async function faultOf(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => ({}))) as Partial<
    Record<'title' | 'detail' | 'message', string>
  >;
  const title = problem.title ?? problem.message ?? response.statusText;
  return problem.detail === undefined ? title : `${title}. ${problem.detail}`;
}

/** The running regions that a command is about.
 * @throws UserError when the named one does not run */
export function regionsIn(
  jurisdictions: Readonly<Record<string, ReadyJurisdiction>>,
  named: string | undefined,
): readonly (readonly [string, ReadyJurisdiction])[] {
  if (named === undefined) return Object.entries(jurisdictions);
  const region = under(jurisdictions, named);
  if (region === undefined)
    throw new UserError(`${named} is not running here; there are: ${Object.keys(jurisdictions).join(', ')}`);
  return [[named, region]];
}

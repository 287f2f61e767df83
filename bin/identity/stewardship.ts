import { parseArgs } from 'node:util';
import type { ConflictPage, ConflictView } from '../../functions/contracts/conflicts-api.ts';
import type { LinksView, ReviewView, UnmergeAnswer } from '../../functions/contracts/identity-api.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { ReadyJurisdiction } from '../../lib/local/regions.ts';
import { limitIn, readReady } from '../arguments.ts';
import { askOperations, regionsIn } from '../operations-client.ts';

/** What a steward does about identity in a running region. */
export const STEWARD_VERBS = ['reviews', 'decide', 'conflicts', 'links', 'unmerge'] as const;
type Verb = (typeof STEWARD_VERBS)[number];

export const stewardUsage = `       npx rapport identity reviews [--limit N] [--jurisdiction CODE]
       npx rapport identity decide REVIEW_ID same|different [--jurisdiction CODE]
       npx rapport identity conflicts [--owner OWNER] [--limit N] [--jurisdiction CODE]
       npx rapport identity links SUBJECT_ID [--jurisdiction CODE]
       npx rapport identity unmerge --edge ID --edge ID --reason CODE [--keep-apart] [--jurisdiction CODE]
       npx rapport identity unmerge --atom ID --reason CODE [--keep-apart] [--jurisdiction CODE]

reviews lists pairs that may be one person and wait for a steward, of every running jurisdiction or one; decide answers one.
conflicts lists customers of whom values contradict each other, with the values and who has to settle them.
links says why a subject is what it is. unmerge takes a link away, or all that links an identifier to the rest of its
subject. An ID is TYPE=VALUE (email=ada@lovelace.org), or a name that links printed. Changes take effect within seconds.

  --reason CODE           wrong-link, shared-identifier, customer-request, fraud or test
  --owner OWNER           only conflicts that this team or role has to settle
  --keep-apart            keeps the two sides apart whatever links them later
  --jurisdiction CODE     needed when several are running, except for reviews and conflicts
  --data-dir DIR          where the region wrote ready.json (default .rapport)
  --json                  machine-readable
`;

/** @param args with the verb first @throws UserError for what the user can put right */
export async function runStewardship(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string', default: '.rapport' },
      jurisdiction: { type: 'string' },
      limit: { type: 'string' },
      edge: { type: 'string', multiple: true, default: [] },
      atom: { type: 'string' },
      owner: { type: 'string' },
      reason: { type: 'string' },
      'keep-apart': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [verb, ...rest] = positionals as [Verb, ...string[]];
  const chosen = regionsIn(readReady(values['data-dir']).jurisdictions, values.jurisdiction);
  const [only] = chosen;
  if (only === undefined) throw new UserError('no region is running here');
  if (verb !== 'reviews' && verb !== 'conflicts' && chosen.length > 1)
    throw new UserError(`--jurisdiction says which: there are ${chosen.map(([code]) => code).join(', ')}`);
  const said = async (): Promise<{ readonly answer: unknown; readonly text: string }> => {
    switch (verb) {
      case 'reviews':
        return listReviews(chosen, limitIn(values.limit).limit);
      case 'conflicts':
        return listConflicts(chosen, limitIn(values.limit).limit, values.owner);
      case 'decide':
        return decide(only, rest);
      case 'links':
        return showLinks(only, rest);
      case 'unmerge':
        return unmerge(only, rest, {
          edge: values.edge,
          atom: values.atom,
          reason: values.reason,
          keepApart: values['keep-apart'],
        });
    }
  };
  const { answer, text } = await said();
  process.stdout.write(values.json ? `${JSON.stringify(answer, null, 2)}\n` : text);
  return 0;
}

type Region = readonly [code: string, ready: ReadyJurisdiction];

async function listReviews(regions: readonly Region[], limit: number | undefined) {
  const found: (ReviewView & { readonly jurisdiction: string })[] = [];
  for (const region of regions) {
    const query = limit === undefined ? '' : `?limit=${Math.min(limit, 200)}`;
    const page = await ask<{ reviews: readonly ReviewView[] }>(region, `/v1/identity/reviews${query}`);
    found.push(...page.reviews.map((review) => ({ jurisdiction: region[0], ...review })));
  }
  const text = found.map((review) => `${review.jurisdiction} ${reviewText(review)}`).join('');
  return { answer: found, text: text === '' ? 'nothing waits for a steward\n' : text };
}

async function listConflicts(
  regions: readonly Region[],
  limit: number | undefined,
  owner: string | undefined,
) {
  const found: (ConflictView & { readonly jurisdiction: string })[] = [];
  const query = new URLSearchParams({
    ...(limit === undefined ? {} : { limit: String(Math.min(limit, 200)) }),
    ...(owner === undefined ? {} : { owner }),
  });
  for (const region of regions) {
    const page = await ask<ConflictPage>(region, `/v1/identity/conflicts?${query}`);
    found.push(...page.customers.map((customer) => ({ jurisdiction: region[0], ...customer })));
  }
  const text = found.map((customer) => `${customer.jurisdiction} ${conflictText(customer)}`).join('');
  return { answer: found, text: text === '' ? 'nothing contradicts itself\n' : text };
}

const conflictText = ({ subjectId, openedAt, conflicts }: ConflictView): string =>
  [
    `${subjectId}  since ${openedAt}`,
    ...conflicts.flatMap(({ attribute, owner, survives, contradicts }) => [
      `  ${attribute}, for ${owner} to settle`,
      ...[survives, contradicts].map(
        ({ value, source, at, origin }) =>
          `    ${value === undefined ? '' : `${JSON.stringify(value)}, `}${origin} (${source}), ${at}`,
      ),
    ]),
    '',
  ].join('\n');

const reviewText = ({ reviewId, bits, contributions, sides }: ReviewView): string =>
  [
    `${reviewId}  ${bits.toFixed(1)} bits`,
    ...sides.map(({ type, subjectId }) => `  ${type} of ${subjectId}`),
    ...Object.entries(contributions).map(([feature, added]) => `  ${feature.padEnd(14)} ${added.toFixed(1)}`),
    '',
  ].join('\n');

async function decide(region: Region, rest: readonly string[]) {
  const [reviewId, verdict, ...more] = rest;
  if (reviewId === undefined || (verdict !== 'same' && verdict !== 'different') || more.length > 0)
    throw new UserError('decide takes a review and a verdict: REVIEW_ID same|different');
  const path = `/v1/identity/reviews/${encodeURIComponent(reviewId)}`;
  const answer = await ask<ReviewView>(region, path, { verdict });
  return { answer, text: `${answer.reviewId}: ${answer.verdict}, decided ${answer.decidedAt}\n` };
}

async function showLinks(region: Region, rest: readonly string[]) {
  const [subjectId, ...more] = rest;
  if (subjectId === undefined || more.length > 0) throw new UserError('links takes one SUBJECT_ID');
  const path = `/v1/subjects/${encodeURIComponent(subjectId)}/links`;
  const answer = await ask<LinksView>(region, path);
  const lines = [
    answer.subjectId,
    ...answer.identifiers.map(({ nodeId, isAtom }) => `  ${nodeId}${isAtom ? '' : ' (no state of its own)'}`),
    ...answer.links.map(
      ({ a, b, kind, counts, bits, firstSeenOn }) =>
        `  ${a} - ${b}: ${[kind, bits === undefined ? firstSeenOn : `${bits.toFixed(1)} bits`, counts ? undefined : 'kept apart'].filter(Boolean).join(', ')}`,
    ),
    ...answer.decisions.map(
      ({ a, b, verdict, cause, at }) => `  ${a} - ${b}: ${verdict}, by ${cause}, ${at}`,
    ),
    ...answer.severed.map(({ a, b, at }) => `  ${a} - ${b}: taken away ${at}`),
    ...answer.shared.map((nodeId) => `  ${nodeId}: shared by too many to count`),
  ];
  return { answer, text: `${lines.join('\n')}\n` };
}

interface Cut {
  readonly edge: readonly string[];
  readonly atom: string | undefined;
  readonly reason: string | undefined;
  readonly keepApart: boolean;
}

async function unmerge(region: Region, rest: readonly string[], cut: Cut) {
  if (rest.length > 0 || (cut.atom === undefined ? cut.edge.length !== 2 : cut.edge.length > 0))
    throw new UserError('unmerge takes --edge twice, or --atom once');
  if (cut.reason === undefined) throw new UserError('--reason is needed; see --help');
  const answer = await ask<UnmergeAnswer>(region, '/v1/identity/unmerge', {
    ...(cut.atom === undefined ? { edge: cut.edge.map(refIn) } : { atom: refIn(cut.atom) }),
    reason: cut.reason,
    keepApart: cut.keepApart,
  });
  const taken = answer.severed.map(([a, b]) => `taken away: ${a} - ${b}\n`).join('');
  return {
    answer,
    text: taken + (answer.keptApart === undefined ? '' : `kept apart: ${answer.keptApart.join(' - ')}\n`),
  };
}

/** `email=ada@lovelace.org`, or a name such as `links` prints. @throws UserError when it has another form */
function refIn(
  text: string,
): { readonly type: string; readonly value: string } | { readonly nodeId: string } {
  const [, type, value] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (type !== undefined && value !== undefined) return { type, value };
  if (/^\w+\.[\w-]{22}$/.test(text)) return { nodeId: text };
  throw new UserError('an identifier is TYPE=VALUE, such as userId=C-1042, or a name that links printed');
}

/** @throws UserError when the region does not answer, or refuses */
async function ask<Body>([code, ready]: Region, path: string, body?: unknown): Promise<Body> {
  const answer = await askOperations<Body>(code, ready, path, body);
  if (answer === null) throw new UserError(`${code} knows no such review, subject or link; see --help`);
  return answer;
}

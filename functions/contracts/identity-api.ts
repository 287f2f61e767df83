import * as z from 'zod';
import { rawIdentifierSchema, subjectIdSchema } from './operations.ts';
import { IDENTIFIER_TYPES } from './signal.ts';
import { VERDICTS } from './subject.ts';

const time = z.iso.datetime();
const identifierType = z.enum(IDENTIFIER_TYPES);
const reviewId = z.string().regex(/^[\w-]{22}$/);
const orderId = z.string().regex(/^[\w-]{22}$/);
const cursor = z.string().regex(/^\d{1,16}\.[\w-]{22}$/);
const bits = z.number().describe('Posterior odds that the two are one person, as a power of two.');
const contributions = z
  .record(z.string(), z.number())
  .describe('What each compared feature adds to the odds or takes from them, in bits.');

/** An identifier of a subject, by a name that says nothing about its value. */
const nodeIdSchema = z
  .string()
  .regex(/^[A-Za-z]{1,16}\.[\w-]{22}$/)
  .describe('As the links of a subject name it.');

/** Query of `GET /v1/identity/reviews`. */
export const reviewsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: cursor.optional(),
});

/** Path of `POST /v1/identity/reviews/{reviewId}`. */
export const reviewPathSchema = z.object({ reviewId });

/** Two subjects that may be one person. Codes and numbers only: what was compared lies sealed in the archive. */
export const reviewViewSchema = z.object({
  reviewId,
  state: z.enum(['pending', 'decided']),
  openedAt: time,
  bits,
  contributions,
  model: z.string(),
  sides: z
    .array(z.object({ nodeId: nodeIdSchema, type: identifierType, subjectId: subjectIdSchema }))
    .length(2),
  verdict: z.enum(VERDICTS).optional(),
  decidedAt: time.optional(),
});
export type ReviewView = z.infer<typeof reviewViewSchema>;

/** Answer of `GET /v1/identity/reviews`: what waits for a steward, newest first. */
export const reviewPageSchema = z.object({ reviews: z.array(reviewViewSchema), cursor: cursor.optional() });

/** Body of `POST /v1/identity/reviews/{reviewId}`. */
export const reviewDecisionSchema = z.strictObject({
  verdict: z
    .enum(VERDICTS)
    .describe('`same` joins the two; `different` keeps them apart, whatever is found later.'),
});

const refSchema = z.union([rawIdentifierSchema, z.strictObject({ nodeId: nodeIdSchema })]);
export type IdentifierRef = z.infer<typeof refSchema>;

/** Why an operator takes a link away. Closed, and free of personal data. */
export const UNMERGE_REASONS = [
  'wrong-link',
  'shared-identifier',
  'customer-request',
  'fraud',
  'test',
] as const;

/** Body of `POST /v1/identity/unmerge`: one link, or one atom with all that links it to the rest of its subject. */
export const unmergeSchema = z
  .strictObject({
    edge: z.tuple([refSchema, refSchema]).optional(),
    atom: refSchema.optional(),
    reason: z.enum(UNMERGE_REASONS),
    keepApart: z
      .boolean()
      .default(false)
      .describe('Also keeps the two sides apart when something else links them, now or later.'),
  })
  .refine(({ edge, atom }) => (edge === undefined) !== (atom === undefined), 'either edge or atom');
export type UnmergeRequest = z.infer<typeof unmergeSchema>;

/** Answer of `POST /v1/identity/unmerge`: on its way; the subjects change within seconds. */
export const unmergeAnswerSchema = z.object({
  orderId,
  severed: z.array(z.tuple([nodeIdSchema, nodeIdSchema])),
  keptApart: z.tuple([nodeIdSchema, nodeIdSchema]).optional(),
});
export type UnmergeAnswer = z.infer<typeof unmergeAnswerSchema>;

const pair = { a: nodeIdSchema, b: nodeIdSchema };

/** Answer of `GET /v1/subjects/{subjectId}/links`: why a subject is what it is. */
export const linksViewSchema = z.object({
  subjectId: subjectIdSchema,
  identifiers: z.array(
    z.object({
      nodeId: nodeIdSchema,
      type: identifierType,
      isAtom: z.boolean().describe('Holds a profile state of its own.'),
    }),
  ),
  links: z.array(
    z.object({
      ...pair,
      kind: z.enum(['seen-together', 'match', 'decision']),
      counts: z.boolean().describe('Whether both ends are in this subject.'),
      firstSeenOn: z.iso.date().optional(),
      bits: bits.optional(),
      contributions: contributions.optional(),
      model: z.string().optional(),
    }),
  ),
  decisions: z.array(
    z.object({ ...pair, verdict: z.enum(VERDICTS), at: time, cause: z.enum(['review', 'operator']) }),
  ),
  severed: z.array(z.object({ ...pair, at: time })),
  shared: z.array(nodeIdSchema).describe('Identifiers it was seen with that link too many to count.'),
});
export type LinksView = z.infer<typeof linksViewSchema>;

import * as z from 'zod';
import { DAY_MS } from '../kernel/time.ts';

const lineageId = z.string().regex(/^[\w-]{22}(\.[\da-z]{1,7})?$/);
const day = z.iso.date();
const plain = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** Body of `POST /v1/evidence/explain`. */
export const explainRequestSchema = z.strictObject({
  lineageId: lineageId.describe('`row_id` of a row of the archive.'),
  day: day.optional().describe('UTC day of receipt, when it is known: only that day is searched.'),
});

/** Answer of `POST /v1/evidence/explain`. */
export const explanationSchema = z.object({
  lineageId: z.string(),
  table: z.enum(['signals', 'refusals', 'effects']),
  verdict: z
    .enum(['equal', 'different', 'sealed', 'other-version', 'concluded', 'human-act', 'no-payload'])
    .describe('`equal`: derived again from the archive, it is the same to the bit.'),
  meaning: z.string(),
  policyVersion: z.string().describe('The definitions that the row names.'),
  recorded: plain.describe("The row's plain columns."),
  derived: plain.nullable().describe('What it was derived to; null when it was not.'),
  from: z.array(z.string()).describe('Rows of the archive that it follows from.'),
  at: z.iso.datetime().nullable().describe('When it was judged.'),
});
export type ExplanationView = z.infer<typeof explanationSchema>;

/** Days that one rebuild may cover: longer than anything is kept. Each has a folder to look into. */
const REBUILT_DAYS_MAX = 3_660;

/** Body of `POST /v1/evidence/rebuild`: one step of it. */
export const rebuildRequestSchema = z
  .strictObject({
    from: day.describe('First UTC day of receipt.'),
    to: day.describe('Last UTC day of receipt.'),
    cursor: z
      .string()
      .max(1_200)
      .regex(/^v1\/[^#]+#\d{1,9}$/)
      .optional()
      .describe('From the step before. Without it the tables have to be empty.'),
  })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) <= REBUILT_DAYS_MAX * DAY_MS, {
    message: 'from one day to the other are ten years at most',
    path: ['to'],
  });

/** Answer of `POST /v1/evidence/rebuild`. */
export const rebuildStepSchema = z.object({
  played: z.int().nonnegative(),
  sealed: z.int().nonnegative().describe('Rows of erased customers.'),
  objects: z.object({ done: z.int().nonnegative(), all: z.int().nonnegative() }),
  cursor: z.string().optional().describe('Absent when all is done.'),
});
export type RebuildStepView = z.infer<typeof rebuildStepSchema>;

/** Answer of `POST /v1/evidence/rebuild/comparison`. */
export const comparisonSchema = z.object({
  identifiers: z.int().nonnegative().describe('In the live tables.'),
  equal: z.int().nonnegative().describe('With the same state, bit for bit, in the same subject.'),
  different: z.int().nonnegative(),
  onlyLive: z.int().nonnegative(),
  onlyRebuilt: z.int().nonnegative(),
});

/** Answer of `POST /v1/evidence/rebuild/clearing`. */
export const clearingSchema = z.object({ removed: z.int().nonnegative() });

import * as z from 'zod';
import { subjectIdSchema } from './operations.ts';
import { ORIGINS, PERSON_ATTRIBUTES } from './person.ts';

const time = z.iso.datetime();
const cursor = z.string().regex(/^\d{1,16}\.[\w-]{22}$/);

/** Query of `GET /v1/identity/conflicts`. */
export const conflictsQuerySchema = z.strictObject({
  owner: z.string().min(1).max(64).optional().describe('Only what this team or role has to settle.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: cursor.optional(),
});

const sideSchema = z.object({
  value: z.string().optional().describe('Only with the scope `attributes:read`.'),
  source: z.string().describe('Source that stated it; `stewardship` for a decision.'),
  at: time.describe('When it was stated.'),
  origin: z.enum(ORIGINS).describe('`customer` said it, a `system` logged it, or a `steward` settled it.'),
});

const contradictionSchema = z.object({
  attribute: z.enum(PERSON_ATTRIBUTES),
  owner: z.string().describe('Team or role that has to settle it.'),
  survives: sideSchema.describe('What is taken to be true until somebody settles it.'),
  contradicts: sideSchema,
});
export type ContradictionView = z.infer<typeof contradictionSchema>;

const conflictViewSchema = z.object({
  subjectId: subjectIdSchema,
  openedAt: time.describe('Since when values of this customer have contradicted each other.'),
  conflicts: z.array(contradictionSchema).min(1),
});
export type ConflictView = z.infer<typeof conflictViewSchema>;

/** Answer of `GET /v1/identity/conflicts`: customers of whom values contradict each other, newest first. */
export const conflictPageSchema = z.object({
  customers: z.array(conflictViewSchema),
  cursor: cursor.optional(),
});
export type ConflictPage = z.infer<typeof conflictPageSchema>;

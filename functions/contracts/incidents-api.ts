import * as z from 'zod';
import { AFFECTED_PER_PAGE_MAX, INCIDENT_KINDS, type IncidentKind, SERIOUSNESS } from './incidents.ts';
import { IDENTIFIERS_MAX, rawIdentifierSchema, subjectIdSchema } from './operations.ts';

const time = z.iso.datetime();
const kinds = Object.keys(INCIDENT_KINDS) as [IncidentKind, ...IncidentKind[]];
const people = z.int().nonnegative().max(10_000_000_000);
const incidentIdSchema = z.string().regex(/^[\w-]{22}$/);

/** Whom an incident affects, named in any of three ways. */
const affectedSchema = z.strictObject({
  identifiers: z
    .array(rawIdentifierSchema)
    .max(IDENTIFIERS_MAX * 10)
    .default([])
    .describe('Raw; tokenised at once, and neither kept nor logged.'),
  subjectIds: z.array(subjectIdSchema).max(AFFECTED_PER_PAGE_MAX).default([]),
  rows: z
    .array(
      z.strictObject({
        rowRef: z.string().regex(/^[\w-]{22}$/),
        month: z
          .string()
          .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/)
          .describe('UTC month of receipt: YYYY-MM.'),
      }),
    )
    .max(AFFECTED_PER_PAGE_MAX)
    .default([])
    .describe('Rows of the archive: `row_ref`, and the month that it is for.'),
});
export type AffectedNamed = z.infer<typeof affectedSchema>;

/** Body of `POST /v1/incidents`. */
export const incidentReportSchema = z.strictObject({
  reference: z
    .string()
    .regex(/^[\w.:-]{1,64}$/)
    .describe("The caller's own name for it; the same one again is the same incident. Hashed, and not kept."),
  kind: z.enum(kinds),
  foundAt: time.describe('When it became known: deadlines count from it.'),
  beganAt: time.optional().describe('When the exposure began, as far as it is known.'),
  seriousness: z.enum(SERIOUSNESS).optional(),
  people: people.optional().describe('How many people it concerns, as far as it is known.'),
  affected: affectedSchema.optional(),
});

/** Path of the routes of one incident. */
export const incidentPathSchema = z.object({ id: incidentIdSchema });

/** Query of `GET /v1/incidents/{id}`. */
export const incidentQuerySchema = z.strictObject({
  page: z.coerce.number().int().min(0).max(100_000).default(0).describe('Which page of affected subjects.'),
});

/** Query of `GET /v1/incidents`. */
export const incidentsQuerySchema = z.strictObject({
  state: z.enum(['open', 'closed']).default('open'),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,16}\.[\w-]{22}$/)
    .optional(),
});

/** Body of `POST /v1/incidents/{id}/assess`. */
export const incidentAssessmentSchema = z.strictObject({
  seriousness: z
    .enum(SERIOUSNESS)
    .describe(
      '`any` · `risk` to people not unlikely · `high-risk` · `serious` harm likely. Each includes those before.',
    ),
  people: people.optional().describe('How many people it concerns; 0 when nobody, as after a false alarm.'),
  beganAt: time.optional(),
  affected: affectedSchema.optional().describe('Added to those named before.'),
});

/** Body of `POST /v1/incidents/{id}/notify`: records that somebody was told. Telling is the organisation's. */
export const incidentNoticeSchema = z.strictObject({
  to: z.enum(['regulator', 'people']),
  toldAt: time,
  complete: z.boolean().default(true).describe('False for a first notice that a full one follows.'),
});

const dutySchema = z.object({
  to: z.enum(['regulator', 'people']),
  state: z
    .enum(['waiting', 'at-once', 'running', 'met'])
    .describe('`waiting`: its time starts with `waitsFor` · `at-once`: the law gives no number.'),
  waitsFor: z.enum(['assessment', 'notice-to-people']).optional(),
  dueAt: time.optional(),
  metAt: time.optional(),
});

/** An incident as it is told. */
export const incidentViewSchema = z.object({
  incidentId: incidentIdSchema,
  kind: z.enum(kinds),
  state: z.enum(['open', 'closed']),
  foundAt: time,
  beganAt: time.nullable(),
  openedAt: time,
  assessedAt: time.nullable(),
  closedAt: time.nullable(),
  seriousness: z.enum(SERIOUSNESS).nullable(),
  people: z.int().nullable().describe('Null: not judged; every deadline that depends on it runs.'),
  finding: z
    .object({
      place: z.string(),
      what: z.string(),
      count: z.int(),
      firstAt: time,
      lastAt: time,
    })
    .nullable()
    .describe('What a search of ours found, and nothing of what it found.'),
  duties: z.array(dutySchema).describe('Whom the law wants told, and until when.'),
  notices: z.array(z.object({ to: z.enum(['regulator', 'people']), toldAt: time, complete: z.boolean() })),
  affected: z.object({
    listed: z.int().describe('Identities on the list; a person may have several.'),
    pages: z.int(),
    subjects: z.array(subjectIdSchema).optional().describe('One page of them, as they are joined now.'),
  }),
});
export type IncidentView = z.infer<typeof incidentViewSchema>;

/** Answer of `GET /v1/incidents`, newest first. */
export const incidentPageSchema = z.object({
  incidents: z.array(incidentViewSchema),
  cursor: z.string().optional(),
});

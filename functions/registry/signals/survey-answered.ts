import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { FEEDBACK } from './purposes.ts';

/** Scales as they are usually asked: satisfaction 1–5, likelihood to recommend 0–10 (Reichheld 2003), ease 1–7 with 7
 * the easiest (CES 2.0, Dixon 2013). A survey with another scale states it. */
const SCALES = { csat: [1, 5], nps: [0, 10], ces: [1, 7] } as const;

const properties = z
  .object({
    survey: z.enum(['csat', 'nps', 'ces']),
    score: z.number(),
    scale_min: z.number().optional(),
    scale_max: z.number().optional(),
  })
  .transform((answer) => {
    const [least, most] = SCALES[answer.survey];
    return {
      survey: answer.survey,
      score: answer.score,
      least: answer.scale_min ?? least,
      most: answer.scale_max ?? most,
    };
  })
  .refine(({ score, least, most }) => least < most && score >= least && score <= most);

/** Answers in the customer's own words are not read. */
export const surveyAnswered = defineSignal({
  name: 'Survey Answered',
  version: 1,
  description: 'The customer rated satisfaction, likelihood to recommend, or ease.',
  eventClass: 'feedback',
  purposes: FEEDBACK,
  sources: ['survey', 'support'],
  properties,
  facts: ({ survey, score, least, most }) => [
    {
      kind: survey === 'ces' ? 'effort' : 'satisfaction',
      score: Math.round(((score - least) / (most - least)) * 100),
    },
  ],
  examples: {
    good: [
      { properties: { survey: 'csat', score: 4 }, facts: [{ kind: 'satisfaction', score: 75 }] },
      { properties: { survey: 'nps', score: 9 }, facts: [{ kind: 'satisfaction', score: 90 }] },
      { properties: { survey: 'ces', score: 1 }, facts: [{ kind: 'effort', score: 0 }] },
      {
        properties: { survey: 'csat', score: 2, scale_min: 1, scale_max: 3 },
        facts: [{ kind: 'satisfaction', score: 50 }],
      },
    ],
    bad: [
      { properties: { survey: 'csat', score: 6 }, reason: 'schema-mismatch' },
      { properties: { survey: 'mood', score: 3 }, reason: 'schema-mismatch' },
      { properties: { survey: 'nps' }, reason: 'schema-mismatch' },
    ],
  },
});

import type { QueryDefinition } from '../query-definition.ts';
import { decisionsAboutSubject } from './decisions-about-subject.ts';
import { decisionsByPolicy } from './decisions-by-policy.ts';
import { erasures } from './erasures.ts';
import { lineageGaps } from './lineage-gaps.ts';
import { pastRetention } from './past-retention.ts';
import { quarantineBySource } from './quarantine-by-source.ts';
import { withheld } from './withheld.ts';

/** The questions that auditors ask of the archive. A new one is one file in this folder and one line here. */
export const queries: readonly QueryDefinition[] = [
  decisionsAboutSubject,
  withheld,
  pastRetention,
  decisionsByPolicy,
  erasures,
  quarantineBySource,
  lineageGaps,
];

import type { SegmentDefinition } from '../segment-definition.ts';
import { engagementActive } from './engagement-active.ts';
import { engagementDeep } from './engagement-deep.ts';
import { lapseRisk } from './lapse-risk.ts';
import { valueCore } from './value-core.ts';
import { valueTop } from './value-top.ts';

/** Every segment, one file each. */
export const segments: readonly SegmentDefinition[] = [
  valueTop,
  valueCore,
  engagementDeep,
  engagementActive,
  lapseRisk,
];

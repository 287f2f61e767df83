import type { SourceDefinition } from '../source-definition.ts';
import { crm } from './crm.ts';
import { delivery } from './delivery.ts';
import { pos } from './pos.ts';
import { support } from './support.ts';
import { survey } from './survey.ts';
import { web } from './web.ts';

/** Every source that may send. A new one is one file in this folder and one line here. */
export const sources: readonly SourceDefinition[] = [web, pos, crm, support, delivery, survey];

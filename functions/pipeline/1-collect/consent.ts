import {
  CONSENT_DEPTHS,
  type ConsentChoices,
  type ConsentDepth,
  compareDepths,
  depthOf,
  PURPOSES,
  type Purpose,
} from '../../contracts/purposes.ts';
import type { SourceDefinition } from '../../registry/source-definition.ts';
import { at, isObject, type JsonObject, own, textAt } from './shape.ts';

/** What an event's consent manager says; `choices` null when it says nothing that we know the meaning of. */
export type StatedConsent =
  | { readonly choices: ConsentChoices | null; readonly unknownCategories: number }
  /** Where it is unreadable. To guess would be to decide for the customer. */
  | { readonly fault: readonly string[] };

const SEGMENT = ['context', 'consent', 'categoryPreferences'] as const;
const RUDDERSTACK = ['context', 'consentManagement'] as const;

/**
 * Choices by purpose in Segment's consent object (`context.consent.categoryPreferences`: category → granted) and in
 * RudderStack's (`context.consentManagement`: `provider`, `allowedConsentIds`, `deniedConsentIds`). A category is a purpose
 * by name, or what the source's registry entry says it means; of several categories of one purpose the strictest counts.
 */
export function consentOf(event: JsonObject, source: SourceDefinition): StatedConsent {
  const found: [category: string, depth: ConsentDepth | null, provider?: string | undefined][] = [];
  const stated = at(event, 'context', 'consent');
  if (stated !== undefined && stated !== null && !isObject(stated)) return { fault: ['context', 'consent'] };
  const preferences = at(event, ...SEGMENT);
  if (preferences !== undefined && preferences !== null) {
    if (!isObject(preferences)) return { fault: SEGMENT };
    for (const category of Object.keys(preferences))
      found.push([category, readDepth(own(preferences, category))]);
  }
  const managed = at(event, ...RUDDERSTACK);
  if (managed !== undefined && managed !== null) {
    for (const [list, depth] of [
      ['allowedConsentIds', 'full'],
      ['deniedConsentIds', 'none'],
    ] as const) {
      const ids = own(managed, list) ?? [];
      if (!isObject(managed) || !Array.isArray(ids)) return { fault: [...RUDDERSTACK, list] };
      for (const id of ids as readonly unknown[]) {
        if (typeof id !== 'string' && typeof id !== 'number') return { fault: [...RUDDERSTACK, list] };
        found.push([String(id), depth, textAt(managed, 'provider')]);
      }
    }
  }
  const choices: Partial<Record<Purpose, ConsentDepth>> = {};
  let unknownCategories = 0;
  for (const [category, depth, provider] of found) {
    const purposes = purposesOf(category, provider, source);
    if (purposes === undefined) {
      unknownCategories += 1;
      continue;
    }
    if (depth === null) return { fault: SEGMENT };
    for (const purpose of purposes) {
      const other = choices[purpose];
      if (other === undefined || compareDepths(depth, other) < 0) choices[purpose] = depth;
    }
  }
  return { choices: Object.keys(choices).length === 0 ? null : choices, unknownCategories };
}

const readDepth = (value: unknown): ConsentDepth | null =>
  typeof value === 'boolean' ? depthOf(value) : (CONSENT_DEPTHS.find((depth) => depth === value) ?? null);

function purposesOf(
  category: string,
  provider: string | undefined,
  { consentCategories = {} }: SourceDefinition,
): readonly Purpose[] | undefined {
  for (const key of [`${provider}:${category}`, category])
    if (Object.hasOwn(consentCategories, key)) return consentCategories[key];
  const purpose = PURPOSES.find((known) => known === category);
  return purpose === undefined ? undefined : [purpose];
}

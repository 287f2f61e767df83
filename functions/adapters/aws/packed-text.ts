import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { packText, unpackText } from '../../kernel/codec.ts';

/** @returns the text of an attribute, packed or not; null where there is none */
export function textOf(value: AttributeValue | undefined): string | null {
  if (value?.S !== undefined) return value.S;
  return value?.B === undefined ? null : unpackText(value.B);
}

/** Attributes of profiles and subjects that are text, and may be long. */
const LONG_TEXTS = ['state', 'published', 'graph'] as const;

type Item = Record<string, AttributeValue>;

/** The item with its long texts packed. For one that would cost more than one write unit otherwise: a unit costs some four
 * hundred times what packing does. */
export const packedItem = (item: Item): Item => ({
  ...item,
  ...Object.fromEntries(
    LONG_TEXTS.flatMap((name) => {
      const text = item[name]?.S;
      return text === undefined ? [] : [[name, { B: packText(text) }] as const];
    }),
  ),
});

/** Reverse of {@link packedItem}, for whoever looks at what is at rest. */
export const unpackedItem = (item: Item): Item => ({
  ...item,
  ...Object.fromEntries(
    LONG_TEXTS.flatMap((name) => {
      const text = textOf(item[name]);
      return text === null ? [] : [[name, { S: text }] as const];
    }),
  ),
});

import type { QuarantineReason } from '../../contracts/outcomes.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object's own value: `__proto__` and its kin never reach the prototype chain. */
export const own = (object: unknown, key: string): unknown =>
  isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;

/** The value at a path of own keys. */
export function at(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const key of path) value = own(value, key);
  return value;
}

/** Text with something in it, else undefined. */
export const textAt = (object: unknown, ...path: readonly string[]): string | undefined => {
  const value = at(object, ...path);
  return typeof value === 'string' && value !== '' ? value : undefined;
};

export const LEVELS_MAX = 32;
/** Segment takes 32 KB an event; real orders of a thousand lines need more. Measured as characters of keys and text,
 * plus eight for every other value. */
export const EVENT_CHARACTERS_MAX = 256 * 1024;

/** Keys that reach the prototype when copied carelessly; no honest client sends them. */
const HOSTILE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What is wrong with an event before its meaning is looked at, or null. Never descends below {@link LEVELS_MAX}
 * levels, so no input exhausts the stack. */
export function faultOf(event: unknown): QuarantineReason | null {
  if (!isObject(event)) return 'not-an-object';
  const found: { fault: QuarantineReason | null; characters: number } = { fault: null, characters: 0 };
  walk(event, 1, found);
  if (found.fault !== null) return found.fault;
  return found.characters > EVENT_CHARACTERS_MAX ? 'too-large' : null;
}

function walk(
  value: unknown,
  level: number,
  found: { fault: QuarantineReason | null; characters: number },
): void {
  if (typeof value === 'string') {
    found.characters += value.length + 2;
  } else if (typeof value !== 'object' || value === null) {
    found.characters += 8;
  } else if (level > LEVELS_MAX) {
    found.fault ??= 'too-deep';
  } else if (Array.isArray(value)) {
    for (const element of value) walk(element, level + 1, found);
  } else {
    for (const key of Object.keys(value)) {
      if (HOSTILE.has(key)) found.fault ??= 'hostile-key';
      found.characters += key.length + 3;
      walk((value as JsonObject)[key], level + 1, found);
    }
  }
}

/** JSON text of any JSON value. JSON.stringify recurses and gives up on hostile nesting; this does not. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return deepJsonText(value);
  }
}

/** The same text without recursion: a stack of values still to write and of literal text between them. */
function deepJsonText(root: unknown): string {
  const parts: string[] = [];
  const waiting: { readonly text?: string; readonly value?: unknown }[] = [{ value: root }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { text, value } = next;
    if (text !== undefined) parts.push(text);
    else if (typeof value !== 'object' || value === null) parts.push(JSON.stringify(value));
    else if (Array.isArray(value)) {
      waiting.push({ text: ']' });
      for (let place = value.length - 1; place >= 0; place -= 1)
        waiting.push({ value: value[place] }, { text: place === 0 ? '' : ',' });
      parts.push('[');
    } else {
      waiting.push({ text: '}' });
      const entries = Object.entries(value);
      for (let place = entries.length - 1; place >= 0; place -= 1) {
        const [key, inner] = entries[place] as [string, unknown];
        waiting.push({ value: inner }, { text: `${place === 0 ? '' : ','}${JSON.stringify(key)}:` });
      }
      parts.push('{');
    }
  }
  return parts.join('');
}

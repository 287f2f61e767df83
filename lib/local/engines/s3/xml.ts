const NAMED: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may hold control characters, and XML may not.
  text.replace(/[&<>"'\u0000-\u001f\u007f]/g, (character) => `&#${character.charCodeAt(0)};`);

/** XML that is ready to be put in as it is. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Child = Markup | string | number | boolean | undefined;

/** An element; absent children are left out, text is escaped. */
export function element(name: string, ...children: readonly Child[]): Markup {
  const inner = children.map((child) => {
    if (child === undefined) return '';
    return child instanceof Markup ? child.text : escaped(String(child));
  });
  return new Markup(`<${name}>${inner.join('')}</${name}>`);
}

/** An element, or nothing when there is no text to put in it. */
export const optional = (name: string, text: string | number | undefined): Markup | undefined =>
  text === undefined ? undefined : element(name, text);

/** A whole answer, in S3's namespace. */
export const documentOf = (name: string, ...children: readonly Child[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, ...children).text.replace(
    `<${name}>`,
    `<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`,
  )}`;

const unescaped = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return NAMED[name ?? ''] ?? whole;
    },
  );

/** What is between the tags of each element of that name, still escaped. Enough for S3's requests, in which no element
 * is inside another of its name. */
export function elementsOf(xml: string, name: string): string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g');
  return [...xml.matchAll(pattern)].map(([, inner = '']) => inner);
}

/** Text of the first element of that name. */
export function textOf(xml: string, name: string): string | undefined {
  const [first] = elementsOf(xml, name);
  return first === undefined ? undefined : unescaped(first);
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const PROJECT = join(import.meta.dirname, '..', '..');

/** Paths of the documents that people read, from the project's root. */
export const documents: readonly string[] = [
  ...readdirSync(PROJECT),
  ...readdirSync(join(PROJECT, 'docs'), { recursive: true }).map((path) => join('docs', String(path))),
].filter((path) => path.endsWith('.md'));

export const textOf = (path: string): string => readFileSync(join(PROJECT, path), 'utf8');

/** A fenced block of code that names the file it is meant to be. */
export interface NamedBlock {
  readonly file: string;
  readonly code: string;
}

/** Blocks that begin with a line such as "```js file=send.mjs". */
export const namedBlocks = (markdown: string): readonly NamedBlock[] =>
  [...markdown.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)].map(([, file = '', code = '']) => ({
    file,
    code,
  }));

/** The code of every other fenced block and of every span in backticks: where commands stand. */
export const commandText = (markdown: string): string =>
  [...markdown.matchAll(/^```(?:sh|)\n([\s\S]*?)^```$/gm), ...markdown.matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .join('\n');

/** Targets of links that stay within the project, without their anchors. */
export const innerLinks = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));

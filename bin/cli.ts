import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, isErrorOfUse } from './command.ts';

const FOLDER = join(import.meta.dirname, 'commands');
const NAME = /^[a-z][a-z-]*$/;

/** Commands are the files of `bin/commands`: a new one is one file. */
const commandNames = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();

async function load(name: string): Promise<Command> {
  const loaded = (await import(pathToFileURL(join(FOLDER, `${name}.ts`)).href)) as {
    command?: Command;
  } & Partial<Command>;
  return loaded.command ?? (loaded as Command);
}

async function overview(): Promise<string> {
  const commands = await Promise.all(commandNames().map(load));
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: rapport <command> [options]\n\nCommands:\n${lines.join('\n')}\n\n"rapport <command> --help" tells more.\n`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(await overview());
    return name === undefined ? 2 : 0;
  }
  if (!NAME.test(name) || !existsSync(join(FOLDER, `${name}.ts`))) {
    process.stderr.write(
      `rapport: there is no command ${JSON.stringify(name)}; the commands are ${commandNames().join(', ')}\n`,
    );
    return 2;
  }
  const command = await load(name);
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${command.usage.trimEnd()}\n`);
    return 0;
  }
  return command.run(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!isErrorOfUse(error)) throw error;
  process.stderr.write(`rapport: ${error.message}\n`);
  process.exitCode = 2;
}

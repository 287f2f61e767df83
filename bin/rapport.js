#!/usr/bin/env node
// Plain JavaScript on purpose: it runs under whatever Node the system has and hands over to the Node that the project
// pins, under which the TypeScript files run as they are.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));
const binary = process.platform === 'win32' ? 'node.exe' : 'node';
const pinned = join(here, '..', 'node_modules', 'node', 'bin', binary);

if (!existsSync(join(here, '..', 'node_modules'))) {
  process.stderr.write(`rapport is not installed yet: run "npm ci" in ${join(here, '..')}\n`);
  process.exitCode = 1;
} else if (Number(process.versions.node.split('.')[0]) >= MAJOR) {
  await import('./cli.ts');
} else if (!existsSync(pinned)) {
  process.stderr.write(
    `rapport needs Node ${MAJOR} (this is ${process.versions.node}) and found none in node_modules: run "npm ci" in ${join(here, '..')}; ` +
      'if npm blocked install scripts, allow the one of "node" (allowScripts in package.json has it) and run "npm rebuild node"\n',
  );
  process.exitCode = 1;
} else {
  const child = spawn(pinned, [join(here, 'cli.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`rapport could not start ${pinned}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0);
  });
}

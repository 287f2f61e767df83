import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from './errors.ts';
import { readAssembly, type SynthesizedStack } from './template/template.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

/** Synthesizes the CDK app for these jurisdictions into `directory/cdk.out`, as a deployment would, in a process of its
 * own, since the CDK library is large.
 * @throws UserError with the app's first line of complaint; all of it is in `directory/synth.log`. */
export async function synthesize(options: {
  readonly jurisdictions: readonly string[];
  readonly directory: string;
}): Promise<readonly SynthesizedStack[]> {
  const output = join(options.directory, 'cdk.out');
  mkdirSync(output, { recursive: true });
  // Bundles are CommonJS unless they say otherwise, as in Lambda; the nearest package.json would say modules.
  writeFileSync(join(output, 'package.json'), '{"type":"commonjs"}\n');
  const { code, text } = await run(output, options.jurisdictions);
  const log = join(options.directory, 'synth.log');
  writeFileSync(log, text);
  if (code !== 0) {
    const complaint = text.split('\n').find((line) => line.trim() !== '') ?? 'no message';
    throw new UserError(`the CDK app could not be synthesized: ${complaint.trim()} (all of it: ${log})`);
  }
  const stacks = readAssembly(output);
  for (const jurisdiction of options.jurisdictions) {
    if (!stacks.some((stack) => stack.jurisdiction === jurisdiction))
      throw new UserError(`the CDK app made no stack for jurisdiction ${jurisdiction}`);
  }
  return stacks;
}

function run(
  output: string,
  jurisdictions: readonly string[],
): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(PROJECT, 'bin', 'app.ts')], {
      cwd: PROJECT,
      env: {
        ...process.env,
        CDK_OUTDIR: output,
        CDK_CONTEXT_JSON: JSON.stringify({ jurisdictions: jurisdictions.join(',') }),
        CDK_DISABLE_CLI_TELEMETRY: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = (): void => void child.kill();
    process.once('exit', end);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('exit', end);
      resolve({ code, text: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

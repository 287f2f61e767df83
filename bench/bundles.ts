import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { type FunctionId, flow } from '../functions/flow.ts';
import { bundleOnce } from '../lib/bundle.ts';
import type { Figure } from './figures.ts';
import { median, quantile } from './timing.ts';

const CHILDREN = 15;
/** Functions on the path of every event. */
const HOT: readonly FunctionId[] = ['collect', 'understand'];
const run = promisify(execFile);

/** Loads a bundle in a process of its own and prints how long that took: wall and CPU, in ms. */
const LOADER = `const wall = performance.now(), cpu = process.cpuUsage();
require(process.argv[1]);
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify([performance.now() - wall, (user + system) / 1000]));`;

/** Zip size and cold import of each function's bundle. */
export async function bundles(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-bench-'));
  try {
    const bundle = bundleOnce(join(directory, 'functions'));
    const figures: Figure[] = [];
    for (const id of Object.keys(flow) as FunctionId[]) {
      const isHot = HOT.includes(id);
      const zipped = ['index.cjs', 'index.cjs.map'].reduce(
        (sum, file) => sum + deflateRawSync(readFileSync(join(bundle(id), file)), { level: 9 }).length,
        0,
      );
      figures.push({
        name: `${id}: zip`,
        value: zipped / 1_024,
        unit: 'KB',
        ...(isHot ? { target: { most: 300 }, goal: { most: 250 } } : {}),
        note: contents(join(directory, 'functions', 'bundles.meta.json'), id),
      });
      const wall: number[] = [];
      const cpu: number[] = [];
      for (let child = 0; child < CHILDREN; child += 1) {
        const { stdout } = await run(process.execPath, ['-e', LOADER, join(bundle(id), 'index.cjs')]);
        const [wallMs = 0, cpuMs = 0] = JSON.parse(stdout) as number[];
        wall.push(wallMs);
        cpu.push(cpuMs);
      }
      figures.push({
        name: `${id}: cold import`,
        value: median(wall),
        unit: 'ms',
        ...(isHot ? { target: { most: 180 } } : {}),
        note: `p99 ${quantile(wall, 0.99).toFixed(0)}; CPU p50 ${median(cpu).toFixed(0)} ms, ${CHILDREN} processes`,
      });
    }
    return figures;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The packages that take most of a bundle, in KB before compression. */
function contents(metafile: string, id: FunctionId): string {
  const { outputs } = JSON.parse(readFileSync(metafile, 'utf8')) as {
    outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
  };
  const output = Object.entries(outputs).find(([path]) => path.endsWith(`/${id}/index.cjs`))?.[1];
  const sizes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(output?.inputs ?? {})) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(path)?.[1] ?? 'our own';
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  const largest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, 5);
  return `unzipped KB: ${largest.map(([name, bytes]) => `${name} ${Math.round(bytes / 1_024)}`).join(', ')}`;
}

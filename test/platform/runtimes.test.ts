// @module-tag all: processes.
/**
 * The packed package on Node, Bun and Deno, with native and wasm. Bun and Deno come from the PATH or node_modules/.bin;
 * if they are not installed, their tests are absent.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installed, projectOf, run, runtimePath } from './support.js';

const program = `
import { createContext } from 'ewald';
import { Executor } from 'ewald/executors';
import { Context, sumUdf } from 'ewald/udf';

const backend = globalThis.process.argv.at(-1);
const ctx = await createContext({ backend, strict: true });

const pi = await ctx.pi();
const { hits } = await pi.run({ points: 1e6, seed: 1 });

const fft = await ctx.fft({ shape: [64, 64], kind: 'r2c' });
const [sum] = await fft.forward(new Float32Array(64 * 64).fill(0.5));

const q = (i) => [((i % 4) - 1.5) / 25, (((i >> 2) % 4) - 1.5) / 30, ((i >> 4) + 1) / 70];
const still = Array.from({ length: 48 }, (_, i) => q(i)).flat();
const indexer = await ctx.indexer({ maxSpots: 64, batch: 4 });
const cells = Float32Array.of(50, 0, 0, 0, 60, 0, 0, 0, 70);
const spots = Float32Array.from([...still, ...still]);
const found = await indexer.run({ spots, offsets: Uint32Array.of(0, 48, 96), cells });

const finder = await ctx.peaks({ width: 64, height: 64, dtype: 'u16' });
const frame = Uint16Array.from({ length: 64 * 64 }, (_, i) => 10 + ((i * 7) % 5));
for (const at of [20 * 64 + 20, 40 * 64 + 33]) for (const d of [0, 1, 64, 65]) frame[at + d] = 1000;
const peaks = await finder.run(frame, { threshold: 50, minSnr: 4 });
await ctx.dispose();

const executor = await Executor.workers({ workers: 2, context: { backend, strict: true } });
const data = Float32Array.from({ length: 4 * 16 }, (_, i) => i);
const sums = [];
for (const options of [{ context: { backend, strict: true } }, { executor }]) {
  const scans = new Context(options);
  const scan = scans.fromMemory(data, { navShape: [2, 2], sigShape: [4, 4] });
  sums.push([...(await scans.runUdf(scan, sumUdf())).intensity.data]);
  await scans.close();
}
await executor.dispose();

console.log(JSON.stringify({
  hits: Number(hits), sum, crystals: found.image(1).crystals().length, peaks: peaks.count, sums,
}));
`;

/** The sums of four frames whose pixel values continue from frame to frame. */
const sums = Array.from({ length: 16 }, (_, pixel) => 4 * pixel + 16 * (0 + 1 + 2 + 3));
const answer = {
  hits: 785537,
  sum: 2048,
  crystals: 1,
  peaks: 2,
  sums: [sums, sums],
};

const permissions = ['--no-prompt', '--allow-read', '--allow-env', '--allow-ffi'];
const native = `@ewald/native-${process.platform}-${process.arch}/ewald_native.node`;
test.for([
  ['Node', process.execPath, []],
  ['Bun', runtimePath('bun'), ['run']],
  ['Deno', runtimePath('deno'), ['run', ...permissions]],
] as const)(
  '%s indexes, finds peaks, transforms and runs a UDF, natively and by wasm',
  async ([name, runtime, args], { skip }) => {
    if (!runtime) return skip(`absent: ${name} is not installed`);
    const project = projectOf({ 'main.mjs': program });
    for (const backend of existsSync(join(installed, 'node_modules', native)) ? ['native', 'wasm'] : ['wasm']) {
      const { code, out, err } = await run(runtime, [...args, 'main.mjs', backend], { cwd: project, seconds: 60 });
      expect(code, `${backend}: ${err.slice(0, 2000)}`).toBe(0);
      expect(JSON.parse(out), backend).toEqual(answer);
    }
  },
);

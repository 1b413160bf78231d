// A separate process for forgotten.test.ts, run with --expose-gc: the fate of contexts that are never disposed.
import { createRequire } from 'node:module';
import { createContext } from '../../dist/index.node.js';

const backend = process.argv[2];
const lines = [];
const open = () =>
  createContext({ backend, strict: true, log: { level: 'warn', sink: (_, line) => lines.push(line) } });
const numbers = new Float32Array(128);

async function forget() {
  const ctx = await open();
  const plan = await ctx.fft({ shape: [64] });
  await plan.forward(numbers);
  const indexer = await ctx.indexer({ maxSpots: 64 });
  await indexer.run({ spots: numbers.subarray(0, 60), cells: [40, 0, 0, 0, 50, 0, 0, 0, 60] });
  await (await ctx.array({ shape: [100] })).write(numbers.subarray(0, 100));
}
async function collect(done) {
  for (let i = 0; i < 100 && !done(); i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (let i = 0; i < 5; i++) await forget();
await collect(() => lines.length === 5);
// A plan in use keeps its context alive.
const kept = await (await open()).fft({ shape: [64] });
await collect(() => lines.length > 5);
const before = lines.length;
await kept.forward(numbers);
const addon = new URL(`../../dist/native/${process.platform}-${process.arch}/ewald_native.node`, import.meta.url);
const bytes = backend === 'native' ? createRequire(import.meta.url)(addon.pathname).liveBytes() - kept.bytes : 0;
console.log(JSON.stringify({ told: before, bytes, backend: kept.backend }));
process.exit(0);

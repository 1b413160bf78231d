// A separate process for threads.test.ts: prints its observations as JSON.
import { readdirSync } from 'node:fs';
import { createContext } from '../../dist/index.node.js';

const [, , mode] = process.argv;
const threads = () => readdirSync('/proc/self/task').length;
const ctx = await createContext({ backend: 'native', strict: true, log: { level: 'error' } });
const numbers = new Float32Array(2 * 4096);
for (let i = 0; i < numbers.length; i++) numbers[i] = Math.sin(i);

if (mode === 'refused') {
  // Node's own threads exist after some work was done on them.
  await (await ctx.pi({ threads: 1 })).run({ points: 1000 });
  const alone = await (await ctx.fft({ shape: [64, 64], threads: 1 })).forward(numbers);
  process.env.REFUSE_THREADS = '1';
  const many = await ctx.fft({ shape: [64, 64], threads: 16 });
  const wide = await many.forward(numbers);
  const pi = await (await ctx.pi({ threads: 16 })).run({ points: 4e6, seed: 1 });
  delete process.env.REFUSE_THREADS;
  const one = await (await ctx.pi({ threads: 1 })).run({ points: 4e6, seed: 1 });
  console.log(
    JSON.stringify({
      same: Buffer.compare(Buffer.from(alone.buffer), Buffer.from(wide.buffer)) === 0,
      pi: pi.hits === one.hits,
    }),
  );
} else {
  const before = threads();
  const plans = [];
  for (let i = 0; i < 100; i++) plans.push(await ctx.fft({ shape: [8], threads: 4 }));
  const indexers = [];
  for (let i = 0; i < 20; i++) indexers.push(await ctx.indexer({ batch: 8, maxSpots: 64, threads: 3 }));
  const made = threads() - before;
  // All at once, on the few available threads.
  const wide = await Promise.all(Array.from({ length: 8 }, () => ctx.fft({ shape: [64, 64], threads: 4 })));
  const results = await Promise.all(wide.flatMap((plan) => [plan.forward(numbers), plan.forward(numbers)]));
  const first = Buffer.from(results[0].buffer);
  const same = results.every((result) => Buffer.compare(first, Buffer.from(result.buffer)) === 0);
  await ctx.dispose();
  console.log(JSON.stringify({ made, after: threads() - before, same }));
}

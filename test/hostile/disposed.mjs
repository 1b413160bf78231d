// A separate process for forgotten.test.ts, run with --expose-gc: what disposed contexts that are still referenced hold.
import { createContext } from '../../dist/index.node.js';

const kept = [];
const numbers = new Float32Array(2 * 1024 * 1024);
async function cycle() {
  const ctx = await createContext({ backend: 'wasm', strict: true });
  const plan = await ctx.fft({ shape: [1024, 1024] });
  await plan.forward(numbers);
  const small = await ctx.fft({ shape: [64] });
  const indexer = await ctx.indexer({ maxSpots: 64 });
  await indexer.run({ spots: numbers.subarray(0, 60), cells: [40, 0, 0, 0, 50, 0, 0, 0, 60] });
  const array = await ctx.array({ shape: [100] });
  kept.push(ctx, plan, small, indexer, array);
  await ctx.dispose();
}
async function heldMb() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().external / 1e6;
}
await cycle();
const before = await heldMb();
for (let i = 0; i < 8; i++) await cycle();
const after = await heldMb();
const refused = await kept[1].forward(numbers).catch((error) => error.tag);
console.log(JSON.stringify({ isHeld: after - before > 8, refused }));

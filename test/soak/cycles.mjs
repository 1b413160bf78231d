/** Makes, uses and disposes contexts, plans and indexers repeatedly: memory must return to its start value. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createContext, devices } from '../../dist/index.node.js';
import { assertNothingStays } from '../support/process-memory.mjs';

export const name = 'cycles';
/** A summary of the loop. */
export const about = '10^4 times create, run and dispose a context, a pi plan and an indexer, on wasm and on native';
/** Approximate duration on one core. */
export const minutes = 5;

const backends = ['wasm', 'native'];
// V8 11.3 retains 3.2 kB for each call of WebAssembly.compile, measured with that call alone, and 0.1 kB for an
// instance.
const engineBytes = { wasm: 3500, native: 0 };
const piHits = 783n;

// A generated still: lattice points of an unrotated cubic cell. It is sufficient here that the indexer returns a
// result.
const cell = Float32Array.of(50, 0, 0, 0, 60, 0, 0, 0, 70);
const spots = Float32Array.from(
  Array.from({ length: 40 }, (_, i) => [(i % 4) - 2, ((i >> 2) % 4) - 2, (i >> 4) + 1]).flatMap(([h, k, l]) => [
    h / 50,
    k / 60,
    l / 70,
  ]),
);

async function cycle(backend) {
  const ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
  const plan = await ctx.pi({ threads: 1 });
  const { hits } = await plan.run({ points: 1000, seed: 1 });
  if (hits !== piHits) throw new Error(`${backend}: pi counts ${hits} instead of ${piHits}`);
  const indexer = await ctx.indexer({ maxSpots: 64, batch: 2 });
  const result = await indexer.run({ spots, offsets: Uint32Array.of(0, 40), cells: cell });
  if (result.images !== 1) throw new Error(`${backend}: ${result.images} images came back for one`);
  if (!(ctx.liveBytes > 0)) throw new Error(`${backend}: an indexer holds ${ctx.liveBytes} bytes`);
  await indexer.dispose();
  await plan.dispose();
  if (ctx.liveBytes !== 0) throw new Error(`${backend}: ${ctx.liveBytes} bytes are left after disposal`);
  await ctx.dispose();
}

/** Bytes that the native core of the whole process holds: the counter of a context may be wrong. */
function nativeBytes() {
  const path = fileURLToPath(
    new URL(`../../dist/native/${process.platform}-${process.arch}/ewald_native.node`, import.meta.url),
  );
  return createRequire(import.meta.url)(path).liveBytes();
}

/** Runs the loop, shortened by `scale`. Throws if memory is retained. */
export async function run({ scale = 1, note = () => {} } = {}) {
  const cycles = Math.round(1e4 * scale);
  const present = new Set((await devices()).filter(({ available }) => available).map(({ backend }) => backend));
  for (const backend of backends.filter((candidate) => present.has(candidate))) {
    // Compiled code, pools and caches are allocated in the first cycles.
    for (let i = 0; i < Math.max(50, cycles / 10); i++) await cycle(backend);
    note(await assertNothingStays(backend, cycles, () => cycle(backend), engineBytes[backend]));
    if (backend === 'native' && nativeBytes() !== 0)
      throw new Error(`native: the core holds ${nativeBytes()} bytes after every context is disposed`);
  }
}

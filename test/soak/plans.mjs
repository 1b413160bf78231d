// Makes, runs, refuses and disposes transform plans repeatedly on every backend: memory must return to its start value.
import { createContext, devices } from '../../dist/index.node.js';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';
import { assertNothingStays } from '../support/process-memory.mjs';

export const name = 'plans';
export const about = '10^5 times plan, transform and dispose, with refusals in between, on each backend';
export const minutes = 30;

const backends = ['wasm', 'native', 'webgpu', 'cuda-emulated'];
// Few shapes, so that a GPU compiles each only once: a convolution, pairs of real lines, a sine transform, a workspace
// of the caller, one array for both sides.
const shapes = [
  { shape: [17] },
  { shape: [3, 6], kind: 'r2c' },
  { shape: [5], kind: 'r2r', r2r: 'dst1' },
  { shape: [4, 4], userWorkspace: true },
  { shape: [8], inPlace: true },
];

async function cycle(ctx, i) {
  const atRest = ctx.liveBytes;
  const plan = await ctx.fft(shapes[i % shapes.length]);
  const input = new Float32Array(plan.inputLength);
  input[0] = 1;
  const workspace = new Float32Array(2 * plan.sizeWorkspace);
  const output = await plan.forward(input, undefined, { workspace });
  // A delta in the first place: the first element of its spectrum is 1, and 2 sin(pi/6) for a sine transform.
  if (Math.abs(output[0] - 1) > 1e-6)
    throw new Error(`${ctx.backends[0].name}: the transform of a delta begins with ${output[0]}`);
  if (i % 4 === 0) {
    for (const mistake of [
      () => plan.forward(new Float32Array(1)),
      () => ctx.fft({ shape: [1], kind: 'r2r', r2r: 'dct1' }),
    ]) {
      const error = await mistake().then(
        () => undefined,
        (thrown) => thrown,
      );
      if (!error?.tag) throw new Error(`${ctx.backends[0].name}: a mistake was not refused`);
    }
  }
  await plan.dispose();
  if (ctx.liveBytes !== atRest)
    throw new Error(`${ctx.backends[0].name}: ${ctx.liveBytes - atRest} bytes are left after disposal`);
}

/** Runs the loop, shortened by `scale`. Throws if memory is retained. */
export async function run({ scale = 1, note = () => {} } = {}) {
  Object.assign(process.env, softwareVulkan());
  const cycles = Math.round(1e5 * scale);
  const present = new Map((await devices()).map((row) => [row.backend, row.available]));
  for (const backend of backends) {
    let ctx;
    try {
      ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
    } catch (error) {
      if (present.get(backend)) throw error;
      note(`${backend}: absent`);
      continue;
    }
    try {
      // Compiled code, pipelines, pools and caches are allocated in the first cycles.
      for (let i = 0; i < Math.max(100, cycles / 10); i++) await cycle(ctx, i);
      note(await assertNothingStays(backend, cycles, (i) => cycle(ctx, i)));
    } finally {
      await ctx.dispose();
    }
  }
}

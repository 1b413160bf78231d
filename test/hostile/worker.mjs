// A worker of terminate.test.ts: computes on a backend until it is terminated.
import { parentPort, workerData } from 'node:worker_threads';
import { createContext } from '../../dist/index.node.js';

const { backend, work } = workerData;
const ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
const small = backend === 'cuda-emulated';
const step = {
  async fft() {
    const plan = await ctx.fft({ shape: [small ? 4096 : 2_000_000] });
    const [input, output] = [new Float32Array(plan.inputLength), new Float32Array(plan.outputLength)];
    return () => Promise.all([plan.forward(input, output), plan.forward(input, output)]);
  },
  async pi() {
    const plan = await ctx.pi();
    return () => plan.run({ points: small ? 1e4 : 2e8, seed: 1 });
  },
  async indexing() {
    const indexer = await ctx.indexer({ batch: 32, maxSpots: 256, threads: 2 });
    const spots = Float32Array.from({ length: 32 * 768 }, (_, i) => Math.sin(i * 7.1) * 0.3);
    const offsets = Uint32Array.from({ length: small ? 2 : 33 }, (_, i) => i * 256);
    const cells = [40, 0, 0, 0, 50, 0, 0, 0, 60];
    return () => indexer.run({ spots: spots.subarray(0, 3 * offsets.at(-1)), offsets, cells });
  },
  async plans() {
    return async () => {
      const plans = await Promise.all([1000, 1009, 1024].map((n) => ctx.fft({ shape: [n, 8] })));
      await Promise.all(plans.map((plan) => plan.dispose()));
    };
  },
}[work];
const run = await step();
await run();
parentPort.postMessage('runs');
for (;;) await run();

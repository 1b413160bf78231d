/**
 * Transforms so large that a plane stays in memory of the thread and the results are stored past the cache. The plan in
 * place does neither, so its results must be the same to the last bit, wherever the arrays begin.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext } from '../../dist/index.node.js';

// 16 MiB each, the least for which it is done.
const sizes = [
  { precision: 'f32', shape: [32, 256, 256], Numbers: Float32Array },
  { precision: 'f64', shape: [64, 128, 128], Numbers: Float64Array },
] as const;

describe.each(sizes)('c2c $precision $shape', ({ precision, shape, Numbers }) => {
  let ctx: Context;
  const length = 2 * shape.reduce((product, n) => product * n, 1);
  const data = new Numbers(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 32 - 0.5;
  }
  beforeAll(async () => {
    ctx = await createContext({ backend: 'native', strict: true });
  });
  afterAll(() => ctx.dispose());

  test.each([1, 2])('%i threads: the results of a plan in place, wherever the arrays begin', async (threads) => {
    const options = { shape, precision, threads };
    const inPlace = await ctx.fft({ ...options, inPlace: true });
    const plan = await ctx.fft(options);
    // A cache line may begin at any number of the output; at an odd one no complex number begins with it.
    const gap = 64;
    const memory = new Numbers(length + 2 * gap);
    for (const direction of ['forward', 'backward'] as const) {
      const expected = await inPlace[direction](data.slice(), undefined, { scale: 'symmetric' });
      const bytes = Buffer.from(expected.buffer);
      for (const start of direction === 'forward' ? [16, 18, 24, 30, 17] : [20]) {
        memory.fill(7);
        const output = memory.subarray(start, start + length);
        await plan[direction](data, output, { scale: 'symmetric' });
        expect(bytes.equals(Buffer.from(output.buffer, output.byteOffset, output.byteLength)), `from ${start}`).toBe(
          true,
        );
        expect(
          [memory.subarray(0, start), memory.subarray(start + length)].every((part) => part.every((x) => x === 7)),
        ).toBe(true);
      }
    }
    await inPlace.dispose();
    await plan.dispose();
  });
});

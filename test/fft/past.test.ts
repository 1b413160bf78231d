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

/** Numbers from -0.5 to 0.5. */
function noise(
  Numbers: Float32ArrayConstructor | Float64ArrayConstructor,
  length: number,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const data = new Numbers(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 32 - 0.5;
  }
  return data;
}

describe.each(sizes)('c2c $precision $shape', ({ precision, shape, Numbers }) => {
  let ctx: Context;
  const length = 2 * shape.reduce((product, n) => product * n, 1);
  const data = noise(Numbers, length);
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

// 8 MiB of real numbers, the least for which it is done.
describe.each(sizes)('c2r $precision $shape', ({ precision, shape, Numbers }) => {
  const [columns, rows] = [shape[2], shape[0] * shape[1]];
  const padded = columns + 2;
  const spectrum = noise(Numbers, rows * padded);
  let ctx: Context;
  beforeAll(async () => {
    ctx = await createContext({ backend: 'native', strict: true });
  });
  afterAll(() => ctx.dispose());

  test.each([1, 2])('%i threads: the results of a plan in place, wherever the output begins', async (threads) => {
    const options = { shape, precision, threads, kind: 'r2c' } as const;
    const inPlace = await ctx.fft({ ...options, inPlace: true });
    const plan = await ctx.fft(options);
    const expected = Buffer.from((await inPlace.backward(spectrum.slice(), undefined, { scale: 'full' })).buffer);
    const gap = 32;
    const memory = new Numbers(rows * columns + 2 * gap);
    const bytes = Numbers.BYTES_PER_ELEMENT;
    for (const start of [16, 20, 17]) {
      memory.fill(7);
      await plan.backward(spectrum, memory.subarray(start, start + rows * columns), { scale: 'full' });
      const found = Buffer.from(memory.buffer, memory.byteOffset + start * bytes, rows * columns * bytes);
      const wrong = Array.from({ length: rows }, (_, row) => row).filter(
        (row) =>
          found.compare(
            expected,
            row * padded * bytes,
            (row * padded + columns) * bytes,
            row * columns * bytes,
            (row + 1) * columns * bytes,
          ) !== 0,
      );
      expect(wrong, `from ${start}`).toEqual([]);
      expect(
        [memory.subarray(0, start), memory.subarray(start + rows * columns)].every((part) =>
          part.every((x) => x === 7),
        ),
      ).toBe(true);
    }
    await inPlace.dispose();
    await plan.dispose();
  });
});

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

// 8 MiB, the least for which it is done where columns are the only pass; the columns of 111 begin at other places of a
// cache line in each row of the output, which is therefore stored plainly.
const columns = [
  { precision: 'f32', shape: [256, 64, 64], Numbers: Float32Array },
  { precision: 'f64', shape: [128, 64, 64], Numbers: Float64Array },
  { precision: 'f32', shape: [90, 200, 64], Numbers: Float32Array },
  { precision: 'f32', shape: [135, 77, 111], Numbers: Float32Array },
] as const;
describe.each(columns)('columns of $precision $shape', ({ precision, shape, Numbers }) => {
  const [n, rows, row] = shape;
  const plane = 2 * rows * row;
  const data = noise(Numbers, n * plane);
  let ctx: Context;
  beforeAll(async () => {
    ctx = await createContext({ backend: 'native', strict: true });
  });
  afterAll(() => ctx.dispose());

  test.each([1, 2])('%i threads: from and to a slab of a larger array', { tags: 'all' }, async (threads) => {
    const options = { shape, precision, threads, axes: [0] } as const;
    const inPlace = await ctx.fft({ ...options, inPlace: true });
    // Every second plane of the larger array belongs to somebody else.
    const plan = await ctx.fft({ ...options, inputStrides: [plane, row, 1], outputStrides: [plane / 2, row, 1] });
    const slab = new Numbers((2 * n - 1) * plane);
    for (let z = 0; z < n; z++) slab.set(data.subarray(z * plane, (z + 1) * plane), 2 * z * plane);
    const memory = new Numbers(data.length + 64);
    const bytesOf = (array: Float32Array | Float64Array) =>
      Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    const spectrum = await inPlace.forward(data.slice(), undefined, { scale: 'symmetric' });
    for (const start of [16, 22, 17]) {
      memory.fill(7);
      const output = memory.subarray(start, start + data.length);
      await plan.forward(slab, output, { scale: 'symmetric' });
      expect(bytesOf(output).equals(bytesOf(spectrum)), `from ${start}`).toBe(true);
      expect([...memory.subarray(0, start), ...memory.subarray(start + data.length)].every((x) => x === 7)).toBe(true);
    }
    const restored = await inPlace.backward(spectrum, undefined, { scale: 'symmetric' });
    for (const start of [16, 22, 17]) {
      const world = new Numbers(slab.length + 32).fill(7);
      const into = world.subarray(start, start + slab.length);
      await plan.backward(memory.subarray(17, 17 + data.length), into, { scale: 'symmetric' });
      const isWrong = (z: number) => {
        const part = into.subarray(z * plane, (z + 1) * plane);
        if (z % 2 === 1) return part.some((x) => x !== 7);
        return !bytesOf(part).equals(bytesOf(restored.subarray((z / 2) * plane, (z / 2 + 1) * plane)));
      };
      const wrong = Array.from({ length: 2 * n - 1 }, (_, z) => z).filter(isWrong);
      expect(wrong, `to ${start}`).toEqual([]);
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

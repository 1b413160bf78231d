/**
 * Passes of a plan in wasm hand vectors to each other, which a plan of one axis never does. The results of all axes at
 * once must be those of one axis after another, to the last bit.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, createContext } from '../../dist/index.node.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm', strict: true });
});
afterAll(() => context.dispose());

const numbers = { f32: Float32Array, f64: Float64Array };

function noise(precision: 'f32' | 'f64', length: number): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const data = new numbers[precision](length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 32 - 0.5;
  }
  return data;
}

const shapes = {
  'rows, then columns twice': [64, 32, 64],
  'a plane that is larger than a block': [8, 16, 320],
  'every radix at an end': [20, 12, 40],
  'columns alone: rows are too short': [16, 20, 8],
  'the middle columns do not fill vectors': [16, 8, 6],
  'the first radix of columns is not 4': [6, 16, 32],
  'columns of one pass': [4, 16, 32],
  'rows in registers': [16, 32, 16],
  'a prime in the middle': [32, 17, 32],
  'radices that end in interleaved numbers': [32, 28, 44],
  'four dimensions': [8, 16, 8, 32],
} as const;
const cases = Object.entries(shapes).flatMap(([what, shape]) =>
  (['f32', 'f64'] as const).map((precision) => ({ what, shape, precision })),
);

test.each(cases)('$what: $precision $shape', async ({ shape, precision }) => {
  const options = { shape, precision, batch: 2 };
  const data = noise(precision, 4 * shape.reduce<number>((product, n) => product * n, 1));
  const plan = await context.fft(options);
  const inPlace = await context.fft({ ...options, inPlace: true });
  for (const direction of ['forward', 'backward'] as const) {
    let expected = data.slice();
    // The last dimension first, as a plan has them.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const single = await context.fft({ ...options, axes: [axis] });
      expected = (await single[direction](expected)) as typeof expected;
      await single.dispose();
    }
    const same = (found: ArrayLike<number>): boolean => expected.every((x, i) => Object.is(x, found[i]));
    expect(same(await plan[direction](data)), `${direction}, out of place`).toBe(true);
    expect(same(await inPlace[direction](data.slice())), `${direction}, in place`).toBe(true);
  }
  await plan.dispose();
  await inPlace.dispose();
});

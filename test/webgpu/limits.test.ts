// @module-tag all: many kernels.
/**
 * The requirements of kernels on a device: no more than WebGPU guarantees, and never memory that grows without bound.
 * The devices of all tests have the default limits of the specification (test/support/default-limits.ts).
 */
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';
import { whyAbsent } from './support.js';

const absent = await whyAbsent();

describe.skipIf(absent)(`limits of WebGPU${absent ? `: absent, ${absent}` : ''}`, () => {
  let context: Context;
  beforeAll(async () => {
    context = await createContext({ backend: 'webgpu', strict: true, log: { level: 'error' } });
  });
  afterAll(async () => {
    await context?.dispose();
    expect(context?.liveBytes ?? 0).toBe(0);
  });

  // 1 to 4 masks need the most frames in workgroup memory; wider passes are rows of the case table.
  test('a dense pass of one mask', async () => {
    const [masks, width, height, frames] = [1, 9, 7, 5];
    const pixels = width * height;
    const weights = Float32Array.from({ length: masks * pixels }, (_, i) => (i % 7) - 3);
    const data = Uint16Array.from({ length: frames * pixels }, (_, i) => (i * 31) % 1009);
    const pass = await context.framePass({
      width,
      height,
      dtype: 'u16',
      steps: [{ kind: 'dense', weights, masks }],
    });
    const { nav } = await pass.run(data, frames);
    await pass.dispose();
    const expected = Float64Array.from({ length: frames * masks }, (_, i) => {
      const [frame, mask] = [Math.floor(i / masks), i % masks];
      let sum = 0;
      for (let p = 0; p < pixels; p++)
        sum += (data[frame * pixels + p] as number) * (weights[mask * pixels + p] as number);
      return sum;
    });
    expect(nav).toEqual(expected);
  });

  test('many masks reduce the frames per chunk: a plan of 60 000 masks stays small', async () => {
    const [masks, frames] = [60_000, 2];
    const weights = Float32Array.from({ length: masks }, (_, k) => k % 97);
    const pass = await context.framePass({
      width: 1,
      height: 1,
      dtype: 'u8',
      steps: [{ kind: 'dense', weights, masks }],
    });
    expect(pass.bytes).toBeLessThan(2 ** 27);
    const { nav } = await pass.run(
      Uint8Array.from({ length: frames }, (_, f) => f),
      frames,
    );
    expect(nav.every((value, i) => value === Math.floor(i / masks) * ((i % masks) % 97))).toBe(true);
    // The sums of a run are on the host, which has not enough memory for these.
    await refused(() => pass.run(new Uint8Array(2 ** 18), 2 ** 18), 'OutOfMemory', 'could not be allocated');
    await pass.dispose();
  });
});

/**
 * What kernels ask of a device: no more than WebGPU guarantees, and never memory that grows without bound. The devices
 * of all tests have the default limits of the specification (test/support/default-limits.ts).
 */
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webgpuLoader } from '../../src/backends/webgpu/webgpu.js';
import { defaultLimits } from '../support/default-limits.js';
import { refused } from '../support/refused.js';
import { options, watched, whyAbsent } from './support.js';

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

  test('devices of tests have the default limits, whatever the adapter offers', async () => {
    const seen: GPUDevice[] = [];
    const probe = await webgpuLoader(watched(seen)).probe(options);
    if (!probe.available) throw new Error(probe.reason);
    const backend = await probe.open();
    const limits = seen[0]?.limits as unknown as Record<string, number>;
    for (const [name, limit] of Object.entries(defaultLimits)) expect([name, limits[name]]).toEqual([name, limit]);
    await backend.dispose();
  });

  // The number of masks decides the shape of workgroups; 1 to 4 masks have the most frames in workgroup memory.
  test.for([1, 5, 17])('a dense pass of %i masks', async (masks) => {
    const [width, height, frames] = [9, 7, 5];
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

  test('many masks make chunks of fewer frames: a plan of 60 000 masks stays small, and its sums are right', async () => {
    const [masks, frames] = [60_000, 150];
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
    // The sums of a run lie on the host, which has no room for these.
    await refused(() => pass.run(new Uint8Array(2 ** 18), 2 ** 18), 'OutOfMemory', 'could not be allocated');
    await pass.dispose();
  });
});

/**
 * Passes whose planes and masks are larger than a binding are divided. Frames of that size are large-frames.test.ts;
 * here a device says that its bindings are small, so that small frames are divided in the same way.
 */
import { describe, expect, test } from 'vitest';
import { GpuDevice } from '../../src/compute/backends/webgpu/device.js';
import type { Planner } from '../../src/compute/planner/planner.js';
import { udfOp } from '../../src/udf/kernels/webgpu/pass.js';
import { layoutOf } from '../../src/udf/kernels/webgpu/shaders.js';
import { bandsOf, stepsOf } from '../../src/udf/kernels/webgpu/steps.js';
import { planFramePass } from '../../src/udf/pass/pass.js';
import { Logger } from '../../src/util/log.js';
import { Resource } from '../../src/util/resource.js';
import { watched, whyAbsent } from './support.js';

const absent = await whyAbsent();
const [frames, masks] = [3, 3];

/** A device whose bindings hold at most `bytes`, and a chunk of frames one of them. */
async function smallDevice(bytes: number): Promise<GpuDevice> {
  const found = await watched([])(undefined, true);
  const adapter = 'gpu' in found ? await found.gpu.requestAdapter() : undefined;
  if (!adapter) throw new Error('the adapter went away');
  const device = await GpuDevice.open(adapter, () => {});
  Object.assign(device, { limits: { ...device.limits, maxStorageBufferBindingSize: bytes }, software: true });
  return device;
}

describe.skipIf(absent)(`passes on small bindings${absent ? `: absent, ${absent}` : ''}`, () => {
  test.for([
    // Width and height; bytes of a binding; parts of the masks; bands of the planes.
    ['u16', 600, 600, 3 * 2 ** 20, 2, 2],
    ['f32', 450, 400, 2 ** 20, 3, 2],
  ] as const)('%s', { tags: 'nightly' }, async ([dtype, width, height, bytes, parts, bands]) => {
    const pixels = width * height;
    const device = await smallDevice(bytes);
    const op = udfOp(device);
    const divided: number[] = [];
    const planner = {
      resource: new Resource('context', undefined, { dispose: () => undefined }),
      log: new Logger('error'),
      auditor: undefined,
      named: 'webgpu',
      dataOn: { add: () => undefined, remove: () => undefined },
      plan: async (_: unknown, descriptor: Parameters<typeof op.plan>[0]) => {
        expect(op.supports(descriptor)).toBe(true);
        divided.push(stepsOf(descriptor, bytes).filter(({ kind }) => kind === 'dense').length);
        return { backend: { name: 'webgpu' }, op, kernel: await op.plan(descriptor) };
      },
    } as unknown as Planner;
    // Small integers, whose sums are exact in float32 as well.
    const number = (_: unknown, i: number): number => (Math.imul(i, 40503) >>> 9) & 63;
    const length = frames * pixels;
    const data = dtype === 'u16' ? Uint16Array.from({ length }, number) : Float32Array.from({ length }, number);
    const weights = Float32Array.from({ length: masks * pixels }, (_, i) => ((Math.imul(i, 69069) >>> 11) % 17) - 8);
    const planes = dtype === 'u16' ? 'moments' : 'sum';
    const steps = [{ kind: 'dense', weights, masks } as const, { kind: planes } as const];
    const pass = await planFramePass(planner, { width, height, dtype, steps });
    expect(divided).toEqual([parts]);
    expect(bandsOf(layoutOf(dtype, width, height), planes === 'moments' ? 4 : 2, bytes)).toBe(bands);

    const { nav, sig } = await pass.run(data, frames);
    const wanted = Array.from({ length: frames * masks }, (_, i) => {
      const [f, m] = [Math.floor(i / masks), i % masks];
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += (data[f * pixels + p] ?? 0) * (weights[m * pixels + p] ?? 0);
      return sum;
    });
    expect([...nav]).toEqual(wanted);
    const sums = new Float64Array(sig.length);
    for (const [i, v] of data.entries()) {
      sums[i % pixels] = (sums[i % pixels] ?? 0) + v;
      if (planes === 'moments') sums[pixels + (i % pixels)] = (sums[pixels + (i % pixels)] ?? 0) + v * v;
    }
    expect(sig).toEqual(sums);
    await pass.dispose();
    await device.dispose();
  });
});

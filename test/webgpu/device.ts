// The device layer below the rooms: compile errors, memory, submissions, reads. The tests are the same in Node and in
// Chromium.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GpuDevice } from '../../src/compute/backends/webgpu/device.js';
import { sizeClass } from '../../src/compute/backends/webgpu/pool.js';
import { timeKernels } from '../../src/compute/backends/webgpu/timestamps.js';
import { isEwaldError } from '../../src/util/errors.js';
import u64 from '../../wgsl/common/u64.wgsl';
import count from '../../wgsl/pi/count.wgsl';
import { defaultLimits } from '../support/default-limits.js';

const add = `
override step: u32 = 1u;
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&data)) { data[id.x] += step; }
}`;

/** Registers the tests; `absent` gives the reason why they are skipped. */
export function deviceTests(
  place: string,
  absent: string | undefined,
  requestAdapter: () => Promise<GPUAdapter | null>,
): void {
  describe.skipIf(absent)(`the WebGPU device in ${place}${absent ? `: absent, ${absent}` : ''}`, () => {
    let device: GpuDevice;
    let software: boolean;
    beforeEach(async () => {
      const adapter = await requestAdapter();
      if (!adapter) throw new Error('the adapter went away');
      software = adapter.info.isFallbackAdapter;
      device = await GpuDevice.open(adapter, () => {});
    });
    afterEach(() => device.dispose());

    test('has the default limits of the specification, whatever the adapter offers', () => {
      for (const [name, limit] of Object.entries(device.limits))
        expect([name, limit]).toEqual([name, defaultLimits[name]]);
    });

    test('runs, writes and reads in the order of the calls, several in flight', async () => {
      const [one, ten] = await Promise.all(
        [1, 10].map((step) => device.pipeline({ source: add, entry: 'main', constants: { step } })),
      );
      if (!one || !ten) throw new Error('no pipeline');
      const data = await device.buffer(1000, 'storage');
      const [forOne, forTen] = [device.bind(one, [data]), device.bind(ten, [data])];
      device.write(data, new Uint32Array(250).fill(5));
      const first = device.run((commands) => {
        commands.dispatch(one, forOne, 4);
        commands.dispatch(ten, forTen, 4);
        commands.read(data, 0, 1000);
        commands.dispatch(one, forOne, 4);
        commands.read(data, 996, 4);
      });
      device.write(data, new Uint32Array([100]), 4);
      const second = device.run((commands) => {
        commands.dispatch(ten, forTen, 4);
        commands.read(data, 0, 12);
      });
      const [all, last] = (await first).map((bytes) => new Uint32Array(bytes));
      expect(all).toEqual(new Uint32Array(250).fill(16));
      expect(last).toEqual(new Uint32Array([17]));
      expect(new Uint32Array((await second)[0] ?? new ArrayBuffer(0))).toEqual(new Uint32Array([27, 110, 27]));
      await device.run((commands) => commands.clear(data, 4, 8));
      expect(new Uint32Array(await device.read(data, 0, 16))).toEqual(new Uint32Array([27, 0, 0, 27]));
      data.release();
      expect(device.liveBytes).toBe(0);
    });

    test('long writes arrive in order, in pieces and beyond them, and leave nothing', { tags: 'all' }, async () => {
      // Five pieces of 4 MiB and a part, of which four are there; then nothing is mapped, then all is again.
      const words = 5 * 2 ** 20 + 5;
      const data = await device.buffer(4 * words + 8, 'storage');
      const pattern = (seed: number) => Uint32Array.from({ length: words }, (_, i) => Math.imul(i + seed, 2654435761));
      for (const first of [1, 7, 50]) {
        for (const seed of [first, first + 1]) device.write(data, pattern(seed), 4);
        device.write(data, Uint32Array.of(first), 0);
        const found = new Uint32Array(await device.read(data));
        const wanted = pattern(first + 1);
        expect([found[0], found[words + 1]]).toEqual([first, 0]);
        expect(found.subarray(1, words + 1).every((word, i) => word === wanted[i])).toBe(true);
        await device.sync();
      }
      const shared = new Uint32Array(new SharedArrayBuffer(2 ** 21)).fill(9);
      device.write(data, shared);
      expect(new Uint32Array(await device.read(data, 0, 2 ** 21)).every((word) => word === 9)).toBe(true);
      device.trim();
      device.write(data, shared.fill(3));
      expect(new Uint32Array(await device.read(data, 2 ** 21 - 4, 4))).toEqual(Uint32Array.of(3));
      data.release();
      expect(device.liveBytes).toBe(0);
    });

    test('kernels are timed by the device clock on request, with unchanged results', async () => {
      const [one, ten] = await Promise.all(
        [1, 10].map((step) => device.pipeline({ source: add, entry: 'main', constants: { step } })),
      );
      if (!one || !ten) throw new Error('no pipeline');
      const data = await device.buffer(256, 'storage');
      const [forOne, forTen] = [device.bind(one, [data]), device.bind(ten, [data])];
      const work = () =>
        device.run((commands) => {
          commands.clear(data);
          for (const _ of [1, 2]) {
            commands.dispatch(one, forOne, 1);
            commands.dispatch(one, forOne, 1);
            commands.dispatch(ten, forTen, 1);
          }
          commands.read(data, 0, 4);
        });
      const answers: ArrayBuffer[][] = [await work()];
      const times = await timeKernels(async () => answers.push(await work()));
      answers.push(await work());
      for (const [bytes] of answers) expect(new Uint32Array(bytes ?? new ArrayBuffer(0))[0]).toBe(24);
      // Two kernels of the same name, twice each; consecutive ones share a pass.
      const expected = device.features.has('timestamp-query') ? { main: 2, 'main 2': 2 } : {};
      expect(Object.fromEntries(times.map(({ kernel, passes }) => [kernel, passes]))).toEqual(expected);
      for (const { ms } of times) expect(ms).toBeGreaterThanOrEqual(0);
      expect(await timeKernels(() => undefined)).toEqual([]);
      data.release();
    });

    test('a kernel is compiled once; one that does not compile names file and line through includes', async () => {
      expect(await device.pipeline({ source: add, entry: 'main' })).toBe(
        await device.pipeline({ source: add, entry: 'main' }),
      );
      const faults = {
        'common/u64.wgsl': ['(middle >> 16u)', '(middel >> 16u)'],
        'pi/count.wgsl': ['var hits = 0u', 'var hits = 0.5u'],
      } as const;
      for (const [file, [right, wrong]] of Object.entries(faults)) {
        const error = await device.pipeline({ source: count.replace(right, wrong), entry: 'count' }).catch((e) => e);
        expect(isEwaldError(error, 'Internal')).toBe(true);
        expect(error.detail.file).toBe(file);
        expect(error.message).toContain(`the kernel does not compile: ${file}:${error.detail.line}:`);
        expect(error.message).toContain(wrong);
        expect(error.message).not.toContain('\n');
        // A file without includes consists of one marker and its lines.
        if (file === 'common/u64.wgsl')
          expect(error.detail.line).toBe(u64.split('\n').findIndex((line) => line.includes(right)));
      }
      const noEntry = await device.pipeline({ source: add, entry: 'absent' }).catch((e) => e);
      expect(noEntry).toSatisfy(
        (e) => isEwaldError(e, 'Internal') && /^the kernel absent was rejected by /.test(e.message),
      );
    });

    test('a failed allocation reports the requested size and the limit; the device remains usable', async () => {
      const limit = device.limits.maxBufferSize ?? 0;
      const asked = await device.buffer(limit + 4, 'staging').catch((e) => e);
      expect(asked).toSatisfy(
        (e) => isEwaldError(e, 'OutOfMemory') && e.message.includes(`${limit + 4} bytes: maxBufferSize is ${limit}`),
      );
      if (software) {
        // SwiftShader provides less than its own limit.
        const real = await device.buffer(limit, 'storage').catch((e) => e);
        expect(real).toSatisfy((e) => isEwaldError(e, 'OutOfMemory') && e.detail.asked === limit);
        const small = { bytes: 4096, usage: 'storage' } as const;
        expect(await device.buffers(small, { bytes: limit, usage: 'storage' }).catch((e) => e)).toSatisfy((e) =>
          isEwaldError(e, 'OutOfMemory'),
        );
      }
      expect(device.liveBytes).toBe(0);
      const data = await device.buffer(4096, 'storage');
      expect(new Uint32Array(await device.read(data, 0, 8))).toHaveLength(2);
      data.release();
    });

    test('buffers are reused, kept within bounds, and trimmed', async () => {
      const a = await device.buffer(100_000, 'storage');
      expect(device.liveBytes).toBe(sizeClass(100_000, 2 ** 30));
      a.release();
      a.release();
      expect([device.liveBytes, device.idleBytes]).toEqual([0, sizeClass(100_000, 2 ** 30)]);
      const b = await device.buffer(100_100, 'storage');
      expect(b.raw).toBe(a.raw);
      expect(b.bytes).toBe(100_100);
      const big = await device.buffers(
        ...Array.from({ length: 5 }, () => ({ bytes: 20e6, usage: 'storage' }) as const),
      );
      for (const buffer of big) buffer.release();
      expect(device.idleBytes).toBeLessThanOrEqual(64 * 2 ** 20);
      device.trim();
      expect(device.idleBytes).toBe(0);
      b.release();
    });

    test('commands that the device refuses reject only their own run', async () => {
      const data = await device.buffer(256, 'storage');
      const uniform = await device.buffer(256, 'uniform');
      const bad = device.run((commands) => commands.copy(uniform, data, 16)).catch((e) => e);
      const good = device.read(data, 0, 16);
      expect(await bad).toSatisfy((e) => isEwaldError(e, 'Internal') && /rejected a submission/.test(e.message));
      expect((await good).byteLength).toBe(16);
      expect(() => device.write(data, new Uint8Array(512))).toThrow(/does not fit/);
      expect(await device.read(data, 200, 100).catch((e) => e)).toSatisfy(
        (e) => isEwaldError(e, 'Internal') && /does not fit/.test(e.message),
      );
      data.release();
      uniform.release();
      expect(device.liveBytes).toBe(0);
    });

    test('use after disposal is an error, a second disposal is not, and disposal frees all buffers', async () => {
      const data = await device.buffer(256, 'storage');
      await device.dispose();
      await device.dispose();
      expect(device.liveBytes).toBe(0);
      for (const late of [() => device.read(data), () => device.buffer(16, 'storage'), () => device.sync()]) {
        expect(await late().catch((e: unknown) => e)).toSatisfy((e) => isEwaldError(e, 'Disposed'));
      }
      data.release();
    });
  });
}

/**
 * Device arrays: refusals, accounting, the order of operations, and transfers. The case tables check that results are
 * correct.
 */
import { type Context, createContext, type DeviceArray } from 'ewald';
import { describe, expect, it, test } from 'vitest';
import { webgpuLoader } from '../../src/compute/backends/webgpu/webgpu.js';
import { openContext } from '../../src/compute/context/context.js';
import type { RoomMethods } from '../../src/context/room-list.js';
import { roomsIn } from '../../src/context/rooms.js';
import { openEach } from '../support/contexts.js';
import { refused } from '../support/refused.js';
import { startWorker, watched, whyAbsent } from '../webgpu/support.js';

const rooms = roomsIn(() => Promise.reject(new Error('no run is begun here')));

const noWebGpu = await whyAbsent();

describe.each(['wasm', 'native', 'webgpu', 'cuda-emulated'] as const)('arrays on %s', (backend) => {
  let context: Context;
  openEach(backend, (opened) => {
    context = opened;
  });

  it('hold numbers and count their bytes', async () => {
    const array = await context.array({ shape: [3, 5], dtype: 'c64' });
    expect(array).toMatchObject({ shape: [3, 5], dtype: 'c64', backend, length: 30, bytes: 120 });
    expect(context.liveBytes).toBeGreaterThanOrEqual(120);
    expect([...(await array.read())]).toEqual(new Array(30).fill(0));
    await array.write(Float32Array.of(1, 2, 3), 4);
    expect([...(await array.read(new Float32Array(5), 3))]).toEqual([0, 1, 2, 3, 0]);
    expect(await array.read(undefined, 28)).toHaveLength(2);
    const data = Float32Array.from({ length: 6 }, (_, i) => i);
    const filled = await context.array(data, { shape: [2, 3] });
    expect(filled).toMatchObject({ dtype: 'f32', length: 6 });
    expect(await filled.read()).toEqual(data);
    expect((await context.array(data, { dtype: 'c64' })).shape).toEqual([3]);
    await array.dispose();
    await array.dispose();
    await refused(() => array.read(), 'Disposed', 'array');
    await refused(() => array.write(data), 'Disposed', 'array');
  });

  it('start with zeros even if their memory was used before', async () => {
    for (let i = 0; i < 3; i++) {
      const array = await context.array(new Float32Array(64).fill(7));
      await array.dispose();
      const fresh = await context.array({ shape: [64] });
      expect((await fresh.read()).every((x) => x === 0)).toBe(true);
      await fresh.dispose();
    }
  });

  it('keep the numbers of a detector unchanged', async () => {
    const frame = Uint16Array.of(0, 1, 65535, 32768, 7);
    const array = await context.array(frame, { shape: [1, 5] });
    expect(array).toMatchObject({ dtype: 'u16', length: 5, bytes: 10, shape: [1, 5] });
    const read: Uint16Array = await array.read();
    expect(read).toEqual(frame);
    // A four-byte word holds two elements: the neighbour of the written one stays unchanged.
    await array.write(Uint16Array.of(9, 8), 1);
    await array.write(Uint16Array.of(5), 4);
    expect(await array.read()).toEqual(Uint16Array.of(0, 9, 8, 32768, 5));
    expect(await array.read(new Uint16Array(1), 3)).toEqual(Uint16Array.of(32768));
    expect(await array.read(undefined, 5)).toEqual(new Uint16Array(0));
    await array.write(new Uint16Array(0), 5);
    const mask = await context.array({ shape: [3], dtype: 'u8' });
    expect([mask.bytes, await mask.read()]).toEqual([3, new Uint8Array(3)]);
    // Written while another write is waiting.
    await Promise.all([0, 1, 2].map((i) => mask.write(Uint8Array.of(i + 1), i)));
    expect(await mask.read()).toEqual(Uint8Array.of(1, 2, 3));
    await refused(() => mask.write(Uint8Array.of(1, 2), 2), 'Shape', '2 numbers at 2', 'has 3');
    await refused(() => mask.write(Int8Array.of(1) as never), 'Shape', 'Int8Array', 'u8', 'Uint8Array');
    await refused(() => mask.read(new Uint16Array(1) as never), 'Shape', 'Uint16Array');
    await refused(() => context.array(new Int16Array(2), { dtype: 'u16' as 'i16' }), 'Shape', 'Int16Array');
    for (const dead of [array, mask]) await dead.dispose();
  });

  it('of integers are refused as input or output of a transform', async () => {
    const plan = await context.fft({ shape: [6], kind: 'r2c' });
    const counts = await context.array({ shape: [6], dtype: 'u16' });
    await refused(() => plan.forward(counts, new Float32Array(8)), 'Shape', 'dtype u16', 'f32', 'Float32Array.from');
    await refused(() => plan.forward(new Float32Array(6), counts), 'Shape', 'dtype u16', 'c64');
    await refused(() => plan.forward(new Uint16Array(6) as never), 'Shape', 'Uint16Array', 'Float32Array.from');
  });

  it('refuse invalid sizes before memory is allocated', async () => {
    const before = context.liveBytes;
    await refused(() => context.array({}), 'Shape', 'undefined');
    await refused(() => context.array({ shape: [3, 0] }), 'Shape', '[3,0]');
    await refused(() => context.array({ shape: [2.5] }), 'Shape', '2.5');
    await refused(() => context.array({ shape: [2 ** 31] }), 'Limit', '2147483648');
    await refused(() => context.array({ shape: [4], dtype: 'f16' as 'f32' }), 'Argument', '"f16"');
    await refused(() => context.array({ shpe: [4] } as never), 'Argument', 'did you mean "shape"');
    await refused(() => context.array({ shape: [4], backend: 'cuda' }), 'Argument', 'cuda is not open', backend);
    await refused(() => context.array(new Float32Array(5), { shape: [2, 3] }), 'Shape', '5 numbers', 'needs 6');
    await refused(() => context.array(new Float32Array(5), { dtype: 'c64' }), 'Shape', '5 numbers', 'even');
    await refused(
      () => context.array({ shape: [3] } as never, new Float32Array(3) as never),
      'Argument',
      'data comes first',
    );
    await refused(() => context.array({} as never, [1, 2] as never), 'Argument', 'ctx.array(data, { … })');
    await refused(() => context.array(new Float64Array(4), { dtype: 'f32' as 'f64' }), 'Shape', 'Float64Array');
    await refused(() => context.array(new BigInt64Array(4) as never), 'Shape', 'BigInt64Array', 'Uint16Array');
    expect(context.liveBytes).toBe(before);
    const array = await context.array({ shape: [4] });
    await refused(() => array.write(new Float32Array(3), 2), 'Shape', '3 numbers at 2', 'has 4');
    await refused(() => array.write(new Float64Array(3) as never), 'Shape', 'Float64Array');
    await refused(() => array.write(new Float32Array(1), -1), 'Argument', '-1');
    await refused(() => array.read(new Float32Array(5)), 'Shape', '5 numbers');
  });

  it('are refused as an input or output that they do not fit', async () => {
    const plan = await context.fft({ shape: [4, 6], kind: 'r2c' });
    const [real, complex] = [await plan.array(), await plan.array('output')];
    expect([real.dtype, real.length, complex.dtype, complex.length]).toEqual(['f32', 24, 'c64', 32]);
    await refused(() => plan.forward(complex, real), 'Shape', 'input', 'dtype c64', 'expected f32');
    await refused(() => plan.forward(real), 'Argument', 'needs an output');
    await refused(() => plan.forward(real, new Float32Array(5)), 'Shape', 'output has 5');
    const short = await context.array({ shape: [15], dtype: 'c64' });
    await refused(() => plan.forward(real, short), 'Shape', '30 numbers', 'expected 32');
    const same = await context.fft({ shape: [8] });
    const both = await same.array();
    await refused(() => same.forward(both, both), 'Argument', 'overlap');
    await refused(() => plan.array('left' as 'input'), 'Argument', '"left"');
    await complex.dispose();
    await refused(() => plan.forward(real, complex), 'Disposed', 'array');
    const other = await createContext({ backend: 'wasm', strict: true });
    try {
      const foreign = await other.array({ shape: [24] });
      await refused(() => plan.forward(foreign, new Float32Array(32)), 'Argument', 'another context');
    } finally {
      await other.dispose();
    }
  });

  it('are processed in the order of the calls, without waiting', { tags: 'all' }, async () => {
    // Large enough for native to compute on another thread. A software GPU takes seconds to compile long lines.
    const shape = [backend === 'webgpu' ? 256 : 16384];
    const plan = await context.fft({ shape });
    const other = await context.fft({ shape });
    const [x, y] = [await plan.array(), await plan.array('output')];
    const data = Float32Array.from({ length: plan.inputLength }, (_, i) => Math.sin(i * i));
    const expected = await plan.forward(await plan.forward(data));
    const work = [x.write(data), plan.forward(x, y), other.forward(y, x), y.dispose()];
    expect(await x.read()).toEqual(expected);
    await Promise.all(work);
  });

  it('outlive their plan and end with their context', async () => {
    const plan = await context.fft({ shape: [32] });
    const array = await plan.array();
    await plan.dispose();
    await array.write(new Float32Array(64).fill(3));
    expect((await array.read())[63]).toBe(3);
    await context.dispose();
    await refused(() => array.read(), 'Disposed', 'array');
    await refused(() => context.array({ shape: [4] }), 'Disposed', 'context');
  });

  it('leave memory use unchanged after a thousand', { tags: 'all' }, async () => {
    const plan = await context.fft({ shape: [64] });
    const before = context.liveBytes;
    let input: DeviceArray | undefined;
    for (let i = 0; i < (backend === 'webgpu' ? 100 : 1000); i++) {
      input = await plan.array();
      const output = await plan.array('output');
      await plan.forward(input, output);
      await input.dispose();
      await output.dispose();
    }
    expect(context.liveBytes).toBe(before);
  });
});

describe('arrays with several backends open', () => {
  it('use the first backend that supports them, the named one, or that of the plan', async ({ skip }) => {
    if (noWebGpu) skip(`absent: ${noWebGpu}`);
    const context = await createContext({ backend: 'webgpu', log: { level: 'error' } });
    try {
      expect((await context.array({ shape: [4] })).backend).toBe('webgpu');
      const twice = await context.array({ shape: [4], dtype: 'c128' });
      expect(twice.backend).not.toBe('webgpu');
      expect((await context.array({ shape: [4], backend: 'wasm' })).backend).toBe('wasm');
      const plan = await context.fft({ shape: [4], precision: 'f64' });
      expect((await plan.array()).backend).toBe(plan.backend);
      const single = await context.fft({ shape: [4] });
      await refused(
        async () =>
          single.forward(await context.array({ shape: [4], dtype: 'c64', backend: 'wasm' }), new Float32Array(8)),
        'Argument',
        'on wasm',
        "plan's array()",
      );
    } finally {
      await context.dispose();
    }
  });
});

test.skipIf(noWebGpu)(
  `on WebGPU nothing is transferred between two runs on arrays${noWebGpu ? `: absent, ${noWebGpu}` : ''}`,
  { tags: 'all' },
  async () => {
    const seen: GPUDevice[] = [];
    const platform = {
      name: 'node',
      loaders: [webgpuLoader(watched(seen))],
      kernels: [],
      env: () => undefined,
      startWorker,
    } as const;
    const context = await openContext<RoomMethods>(platform, rooms, {
      backend: 'webgpu',
      strict: true,
      log: { level: 'error' },
    });
    try {
      const plan = await context.fft({ shape: [16, 24] });
      const [x, y] = [await plan.array(), await plan.array('output')];
      const data = Float32Array.from({ length: 768 }, (_, i) => Math.cos(i * i));
      const device = seen[0] as GPUDevice;
      let maps = 0;
      let writes = 0;
      let buffers = 0;
      const sample = device.createBuffer({ size: 4, usage: 0x01 | 0x08 });
      const proto = Object.getPrototypeOf(sample) as { mapAsync: GPUBuffer['mapAsync'] };
      const queue = Object.getPrototypeOf(device.queue) as GPUQueue;
      const factory = Object.getPrototypeOf(device) as GPUDevice;
      const [mapAsync, writeBuffer, createBuffer] = [proto.mapAsync, queue.writeBuffer, factory.createBuffer];
      proto.mapAsync = function (this: GPUBuffer, ...args: Parameters<typeof mapAsync>) {
        maps++;
        return mapAsync.apply(this, args);
      };
      queue.writeBuffer = function (this: GPUQueue, ...args: Parameters<typeof writeBuffer>) {
        writes++;
        return writeBuffer.apply(this, args);
      } as typeof writeBuffer;
      factory.createBuffer = function (this: GPUDevice, ...args: Parameters<typeof createBuffer>) {
        buffers++;
        return createBuffer.apply(this, args);
      };
      const counts = (): number[] => [maps, writes, buffers];
      try {
        await x.write(data);
        expect(counts()).toEqual([0, 1, 0]);
        for (let i = 0; i < 3; i++) {
          await plan.forward(x, y);
          await plan.backward(y, x, { scale: 'full' });
        }
        expect(counts()).toEqual([0, 1, 0]);
        // One side is on the host: only that side is transferred.
        await plan.forward(data, y);
        expect(counts()).toEqual([0, 2, 0]);
        const spectrum = await plan.forward(x, new Float32Array(768));
        expect(counts()).toEqual([1, 2, 0]);
        const expected = await plan.forward(data);
        expect(Math.max(...spectrum.map((v, i) => Math.abs(v - (expected[i] ?? 0))))).toBeLessThan(1e-4);
      } finally {
        [proto.mapAsync, queue.writeBuffer, factory.createBuffer] = [mapAsync, writeBuffer, createBuffer];
      }
      sample.destroy();
    } finally {
      await context.dispose();
    }
  },
);

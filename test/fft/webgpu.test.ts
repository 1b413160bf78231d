/**
 * Cases that the rows of transforms do not reach on a software GPU: the longest lines that a card holds in one
 * workgroup, lines in three pieces, convolutions over several passes, the byte count, and sizes beyond the limits of a
 * device.
 */
import { type Context, createContext, type FftArray, type FftOptions } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webgpuLoader } from '../../src/compute/backends/webgpu/webgpu.js';
import { openContext } from '../../src/compute/context/context.js';
import type { RoomMethods } from '../../src/context/room-list.js';
import { roomsIn } from '../../src/context/rooms.js';

import { over, startWorker, watched, whyAbsent } from '../webgpu/support.js';

const rooms = roomsIn(() => Promise.reject(new Error('no run is begun here')));

const absent = await whyAbsent();
const log = { level: 'error' } as const;

/**
 * A context on Dawn whose adapter pretends to be a card, so that workgroups are filled, and which may have a lower
 * limit.
 */
async function asCard(limits: Record<string, number> = {}): Promise<Context> {
  const source = watched([], (adapter) =>
    over(adapter, {
      info: { vendor: 'test', architecture: '', device: 'card', description: '', isFallbackAdapter: false },
      ...(Object.keys(limits).length > 0 ? { limits: over(adapter.limits, limits) } : {}),
    }),
  );
  const platform = {
    name: 'node',
    loaders: [webgpuLoader(source)],
    kernels: [],
    env: () => undefined,
    startWorker,
  } as const;
  // The same class, from the sources and from the package.
  return (await openContext<RoomMethods>(platform, rooms, {
    backend: 'webgpu',
    strict: true,
    log,
  })) as unknown as Context;
}

describe.skipIf(absent)(`transforms on WebGPU${absent ? `: absent, ${absent}` : ''}`, () => {
  let card: Context;
  let software: Context;
  let reference: Context;
  beforeAll(async () => {
    [card, software, reference] = [
      await asCard(),
      await createContext({ backend: 'webgpu', strict: true, log }),
      await createContext({ backend: 'wasm', strict: true, log }),
    ];
  });
  afterAll(async () => {
    for (const context of [card, software, reference]) await context?.dispose();
  });

  /** Largest relative L2 error of both directions, compared with a transform in double precision on wasm. */
  async function errorOf(context: Context, what: FftOptions): Promise<number> {
    const before = context.liveBytes;
    const [ours, theirs] = [await context.fft(what), await reference.fft({ ...what, precision: 'f64' })];
    expect(context.liveBytes - before).toBeGreaterThanOrEqual(ours.bytes);
    let state = 12345;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.fround(state / 2 ** 32 - 0.5);
    };
    const input = Float64Array.from({ length: ours.inputLength }, random);
    const spectrum = (await theirs.forward(input)).map(Math.fround) as Float64Array;
    let worst = 0;
    for (const [direction, x] of [
      ['forward', input],
      ['backward', spectrum],
    ] as const) {
      const [found, expected]: FftArray[] = [await ours[direction](Float32Array.from(x)), await theirs[direction](x)];
      let [error, norm] = [0, 0];
      expected?.forEach((value: number, i: number) => {
        error += ((found?.[i] ?? Number.NaN) - value) ** 2;
        norm += value ** 2;
      });
      worst = Math.max(worst, Math.sqrt(error / norm));
    }
    await ours.dispose();
    await theirs.dispose();
    expect(context.liveBytes).toBe(before);
    return worst;
  }

  test.each<FftOptions>([{ shape: [1024] }, { shape: [509], kind: 'r2c' }, { shape: [4, 256], kind: 'r2c' }])(
    'one workgroup a line, as on a card: %o',
    { tags: 'all' },
    async (what) => {
      expect(await errorOf(card, what)).toBeLessThan(5e-7);
    },
  );

  test.each<FftOptions>([
    { shape: [30000] },
    { shape: [65536] },
    { shape: [20011] },
    { shape: [3, 5003] },
    { shape: [5003, 3], kind: 'r2c', reducedAxis: 0 },
    { shape: [9000], kind: 'r2c' },
    { shape: [2001], kind: 'r2r', r2r: 'dct1' },
    { shape: [2001], kind: 'r2r', r2r: 'dct4' },
    { shape: [3000], kind: 'r2r', r2r: 'dst2' },
    { shape: [6000, 5], kind: 'real', order: [1, 0] },
    { shape: [5, 3000], inputStrides: [7000, 2], outputStrides: [1, 6] },
  ])('long lines, in pieces and convolutions: %o', { tags: 'nightly' }, async (what) => {
    expect(await errorOf(software, what)).toBeLessThan(5e-7);
  });

  test('an input or output beyond the limits is refused with the limit, the excessive part and advice', {
    tags: 'all',
  }, async () => {
    const small = await asCard({ maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 });
    try {
      await expect(small.fft({ shape: [256, 256, 257] })).rejects.toThrow(
        /take.*134742016 bytes for the input.*maxStorageBufferBindingSize.*134217728.*use wasm or native/,
      );
      await expect(small.fft({ shape: [8], precision: 'f64' })).rejects.toThrow(
        /no double precision; use wasm, native or cuda/,
      );
    } finally {
      await small.dispose();
    }
  });
});

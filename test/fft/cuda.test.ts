// Transforms on CUDA without a card, beyond the case tables: the kernels under every check of the emulator, the number
// of bytes that the passes transfer, memory, refusals, a lost card, a small card.
import { type Context, createContext, type FftArray, type FftOptions, type FftPrecision } from 'ewald';
import { validate } from 'ewald/validate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fftDescriptor } from '../../src/compute/layout/fft.js';
import { pack } from '../../src/compute/layout/struct.js';
import { describeFft } from '../../src/fft/parameters.js';
import {
  type EmulatedCard,
  loadAddon,
  onCard,
  present,
  resetCard,
  testThatItWasBuilt,
} from '../support/emulated-card.js';
import { refused } from '../support/refused.js';

interface Described {
  bytes: number;
  passes: [number, number];
  bytesRead: [number, number];
  bytesWritten: [number, number];
  slabs: [number, number];
  bytesKept: [number, number];
}
interface Emulated extends EmulatedCard {
  launches(): number;
  traffic(): { read: number; written: number };
  banks(): { least: number; met: number };
  setFftSlabs(bytes: number): void;
  fftLengths(): number[];
  open(): Promise<object>;
  close(context: object): void;
  liveBytes(context: object): number;
  fftDescribe(context: object, descriptor: Uint8Array): Described;
  fftCreate(context: object, descriptor: Uint8Array): Promise<object>;
  fftExecute(plan: object, direction: number, input: object, output: object, scale: number): Promise<void>;
  fftDestroy(plan: object): void;
  arrayCreate(context: object, bytes: number): Promise<object>;
  arrayRead(array: object, into: Uint8Array, offset: number): Promise<void>;
  arrayDestroy(array: object): void;
}

const addon = loadAddon<Emulated>();
const packed = (options: FftOptions) => pack(fftDescriptor, describeFft(options).fields);

function numbers<P extends FftPrecision = 'f32'>(length: number, precision?: P): FftArray<P> {
  const values = precision === 'f64' ? new Float64Array(length) : new Float32Array(length);
  let state = 12345;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return values as FftArray<P>;
}

/** Forward and backward results, as text that distinguishes every bit. */
async function run(context: Context, options: FftOptions): Promise<string[]> {
  const fft = await context.fft(options);
  try {
    const input = numbers(fft.inputLength, options.precision);
    const there = (await fft.forward(input, undefined, { scale: 'symmetric' })).slice();
    // The gaps between the elements of an in-place array belong to the caller, and a copy contains them too.
    const back = await fft.backward(there.slice());
    return [there, back].map((values) =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
    );
  } finally {
    await fft.dispose();
  }
}

/** Forward and backward results. */
async function thereAndBack(context: Context, options: FftOptions): Promise<FftArray[]> {
  const fft = await context.fft(options);
  try {
    const there = (await fft.forward(numbers(fft.inputLength))) as FftArray;
    return [there.slice(), (await fft.backward(there.slice(), undefined, { scale: 'full' })) as FftArray];
  } finally {
    await fft.dispose();
  }
}

function relativeError(found: FftArray | undefined, expected: FftArray): number {
  let [off, all] = [0, 0];
  for (const [k, value] of expected.entries()) {
    off += ((found?.[k] ?? Number.NaN) - value) ** 2;
    all += value ** 2;
  }
  return Math.sqrt(off / all);
}

testThatItWasBuilt();

describe.runIf(present)('transforms on CUDA, emulated', () => {
  let context: Context;
  beforeEach(async () => {
    resetCard(addon);
    addon.takeReports();
    addon.setFftSlabs(0);
    context = await onCard();
  });
  const described = async (options: FftOptions): Promise<Described> => {
    const handle = await addon.open();
    try {
      return addon.fftDescribe(handle, packed(options));
    } finally {
      addon.close(handle);
    }
  };
  // Tests that lose the card replace the context.
  afterEach(async () => {
    resetCard(addon);
    addon.setFftSlabs(0);
    await context.dispose();
  });

  // One transform for each path through the kernels.
  const ways: Record<string, FftOptions> = {
    'powers of two, along and across': { shape: [16, 64] },
    'all radices': { shape: [2, 3 * 5 * 7, 11 * 13] },
    'one number': { shape: [1] },
    'a convolution in the block': { shape: [17, 34] },
    'two pieces': { shape: [8192], precision: 'f64' },
    'two pieces across': { shape: [6000, 3] },
    'a convolution in pieces': { shape: [2053] },
    'real, packed and not': { shape: [10, 9, 20], kind: 'r2c', axes: [0, 2] },
    'real, an odd length across': { shape: [15, 6], kind: 'r2c', reducedAxis: 0 },
    'real to all numbers': { shape: [12, 10], kind: 'real' },
    'cosines and sines of even lengths': { shape: [8, 6, 10, 12], kind: 'r2r', r2r: ['dct1', 'dct4', 'dst2', 'dst3'] },
    'cosines and sines of odd lengths': { shape: [7, 5, 9, 11], kind: 'r2r', r2r: ['dst1', 'dst4', 'dct2', 'dct3'] },
    'a long cosine of the first kind': { shape: [5000], kind: 'r2r', r2r: 'dct1' },
    'gaps, a batch, double': {
      shape: [6, 10],
      inputStrides: [20, 2],
      outputStrides: [1, 7],
      batch: 3,
      precision: 'f64',
    },
    'in place, another order out': { shape: [12, 16], inPlace: true, inputStrides: [16, 1], outputStrides: [1, 12] },
    'in place, another order out, one axis': {
      shape: [6, 10],
      axes: [1],
      inPlace: true,
      inputStrides: [10, 1],
      outputStrides: [1, 6],
    },
    'in place, padded': { shape: [9, 15], inPlace: true, kind: 'r2c' },
    'eight axes': { shape: [2, 3, 2, 1, 5, 2, 4, 3] },
    // Kernels of one length: along and across, two and three stages, real ends.
    'lengths of their own, along': { shape: [9, 128] },
    'lengths of their own, across': { shape: [64, 200, 2] },
    'radix 16 alone, across': { shape: [256, 17], axes: [0] },
    'radices 8 and 16 along, of pieces': { shape: [1 << 13] },
    'three stages': { shape: [2, 512, 4] },
    'three stages of odd radices, across': { shape: [243, 5], axes: [0] },
    'two and four items a thread': { shape: [3, 60] },
    'a convolution of three stages, of lengths of their own': { shape: [2, 173] },
    'a convolution of lengths of their own, across': { shape: [101, 5], axes: [0] },
    'lengths of their own, real': { shape: [3, 2, 128], kind: 'r2c', axes: [2] },
    'lengths of their own, real, odd halves': { shape: [3, 486], kind: 'r2c', axes: [1] },
  };
  test.each(Object.entries(ways))(
    '%s: no error found under three thread orders, and the same bytes',
    { tags: 'all' },
    async (_, options) => {
      const plain = await run(context, options);
      addon.setMode({ checked: true, orders: 3, seed: 2, strictOrders: true });
      const checked = await run(context, options);
      expect(addon.takeReports()).toEqual([]);
      expect(checked).toEqual(plain);
    },
  );

  describe('bytes that passes transfer', () => {
    const total = ({ bytesRead, bytesWritten }: Described) =>
      [0, 1].map((d) => (bytesRead[d] as number) + (bytesWritten[d] as number));

    // A round trip reads and writes every number once. The limit is the project's: 1.2 times three round trips.
    test.each([
      [256, 'f32'],
      [512, 'f32'],
      [256, 'f64'],
      [200, 'f32'],
      [1000, 'f32'],
    ] as const)('%i³ %s is three round trips', async (n, precision) => {
      addon.setCard({ multiprocessors: 132 });
      const one = 2 * n ** 3 * (precision === 'f32' ? 8 : 16);
      const plan = await described({ shape: [n, n, n], precision, inPlace: true });
      expect(plan.passes).toEqual([3, 3]);
      for (const bytes of total(plan)) {
        expect(bytes).toBeLessThanOrEqual(1.2 * 3 * one);
        expect(bytes).toBeGreaterThanOrEqual(3 * one);
      }
    });
    test('a real transform of three axes transfers half as many bytes, and one more plane', async () => {
      const plan = await described({ shape: [256, 256, 256], kind: 'r2c' });
      expect(plan.passes).toEqual([3, 3]);
      for (const bytes of total(plan)) expect(bytes / (3 * 2 * 256 ** 3 * 8)).toBeCloseTo(0.5, 1);
    });
    test('a long line takes two round trips up to 2²⁰ points, and three beyond', async () => {
      for (const precision of ['f32', 'f64'] as const) {
        expect((await described({ shape: [2 ** 20], precision })).passes).toEqual([2, 2]);
        expect((await described({ shape: [2 ** 21], precision })).passes).toEqual([3, 3]);
      }
    });
    // Shapes whose runs are whole sectors. Other lines also read tables (from a cache, on a card), but lines of eight
    // read none.
    test.each([
      [{ shape: [8, 8, 8] }, true],
      [{ shape: [8, 8], batch: 5, kind: 'real' }, false],
      [{ shape: [40, 24, 16] }, false],
      [{ shape: [32, 96], kind: 'c2c', precision: 'f64' }, false],
      [{ shape: [64, 16], kind: 'r2r', r2r: 'dct2' }, false],
      [{ shape: [8192] }, false],
      // Parts of axes: elements that are stored neither in the input nor in the output are not transferred.
      [{ shape: [32, 64], inputShape: [8, 8], keep: [16, 16] }, false],
      [{ shape: [64, 32], keep: [8, 32] }, false],
    ] as [FftOptions, boolean][])('equal the prediction: %j', async (options, exact) => {
      const said = await described(options);
      const fft = await context.fft(options);
      addon.setMode({ checked: true, orders: 1 });
      const before = addon.traffic();
      await fft.forward(numbers(fft.inputLength, options.precision));
      const after = addon.traffic();
      expect(after.written - before.written).toBe(said.bytesWritten[0]);
      if (exact) expect(after.read - before.read).toBe(said.bytesRead[0]);
      else expect(after.read - before.read).toBeGreaterThanOrEqual(said.bytesRead[0] as number);
      await fft.dispose();
    });
    test('a transform of parts of the axes transfers less than the whole', async () => {
      const bytes = async (options: FftOptions) => total(await described(options))[0] as number;
      const whole = await bytes({ shape: [64, 64, 64] });
      expect(await bytes({ shape: [64, 64, 64], inputShape: [16, 16, 16] })).toBeLessThan(0.6 * whole);
      expect(await bytes({ shape: [64, 64, 64], keep: [16, 16, 16] })).toBeLessThan(0.6 * whole);
    });
    test('each pass is one launch', async () => {
      const fft = await context.fft({ shape: [24, 18, 20] });
      const before = addon.launches();
      await fft.forward(numbers(fft.inputLength));
      expect(addon.launches() - before).toBe(3);
      await fft.dispose();
    });
  });

  // Warps that meet a bank of shared memory twice wait for it. The bounds are what the search over distances finds
  // (cuda/fft/banks.cpp), and what the positions of lines add.
  test.each([
    [{ shape: [512], batch: 8 }, 1],
    [{ shape: [512, 8], axes: [0] }, 1],
    [{ shape: [1024], batch: 4 }, 1],
    [{ shape: [1024, 4], axes: [0] }, 1],
    [{ shape: [1 << 14] }, 1.06],
    [{ shape: [1000], batch: 4 }, 1.37],
    [{ shape: [1000, 4], axes: [0] }, 1.1],
    [{ shape: [1000], batch: 8, kind: 'r2c' }, 1.26],
    [{ shape: [1009], batch: 2 }, 1],
    [{ shape: [101, 16], axes: [0] }, 1.03],
  ] as [FftOptions, number][])(
    '%j meets banks of shared memory %d times as often as it has to',
    async (options, most) => {
      addon.setCard({ multiprocessors: 1 });
      const card = await onCard();
      const fft = await card.fft(options);
      try {
        addon.setMode({ checked: true, orders: 1, banks: true });
        const before = addon.banks();
        await fft.forward(numbers(fft.inputLength));
        const after = addon.banks();
        expect(after.least).toBeGreaterThan(before.least);
        expect((after.met - before.met) / (after.least - before.least)).toBeLessThanOrEqual(most);
      } finally {
        await fft.dispose();
        await card.dispose();
      }
    },
  );

  describe('slabs', () => {
    // Shapes with an axis that is transformed last, with a batch, and with an axis that is not transformed; the bytes
    // of a slab give more than one index to some slabs. The numbers of slabs are those of forward and backward.
    const divided: [FftOptions, number, [number, number]][] = [
      [{ shape: [16, 12, 64] }, 1, [16, 16]],
      [{ shape: [16, 12, 64] }, 60_000, [4, 4]],
      [{ shape: [12, 10, 14], precision: 'f64' }, 20_000, [3, 3]],
      [{ shape: [12, 10, 14], inPlace: true }, 1, [12, 12]],
      [{ shape: [8, 8], batch: 6 }, 2100, [3, 3]],
      [{ shape: [4, 6, 10], batch: 3, inPlace: true }, 1, [3, 3]],
      [{ shape: [9, 8, 6], axes: [1, 2] }, 1, [9, 9]],
      [{ shape: [6, 15, 20], kind: 'r2c' }, 1, [6, 11]],
      [{ shape: [6, 15, 21], kind: 'r2c', reducedAxis: 0, batch: 4 }, 1, [4, 4]],
      [{ shape: [6, 15, 20], kind: 'r2c', inPlace: true }, 1, [6, 11]],
      [{ shape: [6, 15, 20], kind: 'c2r', batch: 4 }, 1, [4, 4]],
      [{ shape: [6, 10, 12], kind: 'real' }, 1, [6, 12]],
      [{ shape: [6, 10, 12], kind: 'r2r', r2r: ['dct1', 'dst2', 'dct4'] }, 1, [6, 6]],
      [{ shape: [8, 10, 12], order: [2, 0, 1] }, 1, [12, 12]],
      [{ shape: [5, 6, 10], inputStrides: [140, 22, 2], outputStrides: [1, 7, 45], batch: 3 }, 1, [3, 3]],
      // In another order in place: the last pass waits for all slabs.
      [{ shape: [6, 8, 10], inPlace: true, inputStrides: [80, 10, 1], outputStrides: [1, 6, 48] }, 1, [10, 6]],
      [{ shape: [16, 24, 20], inputShape: [16, 7, 3], keep: [4, 24, 6] }, 1, [16, 4]],
      [{ shape: [2, 3, 2, 1, 5, 2, 4, 3] }, 1, [2, 2]],
    ];
    test.each(divided)('%j in slabs of %i bytes: the same bytes', async (options, bytes, slabs) => {
      const plan = await described(options);
      expect(plan.slabs).toEqual([1, 1]);
      const whole = await run(context, options);
      addon.setFftSlabs(bytes);
      const cut = await described(options);
      expect({ ...cut, slabs: 0, bytesKept: 0 }).toEqual({ ...plan, slabs: 0, bytesKept: 0 });
      expect(cut.slabs).toEqual(slabs);
      addon.setMode({ checked: true, orders: 2, seed: 3, strictOrders: true });
      expect(await run(context, options)).toEqual(whole);
      expect(addon.takeReports()).toEqual([]);
    });

    test('the short rows of the case tables pass, with more launches', {
      tags: 'nightly',
      timeout: 120_000,
    }, async () => {
      const launches = async (...kinds: string[]): Promise<number> => {
        const before = addon.launches();
        const report = await validate({
          createContext,
          backends: ['cuda-emulated'],
          require: 'cuda-emulated',
          ids: kinds.map((kind) => `fft:${kind}:*`),
          budget: 0.02,
        });
        expect(report.rows.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
        expect(report.counts.pass).toBeGreaterThan(60);
        return addon.launches() - before;
      };
      const whole = await launches('r2c');
      addon.setFftSlabs(1);
      expect(await launches('r2c')).toBeGreaterThan(1.5 * whole);
      await launches('c2c', 'c2r', 'real', 'r2r');
    });

    test('in another order in place, no slab overwrites the source of a later one', async () => {
      const strides = { inputStrides: [80, 10, 1], outputStrides: [1, 6, 48] };
      const options: FftOptions = { shape: [6, 8, 10], axes: [0, 2], inPlace: true, ...strides };
      const whole = await run(context, options);
      addon.setFftSlabs(1);
      expect((await described(options)).slabs).toEqual([1, 1]);
      expect(await run(context, options)).toEqual(whole);
    });

    test('a pass over a slab is one launch, and the passes after the group are not divided', async () => {
      addon.setFftSlabs(1);
      for (const [options, launches] of [
        [{ shape: [24, 18, 20] }, 2 * 24 + 1],
        [{ shape: [24, 18, 20], batch: 5 }, 3 * 5],
        [{ shape: [24, 18] }, 2],
        // Axes in pieces, and a single pass with a copy after it.
        [{ shape: [8192, 4], batch: 3 }, 3],
        [{ shape: [8192, 4, 2], batch: 3, axes: [1, 2] }, 2 * 3],
        [{ shape: [6, 10], axes: [1], inPlace: true, outputStrides: [1, 6], inputStrides: [10, 1] }, 2],
      ] as [FftOptions, number][]) {
        const fft = await context.fft(options);
        const before = addon.launches();
        await fft.forward(numbers(fft.inputLength));
        expect(addon.launches() - before, JSON.stringify(options)).toBe(launches);
        await fft.dispose();
      }
    });

    // Cards as their drivers describe them.
    const h100 = { multiprocessors: 132, l2Bytes: 50 << 20, memoryClock: 2_619_000, memoryBus: 5120 };
    const a100 = { multiprocessors: 108, l2Bytes: 40 << 20, memoryClock: 1_215_000, memoryBus: 5120 };
    const rtx4060 = { multiprocessors: 24, l2Bytes: 24 << 20, memoryClock: 8_501_000, memoryBus: 128 };
    const t4 = { multiprocessors: 40, l2Bytes: 4 << 20, memoryClock: 5_001_000, memoryBus: 256 };
    const cube = (n: number, more: object = {}) => ({ shape: [n, n, n], ...more }) as FftOptions;
    test.each([
      ['H100', h100, cube(256), 1], // 16 slabs would have 512 blocks for 528 places, and take longer to launch
      ['H100', h100, cube(256, { inPlace: true }), 1], // 14 more launches take 84 µs to save 80
      ['H100', h100, cube(512, { inPlace: true }), 1], // 512 blocks
      ['H100', h100, cube(128), 1], // fits into the cache
      ['H100', h100, { shape: [512, 512], batch: 64 }, 1],
      ['H100', h100, cube(64, { batch: 64, inPlace: true }), 8],
      ['A100', a100, cube(256), 1], // 30 more launches take 180 µs to save 173
      ['RTX 4060', rtx4060, cube(256), 32],
      ['RTX 4060', rtx4060, cube(512), 256],
      ['RTX 4060', rtx4060, cube(256, { precision: 'f64' }), 64],
      ['RTX 4060', rtx4060, cube(256, { kind: 'r2c' }), 16],
      ['RTX 4060', rtx4060, cube(64, { batch: 64 }), 32],
      ['T4', t4, cube(256), 1], // 64 blocks for 160 places
      ['RTX 4060, no cache reported', { ...rtx4060, l2Bytes: 0 }, cube(256), 1],
      ['RTX 4060, no rate reported', { ...rtx4060, memoryClock: 0 }, cube(256), 1],
      // Slabs would read parts of cache lines.
      ['RTX 4060', rtx4060, cube(256, { inputStrides: [1, 256, 65536] }), 1],
    ] as [string, object, FftOptions, number][])('%s %o: %j in %i', async (_, card, options, slabs) => {
      addon.setCard(card);
      const plan = await described(options);
      expect(plan.slabs[0]).toBe(slabs);
      expect(plan.bytesKept[0] > 0).toBe(slabs > 1);
    });
    test('backward to real numbers the last two passes are divided, over rows', async () => {
      addon.setCard(rtx4060);
      const plan = await described(cube(256, { kind: 'r2c' }));
      expect(plan.slabs[1]).toBe(16);
      // The last pass reads what the one before it wrote, in whole sectors, but writes elsewhere.
      expect(plan.bytesKept[1]).toBe(256 * 256 * (129 * 8 + 24));
    });
    test('two round trips of three remain, and one for small cubes', async () => {
      addon.setCard(rtx4060);
      for (const [options, trips] of [
        [cube(256), 2],
        [cube(512), 2],
        [cube(64, { batch: 64 }), 1],
      ] as [FftOptions, number][]) {
        const { bytesRead, bytesWritten, bytesKept } = await described(options);
        const one = 2 * 8 * (options.shape as number[]).reduce((a, b) => a * b, options.batch ?? 1);
        expect(bytesRead[0] + bytesWritten[0]).toBe(3 * one);
        expect(bytesRead[0] + bytesWritten[0] - bytesKept[0]).toBe(trips * one);
      }
    });
  });

  // Kernels of one length. The results are compared with those of the core, because a wrong address in shared memory
  // would give the same result in every thread order. On a card with one multiprocessor, blocks hold as many lines as
  // they can; the last block of each shape has fewer.
  async function equalsWasm(problems: readonly FftOptions[]): Promise<void> {
    addon.setCard({ multiprocessors: 1 });
    const [small, wasm] = [await onCard(), await createContext({ backend: 'wasm', strict: true })];
    try {
      for (const options of problems) {
        const [mine = [], theirs = []] = [await thereAndBack(small, options), await thereAndBack(wasm, options)];
        for (const [i, expected] of theirs.entries())
          expect(relativeError(mine[i], expected), JSON.stringify(options)).toBeLessThan(5e-7);
      }
    } finally {
      await Promise.all([small.dispose(), wasm.dispose()]);
    }
  }
  const convolved: Record<number, number[]> = {
    64: [17, 31],
    128: [37, 61],
    256: [67, 127],
    512: [131, 251],
    1024: [257, 509],
    2048: [521, 1021],
    4096: [1031, 2039],
  };
  describe.each(present ? addon.fftLengths() : [])('lines of %i', (n) => {
    const across = n > 512 ? 6 : n > 100 ? 20 : 68;
    const problems: FftOptions[] = [
      { shape: [n, across], axes: [0] },
      { shape: [3, n], axes: [1] },
      // Read across lines, written along them, and vice versa.
      { shape: [n, 12], axes: [0], outputStrides: [1, n] },
      { shape: [12, n], axes: [1], outputStrides: [1, 12] },
      // Real lines of twice the length, and in place, where a line of the result begins before its source.
      ...(n < 4096 ? ([{ shape: [5, 2 * n], kind: 'r2c', axes: [1] }] as const) : []),
      ...(n < 4096 ? ([{ shape: [3, 2 * n], kind: 'r2c', axes: [1], inPlace: true }] as const) : []),
    ];
    // Through a convolution of the length: the largest prime and a small one.
    const primes = (convolved[n] ?? []).flatMap((p): FftOptions[] => [
      { shape: [3, p], axes: [1] },
      { shape: [p, across], axes: [0] },
      { shape: [p, 12], axes: [0], outputStrides: [1, p] },
      { shape: [12, p], axes: [1], outputStrides: [1, 12] },
      { shape: [3, p], axes: [1], inPlace: true },
    ]);
    test('along, across, reversed and real equal those of wasm', () => equalsWasm(problems));
    test.runIf(primes.length > 0)(
      'of primes, along, across, reversed and in place, equal those of wasm',
      {
        tags: 'all',
      },
      () => equalsWasm(primes),
    );
  });

  test('a chain of runs without waiting gives the same bytes, and reports a fault later', async () => {
    const fft = await context.fft({ shape: [24, 18] });
    const [a, b] = [await fft.array('input'), await fft.array('output')];
    const chain = async (wait: boolean) => {
      await a.write(numbers(fft.inputLength));
      const runs = [1, 2, 3].flatMap(() => [
        fft.forward(a, b, { wait, scale: 'symmetric' }),
        fft.backward(b, a, { wait, scale: 'symmetric' }),
      ]);
      await Promise.all(runs);
      const result = new Float32Array(fft.inputLength);
      await a.read(result);
      return result;
    };
    expect(await chain(false)).toEqual(await chain(true));
    await refused(() => fft.forward(a, b, { wait: 1 as never }), 'Argument', 'wait', 'true or false');
    // With a typed array there is a result to wait for.
    expect(await fft.forward(a, new Float32Array(fft.outputLength), { wait: false })).toBeInstanceOf(Float32Array);
    await Promise.all([a.dispose(), b.dispose(), fft.dispose()]);
  });

  test('long copies are split, in both directions and alternately', { tags: 'all' }, async () => {
    // Two whole pieces and a remainder, one whole piece, and a copy without pieces.
    for (const length of [2.5 * 2 ** 20 + 3, 2 ** 20, 1000]) {
      const array = await context.array({ shape: Math.floor(length), dtype: 'f32' });
      const [first, second, back] = [1, 2, 0].map((step) =>
        Float32Array.from({ length: Math.floor(length) }, (_, i) => i * step),
      ) as [Float32Array, Float32Array, Float32Array];
      for (const values of [first, second]) {
        await array.write(values);
        await array.read(back);
        expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(values.buffer))).toBe(0);
      }
      await array.dispose();
    }
  });

  test('memory equals the prediction, does not change, and is released', { tags: 'all' }, async () => {
    const before = context.liveBytes;
    const options: FftOptions = { shape: [40, 2053], kind: 'r2c' };
    const fft = await context.fft(options);
    expect(context.liveBytes - before).toBe(fft.bytes);
    for (let i = 0; i < 3; i++) {
      await fft.forward(numbers(fft.inputLength));
      expect(context.liveBytes - before).toBe(fft.bytes);
    }
    await fft.dispose();
    expect(context.liveBytes).toBe(before);
  });

  test('a transform too large for the card is refused before anything is allocated', async () => {
    addon.setCard({ memoryBytes: 2 ** 20 });
    const small = await onCard();
    const before = small.liveBytes;
    await refused(() => small.fft({ shape: [256, 256] }), 'Unsupported', '256 × 256', '1048576', 'use a smaller shape');
    await refused(() => small.fft({ shape: [64, 64], batch: 64 }), 'Unsupported', 'batch 64', 'smaller batch');
    await refused(() => small.array({ shape: [2 ** 19] }), 'Unsupported', '2097152', '1048576');
    expect(small.liveBytes).toBe(before);
    // The plan fits alone, but not in addition to the existing one.
    const first = await small.fft({ shape: [128, 256] });
    await refused(() => small.fft({ shape: [128, 256] }), 'OutOfMemory', 'requested', 'are free');
    expect(small.liveBytes - before).toBe(first.bytes);
    await small.dispose();
    // One level below: the C functions also refuse by themselves.
    const handle = await addon.open();
    await expect(addon.fftCreate(handle, packed({ shape: [256, 256] }))).rejects.toThrow(
      /requires \d+ bytes .* the card has 1048576/,
    );
    expect(addon.liveBytes(handle)).toBe(8);
    addon.close(handle);
  });

  test('the addon also refuses invalid arguments', async () => {
    const [handle, other] = [await addon.open(), await addon.open()];
    const plan = await addon.fftCreate(handle, packed({ shape: [16] }));
    const inPlace = await addon.fftCreate(handle, packed({ shape: [16], inPlace: true }));
    const [array, foreign, short] = [
      await addon.arrayCreate(handle, 128),
      await addon.arrayCreate(other, 128),
      await addon.arrayCreate(handle, 64),
    ];
    const [a, b] = [new Float32Array(32), new Float32Array(32)];
    const fails = (work: () => Promise<void>, message: string) =>
      expect((async () => work())()).rejects.toThrow(message);
    await fails(() => addon.fftExecute(plan, 0, a, a, 0), 'input and output overlap');
    await fails(() => addon.fftExecute(plan, 0, array, array, 0), 'input and output overlap');
    await fails(() => addon.fftExecute(inPlace, 0, a, b, 0), 'must be the same memory');
    await fails(() => addon.fftExecute(plan, 2, a, b, 0), 'unknown direction 2');
    await fails(() => addon.fftExecute(plan, 0, a, b, 3), 'unknown scale 3');
    await fails(() => addon.fftExecute(plan, 0, a.subarray(1), b, 0), 'has 124 bytes, expected 128');
    await fails(() => addon.fftExecute(plan, 0, a, new Float64Array(16), 0), 'typed array of the right type');
    await fails(() => addon.fftExecute(plan, 0, foreign, b, 0), 'belongs to another context');
    await fails(() => addon.fftExecute(plan, 0, a, short, 0), 'has 64 bytes, expected 128');
    await fails(
      () => addon.arrayRead(array, new Uint8Array(8), 124),
      '8 bytes at offset 124 extend beyond the array of 128',
    );
    await expect(addon.fftCreate(handle, new Uint8Array(pack(fftDescriptor, { rank: 9 })))).rejects.toThrow(
      'rank is 9',
    );
    for (const one of [plan, inPlace]) addon.fftDestroy(one);
    addon.fftDestroy(plan);
    await fails(() => addon.fftExecute(plan, 0, a, b, 0), 'was destroyed');
    for (const one of [array, foreign, short]) addon.arrayDestroy(one);
    expect([addon.liveBytes(handle), addon.liveBytes(other)]).toEqual([8, 8]);
    for (const one of [handle, other]) addon.close(one);
  });

  test('two contexts and many concurrent plans give the same bytes as one', async () => {
    const other = await onCard();
    const options: FftOptions[] = [{ shape: [32, 45] }, { shape: [101] }, { shape: [18, 20], kind: 'r2c' }];
    const alone: string[][] = [];
    for (const one of options) alone.push(await run(context, one));
    const together = await Promise.all([context, other].flatMap((where) => options.map((one) => run(where, one))));
    expect(together).toEqual([...alone, ...alone]);
    await other.dispose();
  });

  test('a lost card is reported, and the next context works', async () => {
    const fft = await context.fft({ shape: [16, 16] });
    addon.setCard({ loseAfterLaunches: 0 });
    await refused(() => fft.forward(numbers(512)), 'DeviceLost');
    addon.setCard({});
    await refused(() => fft.forward(numbers(512)), 'DeviceLost', 'open a new context');
    await fft.dispose();
    await context.dispose();
    context = await onCard();
    expect(await run(context, { shape: [16, 16] })).toHaveLength(2);
  });
});

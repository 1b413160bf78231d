// Indexing on WebGPU, beyond the case tables. One device for all tests, because a software device takes seconds to
// compile the kernels.
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellFromParameters, sameLattice, simulateSpots } from '../../dist/index.node.js';
import { GpuDevice } from '../../src/compute/backends/webgpu/device.js';
import type { Cell } from '../../src/crystal/cell.js';
import type { IndexingBatch, IndexingKernel } from '../../src/indexing/contract.js';
import { checkInput } from '../../src/indexing/input.js';
import { describeCell, sampledLengths } from '../../src/indexing/kernels/webgpu/cells.js';
import { indexingOp, type Pace } from '../../src/indexing/kernels/webgpu/indexing.js';
import { checkSizes, type IndexerOptions } from '../../src/indexing/parameters.js';
import type { IndexingResult } from '../../src/indexing/result.js';
import { watched, whyAbsent } from '../webgpu/support.js';

const absent = await whyAbsent();
const mono = cellFromParameters(52.4, 61.3, 74.8, 90, 103.2, 90);
const slow = 300_000;

interface Lists {
  readonly spots: Float32Array;
  readonly offsets: Uint32Array;
}

// The concatenated lists.
function joined(lists: readonly ArrayLike<number>[]): Lists {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, i) => {
    offsets[i + 1] = (offsets[i] as number) + list.length / 3;
  });
  const spots = new Float32Array(3 * (offsets.at(-1) as number));
  lists.forEach((list, i) => {
    spots.set(list, 3 * (offsets[i] as number));
  });
  return { spots, offsets };
}

const stills = (images: number, settings: Partial<Parameters<typeof simulateSpots>[0]> = {}) =>
  simulateSpots({ cell: mono, images, seed: 77, spots: 60, ...settings }).map(({ spots }) => spots);

describe.skipIf(absent)(`indexing on WebGPU in Node${absent ? `: absent, ${absent}` : ''}`, () => {
  let device: GpuDevice;
  let raw: GPUDevice;
  let wasm: Context;

  beforeAll(async () => {
    const seen: GPUDevice[] = [];
    const found = await watched(seen)(undefined, true);
    const adapter = 'absent' in found ? null : await found.gpu.requestAdapter();
    if (!adapter) throw new Error('the adapter went away');
    device = await GpuDevice.open(adapter, () => {});
    raw = seen[0] as GPUDevice;
    wasm = await createContext({ backend: 'wasm', strict: true });
  });
  afterAll(async () => {
    await device?.dispose();
    await wasm?.dispose();
  });

  async function plan(
    options: IndexerOptions,
    pace: Partial<Pace> = {},
  ): Promise<{ kernel: IndexingKernel; batch: (lists: Lists, more?: object) => Run }> {
    const sizes = checkSizes(options);
    const kernel = await indexingOp(device, pace).plan(sizes);
    return {
      kernel,
      batch: (lists, more = {}) => checkInput(sizes, { ...lists, cells: [mono], ...more }, true, false),
    };
  }
  type Run = IndexingBatch & { readonly result: IndexingResult };

  async function index(kernel: IndexingKernel, batch: Run): Promise<IndexingResult> {
    await kernel.run(batch);
    return batch.result;
  }
  const cellsOf = (
    result: { image(i: number): { crystals(): readonly { readonly cell: Cell }[] } },
    image: number,
  ): Cell[] =>
    result
      .image(image)
      .crystals()
      .map(({ cell }) => cell);

  test('a batch in several chunks equals wasm, is reproducible, and creates no buffer', {
    tags: 'nightly',
    timeout: slow,
  }, async () => {
    const lists = joined([
      ...stills(2),
      ...stills(1, { crystals: 2, spots: 120 }),
      ...stills(1, { crystals: 0, spurious: 1, spots: 15 }),
      [],
      ...stills(1, { spurious: 0.3 }),
    ]);
    const options = { batch: 6, maxOutputCells: 4 };
    let made = 0;
    const createBuffer = raw.createBuffer.bind(raw);
    raw.createBuffer = (descriptor) => {
      made++;
      return createBuffer(descriptor);
    };
    const { kernel, batch } = await plan(options, { images: 2 });
    expect(made).toBeGreaterThan(10);
    made = 0;
    const live = device.liveBytes;
    const first = await index(kernel, batch(lists, { maxCrystals: 2 }));
    const second = await index(kernel, batch(lists, { maxCrystals: 2 }));
    raw.createBuffer = createBuffer;
    expect(made).toBe(0);
    expect(device.liveBytes).toBe(live);
    await kernel.dispose();
    expect(device.liveBytes).toBe(0);
    for (const part of ['found', 'results', 'assignment'] as const) expect(second[part], part).toEqual(first[part]);
    const reference = await wasm.indexer(options);
    const expected = await reference.run({ ...lists, cells: [mono], maxCrystals: 2 });
    await reference.dispose();
    for (let i = 0; i < 6; i++) {
      const [ours, theirs] = [cellsOf(first, i), cellsOf(expected, i)];
      expect(ours, `image ${i}`).toHaveLength(theirs.length);
      for (const cell of theirs)
        expect(
          ours.some((other) => sameLattice(other, cell)),
          `image ${i}`,
        ).toBe(true);
      expect(first.image(i).usedSpots).toBe(expected.image(i).usedSpots);
      expect(Array.from(first.image(i).assignment, (owner) => owner !== 0)).toEqual(
        Array.from(expected.image(i).assignment, (owner) => owner !== 0),
      );
    }
    expect([0, 1, 2, 3, 4, 5].map((i) => cellsOf(first, i).length)).toEqual([1, 1, 2, 0, 0, 1]);
  });

  test('a single image gives the same result as in a batch of any chunk', {
    tags: 'nightly',
    timeout: slow,
  }, async () => {
    const [a, b, c] = stills(3, { spurious: 0.4 }) as [Float64Array, Float64Array, Float64Array];
    const whole = await plan({ batch: 3, maxOutputCells: 4 });
    const together = await index(whole.kernel, whole.batch(joined([a, b, c])));
    const alone = await index(whole.kernel, whole.batch(joined([b])));
    await whole.kernel.dispose();
    const size = alone.found.length;
    expect(alone.found).toEqual(together.found.slice(size, 2 * size));
    expect(alone.assignment).toEqual(together.assignment.slice(60, 120));
  });

  /** The content of submissions: their number, dispatches and workgroups. */
  function counting() {
    const counts = { submissions: 0, dispatches: 0, workgroups: 0 };
    const create = raw.createCommandEncoder.bind(raw);
    raw.createCommandEncoder = (descriptor) => {
      counts.submissions++;
      const encoder = create(descriptor);
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (options) => {
        const pass = begin(options);
        const dispatch = pass.dispatchWorkgroups.bind(pass);
        pass.dispatchWorkgroups = (x: number, y = 1, z = 1): undefined => {
          counts.dispatches++;
          counts.workgroups += x * y * z;
          dispatch(x, y, z);
        };
        return pass;
      };
      return encoder;
    };
    const end = (): void => {
      raw.createCommandEncoder = create;
    };
    return { counts, end };
  }

  test('rounds process only unfinished images, and give the same results at once or one by one', {
    tags: 'nightly',
    timeout: slow,
  }, async () => {
    const lists = joined([...stills(5), ...stills(1, { crystals: 0, spurious: 1, spots: 60 }), []]);
    const answers: IndexingResult[] = [];
    const seen: ReturnType<typeof counting>['counts'][] = [];
    // One round at a time; as many as possible; too few, so that the chunk runs again.
    for (const rounds of [0, 24, 2]) {
      const { kernel, batch } = await plan({ batch: 7, maxOutputCells: 4 }, { rounds });
      const { counts, end } = counting();
      answers.push(await index(kernel, batch(lists)));
      end();
      seen.push(counts);
      await kernel.dispose();
    }
    const [first, ...rest] = answers as [IndexingResult, ...IndexingResult[]];
    expect([0, 1, 2, 3, 4, 5, 6].map((i) => cellsOf(first, i).length)).toEqual([1, 1, 1, 1, 1, 0, 0]);
    for (const other of rest)
      for (const part of ['found', 'results', 'assignment'] as const) expect(other[part], part).toEqual(first[part]);
    // Each round has eight kernels and its list; a take and its list come before the rounds, three kernels after them.
    // Noise needs a glance at its best candidates and then six rounds, the maximum.
    const [byRounds, atOnce, twice] = seen;
    expect(byRounds).toMatchObject({ submissions: 8, dispatches: 2 + 7 * 9 + 3 });
    expect(atOnce).toMatchObject({ submissions: 1, dispatches: 2 + 7 * 9 + 3 });
    expect(twice).toMatchObject({ submissions: 9, dispatches: 2 * (2 + 3) + (2 + 7) * 9 });
    // Six of seven images are finished after the first round, so later rounds have the workgroups of one image, not of
    // seven.
    const each = 5 + 12 + 12 + 4;
    expect(byRounds?.workgroups).toBe(7 + 1 + (7 * each + 1) + 6 * (each + 1) + 3 * 7);
  });

  test('many candidate vectors, one output, spots beyond maxSpots', { timeout: slow, tags: 'all' }, async () => {
    const { kernel, batch } = await plan({
      candidateVectors: 1024,
      maxOutputCells: 1,
      maxSpots: 100,
      maxBatchSpots: 5000,
    });
    const [list] = stills(1, { spots: 400 });
    const result = await index(kernel, batch(joined([list as Float64Array])));
    await kernel.dispose();
    expect(result.image(0).truncated).toBe(true);
    expect(result.image(0).usedSpots).toBe(100);
    expect(cellsOf(result, 0)).toHaveLength(1);
    // Unused spots are also assigned to their lattice.
    expect(result.image(0).assignment.filter((owner) => owner === 1).length).toBeGreaterThan(200);
  });

  test('refuses sizes that its workgroups cannot hold, and gives the reason', () => {
    const { supports } = indexingOp(device);
    expect(supports(checkSizes({}))).toBe(true);
    expect(supports(checkSizes({ maxSpots: 4096 }))).toBe(true);
    expect(supports(checkSizes({ method: 'exhaustive', maxSpots: 2047 }))).toBe(true);
    expect(supports(checkSizes({ method: 'exhaustive', maxSpots: 2048 }))).toEqual({
      why: expect.stringContaining('at most 2047 spots'),
    });
    expect(supports(checkSizes({ maxAnglePoints: 6000 }))).toEqual({
      why: expect.stringContaining('at most 5120 rotation angles'),
    });
    const huge = checkSizes({
      method: 'exhaustive',
      maxInputCells: 64,
      candidateVectors: 1024,
      redundantComputations: true,
      maxAnglePoints: 65536,
    });
    expect(supports(huge)).toEqual({ why: expect.stringContaining('bytes for hits') });
  });

  test('a degenerate cell is an Argument error; the plan can still be used', {
    tags: 'all',
    timeout: slow,
  }, async () => {
    const { kernel, batch } = await plan({});
    const good = batch(joined(stills(1)));
    const flat = { ...good, cells: Float32Array.of(10, 0, 0, 0, 10, 0, 10, 10, 0) };
    await expect(kernel.run(flat)).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringContaining('known cell 0 is degenerate: a (10, 0, 0)'),
    });
    expect(cellsOf(await index(kernel, good), 0)).toHaveLength(1);
    await kernel.dispose();
  });

  test('symmetry of known cells', () => {
    const of = (...parameters: [number, number, number, number, number, number]) =>
      describeCell(cellFromParameters(...parameters).flat())?.base.map(({ row, fold, flip }) => ({ row, fold, flip }));
    expect(of(78, 78, 37, 90, 90, 90)?.[0]).toEqual({ row: 2, fold: 4, flip: true });
    expect(of(80, 80, 90, 90, 90, 120)?.[2]).toEqual({ row: 2, fold: 6, flip: true });
    expect(of(41, 52, 63, 78, 83, 95)).toEqual([0, 1, 2].map((row) => ({ row, fold: 1, flip: false })));
    expect(of(52, 61, 74, 90, 103, 90)?.[1]).toEqual({ row: 1, fold: 2, flip: false });
    expect(describeCell(cellFromParameters(10, 20, 30, 90, 90, 90).flat().fill(Number.NaN))).toBeUndefined();
  });

  test('lengths of the exhaustive method are shared if they are similar', () => {
    const known = [cellFromParameters(30, 40, 50, 90, 90, 90), cellFromParameters(20, 40.05, 60, 90, 90, 90)].map(
      (cell) => describeCell(cell.flat()),
    );
    const all = known.flatMap((cell) => (cell ? [cell] : []));
    const groups = (threshold: number) =>
      sampledLengths(all, true, threshold).map(({ length, group }) => [Math.round(length * 100) / 100, group]);
    expect(groups(1e-9)).toEqual([60, 50, 40.05, 40, 30, 20].map((length, group) => [length, group]));
    expect(groups(0.1).map(([, group]) => group)).toEqual([0, 1, 2, 2, 3, 4]);
    expect(sampledLengths(all, false, 1e-9)).toHaveLength(2);
  });

  // Must be last: it ends the device.
  test('a device that is lost rejects the run with DeviceLost', { tags: 'all', timeout: slow }, async () => {
    const { kernel, batch } = await plan({ batch: 8 });
    const run = kernel.run(batch(joined(stills(8))));
    raw.destroy();
    await expect(run).rejects.toMatchObject({ tag: 'DeviceLost' });
    await expect(kernel.run(batch(joined(stills(1))))).rejects.toMatchObject({ tag: 'DeviceLost' });
    await kernel.dispose();
  });
});

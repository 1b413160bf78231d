/**
 * Every entry of LiberTEM's golden file, on each backend of the core, with JavaScript methods only, and in partitions
 * on workers, processes of a cluster and ranks of MPI. Under mpirun this file runs itself, with a vitest on each rank:
 * the tests are SPMD, so every rank makes the same calls in the same order.
 */
import { devices } from 'ewald';
import {
  type BufferDtype,
  type Channel,
  Context,
  comUdf,
  crystallinityUdf,
  femUdf,
  guessCorrections,
  logSumUdf,
  masks,
  masksUdf,
  pickUdf,
  type ResultBuffer,
  type Scan,
  stddevUdf,
  sumSigUdf,
  sumUdf,
} from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataRequired } from '../support/data.js';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { distance, golden, goldenFrames, navShape, sigShape } from './golden.js';

/** LiberTEM computes float32 from float32 sums: a few roundings of 2⁻²⁴. */
const single = 2e-6;

const size = { width: 10, height: 8 };
const whole = { sigShape, navShape } as const;
const real = (buffer: ResultBuffer<BufferDtype>): ArrayLike<number> => buffer.data as ArrayLike<number>;

test.runIf(dataRequired)('the golden file is there', () => expect(golden).toBeDefined());

const withoutGpu = (await devices({ backend: 'webgpu' }).catch(() => [])).every(
  ({ backend, available }) => backend !== 'webgpu' || !available,
);
const emulated = (await devices({ backend: 'cuda-emulated' }).catch(() => [])).some(
  ({ backend, available }) => backend === 'cuda-emulated' && available,
);
const backends = [
  'wasm',
  'native',
  'javascript',
  ...(withoutGpu ? [] : (['webgpu'] as const)),
  ...(emulated ? (['cuda-emulated'] as const) : []),
] as const;
const executors = ['workers', 'delayed', ...(natsPresent ? (['nats'] as const) : []), 'mpi'] as const;
type Place = (typeof backends | typeof executors)[number];
/** Whether this runs under mpirun. */
const asRank = Number(process.env.OMPI_COMM_WORLD_SIZE ?? process.env.PMI_SIZE ?? 1) > 1;
const places: readonly Place[] = asRank ? ['mpi'] : [...backends, ...executors.filter((place) => place !== 'mpi')];

/** A context, and a function that disposes it with everything it was made with. */
async function contextOf(place: Place): Promise<{ ctx: Context; end: () => Promise<void> }> {
  if (place === 'nats') {
    const server = await new NatsServer().start();
    const joined = [new WorkerProcess(server.url), new WorkerProcess(server.url)];
    await Promise.all(joined.map((one) => one.joined()));
    const ctx = await Context.connect(server.url);
    const end = async () => {
      await ctx.close();
      for (const one of joined) one.kill();
      await Promise.all(joined.map((one) => one.ended()));
      await server.stop();
    };
    return { ctx, end };
  }
  if (place === 'delayed' || place === 'mpi') {
    const ctx = await Context.makeWith(place, { context: { backend: 'wasm' } });
    return { ctx, end: () => ctx.close() };
  }
  const ctx =
    place === 'workers'
      ? await Context.makeWith('workers', { cpus: 2, context: { backend: 'wasm' } })
      : new Context(place === 'javascript' ? {} : { context: { backend: place, strict: true } });
  return { ctx, end: () => ctx.close() };
}

describe.skipIf(!golden).each(places)('LiberTEM’s results on %s', (place) => {
  let ctx: Context;
  let end: () => Promise<void>;
  let scan: Scan;
  /**
   * JavaScript handles complex frames and float64 frames; these frames also use it, to test its methods with the same
   * numbers.
   */
  const frames = place === 'javascript' ? Float64Array.from(goldenFrames()) : goldenFrames();
  /** Enough partitions that each worker has some, and that results must be merged. */
  const elsewhere = (executors as readonly string[]).includes(place);
  const cut = elsewhere ? { numPartitions: 7 } : {};
  beforeAll(async () => {
    ({ ctx, end } = await contextOf(place));
    scan = ctx.fromMemory(frames, whole);
  });
  afterAll(() => end());

  test('the frames are those of the generator', () => {
    expect([...frames.subarray(0, 8)]).toEqual(golden.input.first8);
    expect([...frames].reduce((a, b) => a + b, 0)).toBe(golden.input.sum);
  });

  test('sum, sumsig, logsum and stddev in one pass', { tags: 'all' }, async () => {
    const [sum, sumsig, logsum, stddev] = await ctx.runUdf(
      scan,
      [sumUdf(), sumSigUdf(), logSumUdf(), stddevUdf()],
      cut,
    );
    expect([...(real(sum.intensity) as Float64Array)]).toEqual(golden.sum.intensity.data);
    expect([...(real(sumsig.intensity) as Float64Array)]).toEqual(golden.sumsig.intensity.data);
    expect(distance(logsum.logsum.data, golden.logsum.logsum)).toBeLessThan(single);
    for (const name of ['var', 'std', 'mean', 'varsum', 'sum'] as const)
      expect(distance(stddev[name].data, golden.stddev[name]), name).toBeLessThan(1e-12);
    expect([...stddev.numFrames.data]).toEqual(golden.stddev.num_frames.data);
  });

  test('disks, rings and bins of radii', () => {
    expect([...masks.ring({ ...size, cx: 4.5, cy: 3.5, ri: 2, ro: 4 })]).toEqual(
      golden.masks_bool['ring_cx4.5_cy3.5_r4_ri2'].data,
    );
    expect([...masks.circular({ ...size, cx: 4.5, cy: 3.5, r: 3 })]).toEqual(
      golden.masks_bool['circ_cx4.5_cy3.5_r3'].data,
    );
    const bins = masks.radialBins({ ...size, cx: 4.5, cy: 3.5, ri: 0.2, ro: 5, bins: 3 });
    expect(
      distance(
        bins.flatMap((bin) => [...bin]),
        golden['radial_bins_cx4.5_cy3.5_ri0.2_ro5_n3'],
      ),
    ).toBeLessThan(1e-12);
  });

  test('sums under masks, and under shifted ones', async () => {
    const two = [
      masks.ring({ ...size, cx: 4.5, cy: 3.5, ri: 2, ro: 4 }),
      masks.circular({ ...size, cx: 4.5, cy: 3.5, r: 3 }),
    ];
    const { intensity } = await ctx.runUdf(scan, masksUdf({ masks: two }), cut);
    expect(intensity.shape).toEqual([6, 5, 2]);
    expect([...(real(intensity) as Float64Array)]).toEqual(golden.apply_masks_ring_circ.intensity.data);
    const shifted = masksUdf({ masks: [two[0] as Uint8Array], shifts: [2, -3] });
    const moved = await ctx.runUdf(scan, shifted, cut);
    expect([...(real(moved.intensity) as Float64Array)]).toEqual(golden['apply_masks_shift_2_-3'].intensity.data);
  });

  test('a region of interest', async () => {
    const roi = golden.roi.data as number[];
    const [sumsig, sum, pick] = await ctx.runUdf(scan, [sumSigUdf(), sumUdf(), pickUdf()], { roi, ...cut });
    expect(distance(real(sumsig.intensity), golden.sumsig_roi.intensity)).toBe(0);
    expect([...(real(sum.intensity) as Float64Array)]).toEqual(golden.sum_roi.intensity.data);
    expect(pick.intensity.rawShape).toEqual(golden.pick_roi_raw_shape);
    const at = roi.indexOf(1);
    expect([...(pick.intensity.rawData as Uint16Array).subarray(0, 80)]).toEqual([
      ...frames.subarray(80 * at, 80 * (at + 1)),
    ]);
  });

  test.each([3, -4])('a sync offset of %i', async (syncOffset) => {
    const moved = ctx.fromMemory(frames, { ...whole, syncOffset });
    const { intensity } = await ctx.runUdf(moved, sumSigUdf(), cut);
    expect([...(real(intensity) as Float64Array)]).toEqual(golden[`sumsig_sync_offset_${syncOffset}`].intensity.data);
    const info = golden[`sync_info_${syncOffset}`];
    expect(moved.sync).toEqual({
      syncOffset,
      framesSkippedStart: info.frames_skipped_start,
      framesIgnoredEnd: info.frames_ignored_end,
      framesInsertedStart: info.frames_inserted_start,
      framesInsertedEnd: info.frames_inserted_end,
    });
  });

  // The file does not contain the parameters; they follow from its numbers (the shifts, and the angle between two
  // fields).
  const roi = golden?.roi.data as number[];
  test.each([
    ['com_default', {}, undefined],
    ['com_r3_rot30_flip_reg1', { cy: 3.2, cx: 4.1, r: 3, scanRotation: 30, flipY: true, regression: 1 }, undefined],
    ['com_ann_ri1_r4_reg0_rot-45', { cy: 3.2, cx: 4.1, r: 4, ri: 1, scanRotation: -45, regression: 0 }, undefined],
    ['com_roi', { cy: 3, cx: 4 }, roi],
  ] as const)('centre of mass: %s', { tags: 'all' }, async (name, params, only) => {
    const found = await ctx.runUdf(scan, comUdf(params), { roi: only, ...cut });
    const names = {
      raw_com: 'rawCom',
      raw_shifts: 'rawShifts',
      field: 'field',
      field_y: 'fieldY',
      field_x: 'fieldX',
      regression: 'regression',
      magnitude: 'magnitude',
      divergence: 'divergence',
      curl: 'curl',
    } as const;
    for (const [theirs, ours] of Object.entries(names))
      expect(distance(found[ours].data, golden[name][theirs]), theirs).toBeLessThan(5e-6);
  });

  test('guessed corrections', { tags: 'all' }, async () => {
    const { rawCom } = await ctx.runUdf(scan, comUdf(), cut);
    const part = (k: number): Float64Array => rawCom.data.filter((_, i) => i % 2 === k);
    const guess = guessCorrections(part(0), part(1), navShape);
    const { scan_rotation, flip_y, cy, cx } = golden.guess_corrections;
    expect([guess.scanRotation, guess.flipY]).toEqual([scan_rotation, Boolean(flip_y)]);
    expect(guess.cy).toBeCloseTo(cy, 5);
    expect(guess.cx).toBeCloseTo(cx, 5);
  });

  test('dark, gain and excluded pixels', { tags: 'all' }, async () => {
    const pixels = Array.from({ length: 80 }, (_, i) => i);
    const corrections = {
      dark: pixels.map((i) => i % 7),
      gain: Float32Array.from(pixels, (i) => 1 + 0.01 * (i % 11)),
      excludedPixels: golden.corrections.excluded_yx,
    };
    const [sum, sumsig] = await ctx.runUdf(scan, [sumUdf(), sumSigUdf()], { corrections, ...cut });
    expect(distance(real(sum.intensity), golden.corrections.sum.intensity)).toBeLessThan(single);
    expect(distance(real(sumsig.intensity), golden.corrections.sumsig.intensity)).toBeLessThan(single);
  });

  test('FEM and crystallinity', { tags: 'all' }, async () => {
    const fem = await ctx.runUdf(scan, femUdf({ cy: 3.5, cx: 4.5, ri: 1, ro: 4 }), cut);
    expect(distance(fem.intensity.data, golden['fem_cy3.5_cx4.5_1_4'].intensity)).toBeLessThan(single);
    const disk = await ctx.runUdf(scan, crystallinityUdf({ ri: 1, ro: 3, cy: 4, cx: 5, radius: 1.5 }), cut);
    expect(distance(disk.intensity.data, golden['cryst_1_3_center4_5_r1.5'].intensity)).toBeLessThan(single);
    const bare = await ctx.runUdf(scan, crystallinityUdf({ ri: 1, ro: 3 }), cut);
    expect(distance(bare.intensity.data, golden.cryst_1_3_nomask.intensity)).toBeLessThan(single);
  });

  test('radial Fourier components', { tags: 'all' }, async () => {
    const results = await ctx.run(
      ctx.createRadialFourierAnalysis(scan, { cx: 4.5, cy: 3.5, ri: 0, ro: 4, nBins: 2, maxOrder: 4 }),
      cut,
    );
    const { re, im } = golden.radial_fourier.raw as { re: number[]; im: number[] };
    const raw = results.raw?.data as Float64Array;
    expect(distance(raw, { data: re.flatMap((value, i) => [value, im[i] as number]) })).toBeLessThan(single);
    expect([...((results.dominant_0 as Channel).data as Float64Array)]).toEqual(golden.radial_fourier.dominant_0.data);
    expect([...((results.dominant_1 as Channel).data as Float64Array)]).toEqual(golden.radial_fourier.dominant_1.data);
  });

  test('analyses with their own defaults', async () => {
    const of = async (analysis: Parameters<typeof ctx.run>[0]) =>
      (await ctx.run(analysis, cut)).intensity?.data as Float64Array;
    expect([...(await of(ctx.createDiskAnalysis(scan)))]).toEqual(golden.disk_default.data);
    expect([...(await of(ctx.createRingAnalysis(scan)))]).toEqual(golden.ring_default.data);
    expect([...(await of(ctx.createPointAnalysis(scan)))]).toEqual(golden.point_default.data);
    const com = await ctx.run(ctx.createComAnalysis(scan, { scanRotation: 20, flipY: true }), cut);
    for (const name of ['x', 'y', 'divergence', 'curl', 'magnitude'] as const)
      expect(distance(com[name].data, golden.com_analysis_default_center[name]), name).toBeLessThan(5e-6);
  });

  // A function defined here has no module in which workers could find it.
  test.skipIf(elsewhere)('a function mapped over the frames', async () => {
    const result = await ctx.map(scan, (frame: Uint16Array) => {
      const mean = frame.reduce((a, b) => a + b, 0) / frame.length;
      return Math.sqrt(frame.reduce((a, b) => a + (b - mean) ** 2, 0) / frame.length);
    });
    expect(distance(result.data, golden.map_std)).toBeLessThan(single);
  });
});

// Vitest ends its process without running exit listeners, but MPI must be closed.
if (asRank) afterAll(() => process.emit('exit', 0));

test.skipIf(asRank || !golden || !mpiPresent)('LiberTEM’s results under mpirun -n 2', { tags: 'nightly' }, async () => {
  const vitest = new URL('../../node_modules/vitest/vitest.mjs', import.meta.url);
  const file = 'test/udf/golden.test.ts';
  const args = ['run', '--project', 'node', file, '--pool=forks', '--maxWorkers=1', '--reporter=json'];
  const { code, out, err } = await mpirun(2, vitest, ...args);
  expect(code, `${out}\n${err}`).toBe(0);
  const passed = [...out.matchAll(/"numPassedTests":(\d+)/g)].map(([, count]) => Number(count));
  // Sixteen entries of the golden file, and a test that the file exists where it is required.
  const each = dataRequired ? 17 : 16;
  expect(passed).toEqual([each, each]);
});

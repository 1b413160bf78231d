/**
 * A fixed set of hostile values for every option of every method of the facade. Each call fails with a tagged error
 * that a user can act on, or succeeds; never with `Internal`, never with an untagged error, and no promise stays
 * pending.
 */
import { type Context, createContext, devices, type FftPlan, type Indexer, type PeakFinder, type PiPlan } from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tryAll } from './values.js';

const spots = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 7.1) * 0.3);
const cell = [40, 0, 0, 0, 50, 0, 0, 0, 60];

describe('createContext', () => {
  it('accepts no hostile value', { tags: 'all' }, async () => {
    const wrong: string[] = [];
    const open = async (options: unknown): Promise<void> => {
      const context = await createContext(options as never);
      await context.dispose();
    };
    await tryAll('options', (value) => open(value ?? { backend: 'wasm' }), wrong);
    for (const name of ['backend', 'strict', 'device', 'wasm', 'worker', 'addonPath', 'audit', 'log'])
      await tryAll(
        name,
        (value) => open({ backend: 'wasm', strict: true, log: { level: 'error' }, [name]: value }),
        wrong,
      );
    for (const name of ['level', 'sink'])
      await tryAll(`log.${name}`, (value) => open({ backend: 'wasm', strict: true, log: { [name]: value } }), wrong);
    await tryAll('devices', (value) => devices(value as never), wrong);
    expect(wrong).toEqual([]);
  });
});

// Refusals happen above the backends; on WebGPU these tests would mostly compile kernels.
for (const backend of ['wasm', 'native', 'webgpu'] as const)
  describe(`on ${backend}`, { tags: backend === 'webgpu' ? ['all'] : [] }, () => {
    let ctx: Context;
    let fft: FftPlan;
    let indexer: Indexer;
    let pi: PiPlan;
    let peaks: PeakFinder | undefined;
    let absent = false;
    beforeAll(async () => {
      absent = !(await devices({ backend })).find((row) => row.backend === backend)?.available;
      if (absent) return;
      ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
      fft = await ctx.fft({ shape: [3, 3] });
      indexer = await ctx.indexer({ maxSpots: 64, batch: 2, maxInputCells: 2 });
      pi = await ctx.pi();
      try {
        peaks = await ctx.peaks({ width: 6, height: 3, dtype: 'f32' });
      } catch (error) {
        expect(error).toMatchObject({ tag: 'Unsupported' });
      }
      // A software GPU takes long to compile the kernels on a busy machine.
    }, 240_000);
    afterAll(() => ctx?.dispose());

    const row = (what: string, names: readonly string[], call: (options: unknown) => Promise<unknown>, plain: object) =>
      it(`${what}`, async ({ skip }) => {
        if (absent) skip(`absent: ${backend}`);
        const wrong: string[] = [];
        const tried = async (options: unknown): Promise<void> => {
          const made = await call(options);
          await (made as { dispose?(): Promise<void> } | undefined)?.dispose?.();
        };
        await tryAll(`${what}: options`, (value) => tried(value), wrong);
        for (const name of names)
          await tryAll(`${what}: ${name}`, (value) => tried({ ...plain, [name]: value }), wrong);
        expect(wrong).toEqual([]);
      });
    const all = <T extends object>(options: Required<{ [K in keyof T]: unknown }>): string[] => Object.keys(options);

    row(
      'ctx.fft',
      [
        ...['shape', 'kind', 'axes', 'precision', 'batch', 'order', 'inputStrides', 'inputDistance', 'outputStrides'],
        ...[
          'outputDistance',
          'inputShape',
          'keep',
          'reducedAxis',
          'r2r',
          'inPlace',
          'userWorkspace',
          'tune',
          'threads',
        ],
        ...['engine', 'signal'],
      ],
      (options) => ctx.fft(options as never),
      { shape: [3, 4] },
    );
    row('ctx.fft r2r', ['r2r', 'axes', 'keep'], (options) => ctx.fft(options as never), { shape: [3, 4], kind: 'r2r' });
    row('ctx.pi', ['threads'], (options) => ctx.pi(options as never), {});
    row('ctx.array', ['shape', 'dtype', 'backend'], (options) => ctx.array(options as never), { shape: [4] });
    row('ctx.array of data', ['shape', 'dtype', 'backend'], (o) => ctx.array(new Float32Array(4), o as never), {});
    row(
      'ctx.indexer',
      all<import('ewald').IndexerOptions>({
        ...{ maxSpots: 0, maxInputCells: 0, maxOutputCells: 0, batch: 0, maxBatchSpots: 0, method: 0, threads: 0 },
        ...{ candidateVectors: 0, maxSamplePoints: 0, maxAnglePoints: 0, redundantComputations: 0, debug: 0 },
        ...{ efforts: 0, inFlight: 0 },
      }),
      (options) => ctx.indexer(options as never),
      { maxSpots: 64, batch: 1 },
    );
    row(
      'ctx.peaks',
      all<import('ewald').FramePeaksOptions>({
        detector: 0,
        ...{ width: 0, height: 0, dtype: 0, geometry: 0, centre: 0, bad: 0, minRes: 0, maxRes: 0 },
        ...{ rings: 0, finder: 0, sumsOnly: 0 },
      }),
      (options) => ctx.peaks(options as never),
      { width: 6, height: 3, dtype: 'f32' },
    );
    it('peaks.run', async ({ skip }) => {
      if (absent) skip(`absent: ${backend}`);
      if (!peaks) skip(`${backend} finds no peaks`);
      const wrong: string[] = [];
      const frame = new Float32Array(18);
      await tryAll('peaks.run: frame', (value) => (peaks as PeakFinder).run(value as never), wrong);
      await tryAll('peaks.run: options', (value) => (peaks as PeakFinder).run(frame, value as never), wrong);
      const names = all<import('ewald').PeaksRunOptions>({
        ...{ threshold: 0, minSnr: 0, minPixCount: 0, maxPixCount: 0, localBgRadius: 0, validRange: 0, bad: 0 },
        ...{ rings: 0, sums: 0, plain: 0, centroid: 0, signal: 0, minSquaredGradient: 0, peakRadius: 0, maxPeaks: 0 },
        ...{ gain: 0, kernelSize: 0, sigmaBackground: 0, sigmaStrong: 0, minCount: 0 },
      });
      for (const name of names)
        await tryAll(`peaks.run: ${name}`, (v) => (peaks as PeakFinder).run(frame, { [name]: v } as never), wrong);
      expect(wrong).toEqual([]);
    });
    // Long operations are stopped.
    const soon = (options: unknown, more: object = {}): never => {
      const spread = typeof options === 'object' && options !== null && !ArrayBuffer.isView(options);
      if (!spread || Array.isArray(options)) return options as never;
      return { signal: AbortSignal.timeout(100), ...options, ...more } as never;
    };
    row('pi.run', ['points', 'seed', 'stream', 'first', 'signal', 'onProgress'], (o) => pi.run(soon(o)), {
      points: 1000,
    });
    row(
      'indexer.run',
      [
        ...[
          'spots',
          'offsets',
          'cells',
          'into',
          'signal',
          'lengthThreshold',
          'trimLow',
          'trimHigh',
          'delta',
          'planeDistance',
          'nodeDistance',
        ],
        ...['minSpots', 'samplePoints', 'anglePoints', 'maxCrystals', 'refinement', 'contraction', 'maxDistance'],
        ...['refineMinSpots', 'refineIterations', 'acceptLog10'],
      ],
      (options) => indexer.run(options as never),
      { spots, cells: cell },
    );
    row(
      'indexer.stream',
      ['maxDelayS', 'ordered', 'cells', 'signal', 'maxCrystals'],
      async (options) => {
        for await (const { image } of indexer.stream([{ spots }], options as never)) expect(image).toBeDefined();
      },
      { cells: cell },
    );
    it('indexer.stream of hostile images', async ({ skip }) => {
      if (absent) skip(`absent: ${backend}`);
      const wrong: string[] = [];
      const drain = async (source: unknown): Promise<void> => {
        for await (const { image } of indexer.stream(source as never, { cells: cell })) expect(image).toBeDefined();
      };
      await tryAll('source', drain, wrong);
      await tryAll('image', (value) => drain([value]), wrong);
      await tryAll('image.spots', (value) => drain([{ spots: value }]), wrong);
      expect(wrong).toEqual([]);
    });
    it('arguments of plans and arrays', { tags: 'all' }, async ({ skip }) => {
      if (absent) skip(`absent: ${backend}`);
      const wrong: string[] = [];
      const numbers = new Float32Array(18);
      await tryAll('forward: input', (value) => fft.forward(value as never), wrong);
      await tryAll('forward: output', (value) => fft.forward(numbers, value as never), wrong);
      await tryAll('forward: options', (value) => fft.forward(numbers, undefined, value as never), wrong);
      for (const name of ['scale', 'workspace', 'signal'])
        await tryAll(`forward: ${name}`, (v) => fft.forward(numbers, undefined, { [name]: v } as never), wrong);
      await tryAll('plan.array', async (value) => (await fft.array(value as never)).dispose(), wrong);
      const array = await ctx.array({ shape: [18] });
      await tryAll('array.write', (value) => array.write(value as never), wrong);
      await tryAll('array.write: offset', (value) => array.write(new Float32Array(2), value as never), wrong);
      await tryAll('array.read', (value) => array.read(value as never), wrong);
      await tryAll('array.read: offset', (value) => array.read(undefined, value as never), wrong);
      await array.dispose();
      await tryAll('determineCell', (value) => indexer.determineCell(value as never), wrong);
      await tryAll(
        'determineCell: options',
        (value) => indexer.determineCell([spots], soon(value, { maxLengthA: 12 })),
        wrong,
      );
      expect(wrong).toEqual([]);
    });
  });

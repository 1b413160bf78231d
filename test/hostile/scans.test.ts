/**
 * Hostile values for every option of the Context of ewald/udf, for the results of functions that `map` calls, and for
 * the options of analyses: each call fails with a tagged error, or succeeds.
 */
import { Context, defineUdf, type Scan, sumSigUdf, sumUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOfAnalysis } from '../../src/stem/parameters.js';
import { navShape, openSmallScan, sigShape } from '../support/small-scan.js';
import { tryAll } from './values.js';

const frames = Uint16Array.from({ length: 16 * 64 }, (_, i) => (i * 31) % 1009);
let ctx: Context;
let scan: Scan;
beforeAll(() => {
  ({ ctx, scan } = openSmallScan(frames));
});
afterAll(() => ctx.close());

/** Tries every value of each option, and of the options themselves. */
async function eachOption(
  what: string,
  names: readonly string[],
  call: (options: never) => unknown,
  plain: object = {},
): Promise<string[]> {
  const wrong: string[] = [];
  await tryAll(`${what}: options`, async (value) => call(value as never), wrong);
  for (const name of names)
    await tryAll(`${what}: ${name}`, async (value) => call({ ...plain, [name]: value } as never), wrong);
  return wrong;
}

const runNames = ['roi', 'corrections', 'signal', 'progress', 'numPartitions', 'taskTimeoutS', 'plots', 'latest'];
const marked = defineUdf({
  name: 'marked',
  buffers: { sum: { kind: 'nav', dtype: 'f64' } },
  processFrame({ results }) {
    results.sum[0] = 1;
  },
});

describe('runs', () => {
  it.for([
    ['sumUdf', sumUdf()],
    ['a function', marked],
  ] as const)('runUdf of %s', async ([, udf]) => {
    expect(await eachOption('runUdf', [...runNames, 'record'], (o) => ctx.runUdf(scan, udf, o))).toEqual([]);
  });

  it.for(['show', 'channels', 'minDelta'])('plots: %s', async (name) => {
    const show = (): void => undefined;
    const run = (plots: unknown) => ctx.runUdf(scan, sumSigUdf(), { plots } as never);
    expect(await eachOption('plots', [name], run, { show })).toEqual([]);
  });

  it.for(['dark', 'gain', 'excludedPixels', 'allowEmpty'])('corrections: %s', async (name) => {
    const run = (corrections: unknown) => ctx.runUdf(scan, sumUdf(), { corrections } as never);
    expect(await eachOption('corrections', [name], run)).toEqual([]);
  });

  it('lists of excluded pixels, and regions', async () => {
    const wrong: string[] = [];
    const excluded = (value: unknown) =>
      ctx.runUdf(scan, sumUdf(), { corrections: { excludedPixels: value } } as never);
    await tryAll('excludedPixels: a pixel', (value) => excluded([value]), wrong);
    await tryAll('excludedPixels: y', (value) => excluded([[value, 1]]), wrong);
    const region = (roi: unknown) => ctx.runUdf(scan, sumUdf(), { roi } as never);
    await tryAll('roi: at', (value) => region({ at: value }), wrong);
    await tryAll('roi: at y', (value) => region({ at: [value, 0] }), wrong);
    await tryAll('roi: shape', (value) => region({ shape: value, entries: [] }), wrong);
    await tryAll('roi: entries', (value) => region({ shape: navShape, entries: value }), wrong);
    await tryAll('roi: an entry', (value) => region({ shape: navShape, entries: [value] }), wrong);
    await tryAll('roi: a position', (value) => region([[value, true]]), wrong);
    await tryAll('roi: a row', (value) => region([value]), wrong);
    expect(wrong).toEqual([]);
  });

  it('arguments of methods', async () => {
    const wrong: string[] = [];
    const method = (name: string, call: (value: never) => unknown) =>
      tryAll(name, async (value) => call(value as never), wrong);
    await method('runUdf: scan', (value) => ctx.runUdf(value, sumUdf()));
    await method('runUdf: udf', (value) => ctx.runUdf(scan, value));
    await method('runUdf: udfs', (value) => ctx.runUdf(scan, [value]));
    await method('map: scan', (value) => ctx.map(value, () => 1));
    await method('map: function', (value) => ctx.map(scan, value));
    await method('run: analysis', (value) => ctx.run(value));
    await method('runAll: analyses', (value) => ctx.runAll(value));
    await method('runAll: an analysis', (value) => ctx.runAll([value]));
    await method('prepare', (value) => ctx.prepare(value));
    await method('display: scan', (value) => ctx.display(value, sumUdf()));
    await method('display: udf', (value) => ctx.display(scan, value));
    await method('display: options', (value) => ctx.display(scan, sumUdf(), value));
    await method('inspect: scan', (value) => ctx.inspect(value, sumUdf()));
    await method('inspect: udf', (value) => ctx.inspect(scan, value));
    await method('dryRun: scan', (value) => ctx.dryRun(value, sumUdf()));
    await method('dryRun: udf', (value) => ctx.dryRun(scan, value));
    await method('guessCorrections: scan', (value) => ctx.guessCorrections(value));
    await method('exportDataset: scan', (value) => ctx.exportDataset(value, '/missing/a.npy'));
    await method('exportDataset: path', (value) => ctx.exportDataset(scan, value));
    await method('connect', (value) => ctx.connect(value));
    await method('new Context', (value) => new Context(value));
    await method('fromMemory', (value) => ctx.fromMemory(value, { sigShape }));
    await method('load', async (value) => (await ctx.load(value)).dispose());
    await method('updateParameters', async (value) => {
      const run = ctx.runUdfIter(scan, sumUdf(), { numPartitions: 2 });
      for await (const _ of run) run.updateParameters(value);
    });
    expect(wrong).toEqual([]);
  });

  it.for(['navShape', 'sigShape', 'dtype', 'syncOffset'])('fromMemory: %s', async (name) => {
    const made = (options: never) => ctx.fromMemory(frames, options);
    expect(await eachOption('fromMemory', [name], made, { navShape, sigShape })).toEqual([]);
  });

  it('options of load', async () => {
    const bytes = new Uint8Array(frames.buffer);
    const load = async (options: never) => (await ctx.load(bytes, options)).dispose();
    const names = [
      'format',
      'navShape',
      'sigShape',
      'dtype',
      'endian',
      'offset',
      'frameHeader',
      'frameFooter',
      'order',
    ];
    names.push('dataset', 'maxFrameBytes', 'growing', 'allowOutside', 'checksums', 'codecs', 'signal');
    names.push('syncOffset', 'fileMask', 'fileDark', 'follow', 'timeoutS', 'stallS', 'ringBytes');
    expect(await eachOption('load', names, load, { dtype: 'u16', navShape, sigShape })).toEqual([]);
  });

  it('options of other methods', async () => {
    const wrong = [
      ...(await eachOption('makeWith', ['cpus', 'gpus', 'on', 'context'], async (options) =>
        (await Context.makeWith('inline', options)).close(),
      )),
      ...(await eachOption('resident', ['maxBytes', 'onProgress', 'signal'], (options) =>
        ctx.fromMemory(frames, { navShape, sigShape }).resident(options),
      )),
      ...(await eachOption('exportDataset', ['force', 'signal', 'progress'], (options) =>
        ctx.exportDataset(scan, '/missing/a.npy', options),
      )),
    ];
    expect(wrong).toEqual([]);
  });
});

describe('map', () => {
  it('results of the function', async () => {
    const wrong: string[] = [];
    await tryAll('map: a result', (value) => ctx.map(scan, () => value as never), wrong);
    await tryAll('map: an element', (value) => ctx.map(scan, () => [value] as never), wrong);
    await tryAll(
      'map: a later result',
      (value) => {
        let calls = 0;
        return ctx.map(scan, () => (calls++ < 3 ? 1 : (value as never)));
      },
      wrong,
    );
    expect(wrong).toEqual([]);
  });
});

describe('analyses', () => {
  const analyses = {
    disk: 'createDiskAnalysis',
    ring: 'createRingAnalysis',
    point: 'createPointAnalysis',
    masks: 'createMaskAnalysis',
    com: 'createComAnalysis',
    icom: 'createIcomAnalysis',
    'radial-fourier': 'createRadialFourierAnalysis',
    cluster: 'createClusterAnalysis',
    'fft-sum': 'createFftSumAnalysis',
    fem: 'createFemAnalysis',
    crystallinity: 'createCrystallinityAnalysis',
    'radial-bins': 'createRadialBinsAnalysis',
    polar: 'createPolarAnalysis',
    disks: 'createDisksAnalysis',
    strain: 'createStrainAnalysis',
    bragg: 'createBraggAnalysis',
    ssb: 'createSsbAnalysis',
    holography: 'createHolographyAnalysis',
    pick: 'createPickAnalysis',
    'pick-fft': 'createPickFftAnalysis',
  } as const;
  // Those of disks share the options of `disks`.
  const isOfDisks = ([name]: [string, string]): boolean => ['strain', 'bragg'].includes(name);
  it.for(Object.entries(analyses).filter((one) => !isOfDisks(one)))('%s', (one) => eachOf(one));
  it.for(Object.entries(analyses).filter(isOfDisks))('%s', { tags: 'all' }, (one) => eachOf(one));

  async function eachOf([name, method]: [string, string]): Promise<void> {
    const rows = Object.keys(rowsOfAnalysis(name as never));
    const make = (options: never) =>
      (ctx[method as 'createDiskAnalysis'] as (scan: Scan, o: never) => unknown)(scan, options);
    const run = async (options: never) => ctx.run(make(options) as never);
    const names = name.startsWith('pick') ? [...rows, 'x', 'y', 'z'] : rows;
    const wrong = await eachOption(method, names, run);
    await tryAll(`${method}: scan`, async (value) => ctx[method as 'createDiskAnalysis'](value as never), wrong);
    expect(wrong).toEqual([]);
  }
});

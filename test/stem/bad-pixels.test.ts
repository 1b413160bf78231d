/** Pixels that a calibration knows to have no count: whatever they say, no analysis says anything else. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Analysis, type AnalysisResults, type Calibration, Context, type Scan } from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';
import { ewaldTogether, type Run } from '../support/cli.js';
import { calibration, covered, framesOf, nav, pixels, side } from './bad-pixel-scan.js';

const ctx = new Context({ context: { backend: 'wasm' } });
const folder = mkdtempSync(join(tmpdir(), 'ewald-bad-pixels-'));
afterAll(async () => {
  await ctx.close();
  rmSync(folder, { recursive: true });
});

const lattice = { zero: [11, 12], a: [0, 5], b: [5, 0] } as const;
const mask = (): Float32Array => Float32Array.from({ length: pixels }, (_, i) => Math.sin(i / 40));
const complexMask = () => ({ re: mask(), im: Float64Array.from(mask(), (one) => 1 - one) });
const analyses: Readonly<Record<string, (scan: Scan, calibration?: Calibration) => Analysis>> = {
  sum: (scan, calibration) => ctx.createSumAnalysis(scan, { calibration }),
  sumsig: (scan, calibration) => ctx.createSumSigAnalysis(scan, { calibration }),
  logsum: (scan, calibration) => ctx.createLogSumAnalysis(scan, { calibration }),
  stddev: (scan, calibration) => ctx.createStddevAnalysis(scan, { calibration }),
  max: (scan, calibration) => ctx.createMaxAnalysis(scan, { calibration }),
  min: (scan, calibration) => ctx.createMinAnalysis(scan, { calibration }),
  disk: (scan, calibration) => ctx.createDiskAnalysis(scan, { calibration }),
  ring: (scan, calibration) => ctx.createRingAnalysis(scan, { calibration }),
  point: (scan, calibration) => ctx.createPointAnalysis(scan, { x: 14, y: 11, calibration }),
  com: (scan, calibration) => ctx.createComAnalysis(scan, { calibration }),
  'com of the whole frame': (scan, calibration) => ctx.createComAnalysis(scan, { calibration, maskRadius: 16 }),
  'radial-fourier': (scan, calibration) =>
    ctx.createRadialFourierAnalysis(scan, { calibration, nBins: 3, maxOrder: 6 }),
  'radial-bins': (scan, calibration) => ctx.createRadialBinsAnalysis(scan, { calibration }),
  'radial-bins, normalised': (scan, calibration) =>
    ctx.createRadialBinsAnalysis(scan, { calibration, normalize: true }),
  polar: (scan, calibration) => ctx.createPolarAnalysis(scan, { calibration }),
  fem: (scan, calibration) => ctx.createFemAnalysis(scan, { calibration }),
  crystallinity: (scan, calibration) => ctx.createCrystallinityAnalysis(scan, { calibration, radius: 5 }),
  cluster: (scan, calibration) => ctx.createClusterAnalysis(scan, { calibration, clusters: 4 }),
  'pick-fft': (scan, calibration) => ctx.createPickFftAnalysis(scan, { at: [2, 1], calibration }),
  'fft-sum': (scan, calibration) => ctx.createFftSumAnalysis(scan, { calibration, radius: 5 }),
  masks: (scan, calibration) => ctx.createMaskAnalysis(scan, { factories: [mask], calibration }),
  'complex masks': (scan, calibration) => ctx.createMaskAnalysis(scan, { factories: [complexMask], calibration }),
  'masks that move': (scan, calibration) =>
    ctx.createMaskAnalysis(scan, { factories: [mask], shifts: [1, -2], calibration }),
  disks: (scan, calibration) => ctx.createDisksAnalysis(scan, { calibration }),
  'disks by the whole frame': (scan, calibration) =>
    ctx.createDisksAnalysis(scan, { calibration, correlation: 'full' }),
  strain: (scan, calibration) =>
    ctx.createStrainAnalysis(scan, { ...lattice, diskRadius: 2, radiusOuter: 3, search: 4, calibration }),
  bragg: (scan, calibration) => ctx.createBraggAnalysis(scan, { calibration }),
  ssb: (scan, calibration) => ctx.createSsbAnalysis(scan, { calibration }),
  holo: (scan, calibration) => ctx.createHolographyAnalysis(scan, { calibration }),
  icom: (scan, calibration) => ctx.createIcomAnalysis(scan, { calibration }),
} as never;

const load = (frames: Uint16Array | Float64Array): Scan =>
  ctx.fromMemory(frames, { navShape: nav, sigShape: [side, side] });
const told = ({ channels, notes }: AnalysisResults) => ({
  notes,
  ...Object.fromEntries(channels.map(({ key, data }) => [key, Array.from(data)])),
});
const [quiet, loud] = [framesOf(5, 10), framesOf(6, 60000)];

describe.each(Object.entries(analyses))('%s', (name, make) => {
  test('says the same whatever bad pixels say, and says how many they are', async () => {
    const results = await Promise.all(
      [load(quiet), load(loud), load(Float64Array.from(quiet)), load(Float64Array.from(loud))].map(async (scan) =>
        told((await ctx.run(make(scan, calibration))) as AnalysisResults),
      ),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[3]).toEqual(results[2]);
    expect(results[0]?.notes.join('\n'), name).toMatch(/\d+ pixels? of \d+ of .* no count/);
  });
});

/** Analyses that say of equal pixels what they say without a calibration's bad ones. */
const alike = ['sumsig', 'disk', 'ring', 'radial-fourier', 'radial-bins', 'radial-bins, normalised', 'fem'];
test.each([...alike, 'crystallinity', 'pick-fft', 'fft-sum', 'masks', 'complex masks', 'masks that move', 'holo'])(
  'where all pixels are alike, %s is that of a detector without bad pixels',
  async (name) => {
    const make = analyses[name] as (typeof analyses)[string];
    const even = new Uint16Array(36 * pixels).fill(7);
    const lies = even.map((same, i) => (covered.includes(i % pixels) ? (i * 7919) % 60000 : same));
    const [wanted, found] = [
      await ctx.run(
        make(load(even), { ...calibration, stop: [], badPixels: { hot: [], dead: [], gap: [], invalid: [] } }),
      ),
      await ctx.run(make(load(lies), calibration)),
    ] as AnalysisResults[];
    const most = Math.max(1, ...(wanted as AnalysisResults).channels.flatMap(({ data }) => Array.from(data, Math.abs)));
    for (const { key, data } of (wanted as AnalysisResults).channels) {
      // The phase of a weak component is that of rounding errors.
      if (/phase|angle|dominant/.test(key)) continue;
      const of = found?.channels.find((one) => one.key === key)?.data ?? [];
      for (let i = 0; i < data.length; i++)
        if (!Number.isNaN(data[i] as number))
          expect(Math.abs((of[i] as number) - (data[i] as number)) / most, key).toBeLessThan(1e-5);
    }
  },
);

test('images of the detector are NaN there and unchanged elsewhere, and a point there is NaN', async () => {
  const scan = load(quiet);
  for (const make of [analyses.sum, analyses.stddev, analyses.point] as (typeof analyses)[string][]) {
    const [plain, known] = [await ctx.run(make(scan, undefined)), await ctx.run(make(scan, calibration))];
    for (const { key, data } of known.channels) {
      const before = plain.channels.find((one) => one.key === key)?.data as Float64Array;
      const isBad = (i: number) => data.length === 36 || covered.includes(i);
      expect(Array.from(data), key).toEqual(Array.from(before, (own, i) => (isBad(i) ? Number.NaN : own)));
    }
  }
});

test('the shell leaves them out, and says how many', { tags: 'all' }, async () => {
  writeFileSync(join(folder, 'cal.json'), JSON.stringify(calibration));
  for (const [name, frames] of Object.entries({ quiet, loud }))
    await ctx.exportDataset(load(frames), join(folder, `${name}.npy`));
  const channels = {
    sum: 'intensity',
    sumsig: 'intensity',
    'radial-fourier': 'absolute_0_1',
    fem: 'intensity',
    com: 'x',
  };
  for (const [analysis, channel] of Object.entries(channels)) {
    const runs: Pick<Run, 'code' | 'err'>[] = [];
    for (const name of ['quiet', 'loud']) {
      const args = [
        'run',
        analysis,
        `${name}.npy`,
        '--calibration',
        'cal.json',
        '--channel',
        channel,
        '-o',
        `${name}-${analysis}.npy`,
      ];
      runs.push(await ewaldTogether(args, { cwd: folder }));
    }
    const [first, second] = runs as [(typeof runs)[0], (typeof runs)[0]];
    expect(second, first.err).toMatchObject({ code: first.code, err: first.err });
    expect(first.err).toMatch(/warning: .*\d+ pixels of \d+ of .* have no count \(hot, dead/);
    const written = ['quiet', 'loud'].map((name) => readFileSync(join(folder, `${name}-${analysis}.npy`)));
    expect(written[1]?.equals(written[0] as Buffer), analysis).toBe(true);
  }
});

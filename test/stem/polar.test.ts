/** Polar transforms: an ellipse becomes a straight line, axes are those of the calibration, bad pixels are skipped. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy } from 'ewald';
import { type Analysis, type Calibration, type ChannelAxis, Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { type NamedResult, namedChannels } from '../../src/stem/output/named-results.js';
import { axesOf } from '../../src/stem/output/result-axes.js';
import { ewaldTogether } from '../support/cli.js';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

const [n, cy, cx, e1, e2, radius] = [64, 30.3, 33.6, 0.04, -0.03, 20];

/** Calibration of the centre and the ellipse, as `calibrate` writes it. */
const calibration = {
  format: 'ewald calibration',
  version: 1,
  file: 'made',
  shape: [2, 2, n, n],
  centre: { cy, cx, errors: [0, 0] },
  disk: { refused: 'not measured' },
  ellipse: { e1, e2, errors: [0, 0], ellipticity: 0.1, angle: -18.4 },
  descan: { refused: 'not measured' },
  rotation: { refused: 'not measured' },
  badPixels: { hot: [], dead: [], gap: [], invalid: [] },
  stop: [],
  notes: [],
} satisfies Calibration;

/** A ring of Gaussian profile whose circle of radius q is at q (1 + [[e1, e2], [e2, −e1]]) (cos, sin). */
function ringAt(pixel: number): number {
  const [x, y] = [(pixel % n) - cx, Math.floor(pixel / n) - cy];
  const determinant = 1 - e1 * e1 - e2 * e2;
  const [u, v] = [((1 - e1) * x - e2 * y) / determinant, (-e2 * x + (1 + e1) * y) / determinant];
  return 1000 * Math.exp(-((Math.hypot(u, v) - radius) ** 2) / (2 * 2.5 ** 2));
}
const frames = Float32Array.from({ length: 4 * n * n }, (_, i) => (1 + Math.floor(i / (n * n))) * ringAt(i % (n * n)));
const scan = ctx.fromMemory(frames, { navShape: [2, 2], sigShape: [n, n] });

/** Where the ring is at each azimuth, in radii: the first moment of the line. */
const placesOf = (image: ArrayLike<number>, radii: ArrayLike<number>, azimuths: number): number[] =>
  Array.from({ length: azimuths }, (_, j) => {
    let [sum, first] = [0, 0];
    for (let k = 0; k < radii.length; k++) {
      const value = image[j * radii.length + k] as number;
      sum += value;
      first += value * (radii[k] as number);
    }
    return first / sum;
  });
const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);

test('a ring of a known ellipse is a straight line, and without the calibration it is not', async () => {
  const grid = { ri: 10, ro: 29, nAnnular: 72 };
  const { polar, radii, azimuths } = await ctx.run(ctx.createPolarAnalysis(scan, { ...grid, calibration }));
  const units = (channels: readonly { key: string; unit?: string | undefined }[]) =>
    Object.fromEntries(channels.map(({ key, unit }) => [key, unit]));
  const { channels } = await ctx.run(ctx.createPolarAnalysis(scan, grid));
  const ofCounts = { polar: 'counts', mean: 'counts', variance: 'counts²' };
  expect(units(channels)).toEqual({ ...ofCounts, radii: 'pixels', azimuths: 'degrees' });
  expect([polar.shape, radii.shape, azimuths.data[9]]).toEqual([[72, 19], [19], 45]);
  const line = placesOf(polar.data, radii.data, 72);
  // Interpolation moves the ring by up to .02 pixels, the ellipse by 1.
  expect(spread(line)).toBeLessThan(0.05);
  expect(line[0]).toBeCloseTo(radius, 1);
  const bent = await ctx.run(ctx.createPolarAnalysis(scan, { ...grid, cy, cx }));
  // 2 R e for the difference of the axes.
  expect(spread(placesOf(bent.polar.data, bent.radii.data, 72)) / (2 * radius * Math.hypot(e1, e2))).toBeCloseTo(1, 1);
});

test('an ellipse that may be none is not undone', async () => {
  const centroid = async (errors: readonly [number, number]): Promise<number> => {
    const known = { ...calibration, ellipse: { ...calibration.ellipse, errors } };
    const options = { ri: 10, ro: 29, nAnnular: 72, calibration: known };
    const { polar, radii } = await ctx.run(ctx.createPolarAnalysis(scan, options));
    return spread(placesOf(polar.data, radii.data, 72));
  };
  expect(await centroid([0.01, 0.01])).toBeLessThan(0.05);
  expect(await centroid([0.03, 0.03])).toBeGreaterThan(1);
});

test('statistics over azimuths are those of each frame, and NaN where nothing was measured', async () => {
  const analysis = ctx.createPolarAnalysis(scan, { ri: 19, ro: 22, calibration });
  const { mean, variance } = await ctx.run(analysis, { roi: Uint8Array.of(1, 0, 1, 1) });
  expect([mean.shape, variance.shape]).toEqual([
    [2, 2, 3],
    [2, 2, 3],
  ]);
  expect(Array.from(mean.data).slice(3, 6)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect(mean.data[7]).toBeCloseTo(3 * (mean.data[1] as number), 3);
  // The ring is flat along a straight line, but for the interpolation.
  expect(Math.sqrt(variance.data[1] as number) / (mean.data[1] as number)).toBeLessThan(0.02);
});

test('axes have the unit of the calibration, and pixels without one', async () => {
  const axis = async (more: object) => {
    const { polar, radii, azimuths } = await ctx.run(
      ctx.createPolarAnalysis(scan, { calibration: { ...calibration, ...more } }),
    );
    for (const [k, { data }] of [azimuths, radii].entries()) {
      const { first, step } = (polar.axes as readonly ChannelAxis[])[k] as ChannelAxis;
      expect(polar.shape[k]).toBe(data.length);
      expect(first + step * (data.length - 1)).toBeCloseTo(data[data.length - 1] as number, 9);
    }
    expect(polar.axes?.map(({ unit }) => unit)).toEqual(['°', radii.desc.slice('radii, '.length)]);
    return [radii.desc, radii.data[2], polar.desc];
  };
  const turn = 'mean pattern: azimuth in steps of 2.000 degrees from x to y, radius in steps of ';
  expect(await axis({})).toEqual(['radii, pixels', 2, `${turn}1.000 pixels`]);
  expect(await axis({ milliradians: { value: 0.5, error: 0 } })).toEqual(['radii, mrad', 1, `${turn}0.5000 mrad`]);
  const scale = { value: 0.25, error: 0, rings: [] };
  expect(await axis({ scale })).toEqual(['radii, nm⁻¹', 0.5, `${turn}0.2500 nm⁻¹`]);
  const refused = { ...calibration, scale: { refused: 'two rings fit several lists' } };
  const { notes } = ctx.createPolarAnalysis(scan, { calibration: refused });
  expect(notes).toContain('radii are in pixels: two rings fit several lists');
});

test('files name the axes of rings and azimuths, with their numbers in degrees and in the unit of the radii', async () => {
  const milliradians = { value: 0.5, error: 0 };
  const options = { calibration: { ...calibration, milliradians }, ri: 4, ro: 20, nBins: 8 };
  const named = async (analysis: Analysis): Promise<NamedResult[]> =>
    namedChannels(analysis as never, (await ctx.runUdf(scan, analysis.udf)) as never);
  const polar = await named(ctx.createPolarAnalysis(scan, { ...options, nAnnular: 90 }));
  const fourier = await named(ctx.createRadialFourierAnalysis(scan, { ...options, nBins: 2, maxOrder: 1 }));
  const bins = await named(ctx.createRadialBinsAnalysis(scan, { ...options, nBins: 2 }));
  const raw = fourier.filter(({ name }) => name === 'raw');
  const { names, coordinates } = axesOf([...polar.slice(0, 3), ...raw], undefined);
  expect(names).toEqual([
    ['azimuth', 'radius'],
    ['scan_y', 'scan_x', 'radius'],
    ['scan_y', 'scan_x', 'radius'],
    ['ring', 'order', 'scan_y', 'scan_x'],
  ]);
  const ends = Object.fromEntries(
    [...coordinates].map(([name, { values, unit }]) => [name, [values[0], values.at(-1), unit]]),
  );
  expect(ends).toEqual({ azimuth: [0, 356, '°'], radius: [2, 9, 'mrad'], ring: [4, 8, 'mrad'] });
  expect(bins.map(({ desc, unit }) => [desc, unit])).toEqual([
    ['sum over ring 0, 2 to 6 mrad', 'counts'],
    ['sum over ring 1, 6 to 10 mrad', 'counts'],
  ]);
  // Another axis of this name and length has other numbers.
  const other = { ...(polar[1] as NamedResult), name: 'other', scales: [{ step: 1, unit: 'px' }] };
  expect(axesOf([polar[1] as NamedResult, other], undefined).names[1]?.[2]).toBe('other_2');
});

test('hot and dead pixels, gaps and a beam stop are skipped', async () => {
  const marred = frames.slice(0, n * n);
  marred[10 * n + 31] = 1e6;
  marred.fill(0, 50 * n, 52 * n);
  const badPixels = { hot: [[10, 31]], dead: [], gap: [[50, 0, n]], invalid: [] } as const;
  const without = { ...calibration, badPixels, stop: [[51, 0, n]] } as const;
  const alone = (data: Float32Array) => ctx.fromMemory(data, { navShape: [1, 1], sigShape: [n, n] });
  const profile = async (data: Float32Array, used: Calibration) =>
    (await ctx.run(ctx.createPolarAnalysis(alone(data), { ro: 24, calibration: used }))).mean.data;
  const [whole, repaired, raw] = [
    await profile(frames.slice(0, n * n), calibration),
    await profile(marred, without),
    await profile(marred, calibration),
  ];
  const off = (found: ArrayLike<number>): number =>
    Math.max(...Array.from(whole, (value, k) => Math.abs((found[k] as number) - value)));
  expect(off(repaired)).toBeLessThan(5);
  expect(off(raw)).toBeGreaterThan(1000);
});

test('the command writes the same', { tags: 'all' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-polar-'));
  const ewald = (...words: string[]) => ewaldTogether(words, { cwd: folder });
  try {
    await ctx.exportDataset(scan, join(folder, 'scan.npy'));
    writeFileSync(join(folder, 'scan.cal.json'), JSON.stringify(calibration));
    const words = ['run', 'polar', 'scan.npy', '--calibration', 'scan.cal.json', '--n-annular', '12', '--ro', '20'];
    expect(await ewald(...words, '-o', 'out.npy', '--png', 'out.png')).toMatchObject({ code: 0, err: '' });
    const { shape, data } = readNpy(readFileSync(join(folder, 'out-polar.npy')), 'out-polar.npy');
    const { polar } = await ctx.run(ctx.createPolarAnalysis(scan, { calibration, nAnnular: 12, ro: 20 }));
    expect([shape, Array.from(data)]).toEqual([[12, 20], Array.from(polar.data)]);
    expect(await ewald('run', 'polar', 'scan.npy', '--n-annular', '0')).toMatchObject({ code: 2 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('radii through pixels that are no numbers are counted', async () => {
  const spoilt = frames.slice();
  spoilt[n * n + 30 * n + 40] = Number.NaN;
  const some = ctx.fromMemory(spoilt, { navShape: [2, 2], sigShape: [n, n] });
  const notes = async (of: typeof some) => (await ctx.run(ctx.createPolarAnalysis(of, { ro: 20 }))).notes;
  expect(await notes(some)).toEqual([
    expect.stringMatching(/^at 1 of 4 positions pixels are no numbers: .* nor have \d+ samples of the mean pattern$/),
  ]);
  expect(await notes(scan)).toEqual([]);
});

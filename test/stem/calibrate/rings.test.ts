// @module-tag all: many scans.
/** The size of a pixel from rings of a known powder: right within its error, or refused in words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Calibration, Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { ewaldTogether } from '../../support/cli.js';
import { refused } from '../../support/refused.js';
import { uniform } from './simulated-scan.mjs';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

/** {111}, {200}, {220} and {311} of gold, in nm. */
const gold = [0.2355, 0.2039, 0.1442, 0.123];

interface Powder {
  readonly seed: number;
  /** Inverse nanometres a pixel. */
  readonly scale: number;
  readonly shown?: readonly number[];
  readonly dose?: number;
  readonly ellipticity?: number;
}

/** A scan of 6 × 6 frames with a disk and rings on a background, all of them elliptic. */
function powder({ seed, scale, shown = gold, dose = 2, ellipticity = 0 }: Powder) {
  const [random, side, n] = [uniform(seed), 6, 128];
  const [cy, cx] = [62 + 3 * random(), 62 + 3 * random()];
  const mean = Float64Array.from({ length: n * n }, (_, i) => {
    const [dy, dx] = [Math.floor(i / n) - cy, (i % n) - cx];
    const square = dy * dy + dx * dx + 1e-9;
    const r = Math.sqrt(square) / (1 + ((ellipticity / 2) * (dx * dx - dy * dy)) / square);
    const rings = shown.reduce((sum, d) => sum + 4 * Math.exp(-((r - 1 / d / scale) ** 2) / 3.4), 0);
    return dose * (0.3 + 2 * Math.exp(-r / 20) + 60 / (1 + Math.exp((r - 9) / 0.4)) + rings);
  });
  const counts = (value: number): number => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(value + Math.sqrt(value) * normal));
  };
  const frames = Float32Array.from({ length: side * side * n * n }, (_, i) => counts(mean[i % (n * n)] as number));
  return ctx.fromMemory(frames, { sigShape: [n, n], navShape: [side, side] });
}
const scaleOf = async (given: Powder, rings: readonly number[] = gold): Promise<Calibration['scale']> => {
  const scan = powder(given);
  const { scale } = await ctx.calibrate(scan, { rings });
  await scan.dispose();
  return scale;
};

test('the scale is within its error, round or elliptic, with many counts and few', { tags: 'nightly' }, async () => {
  const deviations: number[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    const scale = 0.148 + 0.0015 * seed;
    const given = { seed, scale, dose: [4, 1, 0.4][seed % 3] as number, ellipticity: seed % 2 ? 0.02 : 0 };
    const found = (await scaleOf(given)) as Extract<Calibration['scale'], { rings: unknown }>;
    expect(found).not.toHaveProperty('refused');
    expect(Math.abs(found.value / scale - 1)).toBeLessThan(0.001);
    expect(found.rings.map(([, , d]) => Number(d.toFixed(4)))).toEqual(gold);
    deviations.push((found.value - scale) / found.error);
  }
  const rms = Math.sqrt(deviations.reduce((sum, z) => sum + z * z, 0) / deviations.length);
  expect(rms).toBeGreaterThan(0.6);
  expect(rms).toBeLessThan(1.4);
});

test.each([
  ['two rings', { shown: gold.slice(0, 2) }, gold, /^2 rings are seen, and at least three are needed$/],
  ['another material', {}, [0.3, 0.2, 0.15, 0.11], /are not those of the listed spacings/],
  ['one ring that is displaced', { shown: [0.2355, 0.2039, 0.1343, 0.123] }, gold, /are not those/],
  // Each spacing is two thirds of the one before it.
  ['several ways', { shown: [0.4, 0.8 / 3, 1.6 / 9] }, [0.9, 0.6, 0.4, 0.8 / 3, 1.6 / 9], /more than one way/],
] as const)('%s: refused', { tags: 'nightly' }, async (_, given, rings, reason) => {
  const scale = 'shown' in given && given.shown.length === 3 ? 0.104 : 0.16;
  expect(await scaleOf({ seed: 5, scale, ...given }, rings)).toEqual({ refused: expect.stringMatching(reason) });
});

test('without spacings there is no scale, and what is not a spacing is refused', async () => {
  expect(await ctx.calibrate(powder({ seed: 3, scale: 0.16 }))).not.toHaveProperty('scale');
  for (const rings of [[0.2, -1], [0.2, Number.NaN], 'gold'])
    await refused(
      () => ctx.calibrate(powder({ seed: 3, scale: 0.16 }), { rings: rings as number[] }),
      'Argument',
      'rings',
    );
});

test('the dark between the rings and the direct beam is no beam stop', async () => {
  const [random, height, width] = [uniform(4), 160, 180];
  const heights = [60, 35, 30, 28];
  const mean = Float64Array.from({ length: height * width }, (_, i) => {
    const r = Math.hypot(Math.floor(i / width) - 82.3, (i % width) - 87.6);
    const rings = gold.reduce((sum, d, k) => sum + (heights[k] ?? 0) * Math.exp(-((r - 1 / d / 0.11) ** 2) / 2.88), 0);
    return 3 + 20 * Math.exp(-r / 20) + 300 * Math.exp(-(r * r) / 12.5) + rings;
  });
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const frames = Float32Array.from({ length: 20 * mean.length }, (_, i) => {
    const value = mean[i % mean.length] as number;
    return Math.max(0, Math.round(value + Math.sqrt(value) * normal()));
  });
  const scan = ctx.fromMemory(frames, { sigShape: [height, width], navShape: [4, 5] });
  const { stop, scale } = await ctx.calibrate(scan, { rings: gold });
  await scan.dispose();
  // It was 12 241 pixels, which `run polar --calibration` left out: whole radii were not a number.
  expect(stop).toEqual([]);
  expect(scale).toMatchObject({ value: expect.closeTo(0.11, 4) });
});

test('the command tells it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-rings-'));
  try {
    await ctx.exportDataset(powder({ seed: 9, scale: 0.155 }), join(folder, 'scan.npy'));
    const words = ['calibrate', 'scan.npy', '--nav-shape', '6,6', '--backend', 'wasm', '--rings', gold.join()];
    const { out, code } = await ewaldTogether(words, { cwd: folder });
    expect(code).toBe(0);
    expect(out).toMatch(/^pixel +0\.15[45]\d* ± 0\.000\d+ nm⁻¹$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

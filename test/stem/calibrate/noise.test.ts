// @module-tag nightly: many scans.
/** Maps that noise hides are named, with the correlation that their counts let one expect. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Calibration, Context, type Scan } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { ewaldTogether } from '../../support/cli.js';
import { simulatedScan, surveyed } from './simulated-scan.mjs';

const ctx = new Context({ context: { backend: 'wasm' } });
const folder = mkdtempSync(join(tmpdir(), 'ewald-noise-'));
afterAll(async () => {
  await ctx.close();
  rmSync(folder, { recursive: true });
});

const [radius, step] = [12, 1.4];

function counted(kind: 'crystal' | 'amorphous', seed: number, dose: number): Scan {
  const optics = { dose, strength: 0.3, defocus: 0, radius, step, within: 14, kind } as const;
  const { frames, shape } = simulatedScan({ ...surveyed('plain', seed), ...optics });
  const { rows, columns, n } = shape;
  return ctx.fromMemory(Uint16Array.from(frames), { sigShape: [n, n], navShape: [rows, columns] });
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const centred = (x: ArrayLike<number>): number[] => {
    const mean = Array.from(x).reduce((p, q) => p + q, 0) / x.length;
    return Array.from(x, (value) => value - mean);
  };
  const [p, q] = [centred(a), centred(b)];
  const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return dot(p, q) / Math.sqrt(dot(p, p) * dot(q, q));
}

/** The maps of three analyses, and the correlations that their notes state; 1 without a note. */
async function maps(scan: Scan, calibration: Calibration) {
  const stated = (notes: readonly string[]): number =>
    Number(/correlation with a map without noise is about (\S+);/.exec(notes.join('\n'))?.[1] ?? 1);
  const com = await ctx.run(ctx.createComAnalysis(scan, { calibration }));
  const icom = await ctx.run(ctx.createIcomAnalysis(scan, { calibration }));
  const ssb = await ctx.run(ctx.createSsbAnalysis(scan, { calibration }));
  return {
    com: { images: [com.x.data, com.y.data], stated: stated(com.notes) },
    icom: { images: [icom.phase.data], stated: stated(icom.notes) },
    ssb: { images: [ssb.phase.data], stated: stated(ssb.notes) },
  };
}

test.each([
  ['crystal', 6101],
  ['amorphous', 6102],
] as const)('the stated correlation of a scan of an object: %s', { timeout: 120_000 }, async (kind, seed) => {
  const bright = counted(kind, seed, 1000);
  const dpix = (step * (radius / (bright.shape.sig[0] as number)) * 0.00250793) / 0.02;
  const calibration = await ctx.calibrate(bright, { voltage: 200, semiconv: 20, dpix });
  const truth = await maps(bright, calibration);
  let noted = 0;
  for (const dose of [30, 2, 0.5]) {
    const found = await maps(counted(kind, seed, dose), calibration);
    for (const name of ['com', 'icom', 'ssb'] as const) {
      const { images, stated } = found[name];
      const alike = Math.min(...images.map((image, i) => correlation(image, truth[name].images[i] as Float64Array)));
      const said = `${name} at ${dose} electrons a pixel: ${alike}, stated ${stated}`;
      if (stated < 1) noted++;
      // Between the two, the estimate decides.
      if (alike < 0.94) expect(stated, said).toBeLessThan(0.95);
      if (alike > 0.96) expect(stated, said).toBe(1);
      if (stated < 1) expect(Math.abs(stated - alike), said).toBeLessThan(0.04);
    }
  }
  expect(noted).toBeGreaterThanOrEqual(2);
});

test('nothing is stated of reals, which are no counts, and without a calibration', async () => {
  const faint = counted('crystal', 6103, 0.3);
  const calibration = await ctx.calibrate(faint);
  expect((await ctx.run(ctx.createComAnalysis(faint))).notes).toEqual([]);
  expect((await ctx.run(ctx.createComAnalysis(faint, { calibration }))).notes.join()).toMatch(/counts a pattern/);
  const ring = ctx.createComAnalysis(faint, { calibration, maskRadius: 12, maskRadiusInner: 6 });
  expect((await ctx.run(ring)).notes.join()).not.toMatch(/counts a pattern/);
  await ctx.exportDataset(faint, join(folder, 'scan.npy'));
  writeFileSync(join(folder, 'scan.cal.json'), JSON.stringify(calibration));
  const shape = `${faint.shape.nav}`;
  const words = ['run', 'com', 'scan.npy', '--nav-shape', shape, '--calibration', 'scan.cal.json', '-o', 'com.h5'];
  const run = (...more: string[]) => ewaldTogether([...words, '--backend', 'wasm', ...more], { cwd: folder });
  expect(await run()).toMatchObject({ code: 0, err: expect.stringMatching(/counts a pattern make noise of [\d.]+/) });
  expect((await run('--dtype', 'f32', '--force')).err).not.toMatch(/counts a pattern/);
});

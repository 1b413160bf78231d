/** A simulated scan: strain, shift and hot pixels are those of its truth, and the same seed gives the same file. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScanTruth, simulateFrames, simulateScan, simulateSpotLists } from '../../dist/shell.node.js';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';

const nav = [8, 10] as const;
const simulation = { navShape: nav, sigShape: [96, 112] as const, spacingPx: 19, hotPixels: 2, seed: 4 };
const radius = 5;
const ctx = new Context({ context: { backend: 'wasm', strict: true } });
let folder = '';
let truth: ScanTruth;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-scan-'));
  const files = await simulateScan(folder, simulation);
  truth = JSON.parse(await readFile(files.truth, 'utf8'));
});
afterAll(async () => {
  await ctx.close();
  await rm(folder, { recursive: true });
});

/** Mean and root mean square about it of the differences of two maps. */
function differences(map: ArrayLike<number>, expected: readonly number[]) {
  const errors = expected.map((value, i) => (map[i] as number) - value);
  const mean = errors.reduce((sum, value) => sum + value, 0) / errors.length;
  return { mean, rms: Math.sqrt(errors.reduce((sum, value) => sum + (value - mean) ** 2, 0) / errors.length) };
}

test('has the strain and the shift of its truth', async () => {
  const scan = await ctx.load(join(folder, 'scan.h5'), { fileMask: true });
  expect(scan.shape).toEqual({ nav: [...nav], sig: [96, 112] });
  const strain = await ctx.run(ctx.createStrainAnalysis(scan, { diskRadius: radius }));
  for (const name of ['eyy', 'exx', 'exy', 'theta'] as const) {
    const { mean, rms } = differences(strain[name].data, truth[name]);
    // The reference is the median of the scan.
    expect(Math.abs(mean), name).toBeLessThan(2e-3);
    expect(rms, name).toBeLessThan(1e-3);
  }
  const [cy, cx] = truth.zero;
  const com = await ctx.run(ctx.createComAnalysis(scan, { cx, cy, maskRadius: 9 }));
  for (const [channel, shift] of [
    [com.y, truth.shiftY],
    [com.x, truth.shiftX],
  ] as const) {
    expect(Math.max(...shift)).toBeGreaterThan(0.9);
    expect(differences(channel.data, shift).rms).toBeLessThan(0.1);
  }
});

test('has a mask with its hot pixels, and none without them', async () => {
  expect(truth.hotPixels).toHaveLength(2);
  const scan = await ctx.load(join(folder, 'scan.h5'));
  const mask = (await scan.dataset.mask?.()) ?? expect.fail();
  const frame = await scan.dataset.read(17, 1);
  for (const [y, x] of truth.hotPixels) expect([mask[y * 112 + x], frame[y * 112 + x]]).toEqual([1, 5000]);
  expect(mask.reduce((a, b) => a + b, 0)).toBe(2);
  const plain = await simulateScan(folder, { navShape: [1, 2], sigShape: [32, 32], seed: 1 }, { name: 'plain' });
  const other = await ctx.load(plain.frames);
  expect(other.dataset.mask).toBeUndefined();
});

test('is the same for the same seed, by the library and by the command', { tags: 'all' }, async () => {
  const words = ['simulate', 'scan', '-o', join(folder, 'again'), '--nav-shape', '8,10', '--sig-shape', '96,112'];
  const { code, err, out } = await ewald([...words, '--spacing=19', '--hot-pixels=2', '--seed=4']);
  expect(code, err).toBe(0);
  expect(out).toContain('ewald run strain');
  for (const name of await readdir(join(folder, 'again')))
    if (name.endsWith('.h5'))
      expect((await readFile(join(folder, 'again', name))).equals(await readFile(join(folder, name)))).toBe(true);
  const one = await simulateScan(folder, { navShape: [1, 1], sigShape: [32, 32], seed: 1 }, { name: 'one' });
  const two = await simulateScan(folder, { navShape: [1, 1], sigShape: [32, 32], seed: 2 }, { name: 'two' });
  expect((await readFile(one.frames)).equals(await readFile(two.frames))).toBe(false);
});

test('of wrong options is refused, and an older simulation stays', async () => {
  await refused(() => simulateScan(folder, { diskRadiusPx: 12 }), 'Argument', 'overlap at a spacing of 21');
  await refused(() => simulateScan(folder, { navShape: [0, 4] }), 'Argument', 'navShape');
  await refused(() => simulateScan(folder, { hotPixel: 1 } as object), 'Argument', 'hotPixel');
  await refused(() => simulateScan(folder, simulation), 'Argument', 'scan.h5');
});

test('one that ends early takes the folders that it made with it, and leaves others', async () => {
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  const options = { onProgress, signal: stop.signal };
  await refused(() => simulateScan(join(folder, 'new/inner'), simulation, options), 'Aborted', '');
  await refused(() => simulateScan(folder, simulation, { ...options, name: 'other' }), 'Aborted', '');
  expect((await readdir(folder)).sort()).not.toContain('new');
  expect(await readdir(folder)).toContain('scan.h5');
});

test('misspelt options of the files, and a voltage beside another beam, are refused', async () => {
  const cell = [
    [79, 0, 0],
    [0, 79, 0],
    [0, 0, 38],
  ] as const;
  const misspelt = { forse: true } as object;
  await refused(() => simulateScan(folder, simulation, misspelt), 'Argument', 'did you mean "force"');
  await refused(() => simulateFrames(folder, { cell }, misspelt), 'Argument', 'did you mean "force"');
  await refused(() => simulateSpotLists(folder, { cell }, misspelt), 'Argument', 'did you mean "force"');
  await refused(() => simulateFrames(folder, { cell }, { voltageV: 2e5 }), 'Argument', "radiation: 'electron'");
  const twice = { cell, radiation: 'electron', wavelengthA: 0.02 } as const;
  await refused(() => simulateFrames(folder, twice, { voltageV: 2e5 }), 'Argument', 'wavelengthA');
});

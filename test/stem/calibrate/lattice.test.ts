/** The size of a pixel from the disks of a known crystal: right within its error, or refused in words. */
import { type Calibration, Context, type EwaldError } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { scaleNotes } from '../../../src/stem/calibrate/spacings.js';
import { known, type StrainScan, scanOf } from '../strain-scan.js';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

type Pair = [number, number];
const hexagonal = { ...known, radius: 4, zero: [60.2, 66.7], a: [0.7, 20.2], b: [17.6, 9.8], seed: 2 } as StrainScan;

async function scaleOf(made: StrainScan, lattice: readonly number[]) {
  const frames = scanOf(made);
  const scan = ctx.fromMemory(frames, { sigShape: [made.sig, made.sig], navShape: [made.n, made.n] });
  const { scale } = await ctx.calibrate(scan, { lattice });
  await scan.dispose();
  return scale;
}

/** Spacings and angle of vectors in pixels of `scale` inverse nm. */
function latticeOf([a, b]: readonly [Pair, Pair], scale: number): number[] {
  const cosine = (a[0] * b[0] + a[1] * b[1]) / Math.hypot(...a) / Math.hypot(...b);
  return [1 / Math.hypot(...a) / scale, 1 / Math.hypot(...b) / scale, (Math.acos(cosine) * 180) / Math.PI];
}

/** A detector stretched by 1 + e1 along x and 1 − e1 along y, and by e2 along the diagonal. */
const stretched = ([y, x]: Pair, e1: number, e2: number): Pair => [(1 - e1) * y + e2 * x, e2 * y + (1 + e1) * x];

test.each<[string, StrainScan, number, number, number, boolean]>([
  ['nearly square', known, 0.21, 0, 0, false],
  ['hexagonal', hexagonal, 0.35, 0, 0, false],
  ['mirrored', hexagonal, 0.35, 0, 0, true],
  ['on a detector that stretches', known, 0.21, 0.012, -0.007, false],
])('%s', { tags: 'all', timeout: 60_000 }, async (_, made, scale, e1, e2, mirrored) => {
  const pair = [stretched(made.a, e1, e2), stretched(made.b, e1, e2)] as const;
  const seen = mirrored ? pair.map(([y, x]): Pair => [-y, x]) : pair;
  const found = await scaleOf({ ...made, a: seen[0] as Pair, b: seen[1] as Pair }, latticeOf([made.a, made.b], scale));
  expect(found).not.toHaveProperty('refused');
  const { value, error, lattice } = found as Extract<Calibration['scale'], { lattice: unknown }>;
  expect(Math.abs(value / scale - 1)).toBeLessThan(0.002);
  expect(Math.abs(value - scale)).toBeLessThan(4 * error);
  expect(error).toBeLessThan(0.003 * scale);
  expect(Math.abs(lattice.e1 - e1)).toBeLessThan(0.002);
  expect(Math.abs(lattice.e2 - e2)).toBeLessThan(0.002);
});

test('that is another one, or has no disks, is refused', { tags: 'all', timeout: 60_000 }, async () => {
  expect(await scaleOf(hexagonal, [0.2, 0.2, 90])).toEqual({ refused: expect.stringContaining('no combination') });
  expect(await scaleOf({ ...known, a: [0, 60], b: [60, 0] }, [0.2, 0.2, 90])).toEqual({
    refused: expect.stringMatching(/disks/),
  });
});

test.each([
  [{ lattice: [0.2, 0.2] }, /lattice is 0.2,0.2; expected two spacings in nm and an angle/],
  [{ lattice: [0.2, 0.2, 5] }, /an angle of 10 to 170 degrees/],
  [{ lattice: [0.2, 0.2, 90], rings: [0.2, 0.3, 0.4] }, /rings and lattice are two scales/],
  [{ rings: [0.2355, 0.2039] }, /rings is 0.2355,0.2039; expected at least three/],
  [{ rings: [2.355, 2.039, 1.23] }, /ten times the spacings of gold; expected nm: 0.2355,0.2039,0.123/],
  [{ rings: [3.135, 1.92, 1.637] }, /ten times the spacings of silicon/],
])('%o is refused', async (options, message) => {
  const scan = ctx.fromMemory(new Uint16Array(16 * 16 * 16), { sigShape: [16, 16], navShape: [4, 4] });
  const error: EwaldError = await ctx.calibrate(scan, options).then(
    () => expect.fail('it was accepted'),
    (one) => one,
  );
  await scan.dispose();
  expect([error.tag, error.message]).toEqual(['Argument', expect.stringMatching(message)]);
});

test('a size of a pixel that the optics or the spacings contradict is named', () => {
  const scale = { value: 0.02, error: 1e-4, rings: [] };
  const optics = { voltage: { value: 200, source: 'given' }, semiconv: { value: 20, source: 'given' } } as const;
  const milliradians = (value: number) => ({ value, error: 1e-3 });
  // .0251 Å · .02 nm⁻¹ = .0502 mrad.
  expect(scaleNotes({ scale, optics, milliradians: milliradians(0.05) }, [0.2])).toEqual([]);
  expect(scaleNotes({ scale, optics, milliradians: milliradians(0.5) }, [2.355]).join()).toMatch(
    /0\.02 nm⁻¹ by the spacings, which are 0\.0502 mrad at 200 kV, and 0\.5 mrad .*the spacings are in Å/,
  );
  expect(scaleNotes({ scale, optics, milliradians: milliradians(0.1) }, [0.2]).join()).toContain('one is wrong');
  expect(scaleNotes({ scale, optics: {} }, [2.355, 0.2]).join()).toMatch(/if they are in Å.*a pixel is 0\.2 nm⁻¹/);
  expect(scaleNotes({ scale, optics: {} }, [0.2355])).toEqual([]);
});

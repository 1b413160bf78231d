/** Dark and gain corrections and bad pixels: the formula, the marks, and the refusals. */
import { expect, it } from 'vitest';
import { badPixel, Corrections, memoryDataset, staticMask } from '../../dist/data.node.js';

const run = (
  corrections: Corrections,
  frame: Parameters<Corrections['apply']>[0],
  dtype: Parameters<Corrections['apply']>[1],
) => {
  const out = new Float32Array(corrections.length).fill(-7);
  const marks = new Uint8Array(corrections.length).fill(255);
  const bad = corrections.apply(frame, dtype, out, marks);
  return { out: [...out], marks: [...marks], bad };
};

it('subtracts the dark frame and multiplies by the gain', () => {
  const corrections = new Corrections({ dark: [1, 2, 3], gain: [2, 0.5, 4] });
  expect(run(corrections, Uint16Array.of(11, 12, 1), 'u16')).toEqual({ out: [20, 5, -8], marks: [0, 0, 0], bad: 0 });
  expect(run(corrections, BigInt64Array.of(11n, 12n, 1n), 'i64').out).toEqual([20, 5, -8]);
});

it('marks every reason why a pixel is bad', () => {
  const { masked, saturated, underload, marker } = badPixel;
  const corrections = new Corrections({
    mask: [0, 1, 0, 0, 0, 1],
    saturation: 100,
    underload: 0,
    markers: [2 ** 32 - 1, -2],
  });
  expect(run(corrections, Float64Array.of(100, 5, 101, -1, 2 ** 32 - 1, -2), 'f64')).toEqual({
    out: [100, 0, 0, 0, 0, 0],
    marks: [0, masked, saturated, underload, saturated | marker, masked | underload | marker],
    bad: 5,
  });
  expect(run(new Corrections({ length: 2 }), Float32Array.of(Number.NaN, 1), 'f32').marks).toEqual([marker, 0]);
});

it('treats a gain of 0 or NaN as a dead pixel', () => {
  const corrections = new Corrections({ gain: [1, 0, Number.NaN, Number.POSITIVE_INFINITY] });
  expect(run(corrections, Uint8Array.of(9, 9, 9, 9), 'u8')).toEqual({ out: [9, 0, 0, 0], marks: [0, 1, 1, 1], bad: 3 });
});

it('fills bad pixels from good neighbours, not across panels', () => {
  const patch = { width: 2, height: 2 };
  const mask = [1, 0, 0, 0, 1, 0, 0, 0];
  const corrections = new Corrections({ mask, patch });
  expect(run(corrections, Uint8Array.of(99, 3, 6, 9, 99, 30, 60, 90), 'u8').out).toEqual([6, 3, 6, 9, 60, 30, 60, 90]);
  const all = new Corrections({ mask: [1, 1, 1, 1], patch });
  expect(run(all, Uint8Array.of(1, 2, 3, 4), 'u8').out).toEqual([0, 0, 0, 0]);
});

it('detects when there is nothing to correct', () => {
  expect(new Corrections({ length: 4 }).isIdentity).toBe(true);
  for (const options of [
    { mask: [1] },
    { dark: [0] },
    { gain: [1] },
    { saturation: 5 },
    { underload: 0 },
    { markers: [1] },
  ])
    expect(new Corrections({ length: 1, ...options }).isIdentity).toBe(false);
});

it('combines the values of a dataset with those of the caller', async () => {
  const dataset = memoryDataset(Int32Array.of(-1, 5, 700, 3), {
    sigShape: [2, 2],
    meta: { saturation: 600, underload: 0 },
  });
  const withMask = Object.assign(dataset, { mask: async () => Uint8Array.of(0, 1, 0, 0) });
  const corrections = await Corrections.of(withMask, { mask: [0, 0, 0, 1] });
  const frame = await dataset.read(0, 1);
  expect(run(corrections, frame, 'i32').marks).toEqual([badPixel.underload, 1, badPixel.saturated, 1]);
  expect([...staticMask(frame, dataset.meta)]).toEqual([1, 0, 0, 0]);
});

it('takes the mask of a frame where masks differ', async () => {
  const dataset = memoryDataset(Int32Array.of(1, 2, 3, 4), { sigShape: [1, 2] });
  const varying = Object.assign(dataset, {
    maskVaries: true,
    mask: async ({ frame = 0 } = {}) => Uint8Array.of(frame === 0 ? 1 : 0, frame === 1 ? 1 : 0),
  });
  await expect(Corrections.of(varying)).rejects.toThrow(/differs from frame to frame; make corrections for each/);
  await expect(Corrections.of(varying, { frame: 2 })).rejects.toThrow(/frame is 2; expected .* 0 … 1/);
  expect([...((await Corrections.of(varying, { frame: 1 })).mask ?? [])]).toEqual([0, 1]);
});

it('refuses arrays of the wrong size, and numbers that are not counts', () => {
  expect(() => new Corrections({})).toThrow(/length of a frame/);
  expect(() => new Corrections({ mask: [0], dark: [1, 2] })).toThrow(/dark has 2 pixels; the frame has 1/);
  expect(() => new Corrections({ length: 5, patch: { width: 2, height: 2 } })).toThrow(
    /do not tile a frame of 5 pixels/,
  );
  expect(() => new Corrections({ lenght: 5 } as never)).toThrow(/did you mean "length"/);
  const corrections = new Corrections({ length: 2 });
  const [out, marks] = [new Float32Array(2), new Uint8Array(2)];
  expect(() => corrections.apply(new Float32Array(4), 'c64', out, marks)).toThrow(/no counts/);
  expect(() => corrections.apply(new Uint8Array(1), 'u8', out, marks)).toThrow(/frame has 1 elements/);
  expect(() => corrections.apply(new Uint8Array(2), 'u8', out, new Uint8Array(1))).toThrow(/marks has 1 elements/);
});

it('gives weights and sums equivalent to correcting every frame', () => {
  const patch = { width: 2, height: 2 };
  const options = { mask: [1, 0, 0, 0, 1, 1, 1, 1], dark: [9, 1, 2, 3, 4, 5, 6, 7], patch };
  const corrections = new Corrections({ ...options, gain: [2, 2, 4, 8, 1, 1, 1, 1] });
  // The single bad pixel is the mean of three neighbours; a panel of bad pixels does not count.
  expect([...corrections.folded([3, 5, 0, 1, 7, 7, 7, 7])]).toEqual([0, 12, 4, 16, 0, 0, 0, 0]);
  const sum = Float64Array.of(99, 12, 14, 16, 1, 1, 1, 1);
  corrections.correctSum(sum, 2);
  expect([...sum]).toEqual([(20 + 40 + 80) / 3, 20, 40, 80, 0, 0, 0, 0]);
  expect([corrections.isLinear, new Corrections({ ...options, saturation: 9 }).isLinear]).toEqual([true, false]);
});

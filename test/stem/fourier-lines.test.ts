/** Transforms of single images: any sides, beside the sums that define them. */
import { expect, test } from 'vitest';
import { Correlator } from '../../src/stem/disks/correlate.js';
import {
  halfOf,
  halfSpectrum2d,
  inverse2d,
  MiddleSpectrum,
  magnitude,
  spectrum2d,
  transform2d,
} from '../../src/stem/images/fourier.js';
import { checkPattern, patternMask } from '../../src/udf/disks/patterns.js';
import { inParts, type WritePart } from '../../src/udf/functions/in-parts.js';

let state = 1;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32 - 0.5;
};
const numbers = (length: number): Float64Array => Float64Array.from({ length }, random);

/** The spectrum by its definition. */
function defined(data: Float64Array, height: number, width: number): Float64Array {
  const out = new Float64Array(2 * height * width);
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const angle = -2 * Math.PI * (((v * y) % height) / height + ((u * x) % width) / width);
          const [from, to] = [2 * (y * width + x), 2 * (v * width + u)];
          const [re, im] = [data[from] as number, data[from + 1] as number];
          out[to] = (out[to] as number) + re * Math.cos(angle) - im * Math.sin(angle);
          out[to + 1] = (out[to + 1] as number) + re * Math.sin(angle) + im * Math.cos(angle);
        }
  return out;
}

/** The largest difference, relative to the largest number. */
const error = (found: ArrayLike<number>, truth: Float64Array): number => {
  expect(found.length).toBe(truth.length);
  const most = truth.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return truth.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (found[i] as number))), 0) / most;
};

// Powers of 2, 3, 5 and primes up to 13, others as convolutions, fewer and more lines than are transformed at once.
const sides = [
  [1, 1],
  [1, 2],
  [3, 5],
  [8, 16],
  [12, 7],
  [9, 20],
  [17, 6],
  [26, 11],
  [4, 37],
  [19, 1],
] as const;

test('images of any sides have the spectrum that is defined, and come back from it', () => {
  for (const [height, width] of sides) {
    const complex = numbers(2 * height * width);
    const truth = defined(complex, height, width);
    const found = complex.slice();
    transform2d(found, height, width);
    expect(error(found, truth)).toBeLessThan(1e-14);
    inverse2d(found, height, width);
    expect(error(found, complex)).toBeLessThan(1e-14);
  }
});

test('real images have the same one by half of the work, and its magnitude with frequency 0 in the middle', () => {
  for (const [height, width] of sides) {
    const real = numbers(height * width);
    const truth = defined(
      Float64Array.from({ length: 2 * real.length }, (_, i) => (i % 2 ? 0 : (real[i / 2] as number))),
      height,
      width,
    );
    expect(error(spectrum2d(real, height, width), truth)).toBeLessThan(1e-14);
    const half = halfSpectrum2d(real, height, width);
    const rows = Array.from({ length: height }, (_, y) =>
      truth.subarray(2 * y * width, 2 * (y * width + halfOf(width))),
    );
    expect(error(half, Float64Array.from(rows.flatMap((row) => [...row])))).toBeLessThan(1e-14);
    const moved = new Float64Array(truth.length);
    const sizes = new Float64Array(real.length);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const to = ((y + (height >> 1)) % height) * width + ((x + (width >> 1)) % width);
        const [re, im] = truth.subarray(2 * (y * width + x)) as unknown as [number, number];
        moved.set([re, im], 2 * to);
        sizes[to] = Math.hypot(re, im);
      }
    const spectrum = new MiddleSpectrum(() => real, [height, width], ['complex', 'magnitude', 'logs']);
    expect(error(spectrum.complex(), moved)).toBeLessThan(1e-14);
    expect(error(spectrum.magnitude(), sizes)).toBeLessThan(1e-14);
    expect(error(spectrum.logs(), sizes.map(Math.log1p))).toBeLessThan(1e-14);
    // Opposite frequencies have one magnitude.
    const [found, down, right] = [spectrum.magnitude(), height >> 1, width >> 1];
    for (let y = height % 2 ? 0 : 1; y < height; y++)
      for (let x = width % 2 ? 0 : 1; x < width; x++)
        expect(found[y * width + x]).toBe(found[(2 * down - y) * width + 2 * right - x]);
  }
});

test('rows of a spectrum are those of the whole, to the bit, in any order and as often as they are asked for', () => {
  for (const [height, width] of sides) {
    const real = numbers(height * width);
    let transforms = 0;
    const wanted = ['complex', 'magnitude', 'logs'] as const;
    const spectrum = new MiddleSpectrum(
      () => {
        transforms++;
        return real;
      },
      [height, width],
      wanted,
    );
    const whole = wanted.map((name) => spectrum[name]());
    expect(transforms).toBe(1);
    for (const [i, name] of wanted.entries()) {
      const row = width * (name === 'complex' ? 2 : 1);
      const write = spectrum[name][inParts] as WritePart;
      for (let y = height - 1; y >= 0; y -= 2) {
        const part = new Float64Array(row * Math.min(2, height - y)).fill(7);
        write(y * row, part);
        expect(part).toEqual(whole[i]?.subarray(y * row, y * row + part.length));
      }
    }
  }
});

test('magnitudes neither overflow nor vanish', () => {
  expect(magnitude(3e200, 4e200) / 5e200).toBeCloseTo(1, 14);
  expect(magnitude(3e-200, -4e-200) / 5e-200).toBeCloseTo(1, 14);
  expect(magnitude(0, 0)).toBe(0);
  expect(magnitude(Number.NaN, 1)).toBeNaN();
});

test('a small pattern is correlated in windows, whose edges are nowhere to be seen', () => {
  const template = { template: numbers(35), shape: [5, 7] as const };
  for (const [height, width] of [
    [97, 100],
    [128, 91],
  ] as const)
    for (const pattern of [
      { radius: 1.5, radiusOuter: 2.5 },
      { kind: 'circular', radius: 2.3 },
      { kind: 'radial-gradient', radius: 3 },
      { kind: 'radial-gradient-background-subtraction', radius: 2, delta: 2 },
      { kind: 'user', ...template },
    ] as const) {
      const checked = checkPattern('the test', pattern);
      const image = numbers(height * width);
      const mask = patternMask(checked, [height, width]);
      const [cy, cx] = [Math.floor(height / 2), Math.floor(width / 2)];
      const truth = new Float64Array(image.length);
      for (let k = 0; k < mask.length; k++) {
        if (mask[k] === 0) continue;
        const [dy, dx] = [cy - Math.floor(k / width), cx - (k % width)];
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const from = ((y + dy + height) % height) * width + ((x + dx + width) % width);
            truth[y * width + x] = (truth[y * width + x] as number) + (mask[k] as number) * (image[from] as number);
          }
      }
      expect(error(new Correlator(checked, height, width).of(image).values, truth)).toBeLessThan(1e-14);
    }
});

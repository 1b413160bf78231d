/**
 * Batches of unlike transforms: some a million times larger or smaller than their neighbours, one with a NaN, one with
 * an infinity. Each is as accurate as if it were alone, and what is not finite stays where it is.
 */
import type { FftOptions, R2rKind } from '../../../fft/fft.js';
import * as bounds from '../../bounds.js';
import { relativeL2 } from '../../compare.js';
import type { Problem } from './problem.js';
import { type CaseOptions, type FftRow, inverse, makeRow } from './row.js';

/** Transforms of a batch: more than two vectors of any width, the last one not full. */
const batch = 67;
const factors = [1, 1e6, 1e-6, 0.5, 3];
/** The transforms with a number that is not finite. */
const broken = new Map([
  [8, Number.NaN],
  [13, Number.POSITIVE_INFINITY],
]);

const lengthOf = (all: ArrayLike<number>): number => all.length / batch;

/** The numbers of each transform of a batch. */
const transformsOf = (all: Float64Array): Float64Array[] =>
  Array.from({ length: batch }, (_, i) => all.subarray(i * lengthOf(all), (i + 1) * lengthOf(all)));

function unlike(p: Problem): Problem {
  const n = lengthOf(p.input);
  const input = p.input.map((x, i) => Math.fround(x * (factors[Math.floor(i / n) % factors.length] as number)));
  // The real part of a number that is not its own mirror image, of which nothing is ignored.
  for (const [transform, value] of broken) input[transform * n + (p.from.complex ? 2 : 1)] = value;
  return { ...p, input };
}

/**
 * The largest error of a transform, and how many broken ones look whole. Some results of a broken one may be numbers: a
 * library may leave out a product with a sine that is 0, as FFTW does.
 */
function worstOf(found: Float64Array, expected: Float64Array) {
  const truth = transformsOf(expected);
  let worst: { error: number; note?: string | undefined } = { error: 0 };
  let lost = 0;
  for (const [i, one] of transformsOf(found).entries()) {
    if (broken.has(i)) {
      if (one.every(Number.isFinite)) lost++;
      continue;
    }
    const { error, note } = relativeL2(one, truth[i] as Float64Array);
    if (!(error <= worst.error)) worst = { error, note: `transform ${i} of the batch: ${note ?? error}` };
  }
  return { ...worst, lost };
}

function linesRow(options: FftOptions, about: string, call: CaseOptions = {}): FftRow {
  const row = makeRow({ ...options, batch }, about, { ...call, prefix: 'lines' });
  return {
    ...row,
    make: (seed) => unlike(row.make(seed)),
    compare({ values, roundTrip, strayWrites }, expected) {
      const there = worstOf(values, expected);
      const back = roundTrip && worstOf(roundTrip.found, roundTrip.expected);
      const errors: Record<string, number> = { l2: there.error, lost: there.lost, strays: strayWrites };
      if (back) errors.returned = back.error;
      return { errors, note: there.note ?? back?.note };
    },
    bounds(device) {
      const { worst, ...own } = row.bounds(device);
      return { ...own, lost: bounds.lostNumbers };
    },
  };
}

const r2rKinds: readonly R2rKind[] = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];

/** Neighbouring transforms: number j of all of them side by side. */
const interleaved = { inputStrides: [batch], inputDistance: 1, outputStrides: [batch], outputDistance: 1 };

/** The rows. */
export const lineRows: readonly FftRow[] = [
  ...[4, 15, 16, 30, 128, 101].flatMap((n) => [
    linesRow({ shape: [n], kind: 'r2c' }, 'real lines of unlike size'),
    linesRow({ shape: [n], kind: 'r2c' }, 'and back', inverse),
  ]),
  ...[16, 15].flatMap((n) => [
    linesRow({ shape: [n], kind: 'r2c', precision: 'f64' }, 'in double precision'),
    linesRow({ shape: [n], kind: 'c2r', precision: 'f64' }, 'from half a spectrum in double precision'),
    linesRow({ shape: [n], kind: 'r2c', ...interleaved }, 'side by side'),
    linesRow({ shape: [n], kind: 'r2c', ...interleaved }, 'side by side, and back', inverse),
    ...r2rKinds.map((r2r) => linesRow({ shape: [n], kind: 'r2r', r2r }, 'sines and cosines of unlike lines')),
  ]),
  linesRow({ shape: [24], kind: 'r2r', r2r: 'dct2', ...interleaved }, 'cosines side by side'),
  linesRow({ shape: [17], kind: 'r2r', r2r: 'dct1', ...interleaved }, 'cosines of the first kind side by side'),
  ...(['dct2', 'dct3', 'dst4'] as const).map((r2r) =>
    linesRow({ shape: [24], kind: 'r2r', r2r, precision: 'f64' }, 'sines and cosines in double precision'),
  ),
  linesRow({ shape: [8, 12], kind: 'r2c' }, 'real images'),
  linesRow({ shape: [8, 12], kind: 'r2c', reducedAxis: 0 }, 'real images, the other axis reduced'),
  linesRow({ shape: [7, 9], kind: 'r2c' }, 'real images of odd lengths, back', inverse),
  linesRow({ shape: [6, 10], kind: 'r2r', r2r: ['dct2', 'dst3'] }, 'images of sines and cosines'),
  linesRow({ shape: [16], kind: 'real' }, 'the whole spectrum'),
  linesRow({ shape: [16] }, 'complex lines'),
];

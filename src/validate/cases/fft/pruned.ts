/**
 * Zero-padded and cropped inputs, and outputs of which only a part is needed: every kind, windows that wrap around,
 * strides, batches.
 */
import type { FftOptions } from '../../../fft/fft.js';
import { inverse, makeRow } from './row.js';

/** A part of a plane as input, and a part of its spectrum. */
const both: FftOptions = { shape: [32, 48], inputShape: [20, 17], keep: [[-5, 11], 9] };
const volume: FftOptions = { shape: [16, 20, 24], inputShape: [7, 13, 11], keep: [[-3, 6], [2, 9], null] };
const twice: FftOptions = { shape: [64, 64], inputShape: [32, 32] };
const realPlane: FftOptions = { shape: [24, 40], inputShape: [12, 20], kind: 'r2c' };

/** The rows. */
export const prunedRows = [
  ...([5, 31, 100, 40, 300] as const).flatMap((m, i) => {
    const n = [16, 60, 256, 101, 1009][i] as number;
    return [
      makeRow({ shape: [n], inputShape: [m] }, 'zeros behind the data'),
      makeRow({ shape: [n], keep: [[-(m >> 1), m]] }, 'the lowest frequencies'),
    ];
  }),
  makeRow({ shape: [24], inputShape: [40] }, 'longer data, of which the beginning is read'),
  makeRow({ shape: [24], inputShape: [40], batch: 3 }, 'longer data one behind the other'),
  makeRow({ shape: [12, 20], inputShape: [15, 33] }, 'planes of longer data'),
  makeRow({ shape: [12, 20], inputShape: [9, 33] }, 'longer along one axis, shorter along the other'),
  makeRow({ shape: [24], keep: [[7, 24]] }, 'all frequencies, rotated'),
  makeRow({ shape: [24], keep: [[20, 10]], batch: 5 }, 'frequencies around the end, a batch'),
  makeRow(both, 'both at once'),
  makeRow(both, 'both at once, back', inverse),
  makeRow({ shape: [32, 48], inputShape: [32, 17] }, 'padding along one axis'),
  makeRow({ shape: [48, 32], keep: [null, [3, 5]] }, 'a part of one axis'),
  makeRow(twice, 'twice the lengths'),
  makeRow(twice, 'and back, the half of it', inverse),
  makeRow(volume, 'three dimensions'),
  makeRow(volume, 'three dimensions, back', { direction: 'backward' }),
  makeRow(
    { shape: [12, 10, 9], axes: [0, 2], inputShape: [5, 10, 9], keep: [null, null, 4] },
    'with an axis that is not transformed',
  ),
  makeRow({ shape: [18, 20], inputShape: [11, 6], keep: [3, [-2, 4]], precision: 'f64' }, 'double precision'),
  makeRow({ shape: [18, 20], inputShape: [11, 6], keep: [5, 7], order: [1, 0] }, 'permuted storage'),
  makeRow(
    { shape: [10, 12], inputShape: [4, 5], inputStrides: [14, 2], keep: [null, 7], outputStrides: [1, 11] },
    'strides with gaps',
  ),
  ...[30, 31].flatMap((n) => [
    makeRow({ shape: [n], inputShape: [n >> 1], kind: 'r2c' }, 'real data with zeros behind'),
    makeRow({ shape: [n], keep: [[2, n >> 2]], kind: 'r2c' }, 'some of a real spectrum'),
    makeRow({ shape: [n], inputShape: [n >> 1], keep: [n >> 2], kind: 'r2c' }, 'and back', inverse),
  ]),
  makeRow(realPlane, 'real planes with zeros around'),
  makeRow(realPlane, 'and back', inverse),
  makeRow(
    { shape: [24, 40], inputShape: [12, 20], keep: [[-4, 9], 11], kind: 'r2c' },
    'real planes, the lowest frequencies',
  ),
  makeRow(
    { shape: [10, 12, 14], inputShape: [5, 6, 7], kind: 'r2c', reducedAxis: 0 },
    'real volumes with zeros around',
  ),
  makeRow(
    { shape: [24, 40], inputShape: [24, 9], keep: [13, 40], kind: 'c2r' },
    'complex to real, the top of the picture',
  ),
  makeRow(
    { shape: [20, 18], inputShape: [7, 9], keep: [[-2, 5], null], kind: 'real' },
    'the spectrum of some real rows',
  ),
  ...(['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'] as const).map((r2r) =>
    makeRow({ shape: [18, 24], inputShape: [10, 13], keep: [[1, 9], 7], kind: 'r2r', r2r }, 'sines and cosines'),
  ),
  makeRow(
    { shape: [18, 24], inputShape: [10, 13], keep: [[1, 9], 7], kind: 'r2r' },
    'sines and cosines, back',
    inverse,
  ),
  makeRow({ shape: [30, 40, 20], inputShape: [11, 17, 20], keep: [[-4, 8], 9, 10], threads: 3 }, 'threads'),
  makeRow({ shape: [20, 30], inputShape: [7, 11], keep: [5, 6], userWorkspace: true }, 'a workspace of the user'),
  // CUDA pads on the host, which cannot access device arrays: until its kernels prune, it may refuse this row.
  { ...makeRow(both, 'device arrays', { arrays: 'both' }), refusable: true },
];

/**
 * Zero-padded and cropped inputs, and outputs of which only a part is needed: every kind, windows that wrap around,
 * strides, batches.
 */
import { row } from './row.js';

/** The rows. */
export const prunedRows = [
  ...[
    [16, 5],
    [60, 31],
    [256, 100],
    [101, 40],
    [1009, 300],
  ].flatMap(([n = 1, m = 1]) => [
    row({ shape: [n], inputShape: [m] }, 'zeros behind the data'),
    row({ shape: [n], keep: [[-(m >> 1), m]] }, 'the lowest frequencies'),
  ]),
  row({ shape: [24], inputShape: [40] }, 'longer data, of which the beginning is read'),
  row({ shape: [24], inputShape: [40], batch: 3 }, 'longer data one behind the other'),
  row({ shape: [12, 20], inputShape: [15, 33] }, 'planes of longer data'),
  row({ shape: [12, 20], inputShape: [9, 33] }, 'longer along one axis, shorter along the other'),
  row({ shape: [24], keep: [[7, 24]] }, 'all frequencies, rotated'),
  row({ shape: [24], keep: [[20, 10]], batch: 5 }, 'frequencies around the end, a batch'),
  row({ shape: [32, 48], inputShape: [20, 17], keep: [[-5, 11], 9] }, 'both at once'),
  row({ shape: [32, 48], inputShape: [20, 17], keep: [[-5, 11], 9] }, 'both at once, back', {
    direction: 'backward',
    scale: 'full',
  }),
  row({ shape: [32, 48], inputShape: [32, 17] }, 'padding along one axis'),
  row({ shape: [48, 32], keep: [null, [3, 5]] }, 'a part of one axis'),
  row({ shape: [64, 64], inputShape: [32, 32] }, 'twice the lengths'),
  row({ shape: [64, 64], inputShape: [32, 32] }, 'and back, the half of it', { direction: 'backward', scale: 'full' }),
  row({ shape: [16, 20, 24], inputShape: [7, 13, 11], keep: [[-3, 6], [2, 9], null] }, 'three dimensions'),
  row({ shape: [16, 20, 24], inputShape: [7, 13, 11], keep: [[-3, 6], [2, 9], null] }, 'three dimensions, back', {
    direction: 'backward',
  }),
  row(
    { shape: [12, 10, 9], axes: [0, 2], inputShape: [5, 10, 9], keep: [null, null, 4] },
    'with an axis that is not transformed',
  ),
  row({ shape: [18, 20], inputShape: [11, 6], keep: [3, [-2, 4]], precision: 'f64' }, 'double precision'),
  row({ shape: [18, 20], inputShape: [11, 6], keep: [5, 7], order: [1, 0] }, 'permuted storage'),
  row(
    { shape: [10, 12], inputShape: [4, 5], inputStrides: [14, 2], keep: [null, 7], outputStrides: [1, 11] },
    'strides with gaps',
  ),
  ...[30, 31].flatMap((n) => [
    row({ shape: [n], inputShape: [n >> 1], kind: 'r2c' }, 'real data with zeros behind'),
    row({ shape: [n], keep: [[2, n >> 2]], kind: 'r2c' }, 'some of a real spectrum'),
    row({ shape: [n], inputShape: [n >> 1], keep: [n >> 2], kind: 'r2c' }, 'and back', {
      direction: 'backward',
      scale: 'full',
    }),
  ]),
  row({ shape: [24, 40], inputShape: [12, 20], kind: 'r2c' }, 'real planes with zeros around'),
  row(
    { shape: [24, 40], inputShape: [12, 20], keep: [[-4, 9], 11], kind: 'r2c' },
    'real planes, the lowest frequencies',
  ),
  row({ shape: [24, 40], inputShape: [12, 20], kind: 'r2c' }, 'and back', { direction: 'backward', scale: 'full' }),
  row({ shape: [10, 12, 14], inputShape: [5, 6, 7], kind: 'r2c', reducedAxis: 0 }, 'real volumes with zeros around'),
  row({ shape: [24, 40], inputShape: [24, 9], keep: [13, 40], kind: 'c2r' }, 'complex to real, the top of the picture'),
  row(
    { shape: [20, 18], inputShape: [7, 9], keep: [[-2, 5], null], kind: 'real' },
    'real data, all of the spectrum of some rows',
  ),
  ...(['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'] as const).map((r2r) =>
    row({ shape: [18, 24], inputShape: [10, 13], keep: [[1, 9], 7], kind: 'r2r', r2r }, 'sines and cosines'),
  ),
  row({ shape: [18, 24], inputShape: [10, 13], keep: [[1, 9], 7], kind: 'r2r' }, 'sines and cosines, back', {
    direction: 'backward',
    scale: 'full',
  }),
  row({ shape: [30, 40, 20], inputShape: [11, 17, 20], keep: [[-4, 8], 9, 10], threads: 3 }, 'threads'),
  row({ shape: [20, 30], inputShape: [7, 11], keep: [5, 6], userWorkspace: true }, 'a workspace of the user'),
  // CUDA pads on the host, which cannot access device arrays: until its kernels prune, it may refuse this row.
  {
    ...row({ shape: [32, 48], inputShape: [20, 17], keep: [[-5, 11], 9] }, 'device arrays', { arrays: 'both' }),
    refusable: true,
  },
];

/**
 * Every kind, all sorts of lengths, axes, batches, strides, orders and scales, both directions and both precisions, at
 * sizes for which a direct sum is fast enough.
 */
import type { FftOptions, R2rKind } from '../../../../transforms/fft/fft.js';
import { row } from './row.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const r2rKinds: readonly R2rKind[] = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];
// Lengths around every radix, vector and workgroup: all prime powers and neighbours of powers of two, products of all
// radices, small and large primes.
const lengths = [
  ...range(1, 36),
  37,
  41,
  47,
  48,
  49,
  53,
  60,
  63,
  64,
  65,
  81,
  96,
  97,
  100,
  101,
  105,
  121,
  125,
  127,
  128,
  129,
  169,
  180,
  210,
  243,
  255,
  256,
  257,
  289,
  343,
  360,
  361,
  385,
  509,
  512,
  529,
  625,
  720,
  729,
  841,
  961,
  1000,
  1001,
  1009,
  1013,
  1023,
  1024,
  1025,
  1155,
  1331,
  1369,
  1536,
  1681,
  1849,
  2039,
  2048,
  2401,
];
const prime3: readonly number[] = [13, 17, 19];

/** The rows. */
export const kindRows = [
  ...lengths.map((n) => row({ shape: [n] }, 'lengths of every sort')),
  ...[1, 2, 3, 5, 8, 12, 16, 31, 64, 100, 243, 256, 1009, 1024].map((n) =>
    row({ shape: [n] }, 'the other way round', { direction: 'backward', scale: 'full' }),
  ),
  ...[1, 2, 3, 4, 7, 16, 30, 61, 128, 210, 1009, 1024].map((n) =>
    row({ shape: [n], precision: 'f64' }, 'double precision'),
  ),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 30, 64, 97, 100, 101, 256, 360, 1009, 1024, 2048].flatMap((n) => [
    row({ shape: [n], kind: 'r2c' }, 'real input, even and odd lengths'),
    row({ shape: [n], kind: 'r2c' }, 'and back to real', { direction: 'backward', scale: 'full' }),
  ]),
  row({ shape: [12, 10], kind: 'c2r' }, 'complex to real as forward'),
  row({ shape: [12, 9], kind: 'c2r' }, 'and back', { direction: 'backward', scale: 'symmetric' }),
  ...([0, 1, 2] as const).flatMap((reducedAxis) => [
    row({ shape: [8, 6, 10], kind: 'r2c', reducedAxis }, 'any axis may be the reduced one'),
    row({ shape: [7, 5, 9], kind: 'r2c', reducedAxis }, 'odd lengths, back', { direction: 'backward', scale: 'full' }),
  ]),
  row({ shape: [16, 12], kind: 'real' }, 'real input, the whole spectrum'),
  row({ shape: [16, 12], kind: 'real' }, 'and back', { direction: 'backward', scale: 'full' }),
  ...r2rKinds.flatMap((r2r) =>
    [2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 100, 128].map((n) => row({ shape: [n], kind: 'r2r', r2r }, 'sines and cosines')),
  ),
  ...r2rKinds.map((r2r) =>
    row({ shape: [24], kind: 'r2r', r2r }, 'and their inverses', { direction: 'backward', scale: 'full' }),
  ),
  ...r2rKinds.map((r2r) =>
    row({ shape: [302], kind: 'r2r', r2r }, 'pieces of which the last has one stage, on a software GPU'),
  ),
  row({ shape: [1], kind: 'r2r', r2r: 'dst1' }, 'the shortest sine'),
  row({ shape: [6, 10, 8], kind: 'r2r', r2r: ['dct2', 'dst1', 'dct4'] }, 'a kind for each axis'),
  row({ shape: [6, 10], kind: 'r2r', r2r: 'dct2', precision: 'f64' }, 'sines and cosines in double precision'),
  ...[
    [1, 1],
    [2, 3],
    [8, 8],
    [16, 20],
    [17, 13],
    [32, 31],
    [64, 64],
  ].map((shape) => row({ shape }, 'two dimensions')),
  ...[[1, 1, 1], [2, 1, 3], [4, 4, 4], [5, 6, 7], [8, 16, 32], prime3, [32, 32, 32]].map((shape) =>
    row({ shape }, 'three dimensions'),
  ),
  row({ shape: [16, 16, 16] }, 'three dimensions, back', { direction: 'backward', scale: 'full' }),
  row({ shape: [9, 10, 11], precision: 'f64' }, 'three dimensions in double precision'),
  row({ shape: [3, 4, 5, 6] }, 'four dimensions'),
  row({ shape: [2, 3, 2, 3, 2, 3, 2, 3] }, 'eight dimensions'),
  ...[[0], [1], [2], [0, 1], [0, 2], [1, 2]].map((axes) => row({ shape: [6, 8, 10], axes }, 'some of the axes')),
  ...[1, 2, 3, 7, 16, 33].map((batch) => row({ shape: [24], batch }, 'batches')),
  row({ shape: [8, 12], batch: 5, kind: 'r2c' }, 'a batch of real planes'),
  ...[
    [0, 2, 1],
    [1, 0, 2],
    [2, 1, 0],
  ].map((order) => row({ shape: [4, 6, 10], order }, 'permuted storage')),
  row({ shape: [8, 10], order: [1, 0], kind: 'r2c' }, 'permuted storage of both sides'),
  row({ shape: [6, 10], inputStrides: [20, 2], outputStrides: [1, 7] }, 'strides with gaps'),
  row(
    {
      shape: [16],
      batch: 3,
      inputStrides: [3],
      inputDistance: 1,
      outputStrides: [1],
      outputDistance: 20,
    } as FftOptions,
    'interleaved transforms to separate ones with gaps',
  ),
  row({ shape: [12, 16], inPlace: true }, 'in place'),
  row({ shape: [1009], inPlace: true }, 'in place at a large prime'),
  row({ shape: [9, 14], inPlace: true, kind: 'r2c' }, 'in place with a padded real side'),
  row({ shape: [9, 15], inPlace: true, kind: 'r2c' }, 'in place with a padded real side, odd, back', {
    direction: 'backward',
    scale: 'full',
  }),
  row({ shape: [20, 30], userWorkspace: true }, 'a workspace of the user'),
  ...(['symmetric', 'full'] as const).map((scale) => row({ shape: [10, 12] }, 'scales forward', { scale })),
  row({ shape: [30, 40, 20], threads: 3 }, 'threads'),
];

/**
 * Every kind, lengths of every sort, axes, batches, strides, orders, scales and device arrays, both directions and both
 * precisions, at sizes for which a direct sum is fast enough. Each row has a path through the kernels that no other one
 * has; all other lengths are in the rows of lengths.ts.
 */
import type { R2rKind } from '../../../fft/fft.js';
import { inverse, makeRow } from './row.js';
import { range } from './shapes.js';

const r2rKinds: readonly R2rKind[] = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];

// Lengths around every radix, vector and workgroup: prime powers and neighbours of powers of two, products of all
// radices, small and large primes.
const lengths = [
  ...range(18).slice(1),
  ...[20, 25, 27, 30, 32, 36, 47, 49, 60, 64, 65, 81, 97, 100, 105, 121, 127, 128, 169, 210, 243, 256, 257, 343],
  ...[360, 385, 509, 512, 625, 720, 1001, 1009, 1023, 1024, 1025, 1155, 1331, 1536, 2039, 2048, 2401],
];

const oneAxis = [
  ...lengths.map((n) => makeRow({ shape: [n] }, 'lengths of every sort')),
  ...[1, 2, 3, 5, 8, 12, 16, 31, 64, 100, 243, 256, 1009, 1024].map((n) =>
    makeRow({ shape: [n] }, 'the other way round', inverse),
  ),
  ...[1, 2, 3, 4, 7, 16, 30, 61, 128, 210, 1009, 1024].map((n) =>
    makeRow({ shape: [n], precision: 'f64' }, 'double precision'),
  ),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 30, 64, 97, 100, 101, 256, 360, 1009, 1024, 2048].flatMap((n) => [
    makeRow({ shape: [n], kind: 'r2c' }, 'real input, even and odd lengths'),
    makeRow({ shape: [n], kind: 'r2c' }, 'and back to real', inverse),
  ]),
  ...r2rKinds.flatMap((r2r) => [
    ...[2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 100, 128].map((n) =>
      makeRow({ shape: [n], kind: 'r2r', r2r }, 'sines and cosines'),
    ),
    makeRow({ shape: [24], kind: 'r2r', r2r }, 'and their inverses', inverse),
    makeRow({ shape: [2049], kind: 'r2r', r2r }, 'one long line, odd'),
    makeRow({ shape: [1000], kind: 'r2r', r2r, inputStrides: [3], outputStrides: [2] }, 'one line with gaps'),
    makeRow({ shape: [302], kind: 'r2r', r2r }, 'pieces of which the last has one stage, on a software GPU'),
  ]),
  makeRow({ shape: [1], kind: 'r2r', r2r: 'dst1' }, 'the shortest sine'),
];

const namedOutOfOrder = [
  ...(['r2c', 'c2r'] as const).flatMap((kind) => [
    makeRow({ shape: [7, 6], kind, axes: [1, 0] }, 'the axis named last is halved'),
    makeRow({ shape: [5, 6, 8], kind, axes: [2, 0] }, 'the axis named last is halved, back', inverse),
  ]),
  makeRow({ shape: [6, 9], kind: 'r2r', axes: [1, 0], r2r: ['dct2', 'dst2'] }, 'kinds in the order of the axes'),
  makeRow({ shape: [6, 5, 9], kind: 'r2r', axes: [2, 0], r2r: ['dct1', 'dst3'] }, 'kinds in that order, back', inverse),
];

const severalAxes = [
  makeRow({ shape: [12, 10], kind: 'c2r' }, 'complex to real as forward'),
  makeRow({ shape: [12, 9], kind: 'c2r' }, 'and back', { direction: 'backward', scale: 'symmetric' }),
  ...range(3).flatMap((reducedAxis) => [
    makeRow({ shape: [8, 6, 10], kind: 'r2c', reducedAxis }, 'any axis may be the reduced one'),
    makeRow({ shape: [7, 5, 9], kind: 'r2c', reducedAxis }, 'odd lengths, back', inverse),
  ]),
  makeRow({ shape: [16, 12], kind: 'real' }, 'real input, the whole spectrum'),
  makeRow({ shape: [16, 12], kind: 'real' }, 'and back', inverse),
  makeRow({ shape: [6, 10, 8], kind: 'r2r', r2r: ['dct2', 'dst1', 'dct4'] }, 'a kind for each axis'),
  makeRow({ shape: [6, 10], kind: 'r2r', r2r: 'dct2', precision: 'f64' }, 'sines and cosines in double precision'),
  ...['1x1', '2x3', '8x8', '16x20', '17x13', '32x31', '64x64'].map((shape) =>
    makeRow({ shape: shape.split('x').map(Number) }, 'two dimensions'),
  ),
  ...['1x1x1', '2x1x3', '4x4x4', '5x6x7', '8x16x32', '13x17x19', '32x32x32'].map((shape) =>
    makeRow({ shape: shape.split('x').map(Number) }, 'three dimensions'),
  ),
  makeRow({ shape: [16, 16, 16] }, 'three dimensions, back', inverse),
  makeRow({ shape: [9, 10, 11], precision: 'f64' }, 'three dimensions in double precision'),
  makeRow({ shape: [3, 4, 5, 6] }, 'four dimensions'),
  makeRow({ shape: [2, 3, 2, 3, 2, 3, 2, 3] }, 'eight dimensions'),
  ...[[0], [1], [2], [0, 1], [0, 2], [1, 2]].map((axes) => makeRow({ shape: [6, 8, 10], axes }, 'some of the axes')),
  ...namedOutOfOrder,
];

const layouts = [
  ...[1, 2, 3, 7, 16, 33].map((batch) => makeRow({ shape: [24], batch }, 'batches')),
  makeRow({ shape: [8, 12], batch: 5, kind: 'r2c' }, 'a batch of real planes'),
  ...['021', '102', '210'].map((order) =>
    makeRow({ shape: [4, 6, 10], order: [...order].map(Number) }, 'permuted storage'),
  ),
  makeRow({ shape: [8, 10], order: [1, 0], kind: 'r2c' }, 'permuted storage of both sides'),
  makeRow({ shape: [6, 10], inputStrides: [20, 2], outputStrides: [1, 7] }, 'strides with gaps'),
  ...(['c2c', 'r2c', 'c2r'] as const).map((kind) =>
    makeRow({ shape: [360], kind, inputStrides: [3], outputStrides: [2] }, 'one line with gaps'),
  ),
  makeRow({ shape: [360], batch: 40, inputStrides: [3], outputStrides: [2] }, 'many lines with gaps'),
  makeRow(
    { shape: [16], batch: 3, inputStrides: [3], inputDistance: 1, outputStrides: [1], outputDistance: 20 },
    'interleaved transforms to separate ones with gaps',
  ),
  makeRow({ shape: [12, 16], inPlace: true }, 'in place'),
  makeRow({ shape: [1009], inPlace: true }, 'in place at a large prime'),
  makeRow({ shape: [9, 14], inPlace: true, kind: 'r2c' }, 'in place with a padded real side'),
  makeRow({ shape: [9, 15], inPlace: true, kind: 'r2c' }, 'in place with a padded real side, odd, back', inverse),
  makeRow({ shape: [20, 30], userWorkspace: true }, 'a workspace of the user'),
  ...(['symmetric', 'full'] as const).map((scale) => makeRow({ shape: [10, 12] }, 'scales forward', { scale })),
  makeRow({ shape: [30, 40, 20], threads: 3 }, 'threads'),
];

const deviceArrays = [
  ...(['input', 'output', 'both', 'twice'] as const).map((arrays) =>
    makeRow({ shape: [12, 20] }, 'one side or both on the device', { arrays }),
  ),
  makeRow({ shape: [9, 14], kind: 'r2c' }, 'device arrays, real to complex', { arrays: 'both' }),
  makeRow({ shape: [9, 14], kind: 'r2c' }, 'device arrays, back', { arrays: 'both', ...inverse }),
  makeRow({ shape: [8, 9, 10], kind: 'c2r' }, 'device arrays of a plan run from its other side', { arrays: 'both' }),
  makeRow({ shape: [33], kind: 'r2r', batch: 3 }, 'device arrays of real numbers', { arrays: 'both' }),
  makeRow({ shape: [1009], precision: 'f64' }, 'device arrays in double', { arrays: 'twice', scale: 'symmetric' }),
  makeRow({ shape: [6, 10], inputStrides: [20, 2], outputStrides: [1, 7] }, 'device arrays with gaps', {
    arrays: 'both',
  }),
  makeRow({ shape: [12, 16], inPlace: true }, 'one device array in place', { arrays: 'both' }),
  makeRow({ shape: [9, 15], inPlace: true, kind: 'r2c' }, 'one padded device array in place', {
    arrays: 'both',
    ...inverse,
  }),
];

/** The rows. */
export const kindRows = [...oneAxis, ...severalAxes, ...layouts, ...deviceArrays];

/** The transforms that `ewald bench` times, between existing arrays. */
export const timedRows = [
  makeRow({ shape: [1024], batch: 64 }, 'many short lines', { id: 'timed:lines=1024:batch=64', bench: true }),
  makeRow({ shape: [512, 512], kind: 'r2c' }, 'an image', {
    id: 'timed:image=512x512',
    bench: true,
    oracleMethod: 'fast',
  }),
  makeRow({ shape: [64, 64, 64] }, 'a volume', { id: 'timed:volume=64x64x64', bench: true, oracleMethod: 'fast' }),
];

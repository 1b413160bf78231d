/**
 * The transforms of heFFTe's own tests (2.4.1) that a single process can run, with our data and our oracle, and with
 * its absolute tolerances in addition to our narrower relative ones. Tests with several processes are included as the
 * transform of the whole world.
 *
 * heFFTe gives its boxes by their highest index and counts axes from the fastest; we give lengths, and count axes from
 * the slowest: its (5, 6, 7) is n=8x7x6, and its r2c direction 0 is our last axis. Communication is not tested here:
 * pencils and slabs, ranks, reshapes.
 */
import type { FftOptions, R2rKind } from '../../../../transforms/fft/fft.js';
import { heffte } from '../../tolerances.js';
import type { Fill } from './problem.js';
import { type Extra, row } from './row.js';

/** Lengths of a box from its highest indices. */
const box = (...highest: readonly number[]): number[] => highest.map((n) => n + 1).reverse();

/** A row of a test; the input is between 0 and 1 unless `extra` gives another one. */
const of = (test: string, about: string, options: FftOptions, extra: Extra = {}) =>
  row(options, about, {
    fill: 'unit',
    prefix: `heffte:${test}`,
    absolute: heffte(options.precision ?? 'f32'),
    ...extra,
  });
const f64 = { precision: 'f64' } as const;

/** Rows for all r2c directions of a box. */
const directions = (
  test: string,
  about: string,
  options: FftOptions & { readonly shape: readonly number[] },
  extra: Extra = {},
) =>
  options.shape.map((_, reducedAxis) =>
    of(test, about, { ...options, kind: 'r2c', reducedAxis } as typeof options, extra),
  );
/**
 * For single precision in worlds of more than 2^15 numbers: without a factor, the sum at zero frequency exceeds 2^14,
 * where neighbouring numbers are 2^-10 apart, and even the correctly rounded result would violate the absolute
 * tolerance.
 */
const large: Extra = { scale: 'symmetric', back: 'symmetric' };

const whole = [
  // test_fft3d, one process: out of place, without and with a workspace of the caller; in place; from real numbers and
  // back.
  ...[box(5, 6, 7), box(6, 7, 5)].flatMap((shape, i) => {
    const about = 'test_fft3d with one process';
    const precision = i === 0 ? {} : f64;
    return [
      of('c2c-np1', about, { shape, ...precision }),
      of('c2c-np1', about, { shape, ...precision, userWorkspace: true }),
      of('c2c-np1', about, { shape, ...precision, inPlace: true }),
      of('c2c-np1', about, { shape, ...precision, kind: 'real' }),
    ];
  }),
  of('c2c-np1', 'test_fft3d with one process', { shape: box(5, 6, 7), ...f64 }),
  of('c2c-np2', 'the world of two processes', { shape: box(9, 9, 9) }),
  of('c2c-np2', 'the world of two processes', { shape: box(9, 9, 9), ...f64 }),
  of('c2c-np2', 'the world of two processes', { shape: box(9, 9, 9), inPlace: true }),
  of('c2c-np2', 'the world of two processes', { shape: box(9, 9, 9), kind: 'real' }),
  of('c2c-np12', 'the world of twelve processes', { shape: box(19, 20, 21), kind: 'real' }),
  of('c2c-np12', 'the world of twelve processes', { shape: box(19, 20, 21), kind: 'real', ...f64 }),
  of('c2c-np12', 'the world of twelve processes', { shape: box(19, 15, 25) }),
  of('c2c-np12', 'the world of twelve processes', { shape: box(19, 19, 17), ...f64 }),
  of('streams-np6', 'the world of six processes with streams', { shape: box(11, 11, 20) }),
  of('subcomm', 'the world of sub-communicators', { shape: box(23, 23, 23) }),
  of('subcomm', 'the world of sub-communicators', { shape: box(23, 23, 23), ...f64 }),
];

// Vectors: three pairs of scales, and a plane as a flat box.
const pairs: readonly Extra[] = [
  { scale: 'none', back: 'full' },
  { scale: 'symmetric', back: 'symmetric' },
  { scale: 'full', back: 'none' },
];
const vectors = [box(11, 11, 22), box(16, 15, 15), box(16, 0, 15)].flatMap((shape) => [
  ...pairs.map((extra) => of('vectors', 'vectors and pairs of scales', { shape }, extra)),
  ...pairs.map((extra) => of('vectors', 'vectors and pairs of scales', { shape, ...f64 }, extra)),
]);
const planes = [
  of('2d-np4', 'a plane of four processes', { shape: box(31, 31) }),
  of('2d-np4', 'a plane of four processes', { shape: box(10, 10), ...f64 }),
  of('2d-np6', 'a plane of six processes', { shape: box(11, 11) }),
];

const batches = [{}, f64].flatMap((precision) =>
  [{}, { userWorkspace: true }, { kind: 'real' } as const, { kind: 'r2c' } as const, { inPlace: true }].map((more) =>
    of('batch', 'five at once', { shape: box(7, 8, 9), batch: 5, ...precision, ...more }),
  ),
);

// The list of r2c: every direction, in the precision that heFFTe uses, or in both if it uses both.
const r2c = [
  ...[{}, f64].flatMap((precision) => directions('r2c-np1', 'one process', { shape: box(3, 4, 5), ...precision })),
  ...[{}, f64].flatMap((precision) =>
    directions('r2c-np2', 'the world of two processes', { shape: box(9, 9, 9), ...precision }),
  ),
  ...directions('r2c-2d-np4', 'a plane of four processes', { shape: box(11, 12) }),
  ...directions('r2c-2d-np4', 'a plane of four processes', { shape: box(10, 19), ...f64 }),
  ...directions('r2c-np6', 'the world of six processes', { shape: box(11, 11, 20) }),
  ...directions('r2c-np6', 'the world of six processes', { shape: box(10, 10, 11), ...f64 }),
  ...directions('r2c-np8', 'the world of eight processes', { shape: box(12, 12, 10) }),
  ...directions('r2c-np8', 'the world of eight processes', { shape: box(15, 15, 18), ...f64 }),
  ...directions('r2c-np12', 'the world of twelve processes', { shape: box(21, 20, 20) }),
  ...directions('r2c-np12', 'the world of twelve processes', { shape: box(20, 20, 20), ...f64 }),
  of('r2c-streams', 'the world of six processes with streams', { shape: box(16, 11, 13), kind: 'r2c' }),
  of('r2c-streams', 'the world of six processes with streams', { shape: box(16, 11, 9), kind: 'r2c', ...f64 }),
  // Indices of types int and long long: directions 0, 1, 2.
  ...[
    [box(31, 31, 30), box(22, 23, 25)],
    [box(11, 21, 14), box(15, 15, 15)],
    [box(31, 31, 31), box(20, 20, 20)],
  ].flatMap(([single = [], double = []], direction) => [
    of(
      'r2c-index',
      'the worlds of both index types',
      { shape: single, kind: 'r2c', reducedAxis: 2 - direction },
      large,
    ),
    of('r2c-index', 'the worlds of both index types', {
      shape: double,
      kind: 'r2c',
      reducedAxis: 2 - direction,
      ...f64,
    }),
  ]),
];

// The world (1, 2, 3) filled with 1 … 24, the tables of four kinds, and worlds on which it compares libraries.
const r2r = [
  ...(['dct2', 'dst2', 'dct1', 'dst1'] satisfies R2rKind[]).flatMap((kind) =>
    [{}, f64].map((precision) =>
      of(
        'r2r',
        'a table of 24 numbers',
        { shape: box(1, 2, 3), kind: 'r2r', r2r: kind, ...precision },
        { fill: 'from one' },
      ),
    ),
  ),
  ...(['dct2', 'dst2', 'dct1', 'dst1'] satisfies R2rKind[]).flatMap((kind) => [
    of('r2r-cross', 'a world compared between libraries', { shape: box(10, 11, 12), kind: 'r2r', r2r: kind }),
    of('r2r-cross', 'a world compared between libraries', { shape: box(3, 8, 5), kind: 'r2r', r2r: kind, ...f64 }),
  ]),
];

// One-dimensional executors of one process: along each axis; sines and cosines of lengths 4 and 5; orders other than
// (0, 1, 2).
const lines = [0, 1, 2].flatMap((axis) => {
  const about = 'one axis of a box';
  const shape = box(1, 2, 3);
  return [
    of('line', about, { shape, axes: [axis] }),
    of('line', about, { shape, axes: [axis], ...f64 }),
    of('line', about, { shape, axes: [axis], kind: 'real' }),
    of('line', about, { shape, axes: [axis], kind: 'r2c' }),
    of('line', about, { shape, axes: [axis], kind: 'r2c', ...f64 }),
  ];
});
const sines = (['dct2', 'dst2', 'dct1', 'dst1'] satisfies R2rKind[]).flatMap((kind) =>
  [box(3, 1, 2), box(4, 0, 2)].flatMap((shape) => [
    of('line-r2r', 'lines of 4 and 5', { shape, axes: [2], kind: 'r2r', r2r: kind }),
    of('line-r2r', 'lines of 4 and 5', { shape, axes: [2], kind: 'r2r', r2r: kind, ...f64 }),
  ]),
);
// heFFTe's order names axes from the fastest, and ours from the slowest, so it is reversed and its indices are
// mirrored.
const orders = [
  [1, 2, 0],
  [2, 1, 0],
  [0, 2, 1],
  [2, 0, 1],
].flatMap((theirs) => {
  const order = [...theirs].reverse().map((axis) => 2 - axis);
  return [
    of('order', 'transposed storage', { shape: box(8, 9, 10), order }),
    of('order', 'transposed storage', { shape: box(8, 9, 10), order, kind: 'r2c', ...f64 }),
    // From one order to another, like the plans of in-node transposes.
    of('transpose', 'C order in, transposed out', {
      shape: box(8, 9, 10),
      inputStrides: strides(box(8, 9, 10), [0, 1, 2]),
      outputStrides: strides(box(8, 9, 10), order),
    }),
  ];
});

function strides(shape: readonly number[], order: readonly number[]): number[] {
  const out = shape.map(() => 0);
  let stride = 1;
  for (const axis of [...order].reverse()) {
    out[axis] = stride;
    stride *= shape[axis] as number;
  }
  return out;
}

// Worlds on which it compares libraries.
const cross = [
  of('cross', 'compared between libraries', { shape: box(42, 75, 23) }, large),
  of('cross', 'compared between libraries', { shape: box(42, 75, 23), ...f64 }),
  ...directions('cross', 'compared between libraries', { shape: box(42, 70, 21) }, large),
  ...directions('cross', 'compared between libraries', { shape: box(41, 50, 21), ...f64 }),
];

// Bindings: 4³ in C; in Python and Fortran each of two processes fills its half of 4³ with 0 … 31.
const bindings = [{}, f64].flatMap((precision) => {
  const of4 = (test: string, more: Partial<FftOptions>, fill: Fill) =>
    of(test, 'a cube of 4', { shape: [4, 4, 4], ...precision, ...more }, { fill });
  return [
    of4('c-binding', {}, 'unit'),
    of4('c-binding', { kind: 'real' }, 'unit'),
    ...[0, 1, 2].map((reducedAxis) => of4('c-binding', { kind: 'r2c', reducedAxis }, 'unit')),
    of4('python', { kind: 'real' }, 'halves'),
    of4('python', { kind: 'r2c' }, 'halves'),
  ];
});

// Its own engine: a delta, which gives ones; powers of 2, 3 and 4; a composite; primes.
const stock = [{}, f64].flatMap((precision) => [
  ...[2, 3, 4, 8, 9, 12, 16, 27, 64].map((n) => of('stock', 'powers and a composite', { shape: [n], ...precision })),
  ...[4, 9, 12, 16, 17].map((n) =>
    of('stock-delta', 'a delta gives ones', { shape: [n], ...precision }, { fill: 'delta' }),
  ),
  ...[5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41].map((n) => of('stock', 'primes', { shape: [n], ...precision })),
]);

/** The rows. */
export const heffteRows = [
  whole,
  vectors,
  planes,
  batches,
  r2c,
  r2r,
  lines,
  sines,
  orders,
  cross,
  bindings,
  stock,
].flat();

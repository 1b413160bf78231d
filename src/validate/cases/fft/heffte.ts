/**
 * The transforms of heFFTe's own tests (2.4.1) that a single process can run, with our data and our oracle, and with
 * its absolute tolerances in addition to our narrower relative ones. Tests with several processes are included as the
 * transform of the whole world.
 *
 * heFFTe gives its boxes by their highest index and counts axes from the fastest; we give lengths, and count axes from
 * the slowest: its (5, 6, 7) is n=8x7x6, and its r2c direction 0 is our last axis. Communication is not tested here:
 * pencils and slabs, ranks, reshapes.
 */
import type { FftOptions, FftScale, R2rKind } from '../../../fft/fft.js';
import { heffte } from '../../bounds.js';
import { stridesOf } from './places.js';
import { type CaseOptions, type FftRow, makeRow } from './row.js';
import { product, range } from './shapes.js';

type Shape = readonly number[];
/** Boxes in single and in double precision. */
type Boxes = Readonly<Partial<Record<'f32' | 'f64', readonly Shape[]>>>;
/** The options of a plan besides its lengths. */
type Plan = FftOptions extends infer Kind ? (Kind extends unknown ? Omit<Kind, 'shape'> : never) : never;

/** Lengths of a box from its highest indices. */
const box = (...highest: Shape): Shape => highest.map((n) => n + 1).reverse();
/** Boxes that are tested in both precisions. */
const both = (...shapes: readonly Shape[]): Boxes => ({ f32: shapes, f64: shapes });

/**
 * Without a factor, the sum of more than 2^14 numbers at zero frequency exceeds 2^13, where neighbouring numbers in
 * single precision are 2^-10 apart, and even the correctly rounded result would violate the absolute tolerance.
 */
const scaleOf = (shape: Shape, precision: 'f32' | 'f64'): CaseOptions =>
  precision === 'f32' && product(shape) > 2 ** 14 ? { scale: 'symmetric', back: 'symmetric' } : {};

/** The rows of a test: every plan of every box. The input is between 0 and 1 unless `extra` gives another one. */
const rowsOf = (
  name: string,
  about: string,
  boxes: Boxes,
  plans: readonly Plan[] = [{}],
  extra: CaseOptions = {},
): FftRow[] =>
  (['f32', 'f64'] as const).flatMap((precision) =>
    (boxes[precision] ?? []).flatMap((shape) =>
      plans.map((options) =>
        makeRow({ shape, precision, ...options }, about, {
          fill: 'unit',
          prefix: `heffte:${name}`,
          absolute: heffte[precision],
          ...scaleOf(shape, precision),
          ...extra,
        }),
      ),
    ),
  );

/** r2c in every direction of a box of some axes. */
const directions = (axes: number): Plan[] => range(axes).map((reducedAxis) => ({ kind: 'r2c', reducedAxis }));
const waves = (['dct2', 'dst2', 'dct1', 'dst1'] satisfies R2rKind[]).map((r2r) => ({ kind: 'r2r', r2r }) as const);
/** heFFTe's (1, 2, 0), (2, 1, 0), (0, 2, 1) and (2, 0, 1), which name axes from the fastest. */
const orders = [
  [2, 0, 1],
  [2, 1, 0],
  [1, 0, 2],
  [1, 2, 0],
];
const inPlace = { inPlace: true } as const;
const userWorkspace = { userWorkspace: true } as const;
const real = { kind: 'real' } as const;
const r2c = { kind: 'r2c' } as const;

const complex = [
  // test_fft3d: out of place, without and with a workspace of the caller; in place; from real numbers and back.
  rowsOf('c2c-np1', 'test_fft3d with one process', { f32: [box(5, 6, 7)], f64: [box(6, 7, 5)] }, [
    {},
    userWorkspace,
    inPlace,
    real,
  ]),
  rowsOf('c2c-np2', 'the world of two processes', both(box(9, 9, 9)), [{}, inPlace, real]),
  rowsOf('c2c-np12', 'the world of twelve processes', both(box(19, 20, 21)), [real]),
  rowsOf('c2c-np12', 'the world of twelve processes', { f32: [box(19, 15, 25)], f64: [box(19, 19, 17)] }),
  rowsOf('streams-np6', 'the world of six processes with streams', { f32: [box(11, 11, 20)] }),
  rowsOf('subcomm', 'the world of sub-communicators', both(box(23, 23, 23))),
  // Three pairs of scales, and a plane as a flat box.
  ...(
    [
      ['none', 'full'],
      ['symmetric', 'symmetric'],
      ['full', 'none'],
    ] satisfies [FftScale, FftScale][]
  ).map(([scale, back]) =>
    rowsOf('vectors', 'vectors and pairs of scales', both(box(11, 11, 22), box(16, 15, 15), box(16, 0, 15)), [{}], {
      scale,
      back,
    }),
  ),
  rowsOf('2d-np4', 'a plane of four processes', { f32: [box(31, 31)], f64: [box(10, 10)] }),
  rowsOf('2d-np6', 'a plane of six processes', { f32: [box(11, 11)] }),
  rowsOf(
    'batch',
    'five at once',
    both(box(7, 8, 9)),
    [{}, userWorkspace, real, r2c, inPlace].map((more) => ({ batch: 5, ...more })),
  ),
];

const halfComplex = [
  rowsOf('r2c-np1', 'one process', both(box(3, 4, 5)), directions(3)),
  rowsOf('r2c-np2', 'the world of two processes', both(box(9, 9, 9)), directions(3)),
  rowsOf('r2c-2d-np4', 'a plane of four processes', { f32: [box(11, 12)], f64: [box(10, 19)] }, directions(2)),
  rowsOf('r2c-np6', 'the world of six processes', { f32: [box(11, 11, 20)], f64: [box(10, 10, 11)] }, directions(3)),
  rowsOf('r2c-np8', 'the world of eight processes', { f32: [box(12, 12, 10)], f64: [box(15, 15, 18)] }, directions(3)),
  rowsOf(
    'r2c-np12',
    'the world of twelve processes',
    { f32: [box(21, 20, 20)], f64: [box(20, 20, 20)] },
    directions(3),
  ),
  rowsOf('r2c-streams', 'six processes with streams', { f32: [box(16, 11, 13)], f64: [box(16, 11, 9)] }, [r2c]),
  // Indices of types int and long long, in directions 0, 1, 2.
  ...[
    { f32: [box(31, 31, 30)], f64: [box(22, 23, 25)] },
    { f32: [box(11, 21, 14)], f64: [box(15, 15, 15)] },
    { f32: [box(31, 31, 31)], f64: [box(20, 20, 20)] },
  ].map((boxes, direction) =>
    rowsOf('r2c-index', 'the worlds of both index types', boxes, [{ ...r2c, reducedAxis: 2 - direction }]),
  ),
];

const sines = [
  rowsOf('r2r', 'a table of 24 numbers', both(box(1, 2, 3)), waves, { fill: 'from one' }),
  rowsOf('r2r-cross', 'compared between libraries', { f32: [box(10, 11, 12)], f64: [box(3, 8, 5)] }, waves),
  rowsOf(
    'line-r2r',
    'lines of 4 and 5',
    both(box(3, 1, 2), box(4, 0, 2)),
    waves.map((wave) => ({ axes: [2], ...wave })),
  ),
];

const cube = box(8, 9, 10);
const executors = [
  rowsOf(
    'line',
    'one axis of a box',
    both(box(1, 2, 3)),
    [{}, real, r2c].flatMap((kind) => range(3).map((axis) => ({ axes: [axis], ...kind }))),
  ),
  rowsOf(
    'order',
    'transposed storage',
    { f32: [cube] },
    orders.map((order) => ({ order })),
  ),
  rowsOf(
    'order',
    'transposed storage',
    { f64: [cube] },
    orders.map((order) => ({ order, ...r2c })),
  ),
  // From one order to another, like the plans of in-node transposes.
  rowsOf(
    'transpose',
    'C order in, transposed out',
    { f32: [cube] },
    orders.map((order) => ({ inputStrides: stridesOf(cube, range(3)), outputStrides: stridesOf(cube, order) })),
  ),
  // Worlds on which it compares libraries.
  rowsOf('cross', 'compared between libraries', both(box(42, 75, 23))),
  rowsOf('cross', 'compared between libraries', { f32: [box(42, 70, 21)], f64: [box(41, 50, 21)] }, directions(3)),
];

const bindings = [
  rowsOf('c-binding', 'a cube of 4', both([4, 4, 4]), [{}, real, ...directions(3)]),
  // In Python and Fortran each of two processes fills its half with 0 … 31.
  rowsOf('python', 'a cube of 4', both([4, 4, 4]), [real, r2c], { fill: 'halves' }),
];

/** Lines of some lengths. */
const lines = (...lengths: readonly number[]): Boxes => both(...lengths.map((n) => [n]));
const stock = [
  rowsOf('stock', 'powers and a composite', lines(2, 3, 4, 8, 9, 12, 16, 27, 64)),
  rowsOf('stock', 'primes', lines(5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)),
  rowsOf('stock-delta', 'a delta gives ones', lines(4, 9, 12, 16, 17), [{}], { fill: 'delta' }),
];

/** The rows. */
export const heffteRows = [complex, halfComplex, sines, executors, bindings, stock].flat(2);

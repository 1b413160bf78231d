// The parameters of heFFTe's own test cases (worlds, grids, shuffles, directions, algorithms). The data and the oracle
// are ours.
const bothPrecisions = ['f32', 'f64'];
const algorithms = ['alltoallv', 'alltoall', 'p2p', 'p2p-plined'];
/** Pencils and slabs, with and without reordering. */
const variants = ['pencils', 'slabs'].flatMap((decomposition) =>
  [true, false].map((reorder) => ({ decomposition, reorder })),
);
/** Rotations of a grid, which divide along each axis in turn. */
const turns = (grid) => {
  const [a, b, c] = grid;
  return [
    [a, b, c],
    [b, c, a],
    [c, a, b],
  ].filter((g, i, all) => all.findIndex((h) => `${h}` === `${g}`) === i);
};
const scales = [
  ['none', 'full'],
  ['symmetric', 'symmetric'],
  ['full', 'none'],
];

const grids = { 1: [1, 1, 1], 2: [1, 1, 2], 4: [1, 2, 2], 6: [1, 2, 3], 7: [1, 1, 7], 8: [2, 2, 2], 12: [2, 2, 3] };

/** c2c between boxes that are divided along each axis in turn, with every variant. */
const c2c = (ranks, sizes) =>
  sizes.flatMap(({ size, precision }) =>
    turns(grids[ranks]).flatMap((grid, i) =>
      variants.flatMap((variant) =>
        ['alltoallv', 'p2p'].map((algorithm) => ({
          about: 'c2c',
          size,
          precision,
          input: { grid },
          output: { grid: turns(grids[ranks])[(i + 1) % turns(grids[ranks]).length] },
          options: { ...variant, algorithm },
        })),
      ),
    ),
  );

/**
 * Boxes assigned to ranks other than their index, with different shifts for input and output, and with pairs of scales.
 */
const shuffled = (_ranks, sizes, inShift, outShift) =>
  sizes.flatMap(({ size, precision }) =>
    variants.flatMap((variant) =>
      ['alltoallv', 'alltoall', 'p2p'].map((algorithm) => ({
        about: 'shuffled ranks',
        size,
        precision,
        input: { shift: inShift },
        output: { shift: outShift },
        scales,
        options: { ...variant, algorithm },
      })),
    ),
  );

const batches = (ranks) =>
  bothPrecisions.flatMap((precision) =>
    variants.flatMap((variant) =>
      algorithms.map((algorithm) => ({
        about: 'batch',
        size: [7, 8, 9],
        precision,
        batch: 5,
        input: { grid: grids[ranks] },
        output: {},
        options: { ...variant, algorithm },
      })),
    ),
  );

const r2c = (ranks, sizes) =>
  sizes.flatMap(({ size, precision }) =>
    [0, 1, 2].flatMap((reduced) =>
      (size[2] === 1
        ? [
            [2, 2, 1],
            [4, 1, 1],
            [1, 4, 1],
          ]
        : turns(grids[ranks])
      )
        .filter((_grid) => size[2] > 1 || reduced < 2)
        .flatMap((grid) =>
          variants.flatMap((variant) =>
            ['alltoallv', 'p2p-plined'].map((algorithm) => ({
              about: 'r2c',
              size,
              precision,
              reduced,
              input: { grid },
              output: { grid },
              options: { ...variant, algorithm },
            })),
          ),
        ),
    ),
  );

const r2r = (ranks) =>
  [
    { size: [ranks === 4 ? 2 : 1, 2, 3], kinds: ['dct2', 'dct2', 'dct2'] },
    { size: [ranks === 4 ? 2 : 1, 2, 3], kinds: ['dst2', 'dst2', 'dst2'] },
    { size: [4, 2, 3], kinds: ['dct1', 'dct1', 'dct1'] },
    { size: [1, 2, 3], kinds: ['dst1', 'dst1', 'dst1'] },
    { size: [10, 11, 12], kinds: ['dct2', 'dst1', 'dct1'] },
    { size: [3, 8, 5], kinds: ['dst2', 'dct2', 'dst1'] },
  ].flatMap(({ size, kinds }) =>
    bothPrecisions.map((precision) => ({
      about: 'r2r',
      size,
      kinds,
      precision,
      options: { r2r: kinds },
    })),
  );

/** Every memory order on either side, from heFFTe's tests of reshapes with transposition. */
const orders = (size, grid) => {
  const all = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  return all.flatMap((order, i) =>
    [all[(i + 1) % 6], all[(i + 3) % 6], order].map((other, j) => ({
      about: 'orders',
      size,
      precision: 'f32',
      input: { grid, order },
      output: { order: other },
      options: { algorithm: algorithms[(i + j) % 4], reorder: j === 1 },
      convert: false,
    })),
  );
};

/**
 * heFFTe compares two of its own results here; we compare with the truth: the last bit of the largest number of 23³ is
 * 2⁻¹¹.
 */
const each23 = (precision) => (precision === 'f32' ? { each: 1e-3 } : {});

const subranks = (ranks) =>
  bothPrecisions.flatMap((precision) =>
    [1, 2, 3, 4, [1, 3, 5, 7]].flatMap((list) =>
      algorithms.map((algorithm) => ({
        about: 'subranks',
        size: [23, 23, 23],
        precision,
        ...each23(precision),
        input: { grid: grids[ranks] },
        output: { grid: grids[ranks] },
        options: { subranks: list, algorithm },
        convert: false,
      })),
    ),
  );

/** All boxes on one rank, for the input or the output. */
const one = (size) =>
  algorithms.flatMap((algorithm) => [
    {
      about: 'one to all',
      size,
      precision: 'f32',
      input: { grid: [1, 1, 1] },
      output: {},
      options: { algorithm },
      convert: false,
    },
    {
      about: 'all to one',
      size,
      precision: 'f64',
      input: {},
      output: { grid: [1, 1, 1] },
      options: { algorithm },
      convert: false,
    },
  ]);

const f = (precision, ...sizes) => sizes.map((size) => ({ size, precision }));
const both = (...sizes) => [...f('f32', ...sizes), ...f('f64', ...sizes)];

const tables = {
  1: () => [
    ...c2c(1, [...f('f32', [5, 6, 7]), ...f('f64', [5, 6, 7], [6, 7, 5])]),
    ...r2c(1, both([3, 4, 5])),
    ...r2r(1),
    ...batches(1),
    ...orders([8, 9, 10], [1, 1, 1]),
  ],
  2: () => [
    ...c2c(2, both([9, 9, 9])),
    // Divided along z on one side and x on the other: one division of the world is sufficient.
    ...both([9, 9, 9]).map((c) => ({ ...c, input: { grid: [1, 1, 2] }, output: { grid: [2, 1, 1] } })),
    ...r2c(2, both([9, 9, 9])),
    ...both([4, 4, 4]).map((c) => ({ ...c, input: { grid: [1, 1, 2] }, output: { grid: [1, 1, 2] } })),
    ...both([4, 4, 4]).map((c) => ({ ...c, reduced: 2, input: { grid: [1, 1, 2] }, output: { grid: [1, 1, 2] } })),
    ...r2r(2),
    ...batches(2),
    ...orders([8, 9, 10], [1, 2, 1]),
  ],
  4: () => [
    ...f('f32', [31, 31, 1])
      .concat(f('f64', [10, 10, 1]))
      .flatMap((c) =>
        variants.map((variant) => ({
          ...c,
          input: { grid: [2, 2, 1] },
          output: { grid: [2, 2, 1] },
          options: variant,
        })),
      ),
    ...r2c(4, [...f('f32', [11, 12, 1]), ...f('f64', [10, 19, 1])]),
    ...r2r(4),
    ...batches(4),
    ...[
      [0, 'f32', [31, 31, 30]],
      [0, 'f64', [22, 23, 25]],
      [1, 'f32', [11, 21, 14]],
      [1, 'f64', [15, 15, 15]],
      [2, 'f32', [31, 31, 31]],
      [2, 'f64', [20, 20, 20]],
    ].map(([reduced, precision, size]) =>
      // heFFTe compares two of its own results here; the last bit of the largest number of 31³ is 2⁻¹⁰, and each of three
      // passes may lose one: the largest difference is .0009 by SSE2, .0016 by AVX2 and .0020 by AVX-512.
      ({ size, precision, reduced, ...(precision === 'f32' ? { each: 3e-3 } : {}) }),
    ),
    ...[
      [10, 13, 10],
      [10, 20, 17],
      [30, 10, 10],
      [11, 10, 13],
    ].flatMap((size) =>
      algorithms.map((algorithm) => ({
        size,
        precision: 'f64',
        input: { grid: [2, 2, 1], shift: 1 },
        options: { algorithm },
        convert: false,
      })),
    ),
    ...[
      [15, 15, 10],
      [15, 1, 10],
      [1, 15, 10],
      [9, 11, 5],
    ].flatMap((size) => one(size)),
    ...orders([8, 9, 10], [2, 2, 1]),
  ],
  6: () => [
    ...shuffled(6, both([11, 11, 22]), 2, 3),
    ...f('f32', [11, 11, 1]).flatMap((c) =>
      [
        [3, 2, 1],
        [2, 3, 1],
      ].map((grid) => ({ ...c, input: { grid }, output: { grid: [2, 3, 1] } })),
    ),
    ...r2c(6, [...f('f32', [11, 11, 20]), ...f('f64', [10, 10, 11])]),
    ...f('f32', [11, 11, 20], [16, 11, 13]).concat(f('f64', [16, 11, 9])),
    ...batches(6),
  ],
  7: () => [
    ...[
      [13, 13, 10],
      [7, 9, 11],
    ].flatMap((size) =>
      algorithms.map((algorithm) => ({ size, precision: 'f64', input: { shift: 3 }, options: { algorithm } })),
    ),
    ...orders([8, 9, 10], [1, 7, 1]),
  ],
  8: () => [
    ...shuffled(8, both([16, 15, 15], [16, 1, 15]), 3, 5),
    ...r2c(8, [...f('f32', [12, 12, 10]), ...f('f64', [15, 15, 18])]),
    ...subranks(8),
    ...both([23, 23, 23]).map((c) => ({ ...c, ...each23(c.precision), input: { empty: 2 }, output: {} })),
    ...both([12, 13, 14]).flatMap((c) =>
      [0, 1, 2].map((reduced) => ({ ...c, reduced, options: { subranks: [1, 3, 5, 7] } })),
    ),
    ...batches(8),
  ],
  12: () => [
    ...c2c(12, [...f('f32', [19, 20, 21], [19, 15, 25]), ...f('f64', [19, 20, 21], [19, 19, 17])]),
    ...r2c(12, [...f('f32', [21, 20, 20]), ...f('f64', [20, 20, 20])]),
    ...subranks(12),
    ...[
      [
        [13, 13, 10],
        [3, 4, 1],
      ],
      [
        [16, 21, 17],
        [2, 3, 2],
      ],
      [
        [38, 13, 20],
        [1, 4, 3],
      ],
      [
        [41, 17, 15],
        [3, 2, 2],
      ],
    ].flatMap(([size, grid]) =>
      algorithms.map((algorithm) => ({
        size,
        precision: 'f64',
        input: { grid, shift: 5 },
        options: { algorithm },
        convert: false,
      })),
    ),
    ...[
      [25, 25, 10],
      [15, 15, 10],
    ].flatMap((size) => one(size)),
    ...batches(12),
  ],
};

/** The numbers of ranks for which cases exist. */
export const rankCounts = Object.keys(tables).map(Number);

/**
 * The cases for a number of ranks: all, or about `most` of them, spread over the list; `shift`, below 1, selects other
 * ones. Where ranks share memory, the same cases also run through it (`shared`), which is not an algorithm of heFFTe.
 */
export function casesFor(ranks, { most = Number.POSITIVE_INFINITY, shift = 0, shared = false, backend } = {}) {
  const all = tables[ranks]().map((c, i) => ({
    ...c,
    ...(backend ? { backend } : {}),
    ...(shared && i % 3 === 0 ? { options: { ...c.options, algorithm: 'shared' } } : {}),
  }));
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(all.length, most) }, (_, i) => all[Math.floor((i + shift) * step) % all.length]);
}

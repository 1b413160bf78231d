/** Laws over lists of merged reflections: order, equivalents, scales, files, and comparisons. */
import fc from 'fast-check';
import { bits, within } from './law.mjs';
import { groups, operationsOf, randomOf, reciprocalOf, representativeOf, times, truthOf } from './stills.mjs';

/** A list in a group: each orbit once, by a member that is drawn, in an order that is drawn. */
export function listOf({ group, seed, most, share, scale = 1 }) {
  const random = randomOf(seed);
  const truth = truthOf(group, seed);
  const rows = new Map();
  for (let h = -most; h <= most; h++)
    for (let k = -most; k <= most; k++)
      for (let l = -most; l <= most; l++) {
        const own = representativeOf(group, [h, k, l]);
        if ((h === 0 && k === 0 && l === 0) || rows.has(own.join())) continue;
        rows.set(own.join(), [...own, truth(own)]);
      }
  const kept = [...rows.values()].filter(() => random() < share);
  const operations = operationsOf(group);
  const made = kept.map(([h, k, l, mean]) => {
    const member = times(operations[Math.floor(random() * operations.length)], [h, k, l]);
    const fall = Math.exp(-(h * h + k * k + l * l) / 80);
    const value = mean * fall * scale + (random() - 0.5) * 30;
    return [...member, Number(value.toFixed(2)), Number((2 + 20 * random()).toFixed(2)), 1 + Math.floor(30 * random())];
  });
  return fromRows(group, made);
}
const fromRows = (symmetry, rows) => ({
  symmetry,
  count: rows.length,
  indices: Int16Array.from(rows.flatMap((row) => row.slice(0, 3))),
  intensity: Float64Array.from(rows, (row) => row[3]),
  sigma: Float64Array.from(rows, (row) => row[4]),
  measurements: Float64Array.from(rows, (row) => row[5]),
});
const rowsOf = (list) =>
  Array.from({ length: list.count }, (_, i) => [
    ...list.indices.subarray(3 * i, 3 * i + 3),
    list.intensity[i],
    list.sigma[i],
    list.measurements[i],
  ]);
/** The values by orbit, in one order. */
export const byOrbit = (group, list) =>
  rowsOf(list)
    .map(([h, k, l, ...rest]) => [representativeOf(group, [h, k, l]), ...rest])
    .sort(([a], [b]) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
/** The same list in another order and with other members of the orbits. */
function shuffled(list, seed) {
  const random = randomOf(seed);
  const operations = operationsOf(list.symmetry);
  const rows = rowsOf(list).map(([h, k, l, ...rest]) => [
    ...times(operations[Math.floor(random() * operations.length)], [h, k, l]),
    ...rest,
  ]);
  for (let i = rows.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  return fromRows(list.symmetry, rows);
}
const scaled = (list, k) => ({
  ...list,
  intensity: list.intensity.map((x) => x * k),
  sigma: list.sigma.map((x) => x * k),
});

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const names = fc.constantFrom(...Object.keys(groups));
const lists = {
  group: names,
  seed: seeds,
  most: fc.integer({ min: 3, max: 5 }),
  share: fc.constantFrom(1, 0.8, 0.5),
};
const kinds = ['hkl', 'mtz', 'cif', 'xds', 'shelx'];
const bytesOf = (content) => (typeof content === 'string' ? new TextEncoder().encode(content) : content);
/** Files that state that a sigma is unknown. */
const holdsUnknown = new Set(['hkl', 'mtz', 'cif']);
/** A list in another unit, with sigmas of many magnitudes, and each seventh of them unknown. */
function withRange(list, { unit, range, seed }) {
  const random = randomOf(seed + 1);
  const no = [0, Number.NaN, -3, Number.POSITIVE_INFINITY];
  const scale = 10 ** unit;
  return {
    ...list,
    intensity: list.intensity.map((x) => x * scale),
    sigma: list.sigma.map((x, i) => (i % 7 === 3 ? no[i % 4] : x * scale * 10 ** (-range * random()))),
  };
}
/** What a check says, without the texts that name reflections. */
const figures = ({ remarks, twinning, ...check }) => check;

export function listLaws({ ewald }) {
  const cellOf = (group) => ewald.readCell(groups[group].parameters.join());
  const { formatReflections, readReflections, compareReflections, checkReflections, convertReflections, frenchWilson } =
    ewald;
  return [
    ...kinds.map((kind) => ({
      law: `a list is the same when it is read again from ${kind}`,
      drawn: fc.record(lists),
      answers: (drawn) => {
        const [list, cell] = [listOf(drawn), cellOf(drawn.group)];
        const { content } = formatReflections(list, kind, { cell, wavelengthA: 1.3 });
        const read = readReflections(bytesOf(content), { symmetry: drawn.group });
        const without = (rows) => (kind === 'hkl' || kind === 'mtz' ? rows : rows.map((row) => row.slice(0, 3)));
        return [
          [read.kind, read.list.symmetry, without(byOrbit(drawn.group, list))],
          [kind, drawn.group, without(byOrbit(drawn.group, read.list))],
        ];
      },
      agree: kind === 'xds' ? within(6e-4, 'XDS_ASCII has four digits') : within(1e-6, 'MTZ has float32'),
      draws: kind === 'mtz' || kind === 'cif' ? 10 : 4,
    })),
    ...kinds.map((kind) => ({
      law: `a list that was read from ${kind} and written is the same bytes from then on`,
      drawn: fc.record(lists),
      answers: (drawn) => {
        const how = { cell: cellOf(drawn.group), wavelengthA: 1.3 };
        const written = (list) => formatReflections(list, kind, how).content;
        const again = (content) => written(readReflections(bytesOf(content), { symmetry: drawn.group }).list);
        const once = again(written(listOf(drawn)));
        return [once, again(once)];
      },
      agree: bits,
      draws: 4,
    })),
    ...kinds.map((kind) => ({
      law: `I/sigma of each reflection is what it was in ${kind}, whatever its unit, and one without sigma has none`,
      drawn: fc.record({ ...lists, unit: fc.integer({ min: -9, max: 9 }), range: fc.integer({ min: 0, max: 3 }) }),
      answers: (drawn) => {
        const [list, cell] = [withRange(listOf(drawn), drawn), cellOf(drawn.group)];
        fc.pre(list.count > 6);
        const { content, remarks } = formatReflections(list, kind, { cell, wavelengthA: 1.3 });
        const { list: read } = readReflections(bytesOf(content), { symmetry: drawn.group });
        const known = (sigma) => sigma > 0 && sigma < Number.POSITIVE_INFINITY;
        const unknown = list.sigma.filter((sigma) => !known(sigma)).length;
        const isSaid = remarks.some((text) =>
          new RegExp(`^${unknown} of ${list.count} reflections ha(s|ve) no sigma`).test(text),
        );
        // As it is weighed: within .02 of one, or of itself if that is more.
        const ratios = (one) =>
          byOrbit(drawn.group, one).flatMap(([hkl, intensity, sigma]) => {
            const ratio = intensity / sigma;
            const without = holdsUnknown.has(kind) ? [[hkl, 'unknown']] : [];
            return known(sigma)
              ? [[hkl, Math.abs(ratio) > 1 ? Math.sign(ratio) * (1 + Math.log(Math.abs(ratio))) : ratio]]
              : without;
          });
        return [
          [ratios(list), true],
          [ratios(read), unknown === 0 || isSaid],
        ];
      },
      agree: within(0, 'sigmas are written to 1 %', 0.025),
      draws: 3,
    })),
    {
      law: 'a list compared with itself has CC 1, R 0, scale 1 and B 0, in any order and by any equivalents',
      drawn: fc.record({ ...lists, other: seeds }),
      answers: (drawn) => {
        const list = listOf(drawn);
        fc.pre(list.count > 40);
        const found = compareReflections(list, shuffled(list, drawn.other), { cell: cellOf(drawn.group) });
        const { pairs, cc, rSplit, r1 } = found.overall;
        return [
          [pairs, cc, rSplit, r1, found.scale, found.relativeB],
          [list.count, 1, 0, 0, 1, 0],
        ];
      },
      agree: within(1e-7, 'sums of hundreds in another order', 1e-6),
      draws: 4,
    },
    {
      law: 'a comparison does not know which list is first',
      drawn: fc.record({ ...lists, other: seeds }),
      answers: (drawn) => {
        const [cell, one] = [cellOf(drawn.group), listOf(drawn)];
        const random = randomOf(drawn.other);
        const noisy = { ...one, intensity: one.intensity.map((x, i) => 1.7 * x + one.sigma[i] * (random() - 0.5)) };
        fc.pre(one.count > 60);
        const [a, b] = [compareReflections(one, noisy, { cell }), compareReflections(noisy, one, { cell })];
        return [
          [a.overall.pairs, a.overall.cc, a.scale, a.relativeB, a.overall.rSplit],
          [b.overall.pairs, b.overall.cc, 1 / b.scale, -b.relativeB, b.overall.rSplit],
        ];
      },
      agree: within(1e-3, 'scale and B are iterated to a thousandth', 1e-3),
      draws: 4,
    },
    {
      law: 'the tests of a list do not know its order, nor which equivalent is listed',
      drawn: fc.record({ ...lists, other: seeds }),
      answers: (drawn) => {
        const [cell, list] = [cellOf(drawn.group), listOf(drawn)];
        const [a, b] = [list, shuffled(list, drawn.other)].map((one) => figures(checkReflections(one, { cell })));
        return [a, b];
      },
      agree: within(1e-7, 'sums in another order', 1e-9),
      draws: 2,
    },
    {
      law: 'amplitudes of intensities times k are those times the root of k',
      drawn: fc.record({ ...lists, k: fc.constantFrom(4, 0.25, 100, 1e4) }),
      answers: (drawn) => {
        const [cell, list] = [cellOf(drawn.group), listOf(drawn)];
        const of = (one, k) => {
          const { amplitude, sigma, intensity, intensitySigma, ...rest } = frenchWilson(one, { cell });
          return [
            rest,
            ...[amplitude, sigma].map((a) => a.map((x) => x / Math.sqrt(k))),
            ...[intensity, intensitySigma].map((a) => a.map((x) => x / k)),
          ];
        };
        return [of(list, 1), of(scaled(list, drawn.k), drawn.k)];
      },
      agree: within(1e-6, 'integrals of float64', 1e-9),
      draws: 8,
    },
    {
      law: 'a list that is expanded to P1 and averaged again is the list',
      drawn: fc.record(lists),
      answers: (drawn) => {
        const [cell, list] = [cellOf(drawn.group), listOf(drawn)];
        const isCentric = operationsOf(drawn.group).some((m) => m.join() === '-1,0,0,0,-1,0,0,0,-1');
        const wide = convertReflections(list, { cell, expand: isCentric ? '-1' : '1' });
        const back = convertReflections(wide.list, { cell, symmetry: drawn.group }).list;
        return [
          byOrbit(drawn.group, list).map((r) => r.slice(0, 2)),
          byOrbit(drawn.group, back).map((r) => r.slice(0, 2)),
        ];
      },
      agree: within(1e-12, 'a mean of equal numbers'),
      draws: 10,
    },
    {
      law: 'indices that are changed and changed back are the list',
      drawn: fc.record({
        ...lists,
        by: fc.constantFrom(
          ['k,l,h', 'l,h,k'],
          ['-h,k,-l', '-h,k,-l'],
          ['h,k,h+l', 'h,k,-h+l'],
          ['-k,h,l', 'k,-h,l'],
          ['-h,-k,l', '-h,-k,l'],
          ['k,h,-l', 'k,h,-l'],
        ),
      }),
      answers: (drawn) => {
        const [cell, list] = [cellOf(drawn.group), listOf(drawn)];
        let there;
        try {
          there = convertReflections(list, { cell, reindex: drawn.by[0] });
        } catch (error) {
          // Trigonal groups have names in few axes.
          fc.pre(!/axes in which it has no name/.test(error.message));
          throw error;
        }
        const back = convertReflections(there.list, { cell: there.cell, reindex: drawn.by[1] });
        const stars = reciprocalOf(groups[drawn.group].parameters);
        const own = resolutions(list, stars);
        return [
          [list.symmetry, byOrbit(drawn.group, list), own, own],
          [
            back.list.symmetry,
            byOrbit(drawn.group, back.list),
            resolutions(there.list, starsOf(there.cell.cell)),
            resolutions(back.list, starsOf(back.cell.cell)),
          ],
        ];
      },
      agree: within(1e-6, 'sums of float64; cells of six numbers', 1e-9),
      draws: 15,
    },
  ];
}

/** Reciprocal axes of a cell's rows. */
function starsOf([a, b, c]) {
  const cross = (p, q) => [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  const volume = cross(a, b).reduce((s, x, i) => s + x * c[i], 0);
  return [cross(b, c), cross(c, a), cross(a, b)].map((row) => row.map((x) => x / volume));
}

/** Intensities, greatest first, each with 1/d: the same in all axes. */
const resolutions = (list, stars) =>
  rowsOf(list)
    .map(([h, k, l, intensity]) => [
      intensity,
      Math.hypot(...[0, 1, 2].map((x) => h * stars[0][x] + k * stars[1][x] + l * stars[2][x])),
    ])
    .sort((a, b) => b[0] - a[0] || a[1] - b[1]);

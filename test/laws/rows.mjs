/** Laws over what becomes of the rows of lists: free sets, rows that are none, amplitudes, limits, and moments. */
import fc from 'fast-check';
import { within } from './law.mjs';
import { listOf } from './lists.mjs';
import { groups, randomOf, reciprocalOf, representativeOf } from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const lists = {
  group: fc.constantFrom(...Object.keys(groups)),
  seed: seeds,
  most: fc.integer({ min: 3, max: 4 }),
  share: fc.constantFrom(1, 0.8, 0.5),
};
const kinds = ['hkl', 'mtz', 'cif', 'xds', 'shelx'];
const bytesOf = (content) => (typeof content === 'string' ? new TextEncoder().encode(content) : content);
const textOf = (content) => (typeof content === 'string' ? content : new TextDecoder('latin1').decode(content));
const hklOf = ({ indices }, i) => [...indices.subarray(3 * i, 3 * i + 3)];
/** Equivalents and mates have one name. */
const laueName = (group, hkl) =>
  [hkl, hkl.map((x) => 0 - x)]
    .map((one) => representativeOf(group, one))
    .sort((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2])[0]
    .join();

/** The rows of reflections in a file. */
function rowsIn(kind, content) {
  const text = textOf(content);
  if (kind === 'mtz') return Number(/NCOL +\d+ +(\d+)/.exec(text)?.[1]);
  if (kind === 'hkl') return text.split('\n').filter((line) => /^\s*-?\d+\s+-?\d+\s+-?\d+\s/.test(line)).length;
  if (kind === 'xds') return text.split('\n').filter((line) => /^\s*-?\d/.test(line)).length;
  if (kind === 'shelx') return text.split('\n').findIndex((line) => /^ {3}0 {3}0 {3}0/.test(line));
  const [, loop] = text.split(/loop_\n(?=_refln\.)/);
  return loop.split('\n').filter((line) => /^-?\d+ +-?\d+ +-?\d+ /.test(line)).length;
}

export function rowLaws({ ewald }) {
  const cellOf = (group) => ewald.readCell(groups[group].parameters.join());
  const { formatReflections, readReflections, convertReflections, checkReflections, compareReflections } = ewald;
  /** A list with a flag for each reflection and its mate, a tenth of them 0. */
  const withFree = (list, seed) => {
    const random = randomOf(seed);
    const flags = new Map();
    const free = Int32Array.from({ length: list.count }, (_, i) => {
      const name = laueName(list.symmetry, hklOf(list, i));
      if (!flags.has(name)) flags.set(name, Math.floor(10 * random()));
      return flags.get(name);
    });
    return { ...list, free };
  };
  const testSet = (list, test) =>
    Array.from({ length: list.count }, (_, i) => i)
      .filter((i) => list.free?.[i] === test)
      .map((i) => laueName(list.symmetry, hklOf(list, i)));
  /** A list in the axes that it had before. */
  const back = (list, cell, by) =>
    by === 'none' ? list : convertReflections(list, { cell, reindex: by === 'k,l,h' ? 'l,h,k' : by }).list;
  const setOf = (list, test = 0) => [...new Set(testSet(list, test))].sort();
  return [
    {
      law: 'a free set goes along with its list into other axes and files, or is said to be lost',
      drawn: fc.record({
        ...lists,
        kind: fc.constantFrom(...kinds),
        by: fc.constantFrom('none', 'h,k,l', 'k,l,h', '-h,k,-l'),
      }),
      answers: (drawn) => {
        const [list, cell] = [withFree(listOf(drawn), drawn.seed + 1), cellOf(drawn.group)];
        // Axes that any group of these has.
        const by = /^(-1|1|222|mmm)$/.test(drawn.group) || drawn.by === 'none' ? drawn.by : 'h,k,l';
        const there = by === 'none' ? { list, cell } : convertReflections(list, { cell, reindex: by });
        const { content, remarks } = formatReflections(there.list, drawn.kind, { cell: there.cell, wavelengthA: 1.3 });
        const given = back(there.list, there.cell, by);
        const isSaid = remarks.some((text) => /it is lost/.test(text));
        if (drawn.kind === 'hkl' || drawn.kind === 'xds')
          return [
            // By any of ten flags there is a set, also where few reflections have none of 0.
            [setOf(list), list.count > 0],
            [setOf(given), isSaid],
          ];
        const read = back(readReflections(bytesOf(content), { symmetry: drawn.group }).list, there.cell, by);
        return [
          [setOf(list), false],
          [setOf(read), isSaid],
        ];
      },
      agree: within(0, 'flags are whole numbers'),
      draws: 8,
    },
    {
      law: 'rows of 0 0 0 change no file, and a list counts the rows that its file has',
      drawn: fc.record({ ...lists, kind: fc.constantFrom(...kinds), at: fc.nat(1000) }),
      answers: (drawn) => {
        const [list, how] = [listOf(drawn), { cell: cellOf(drawn.group), wavelengthA: 1.3 }];
        fc.pre(list.count > 0);
        const at = drawn.at % (list.count + 1);
        const put = (array, ...values) =>
          array.constructor.from([
            ...array.slice(0, at * values.length),
            ...values,
            ...array.slice(at * values.length),
          ]);
        const other = {
          ...list,
          count: list.count + 1,
          indices: put(list.indices, 0, 0, 0),
          intensity: put(list.intensity, 1e5),
          sigma: put(list.sigma, 3),
          measurements: put(list.measurements, 9),
        };
        const [one, two] = [list, other].map((some) => formatReflections(some, drawn.kind, how));
        const isSaid = two.remarks.some((text) => /0 0 0/.test(text));
        return [
          [textOf(one.content), rowsIn(drawn.kind, one.content), rowsIn(drawn.kind, two.content), true],
          [textOf(two.content), one.reflections, two.reflections, isSaid],
        ];
      },
      agree: within(0, 'the same bytes'),
      draws: 25,
    },
    {
      law: 'amplitudes are read as intensities, I = F |F| and σ(I) = (|F| + σ)² − F², and words are no numbers',
      drawn: fc.record({
        seed: seeds,
        word: fc.constantFrom('abc', '1.2.3', '--', '12,5', '0x10', '1e', '?', '.'),
        at: fc.nat(59),
      }),
      answers: ({ seed, word, at }) => {
        const random = randomOf(seed);
        const own = Array.from({ length: 60 }, (_, i) => [
          [(i % 5) - 2, (Math.floor(i / 5) % 4) - 1, 1 + Math.floor(i / 20)],
          Math.floor(900 * random()) - 60,
          1 + Math.floor(60 * random()),
        ]);
        const line = ([hkl, f, sigma], i) => `${hkl.join(' ')} ${i === at ? word : f} ${sigma}`;
        const names = ['index_h', 'index_k', 'index_l', 'F_meas_au', 'F_meas_sigma_au'];
        const text = [
          'data_drawn',
          ...['a', 'b', 'c'].map((edge, i) => `_cell.length_${edge} ${20 + 5 * i}`),
          ...['alpha', 'beta', 'gamma'].map((angle) => `_cell.angle_${angle} 90`),
          "_symmetry.space_group_name_H-M 'P 1'",
          'loop_',
          ...names.map((name) => `_refln.${name}`),
          ...own.map(line),
          '',
        ].join('\n');
        const { list, badRows, remarks } = readReflections(bytesOf(text), { symmetry: '1' });
        const negative = own.filter(([, f], i) => i !== at && f < 0).length;
        const said = Number(
          remarks.map((one) => /^(\d+) values? of f_meas_au (?:is|are) below 0/.exec(one)?.[1]).find(Boolean) ?? 0,
        );
        const found = Array.from({ length: list.count }, (_, i) => [hklOf(list, i), list.intensity[i], list.sigma[i]]);
        const byName = (all) => new Map(all.map(([hkl, ...rest]) => [hkl.join(), rest]));
        const read = byName(found);
        const expected = own
          .filter((_, i) => i !== at)
          .map(([hkl, f, sigma]) => [hkl, f * Math.abs(f), (Math.abs(f) + sigma) ** 2 - f * f]);
        const isNone = word === '?' || word === '.';
        return [
          [expected.map(([, ...rest]) => rest), isNone ? 0 : 1, negative],
          [expected.map(([hkl]) => read.get(hkl.join())), badRows, said],
        ];
      },
      agree: within(1e-9, 'sums of float64'),
      draws: 6,
    },
    {
      law: 'limits of resolution leave what is within them, and limits that leave nothing are refused',
      drawn: fc.record({ ...lists, high: fc.integer({ min: 3, max: 40 }), width: fc.integer({ min: 1, max: 60 }) }),
      answers: (drawn) => {
        const [list, cell] = [listOf(drawn), cellOf(drawn.group)];
        const [highres, lowres] = [drawn.high, drawn.high + drawn.width].map((x) => x / 2 + 0.013);
        const stars = reciprocalOf(groups[drawn.group].parameters);
        const d = (hkl) => 1 / Math.hypot(...[0, 1, 2].map((x) => hkl.reduce((s, h, i) => s + h * stars[i][x], 0)));
        const inside = Array.from({ length: list.count }, (_, i) => d(hklOf(list, i))).filter(
          (one) => one >= highres && one <= lowres,
        ).length;
        fc.pre(list.count > 0);
        const answer = (call) => {
          try {
            return call();
          } catch (error) {
            return [error.tag, /lowres/.test(error.message) && /highres/.test(error.message)];
          }
        };
        const limits = { cell, lowres, highres };
        const of = answer(() => convertReflections(list, limits).list.count);
        const isChecked = answer(() => checkReflections(list, { ...limits, spaceGroups: 'chiral' }).overall.unique > 0);
        const isCompared = answer(() => compareReflections(list, list, limits).overall.pairs > 0);
        const none = ['Argument', true];
        return inside === 0
          ? [
              [none, none, none],
              [of, isChecked, isCompared],
            ]
          : [inside, of];
      },
      agree: within(0, 'numbers of rows'),
      draws: 6,
    },
    {
      law: 'moments and twin fractions of a list do not know how steeply it falls off',
      drawn: fc.record({
        group: fc.constantFrom('-1', 'mmm', '4/mmm', '222', '1'),
        seed: seeds,
        most: fc.constantFrom(5, 6),
        share: fc.constant(1),
        b: fc.constantFrom(4, 8, 12),
      }),
      answers: (drawn) => {
        const list = listOf(drawn);
        // A cell of a few Å, whose reflections reach to an ångström.
        const small = groups[drawn.group].parameters.map((x, i) => (i < 3 ? x / 4 : x));
        const cell = ewald.readCell(small.join());
        const stars = reciprocalOf(small);
        const fall = Array.from({ length: list.count }, (_, n) => {
          const hkl = hklOf(list, n);
          const q2 = [0, 1, 2].reduce((s, x) => s + hkl.reduce((t, h, i) => t + h * stars[i][x], 0) ** 2, 0);
          return Math.exp((-drawn.b * q2) / 2);
        });
        // Without noise, so that all of it is signal at any fall-off.
        const flat = {
          ...list,
          intensity: list.intensity.map((x) => Math.abs(x) + 1),
          sigma: list.sigma.map(() => 0.01),
        };
        const other = {
          ...flat,
          intensity: flat.intensity.map((x, i) => x * fall[i]),
          sigma: flat.sigma.map((x, i) => x * fall[i]),
        };
        const of = (one) => {
          const { twinning } = checkReflections(one, { cell });
          return [twinning.secondMoment, twinning.secondMomentError > 0];
        };
        return [of(flat), of(other)];
      },
      agree: within(5e-3, 'the fall-off is fitted, and the list has no noise'),
      draws: 2,
    },
  ];
}

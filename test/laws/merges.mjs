/** Laws over merges of streams: order, division, repetition, scales, names of axes, and the words of a stream. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { hklOf, lineOf, q2Of } from './errors.mjs';
import { bits, within } from './law.mjs';
import { byOrbit } from './lists.mjs';
import {
  groups,
  normalOf,
  operationsOf,
  randomOf,
  reciprocalOf,
  renamed,
  stills,
  streamOf,
  truthOf,
} from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const names = Object.keys(groups);
const models = ['mean', 'unity', 'gaussian'];
const merges = {
  group: fc.constantFrom(...names),
  seed: seeds,
  crystals: fc.integer({ min: 8, max: 14 }),
  model: fc.constantFrom(...models),
};
const inverted = [-1, 0, 0, 0, -1, 0, 0, 0, -1];
const bytesOf = (text) => new TextEncoder().encode(text);

/** An order drawn from a seed. */
function permuted(list, seed) {
  const random = randomOf(seed);
  return list
    .map((one) => [random(), one])
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}
/** Parts in order, cut at places drawn from a seed. */
function cut(list, parts, seed) {
  const random = randomOf(seed);
  const ends = Array.from({ length: parts - 1 }, () => Math.floor(random() * (list.length + 1))).sort((a, b) => a - b);
  return [0, ...ends].map((begin, i) => list.slice(begin, ends[i] ?? list.length));
}
const stillsOf = ({ seed, crystals, group }) => stills({ seed, crystals, group });
const scaledReflections = (crystals, k) =>
  crystals.map((c) => ({
    ...c,
    reflections: c.reflections.map(([h, l, m, i, s, p, b]) => [h, l, m, i * k, s * k, p * k, b * k]),
  }));

/** The crystals with each reflection at its place on sixteen panels around the beam: columns of fs, ss and panel. */
function onPanels(crystals, dMin = 2.6, wavelength = 1.3) {
  const edge = Math.tan(2 * Math.asin(wavelength / 2 / dMin));
  return crystals.map((one) => ({
    ...one,
    reflections: one.reflections.map(([h, k, l, ...rest]) => {
      const g = [0, 1, 2].map((x) => (h * one.stars[0][x] + k * one.stars[1][x] + l * one.stars[2][x]) / 10);
      const at = [0, 1].map((x) => Math.max(0, Math.min(399, 200 * (1 + g[x] / (g[2] + 1 / wavelength) / edge))));
      const [fs, ss] = at.map((x) => (x % 100).toFixed(1));
      return [h, k, l, ...rest, fs, ss, `p${4 * Math.floor(at[1] / 100) + Math.floor(at[0] / 100)}`];
    }),
  }));
}

/** The crystals over a background that grows with the resolution: at its end errors are `noise` · e² times as large. */
function overBackground(crystals, { seed, group, noise, dMin }) {
  const random = randomOf(seed);
  const stars = reciprocalOf(groups[group].parameters);
  return crystals.map((one) => ({
    ...one,
    reflections: one.reflections.map(([h, k, l, i, s, ...rest]) => {
      const more = noise * s * Math.exp(4 * q2Of([h, k, l], stars) * dMin ** 2 - 2);
      const value = i + more * normalOf(random);
      return [h, k, l, Number(value.toFixed(2)), Number(Math.hypot(s, more).toFixed(2)), ...rest];
    }),
  }));
}

export function mergeLaws({ context }) {
  const optionsOf = ({ group, model }) => ({
    symmetry: group,
    model,
    polarisation: 'none',
    ambiguity: !groups[group].merohedral,
  });
  /** Merges streams, each { name, bytes } or text. */
  async function merge(drawn, streams, more = {}) {
    const merger = await context.merger({ ...optionsOf(drawn), ...more });
    for (const [i, one] of streams.entries())
      await merger.addStream(typeof one === 'string' ? { name: `${i}.stream`, bytes: bytesOf(one) } : one);
    return merger.run();
  }
  const rows = ({ group }, list) => byOrbit(group, list);
  /** What a merge says in numbers: its lists and statistics, not its crystals, whose order is that of the stream. */
  const answer = (drawn, result) => {
    const { statistics, reflections, halves, counts, merged, isDoubtful, multiple } = result;
    return {
      reflections: rows(drawn, reflections),
      halves: halves.map((half) => rows(drawn, half)),
      statistics,
      counts,
      merged,
      isDoubtful,
      multiple,
    };
  };
  const crystalsByEvent = (result) =>
    [...result.crystals]
      .sort((a, b) => (a.event < b.event ? -1 : 1))
      .map(({ scale, relativeB, radius, rotation }) => [scale, relativeB, radius, ...rotation]);
  const rounding = within(1e-6, 'sums of float64 in another order, through ten cycles of a fit', 1e-6);
  return [
    {
      law: 'a merge does not know the order of its crystals',
      drawn: fc.record({ ...merges, other: seeds }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const results = [crystals, permuted(crystals, drawn.other)].map((some) => merge(drawn, [streamOf(some)]));
        const [a, b] = await Promise.all(results);
        return [a, b].map((one) => ({ ...answer(drawn, one), crystals: crystalsByEvent(one) }));
      },
      agree: rounding,
      draws: 3,
    },
    {
      law: 'streams in parts, as bytes in pieces, packed, and as states are the stream',
      drawn: fc.record({
        ...merges,
        parts: fc.integer({ min: 2, max: 5 }),
        form: fc.constantFrom('streams', 'pieces', 'gzip', 'states', 'lines'),
        other: seeds,
      }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const text = streamOf(crystals);
        const parts = cut(crystals, drawn.parts, drawn.other)
          .filter((part) => part.length > 0)
          .map((part) => streamOf(part));
        let streams = parts;
        if (drawn.form === 'pieces')
          streams = [
            {
              name: '0.stream',
              bytes: cut([...bytesOf(text)], 20 * drawn.parts, drawn.other).map((p) => Uint8Array.from(p)),
            },
          ];
        if (drawn.form === 'gzip')
          streams = parts.map((part, i) => ({ name: `${i}.stream.gz`, bytes: gzipSync(part) }));
        if (drawn.form === 'lines') streams = parts.map((part) => part.replaceAll('\n', '\r\n'));
        if (drawn.form === 'states') {
          streams = [];
          for (const [i, part] of parts.entries()) {
            const merger = await context.merger(optionsOf(drawn));
            await merger.addStream({ name: `${i}.stream`, bytes: bytesOf(part) });
            streams.push({ name: `${i}.state`, bytes: merger.toState() });
          }
        }
        const [a, b] = [await merge(drawn, [text]), await merge(drawn, streams)];
        return [a, b].map((one) => ({ ...answer(drawn, one), hkl: one.toHkl(), crystals: one.crystals }));
      },
      agree: bits,
      draws: 3,
    },
    {
      law: 'a stream twice doubles the multiplicity and keeps the values',
      drawn: fc.record({ ...merges, model: fc.constantFrom('mean') }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const again = crystals.map((one) => ({ ...one, event: `${one.event}/again` }));
        const options = { minMeasurements: 1 };
        const [a, b] = [
          await merge(drawn, [streamOf(crystals)], options),
          await merge(drawn, [streamOf(crystals), streamOf(again)], options),
        ];
        const of = (one, n) => rows(drawn, one.reflections).map(([h, i, , m]) => [h, i, m / n]);
        return [
          [of(a, 1), 2 * a.counts.reflections, 2 * a.merged],
          [of(b, 2), b.counts.reflections, b.merged],
        ];
      },
      agree: within(1e-9, 'sums of twice as many numbers'),
      draws: 2,
    },
    {
      law: 'intensities and counts per photon times k are the merge times k',
      drawn: fc.record({ ...merges, k: fc.constantFrom(1 / 64, 4, 1024, 2 ** 17) }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const [a, b] = [
          await merge(drawn, [streamOf(crystals)]),
          await merge(drawn, [streamOf(scaledReflections(crystals, drawn.k), drawn.k)]),
        ];
        // A plain mean keeps its scale; the mean of the other models is 1000.
        const k = drawn.model === 'mean' ? drawn.k : 1;
        const of = (one, factor) => {
          const { reflections, halves, statistics, isDoubtful, merged } = answer(drawn, one);
          const list = (all) => all.map(([h, i, s, n]) => [h, i / factor, s / factor, n]);
          const { wilson, overall, shells, ...rest } = statistics;
          const figures = ({ meanIntensity, ...row }) => ({ ...row, meanIntensity: meanIntensity / factor });
          return {
            overall: figures(overall),
            shells: shells.map(figures),
            reflections: list(reflections),
            halves: halves.map(list),
            rest,
            isDoubtful,
            merged,
          };
        };
        return [of(a, 1), of(b, k)];
      },
      agree: within(5e-3, 'fits end when a cycle changes a thousandth', 1e-5),
      draws: 3,
    },
    {
      law: 'streams that do not state their counts per photon have the merge that sigmas allow, in any unit',
      drawn: fc.record({ ...merges, model: fc.constantFrom('unity', 'gaussian'), k: fc.constantFrom(1 / 32, 1 / 256) }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const results = [];
        for (const k of [1 / 8, drawn.k])
          results.push(await merge(drawn, [streamOf(scaledReflections(crystals, k), 0)]));
        const strong = crystals.flatMap(({ reflections }) => reflections).filter(([, , , i, s]) => i > 5 * s).length;
        fc.pre(strong >= 100);
        const of = (one) => [
          rows(drawn, one.reflections),
          one.remarks.some((text) => /do not state the counts/.test(text)),
        ];
        return [of(results[0]), [of(results[1])[0], true]];
      },
      agree: within(5e-3, 'fits end when a cycle changes a thousandth', 1e-5),
      draws: 2,
    },
    {
      law: 'crystals whose axes are renamed by operations of the group are the same merge',
      drawn: fc.record({ ...merges, other: seeds }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const random = randomOf(drawn.other);
        // Turns alone: a mirror would name left-handed axes.
        const turns = operationsOf(drawn.group).filter((m) => determinantOf(m) === 1);
        const other = crystals.map((one) => renamed(one, turns[Math.floor(random() * turns.length)]));
        const [a, b] = [await merge(drawn, [streamOf(crystals)]), await merge(drawn, [streamOf(other)])];
        return [a, b].map((one) => ({ ...answer(drawn, one), crystals: crystalsByEvent(one) }));
      },
      agree: rounding,
      draws: 3,
    },
    {
      law: 'crystals with left-handed axes are turned, indices and all, and said',
      drawn: fc.record({ ...merges }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const other = crystals.map((one) => renamed(one, inverted));
        const [a, b] = [await merge(drawn, [streamOf(crystals)]), await merge(drawn, [streamOf(other)])];
        const isSaid = (one) => one.remarks.some((text) => /left-handed/.test(text));
        return [
          { ...answer(drawn, a), counts: 0, isSaid: !isSaid(a) },
          { ...answer(drawn, b), counts: 0, isSaid: isSaid(b) },
        ];
      },
      agree: rounding,
      draws: 2,
    },
    {
      law: 'crystals that contradict themselves, and reflections that nothing can measure, change no merge',
      drawn: fc.record({
        ...merges,
        wrong: fc.constantFrom('a cell', 'an axis', 'a unit', 'an energy', 'a mirror', '0 0 0', 'beyond'),
        many: fc.integer({ min: 1, max: 3 }),
      }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const extra = stills({ seed: drawn.seed + 1, crystals: drawn.many, group: drawn.group });
        const wrong = {
          'a cell': ({ parameters: [a, ...rest], ...one }) => ({ ...one, parameters: [1.3 * a, ...rest] }),
          'an axis': ({ stars, ...one }) => ({
            ...one,
            stars: stars.map((row, i) => (i === 1 ? row.map((x) => x / 2) : row)),
          }),
          'a unit': ({ stars, ...one }) => ({ ...one, stars: stars.map((row) => row.map((x) => x / 10)) }),
          'a mirror': ({ stars, ...one }) => ({ ...one, stars: stars.map(([x, y, z]) => [x, y, 0 - z]) }),
          'an energy': (one) => ({ ...one, energy: one.energy / 2.5 }),
        }[drawn.wrong];
        const row = drawn.wrong === '0 0 0' ? [0, 0, 0, 1e6, 10, 9, 1] : [90, 90, 90, 1e6, 10, 9, 1];
        const other = wrong
          ? [...crystals, ...extra.map((one, i) => wrong({ ...one, event: `//wrong${i}` }))]
          : crystals.map((one, i) => (i < drawn.many ? { ...one, reflections: [...one.reflections, row] } : one));
        const [a, b] = [await merge(drawn, [streamOf(crystals)]), await merge(drawn, [streamOf(other)])];
        const of = ({ counts, isDoubtful, ...one }, left) => ({ ...one, left });
        const { impossible, otherAxes, offSphere } = b.counts;
        return [of(answer(drawn, a), drawn.many), of(answer(drawn, b), impossible + otherAxes + offSphere)];
      },
      agree: rounding,
      draws: 11,
    },
    {
      law: 'panels that record other counts are named by the merge, and no others',
      drawn: fc.record({
        seed: seeds,
        group: fc.constantFrom('mmm', '4/mmm'),
        panel: fc.integer({ min: 5, max: 10 }),
        fault: fc.constantFrom('none', 'half', 'times four', 'clipped'),
      }),
      answers: async ({ seed, group, panel, fault }) => {
        const crystals = onPanels(stills({ seed, crystals: 60, group, dMin: 2.6 }));
        const strong = crystals.flatMap(({ reflections }) => reflections.map(([, , , i]) => i)).sort((a, b) => b - a);
        const most = strong[Math.floor(0.12 * strong.length)];
        const recorded = {
          none: (x) => x,
          half: (x) => x / 2,
          'times four': (x) => 4 * x,
          clipped: (x) => Math.min(x, most),
        }[fault];
        const other = crystals.map((one) => ({
          ...one,
          reflections: one.reflections.map(([h, k, l, i, s, ...rest]) =>
            rest.at(-1) === `p${panel}`
              ? [h, k, l, recorded(i), (s * recorded(i)) / i || s, ...rest]
              : [h, k, l, i, s, ...rest],
          ),
        }));
        const { remarks, isDoubtful } = await merge({ group, model: 'gaussian' }, [streamOf(other)]);
        const said = remarks.find((text) => /of the detector are not those/.test(text)) ?? '';
        const named = [...said.matchAll(/\b(p\d+):/g)].map(([, name]) => name);
        const isCeiling = /have a ceiling/.test(said);
        return [
          [fault === 'none' ? [] : [`p${panel}`], fault === 'clipped'],
          [named, isCeiling && isDoubtful],
        ];
      },
      agree: bits,
      draws: 5,
    },
    {
      law: 'halves of a merge are on the scale and the fall-off of the whole, however noisy their crystals are',
      drawn: fc.record({
        seed: seeds,
        group: fc.constantFrom('mmm', '4/mmm'),
        model: fc.constant('gaussian'),
        noise: fc.constantFrom(0, 4, 8),
      }),
      answers: async (drawn) => {
        const { seed, group, noise } = drawn;
        const dMin = 3.2;
        const crystals = overBackground(stills({ seed, crystals: 30, group, dMin }), { seed, group, noise, dMin });
        const { reflections, halves } = await merge(drawn, [streamOf(crystals)], { minMeasurements: 1 });
        const [stars, truth] = [reciprocalOf(groups[group].parameters), truthOf(group, seed)];
        // On the truth, which has no noise: ln of the scale near the beam and far out.
        const scales = (list) => {
          const indices = Array.from({ length: list.count }, (_, i) => hklOf(list, i));
          const factor = lineOf(
            indices.map((hkl, i) => ({
              q2: q2Of(hkl, stars),
              truth: truth(hkl),
              value: list.intensity[i],
              sigma: list.sigma[i],
            })),
          );
          return [0.2, 0.9].map((share) => Math.log(factor(share / dMin ** 2)));
        };
        const [a, b] = halves.map(scales);
        return [scales(reflections), a.map((one, i) => (one + b[i]) / 2)];
      },
      agree: within(0, 'thirty noisy crystals tell the fall-off of a half to some per cent', 0.06),
      draws: 2,
    },
    {
      law: 'cell and wavelength times k give the same intensities',
      drawn: fc.record({ ...merges, model: fc.constant('mean'), k: fc.constantFrom(1.25, 0.8, 2, 1.6) }),
      answers: async (drawn) => {
        const crystals = stillsOf(drawn);
        const other = crystals.map(({ parameters, energy, stars, ...rest }) => ({
          ...rest,
          parameters: parameters.map((x, i) => (i < 3 ? x * drawn.k : x)),
          energy: energy / drawn.k,
          stars: stars.map((row) => row.map((x) => x / drawn.k)),
        }));
        const [a, b] = [await merge(drawn, [streamOf(crystals)]), await merge(drawn, [streamOf(other)])];
        const of = (one, k) => {
          const { reflections, halves, merged, multiple, isDoubtful } = answer(drawn, one);
          return {
            reflections,
            halves,
            merged,
            multiple,
            isDoubtful,
            cell: one.cell.map((x, i) => (i < 3 ? x / k : x)),
            wavelength: one.wavelengthA / k,
          };
        };
        return [of(a, 1), of(b, drawn.k)];
      },
      agree: within(1e-6, 'a plain mean, of indices that do not change', 1e-4),
      draws: 2,
    },
  ];
}
const determinantOf = (m) =>
  m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) + m[2] * (m[3] * m[7] - m[4] * m[6]);

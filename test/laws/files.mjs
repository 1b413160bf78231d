/** Laws over files of frames: masks, limits and headers, several files of one run, frames that are not there. */
import fc from 'fast-check';
import { kinds } from './containers.mjs';
import { hdf5Of, nxmxOf } from './hdf5.mjs';
import { bits, within } from './law.mjs';
import { centre, geometryOf, plain, runOptions, sceneNumbers, side, wavelengthA } from './runs.mjs';
import { randomOf } from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const pixels = side ** 2;
const centrePx = centre.map((x) => -x);

/** Some pixels of a frame, by their numbers. */
function somePixels(seed, many) {
  const random = randomOf(seed);
  return [...new Set(Array.from({ length: many }, () => Math.floor(random() * pixels)))];
}
const placeOf = (p) => [p % side, Math.floor(p / side)];

/** What a run finds, frame by frame, and what it says. */
async function found(context, inputs, options) {
  const [frames, warnings] = [[], []];
  const onEvent = (event) => event.kind === 'warning' && warnings.push(event);
  for await (const { result, error } of context.pipeline({ inputs, ...runOptions, onEvent, ...options })) {
    if (error) frames.push({ error: error.tag ?? 'no tag', message: error.message });
    else
      frames.push({
        peaks: [...result.peaks.fs, ...result.peaks.ss, ...result.peaks.intensity],
        maskedByFirst: result.maskedByFirst ?? 0,
        crystals: result.crystals.map(({ reciprocal, reflections, saturated }) => ({
          reciprocal,
          saturated,
          reflections: (reflections ?? []).map(({ h, k, l, intensity, sigma }) => [h, k, l, intensity, sigma]),
        })),
      });
  }
  return { frames, warnings };
}
/** That, or how the run or one of its frames was refused, and whether a file is named. */
async function foundOr(context, inputs, options, name) {
  const refused = (tag, message) => ({ refused: tag, isNamed: message.includes(name) });
  try {
    const all = await found(context, inputs, options);
    const wrong = all.frames.find(({ error }) => error !== undefined);
    return wrong ? refused(wrong.error, wrong.message) : all;
  } catch (error) {
    return refused(error.tag, error.message);
  }
}

export function fileLaws({ ewald, data, shell, context }) {
  const numbersOf = () => sceneNumbers({ ewald, data, shell });
  const shape = (frames) => [frames, side, side];
  const fileOf = (numbers, name, dtype, stated = {}) =>
    new File(
      [nxmxOf(numbers, { shape: shape(numbers.length / pixels), dtype, wavelengthA, centrePx, ...stated })],
      name,
    );
  return [
    {
      law: 'a mask of the file is that of the geometry, and what is saturated stays so beside it',
      drawn: fc.record({
        seed: seeds,
        many: fc.integer({ min: 1, max: 40 }),
        dtype: fc.constantFrom('u16', 'i32'),
        full: fc.constantFrom(300, 900),
      }),
      answers: async ({ seed, many, dtype, full }) => {
        const bad = somePixels(seed, many);
        const marked = new Set(bad);
        const numbers = (await numbersOf()).map((x, i) =>
          marked.has(i % pixels) ? 40000 : x > full ? kinds[dtype].most : x,
        );
        const mask = Array.from({ length: pixels }, (_, p) => Number(marked.has(p)));
        const [one, other] = [
          await found(context, fileOf(numbers, 'a.h5', dtype), {
            geometry: geometryOf(plain, { bad: bad.map(placeOf) }),
          }),
          await found(context, fileOf(numbers, 'a.h5', dtype, { mask }), { geometry: geometryOf(plain) }),
        ];
        return [one.frames, other.frames];
      },
      agree: bits,
      draws: 3,
    },
    {
      law: 'numbers that are none are bad pixels',
      drawn: fc.record({
        seed: seeds,
        many: fc.integer({ min: 1, max: 40 }),
        value: fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN),
      }),
      answers: async ({ seed, many, value }) => {
        const bad = somePixels(seed, many);
        const marked = new Set(bad);
        const numbers = await numbersOf();
        const none = numbers.map((x, i) => (marked.has(i % pixels) ? value : x));
        const [one, other] = [
          await found(context, fileOf(numbers, 'a.h5', 'f32'), {
            geometry: geometryOf(plain, { bad: bad.map(placeOf) }),
          }),
          await found(context, fileOf(none, 'a.h5', 'f32'), { geometry: geometryOf(plain) }),
        ];
        return [one.frames, other.frames];
      },
      agree: within(1e-6, 'positions are float32'),
      draws: 3,
    },
    {
      law: 'a run over files is the runs over each, or is refused by the file whose header is another one',
      drawn: fc.record({
        seed: seeds,
        differs: fc.constantFrom('mask', 'saturation', 'error', 'centre', 'distance', 'wavelength', 'nothing'),
        isLater: fc.boolean(),
        isGiven: fc.boolean(),
      }),
      answers: async ({ seed, differs, isLater, isGiven }) => {
        const options = isGiven ? { geometry: geometryOf(plain) } : {};
        const numbers = (await numbersOf()).slice(0, pixels);
        const bad = new Set(somePixels(seed, 60));
        const rubbish = numbers.map((x, p) => (bad.has(p) ? 7777 : x));
        const mask = Array.from({ length: pixels }, (_, p) => Number(bad.has(p)));
        const usual = { saturation: 60000 };
        const other = {
          nothing: {},
          mask: { mask },
          saturation: { saturation: 500 },
          error: { error: 7777 },
          centre: { centrePx: [centrePx[0] + 3, centrePx[1]] },
          distance: { distanceM: 0.0207 },
          wavelength: { wavelengthA: 1.26 },
        }[differs];
        const isRubbish = differs === 'mask' || differs === 'error';
        const files = [
          fileOf(numbers, 'usual.h5', 'i32', usual),
          fileOf(isRubbish ? rubbish : numbers, 'other.h5', 'i32', { ...usual, ...other }),
        ];
        const each = [];
        for (const file of files) each.push(...(await found(context, file, options)).frames);
        const order = isLater ? [0, 1] : [1, 0];
        const together = await foundOr(
          context,
          order.map((i) => files[i]),
          options,
          isLater ? 'other.h5' : 'usual.h5',
        );
        const apart = order.map((i) => each[i]);
        if (together.refused)
          return [
            { refused: 'Format', isNamed: true, isOther: true },
            { ...together, isOther: differs !== 'nothing' },
          ];
        // Pixels that the mask of the first file takes from the others are counted.
        if (together.frames.some(({ maskedByFirst }) => maskedByFirst > 0)) return ['mask', differs];
        // With a given geometry a run goes on, and says which file has a header of its own.
        const later = isLater ? 'other.h5' : 'usual.h5';
        const isSaid = together.warnings.some(({ text }) => text.startsWith(`${later} states`));
        if (isGiven && isSaid) return ['another header', differs === 'nothing' ? 'none' : 'another header'];
        return [apart, together.frames];
      },
      agree: within(1e-6, 'nothing differs'),
      draws: 18,
    },
    {
      law: 'a frame whose energy is none is an error of that frame, and the others are as without it',
      drawn: fc.record({
        which: fc.integer({ min: 0, max: 2 }),
        value: fc.constantFrom(0, Number.NaN, -9000, 1e9),
      }),
      answers: async ({ which, value }) => {
        const numbers = await numbersOf();
        const eV = 12398.419843320025 / wavelengthA;
        const geometry = geometryOf(plain).replace(/^photon_energy.*$/m, 'photon_energy = /entry/energies eV');
        const energies = [0, 1, 2].map((f) => (f === which ? value : eV));
        const of = async (own) =>
          (await found(context, fileOf(numbers, 'a.h5', 'u16', { energies: own }), { geometry })).frames;
        const [one, other] = [await of([eV, eV, eV]), await of(energies)];
        return [
          one.map((frame, f) => (f === which ? 'error' : frame)),
          other.map((frame) => (frame.error === 'Format' ? 'error' : frame)),
        ];
      },
      agree: bits,
      draws: 6,
    },
    {
      law: 'a panel that the geometry misplaces is named, and no other one',
      drawn: fc.record({
        panel: fc.constantFrom(-1, 0, 1, 2, 3),
        by: fc.constantFrom([8, -8], [-9, 6], [0, 11], [10, 0]),
      }),
      answers: async ({ panel, by }) => {
        const numbers = await numbersOf();
        const head = geometryOf(plain)
          .split('\n')
          .filter((line) => !line.startsWith('p/'));
        const half = side / 2;
        const panels = [0, 1, 2, 3].map((k) => {
          const [x, y] = [half * (k % 2), half * (k >> 1)];
          const off = k === panel ? by : [0, 0];
          return [
            ...[`min_fs = ${x}`, `max_fs = ${x + half - 1}`, `min_ss = ${y}`, `max_ss = ${y + half - 1}`],
            ...[`corner_x = ${centre[0] + x + off[0]}`, `corner_y = ${centre[1] + y + off[1]}`, 'fs = +x', 'ss = +y'],
          ].map((line) => `q${k}/${line}`);
        });
        const { warnings } = await found(
          context,
          [0, 1, 2].map((n) => fileOf(numbers, `${n}.h5`, 'u16')),
          {
            geometry: [...head, ...panels.flat(), ''].join('\n'),
          },
        );
        const said = warnings.find(({ text }) => /do not explain the peaks of/.test(text));
        const named = [...(said?.text ?? '').matchAll(/\b(q\d)\b/g)].map(([, name]) => name);
        return [panel < 0 ? [[], false] : [[`q${panel}`], true], [[...new Set(named)], said?.isDoubtful ?? false]];
      },
      agree: bits,
      draws: 3,
    },
    {
      law: 'modules of a detector may be stored in any order and place of the frame',
      drawn: fc.record({
        cuts: fc.uniqueArray(fc.integer({ min: 12, max: side - 12 }), { minLength: 1, maxLength: 4 }),
        order: seeds,
        gap: fc.nat(5),
      }),
      answers: async ({ cuts, order, gap }) => {
        const numbers = await numbersOf();
        const ends = [...cuts.sort((a, b) => a - b), side];
        const strips = ends.map((end, k) => ({ k, begin: ends[k - 1] ?? 0, end }));
        const random = randomOf(order);
        const shuffled = strips.map((strip) => [random(), strip]).sort(([a], [b]) => a - b);
        const stored = (list, between) => {
          let at = 0;
          const placed = list.map((strip) => {
            const own = { ...strip, at };
            at += strip.end - strip.begin + between;
            return own;
          });
          return { placed, height: at - between };
        };
        const of = async ({ placed, height }) => {
          const frames = new Array(3 * height * side).fill(0);
          for (let f = 0; f < 3; f++)
            for (const { begin, end, at } of placed)
              for (let y = begin; y < end; y++)
                for (let x = 0; x < side; x++)
                  frames[(f * height + at + y - begin) * side + x] = numbers[(f * side + y) * side + x];
          const head = geometryOf(plain)
            .split('\n')
            .filter((line) => !line.startsWith('p/'));
          const panels = placed.flatMap(({ k, begin, end, at }) =>
            [
              ...[`min_fs = 0`, `max_fs = ${side - 1}`, `min_ss = ${at}`, `max_ss = ${at + end - begin - 1}`],
              ...[`corner_x = ${centre[0]}`, `corner_y = ${centre[1] + begin}`, 'fs = +x', 'ss = +y'],
            ].map((line) => `q${k}/${line}`),
          );
          const file = new File([nxmxOf(frames, { shape: [3, height, side], dtype: 'u16', wavelengthA })], 'a.h5');
          const out = [];
          const geometry = [...head, ...panels, ''].join('\n');
          for await (const { result, error } of context.pipeline({ inputs: file, ...runOptions, geometry })) {
            if (error) throw error;
            const back = (ss) => {
              const strip = placed.find(({ at, begin, end }) => ss >= at - 0.5 && ss < at + end - begin + 0.5);
              return ss - strip.at + strip.begin;
            };
            const { fs, ss, intensity } = result.peaks;
            out.push({
              peaks: Array.from(fs, (x, i) => [x, back(ss[i]), intensity[i]]).sort(
                (a, b) => a[1] - b[1] || a[0] - b[0],
              ),
              cells: result.crystals.map(({ reciprocal }) => reciprocal),
              reflections: result.crystals.map(({ reflections }) =>
                reflections
                  .map((one) => [
                    one.h,
                    one.k,
                    one.l,
                    one.intensity,
                    one.sigma,
                    one.fs,
                    one.ss + placed[one.panel].begin,
                  ])
                  .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]),
              ),
            });
          }
          return out;
        };
        return [
          await of(stored(strips, 0)),
          await of(
            stored(
              shuffled.map(([, strip]) => strip),
              gap,
            ),
          ),
        ];
      },
      agree: within(2e-3, 'crystals are fitted from spots in another order', 2e-2),
      draws: 3,
    },
    {
      law: 'frames of which a file stores nothing are said with their number, wherever they are',
      drawn: fc.record({ written: fc.array(fc.boolean(), { minLength: 2, maxLength: 24 }), gzip: fc.boolean() }),
      answers: async ({ written, gzip }) => {
        const values = Array.from({ length: written.length * 20 }, (_, i) => 1 + (i % 50));
        const frames = { shape: [written.length, 4, 5], dtype: 'u16', values, chunk: [1, 4, 5], gzip };
        const bytes = hdf5Of({ frames: { ...frames, isThere: ([f]) => written[f] } });
        const dataset = await data.open(data.memorySource(bytes, 'a.h5'));
        const texts = dataset.notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
        const numbers = texts.flatMap((text) => [
          ...(/(?:last|of its|^)\s?(\d+)(?: of \d+)? frames/.exec(text)?.slice(1) ?? []),
          ...(/and (\d+) before them/.exec(text)?.slice(1) ?? []),
        ]);
        const read = Array.from(await dataset.read(0, written.length), Number);
        await dataset.dispose();
        const missing = written.filter((isThere) => !isThere).length;
        return [
          [missing, values.map((x, i) => (written[Math.floor(i / 20)] ? x : 0))],
          [numbers.reduce((sum, one) => sum + Number(one), 0), read],
        ];
      },
      agree: bits,
      draws: 20,
    },
    {
      law: 'virtual datasets have the numbers of their sources, in whatever type these are',
      drawn: fc.record({
        from: fc.constantFrom(...Object.keys(kinds)),
        to: fc.constantFrom(...Object.keys(kinds)),
        little: fc.boolean(),
        seed: seeds,
      }),
      answers: async ({ from, to, little, seed }) => {
        const random = randomOf(seed);
        const [least, most] = [kinds[from].least, kinds[from].most].map((x) => Math.max(-3e5, Math.min(x, 3e5)));
        const values = Array.from({ length: 40 }, (_, i) =>
          i % 4 === 0 ? [least, most][(i >> 2) % 2] : Math.floor(least + (most - least) * random() ** 3),
        );
        const bytes = hdf5Of({
          frames: { shape: [2, 4, 5], dtype: to, virtual: [{ path: '/source', first: 0, rows: 2 }] },
          source: { shape: [2, 4, 5], dtype: from, little, values },
        });
        const dataset = await data.open(data.memorySource(bytes, 'a.h5'), { dataset: '/frames' });
        const read = Array.from(await dataset.read(0, 2), Number);
        await dataset.dispose();
        const { least: low, most: high } = kinds[to];
        // The library turns the bytes of integers of one size in another order, and does not look at their sign.
        const areTurned = !little && from[0] !== 'f' && to[0] !== 'f' && from.slice(1) === to.slice(1);
        const exact = areTurned
          ? Array.from(kinds[to].array.from(values.map((x) => x)))
          : values.map((x) => Math.max(low, Math.min(high, x)));
        return [Array.from(kinds[to].array.from(exact), Number), read];
      },
      agree: bits,
      draws: 30,
    },
  ];
}

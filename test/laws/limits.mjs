/** Laws over what scans do not measure: overloads, positions without a shift, places without a disk. */
import fc from 'fast-check';
import { containers } from './containers.mjs';
import { nxmxOf } from './hdf5.mjs';
import { bits } from './law.mjs';
import { countsOf } from './scans.mjs';
import { randomOf } from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const shapes = {
  nav: fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 4 })),
  sig: fc.tuple(fc.integer({ min: 8, max: 12 }), fc.integer({ min: 8, max: 12 })),
  seed: seeds,
};
const some = (seed, count, most) => {
  const random = randomOf(seed);
  return [...new Set(Array.from({ length: most }, () => Math.floor(random() * count)))];
};

export function limitLaws({ contexts }) {
  const ctx = contexts.udf;
  const memory = (numbers, { nav, sig }, type = Uint16Array) =>
    ctx.fromMemory(type.from(numbers), { navShape: nav, sigShape: sig });
  return [
    {
      law: 'values above what a file states are overloads, which a run counts, wherever they are',
      drawn: fc.record({
        ...shapes,
        of: fc.constantFrom('a counter of 6 bits', 'a counter of 12 bits', 'a saturation'),
        many: fc.integer({ min: 0, max: 9 }),
        analysis: fc.constantFrom('sum', 'sumsig', 'com', 'max'),
      }),
      answers: async (drawn) => {
        const { nav, sig, seed, of, many } = drawn;
        const [bitsOf, most] = {
          'a counter of 6 bits': [6, 62],
          'a counter of 12 bits': [12, 4094],
          'a saturation': [0, 150],
        }[of];
        const numbers = countsOf({ ...drawn, most: 40 }).map((x) => Math.min(x, most));
        const full = some(seed, numbers.length, many);
        for (const at of full) numbers[at] = most + 1;
        const made = bitsOf
          ? containers.mib({ numbers, nav, sig, dtype: bitsOf > 8 ? 'u16' : 'u8', bits: bitsOf })
          : {
              bytes: nxmxOf(numbers, { shape: [nav[0] * nav[1], ...sig], dtype: 'u16', saturation: most }),
              options: { navShape: nav },
            };
        const scan = await ctx.load(new File([made.bytes], bitsOf ? 'scan.mib' : 'scan.h5'), made.options);
        const run = {
          sum: ctx.createSumAnalysis,
          sumsig: ctx.createSumSigAnalysis,
          com: ctx.createComAnalysis,
          max: ctx.createMaxAnalysis,
        }[drawn.analysis];
        await ctx.run(run.call(ctx, scan, {}));
        const { overloads = 0, overloaded = 0, firstOverload = Number.NaN } = scan.counts?.replaced ?? {};
        await scan.dispose();
        const frames = [...new Set(full.map((at) => Math.floor(at / (sig[0] * sig[1]))))].sort((a, b) => a - b);
        return [
          [full.length, frames.length, frames[0] ?? Number.NaN],
          [overloads, overloaded, overloads === 0 ? Number.NaN : firstOverload],
        ];
      },
      agree: bits,
      draws: 12,
    },
    {
      law: 'where a position has no counts it has no shift and no phase, and only there',
      drawn: fc.record({
        ...shapes,
        empty: fc.array(fc.nat(15), { maxLength: 3 }),
        regression: fc.constantFrom('none', 'mean', 'plane'),
      }),
      answers: async (drawn) => {
        const positions = drawn.nav[0] * drawn.nav[1];
        const empty = new Set(drawn.empty.map((f) => f % positions));
        fc.pre(empty.size < positions / 2);
        const pixels = drawn.sig[0] * drawn.sig[1];
        const scan = memory(
          countsOf(drawn).map((x, i) => (empty.has(Math.floor(i / pixels)) ? 0 : x)),
          drawn,
        );
        const at = { cy: 4, cx: 4, regression: drawn.regression };
        const [com, icom] = [
          await ctx.run(ctx.createComAnalysis(scan, { ...at, maskRadius: 5 })),
          await ctx.run(ctx.createIcomAnalysis(scan, at)),
        ];
        const none = (map) => Array.from(map, (x) => Number.isNaN(x));
        const expected = Array.from({ length: positions }, (_, f) => empty.has(f));
        return [
          [expected, expected, expected],
          [none(com.y.data), none(com.x.data), none(icom.phase.data)],
        ];
      },
      agree: bits,
      draws: 12,
    },
    {
      law: 'frames of which most given places have no disk have no shift, and the empty places are named',
      drawn: fc.record({ seed: seeds, disks: fc.integer({ min: 1, max: 4 }), empty: fc.integer({ min: 0, max: 4 }) }),
      answers: async ({ seed, disks, empty }) => {
        fc.pre(disks !== empty);
        const random = randomOf(seed);
        const [nav, sig] = [
          [3, 3],
          [64, 64],
        ];
        const grid = [
          ...[
            [12, 12],
            [12, 32],
            [12, 52],
            [32, 12],
            [32, 52],
            [52, 12],
            [52, 32],
            [52, 52],
          ],
        ];
        const order = grid.map((place) => [random(), place]).sort(([a], [b]) => a - b);
        const places = order.slice(0, disks + empty).map(([, place]) => place);
        const lit = places.slice(0, disks);
        const numbers = new Array(9 * 64 * 64).fill(0);
        for (let f = 0; f < 9; f++)
          for (const [y, x] of lit)
            for (let v = -5; v <= 5; v++)
              for (let u = -5; u <= 5; u++)
                if (Math.hypot(v, u) <= 4) numbers[(f * 64 + y + v) * 64 + x + u] = 90 + Math.floor(20 * random());
        // The places that are given as empty have a disk beside them, out of their squares.
        const scan = memory(numbers, { nav, sig });
        const analysis = ctx.createDisksAnalysis(scan, { positions: places, diskRadius: 4 });
        const { shift, notes = [] } = await ctx.run(analysis);
        const named = notes.map((text) => /^at (\d+) of/.exec(text)?.[1]).find(Boolean);
        return [
          [empty, Array.from({ length: 9 }, () => empty > disks)],
          [Number(named ?? 0), Array.from(shift.data, (x) => Number.isNaN(x))],
        ];
      },
      agree: bits,
      draws: 6,
    },
  ];
}

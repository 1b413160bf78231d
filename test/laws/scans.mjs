/** Laws over scans and the functions over their frames. */
import fc from 'fast-check';
import { joined, kinds, containers as own } from './containers.mjs';
import { hdf5Containers } from './hdf5.mjs';
import { bits, within } from './law.mjs';
import { randomOf } from './stills.mjs';

const containers = { ...own, ...hdf5Containers };
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const sizes = {
  nav: fc.tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 2, max: 5 })),
  sig: fc.tuple(fc.integer({ min: 8, max: 13 }), fc.integer({ min: 8, max: 13 })),
};
const dtypes = Object.keys(kinds);
const shapes = { ...sizes, seed: seeds };

/** Counts from 0 to 120: a disk that moves from frame to frame, and noise. */
export function countsOf({ nav, sig, seed, most = 100 }) {
  const random = randomOf(seed);
  const [frames, pixels] = [nav[0] * nav[1], sig[0] * sig[1]];
  const out = new Array(frames * pixels);
  for (let f = 0; f < frames; f++) {
    const [cy, cx] = [sig[0] / 2 + 2 * (random() - 0.5), sig[1] / 2 + 2 * (random() - 0.5)];
    for (let p = 0; p < pixels; p++) {
      const r = Math.hypot(Math.floor(p / sig[1]) - cy, (p % sig[1]) - cx);
      out[f * pixels + p] = Math.floor((r < 3 ? most * 0.7 : 3) * (0.5 + random()));
    }
  }
  return out;
}
/** Numbers with the least and the greatest of their type among them. */
function withExtremes(numbers, dtype) {
  const { least, most } = kinds[dtype];
  const [low, high] = Number.isFinite(most) ? [least, most] : [-1e30, 1e30];
  return numbers.map((x, i) => (i === 3 ? low : i === 17 ? high : x));
}
const arrayOf = (numbers, dtype) => kinds[dtype].array.from(numbers);

export function scanLaws({ udf: ewald, data, contexts }) {
  const ctx = contexts.udf;
  const scanOf = ({ nav, sig }, numbers, dtype = 'u16') =>
    ctx.fromMemory(arrayOf(numbers, dtype), { navShape: nav, sigShape: sig });
  /** A mask that is a disk, and one with signs. */
  const masksFor = ([height, width]) => [
    ewald.masks.circular({ width, height, cx: 3, cy: 5, r: 3.5 }),
    Float32Array.from({ length: width * height }, (_, p) => ((p * 7) % 5) - 2),
  ];
  /** Functions of frames, by name. */
  const functions = (sig) => ({
    sum: ewald.sumUdf(),
    sumsig: ewald.sumSigUdf(),
    stddev: ewald.stddevUdf(),
    logsum: ewald.logSumUdf(),
    max: ewald.maxUdf(),
    min: ewald.minUdf(),
    com: ewald.comUdf({ cy: 4, cx: 5 }),
    ring: ewald.comUdf({ cy: 4, cx: 5, r: 4, ri: 1, scanRotation: 33, flipY: true, regression: 1 }),
    masks: ewald.masksUdf({ masks: masksFor(sig) }),
  });
  const dataOf = (results) =>
    Object.fromEntries(
      Object.entries(results)
        .filter(([, b]) => b?.data)
        .map(([key, { data }]) => [key, Array.from(data, Number)]),
    );
  /** The results of all functions, by name. */
  async function run(scan, sig, options = {}) {
    const all = functions(sig);
    const results = await ctx.runUdf(scan, Object.values(all), options);
    return Object.fromEntries(Object.keys(all).map((name, i) => [name, dataOf(results[i])]));
  }
  /** Analyses with all options that differ, by name; `how` has a calibration. */
  const analysesOf = (scan, how = {}, centre = { cx: 5, cy: 4 }) => {
    const at = { ...centre, ...how };
    return {
      sum: ctx.createSumAnalysis(scan, { ...how }),
      sumsig: ctx.createSumSigAnalysis(scan, { ...how }),
      stddev: ctx.createStddevAnalysis(scan, { ...how }),
      logsum: ctx.createLogSumAnalysis(scan, { ...how }),
      max: ctx.createMaxAnalysis(scan, { ...how }),
      min: ctx.createMinAnalysis(scan, { ...how }),
      disk: ctx.createDiskAnalysis(scan, { ...at, r: 3 }),
      ring: ctx.createRingAnalysis(scan, { ...at, ri: 1, ro: 4 }),
      com: ctx.createComAnalysis(scan, { ...at, maskRadius: 4 }),
      icom: ctx.createIcomAnalysis(scan, { ...at }),
      bins: ctx.createRadialBinsAnalysis(scan, { ...at, nBins: 4, ro: 4 }),
      fourier: ctx.createRadialFourierAnalysis(scan, { ...at, maxOrder: 4, ri: 1, ro: 4 }),
      polar: ctx.createPolarAnalysis(scan, { ...at, nBins: 4, nAnnular: 12, ro: 4 }),
      fem: ctx.createFemAnalysis(scan, { ...at, ri: 1, ro: 4 }),
      crystallinity: ctx.createCrystallinityAnalysis(scan, { ...at, ri: 1, ro: 3, radius: 1 }),
      fft: ctx.createFftSumAnalysis(scan, { ...at, radius: 0 }),
    };
  };
  async function runAnalyses(scan, how, centre) {
    const all = analysesOf(scan, how, centre);
    const out = {};
    for (const [name, analysis] of Object.entries(all)) {
      const { channels } = await ctx.run(analysis);
      out[name] = Object.fromEntries(channels.map(({ key, data }) => [key, Array.from(data)]));
    }
    return out;
  }
  /** The scan and the frames mirrored at the diagonal, or upside down: [numbers, nav, sig]. */
  const mirrored = {
    diagonal: ({ nav: [rows, columns], sig: [height, width] }, numbers) => [
      numbers.map((_, i) => {
        const [f, p] = [Math.floor(i / (height * width)), i % (height * width)];
        const [y, x] = [f % rows, Math.floor(f / rows)];
        const [v, u] = [p % height, Math.floor(p / height)];
        return numbers[(y * columns + x) * height * width + v * width + u];
      }),
      [columns, rows],
      [width, height],
    ],
    vertical: ({ nav: [rows, columns], sig: [height, width] }, numbers) => [
      numbers.map((_, i) => {
        const [f, p] = [Math.floor(i / (height * width)), i % (height * width)];
        const [y, x] = [rows - 1 - Math.floor(f / columns), f % columns];
        const [v, u] = [height - 1 - Math.floor(p / width), p % width];
        return numbers[(y * columns + x) * height * width + v * width + u];
      }),
      [rows, columns],
      [height, width],
    ],
  };
  /** A map of the scan mirrored in the same way. */
  const mapped = (how, [rows, columns], map, width = 1) =>
    Array.from({ length: map.length }, (_, i) => {
      const [f, k] = [Math.floor(i / width), i % width];
      const at =
        how === 'diagonal'
          ? (f % rows) * columns + Math.floor(f / rows)
          : (rows - 1 - Math.floor(f / columns)) * columns + (f % columns);
      return map[at * width + k];
    });
  return [
    ...Object.keys(containers).map((container) => ({
      law: `a scan in ${container} has the results of one in memory`,
      drawn: fc.record({ ...shapes, dtype: fc.constantFrom(...dtypes), little: fc.boolean() }),
      answers: async (drawn) => {
        const numbers = withExtremes(countsOf(drawn), drawn.dtype);
        const made = containers[container]({ ...drawn, numbers });
        fc.pre(made !== undefined);
        const { bytes, name = `scan.${container.split(' ')[0]}`, options } = made;
        const scan = await ctx.load(new File([bytes], name), options);
        const other = scanOf(drawn, numbers, drawn.dtype);
        const answer = async (one) => [one.shape.nav, one.shape.sig, one.dtype, await run(one, drawn.sig)];
        const both = [await answer(other), await answer(scan)];
        await scan.dispose();
        return both;
      },
      agree: bits,
      draws: 5,
    })),
    {
      law: 'the same counts in another type of number have the same results',
      drawn: fc.record({ ...shapes, one: fc.constantFrom(...dtypes), other: fc.constantFrom(...dtypes) }),
      answers: async (drawn) => {
        const numbers = countsOf(drawn);
        const [a, b] = [drawn.one, drawn.other].map((dtype) => run(scanOf(drawn, numbers, dtype), drawn.sig));
        return [await a, await b];
      },
      agree: within(2e-6, 'float32 in sums of floats', 1e-5),
      draws: 8,
    },
    {
      law: 'partitions and regions of a scan are the scan',
      drawn: fc.record({ ...shapes, dtype: fc.constantFrom(...dtypes), parts: fc.integer({ min: 1, max: 9 }) }),
      answers: async (drawn) => {
        const scan = scanOf(drawn, countsOf(drawn), drawn.dtype);
        return [await run(scan, drawn.sig), await run(scan, drawn.sig, { numPartitions: drawn.parts })];
      },
      agree: within(2e-6, 'sums in other pieces', 1e-6),
      draws: 8,
    },
    {
      law: 'a region and the rest have the sums of the scan, and its values by position',
      drawn: fc.record({ ...shapes, dtype: fc.constantFrom(...dtypes) }),
      answers: async (drawn) => {
        const scan = scanOf(drawn, countsOf(drawn), drawn.dtype);
        const positions = drawn.nav[0] * drawn.nav[1];
        const random = randomOf(drawn.seed + 1);
        const roi = Uint8Array.from({ length: positions }, (_, i) =>
          i === 0 ? 1 : i === 1 ? 0 : random() < 0.5 ? 1 : 0,
        );
        const rest = roi.map((x) => 1 - x);
        const [whole, a, b] = [
          await run(scan, drawn.sig),
          await run(scan, drawn.sig, { roi }),
          await run(scan, drawn.sig, { roi: rest }),
        ];
        // Results by position are in the shape of the scan, with NaN or the packed ones of the region.
        const place = (one, key) => {
          const width = whole[one][key].length / positions;
          const [x, y] = [a[one][key], b[one][key]];
          const isPacked = x.length !== positions * width;
          let [i, j] = [0, 0];
          const out = [];
          for (let p = 0; p < positions; p++)
            for (let k = 0; k < width; k++)
              out.push(isPacked ? (roi[p] ? x[i++] : y[j++]) : roi[p] ? x[p * width + k] : y[p * width + k]);
          return out;
        };
        const zip = (x, y, f) => x.map((v, i) => f(v, y[i]));
        return [
          [
            whole.sum.intensity,
            whole.max.intensity,
            whole.min.intensity,
            whole.sumsig.intensity,
            whole.masks.intensity,
            whole.com.rawCom,
          ],
          [
            zip(a.sum.intensity, b.sum.intensity, (x, y) => x + y),
            zip(a.max.intensity, b.max.intensity, Math.max),
            zip(a.min.intensity, b.min.intensity, Math.min),
            place('sumsig', 'intensity'),
            place('masks', 'intensity'),
            place('com', 'rawCom'),
          ],
        ];
      },
      agree: within(1e-6, 'float32 in sums of floats', 1e-6),
      draws: 8,
    },
    {
      law: 'a corrected scan is a scan of corrected frames',
      drawn: fc.record({ ...shapes, dtype: fc.constantFrom('u8', 'u16', 'i32', 'f32') }),
      answers: async (drawn) => {
        const numbers = countsOf(drawn);
        const pixels = drawn.sig[0] * drawn.sig[1];
        const random = randomOf(drawn.seed + 2);
        const dark = Float32Array.from({ length: pixels }, () => 4 * random());
        const gain = Float32Array.from({ length: pixels }, () => 0.5 + random());
        const corrected = numbers.map((x, i) => Math.fround(Math.fround(x - dark[i % pixels]) * gain[i % pixels]));
        const a = await run(scanOf(drawn, numbers, drawn.dtype), drawn.sig, { corrections: { dark, gain } });
        return [a, await run(scanOf(drawn, corrected, 'f32'), drawn.sig)];
      },
      agree: within(2e-5, 'float32 of the correction', 2e-4),
      draws: 10,
    },
    {
      law: 'what bad pixels say changes no analysis',
      drawn: fc.record({
        ...shapes,
        dtype: fc.constantFrom('u8', 'u16', 'i32', 'f32'),
        many: fc.integer({ min: 1, max: 6 }),
        rubbish: fc.constantFrom('least', 'most', 'noise', 'nan'),
      }),
      answers: async (drawn) => {
        const numbers = countsOf(drawn);
        const [height, width] = drawn.sig;
        const pixels = height * width;
        const random = randomOf(drawn.seed + 3);
        const bad = [...new Set(Array.from({ length: drawn.many }, () => Math.floor(random() * pixels)))];
        const { least, most } = kinds[drawn.dtype];
        const isReal = drawn.dtype === 'f32';
        const value = {
          least: () => (isReal ? -1e30 : least),
          most: () => (isReal ? Infinity : most),
          noise: () => Math.floor(random() * 200),
          nan: () => (isReal ? Number.NaN : most),
        };
        const other = numbers.slice();
        for (let f = 0; f < other.length / pixels; f++)
          for (const p of bad) other[f * pixels + p] = value[drawn.rubbish]();
        const hot = bad.map((p) => [Math.floor(p / width), p % width]);
        const calibration = calibrationOf(drawn, { hot });
        const of = (some) => runAnalyses(scanOf(drawn, some, drawn.dtype), { calibration });
        return [await of(numbers), await of(other)];
      },
      agree: within(1e-5, 'float32 in sums of floats', 1e-4),
      draws: 2,
    },
    {
      law: 'excluded pixels change no result',
      drawn: fc.record({
        ...shapes,
        dtype: fc.constantFrom('u8', 'u16', 'i32', 'f32'),
        many: fc.integer({ min: 1, max: 6 }),
        rubbish: fc.constantFrom('most', 'nan'),
      }),
      answers: async (drawn) => {
        const numbers = countsOf(drawn);
        const pixels = drawn.sig[0] * drawn.sig[1];
        const random = randomOf(drawn.seed + 3);
        const excludedPixels = new Uint8Array(pixels);
        for (let i = 0; i < drawn.many; i++) excludedPixels[Math.floor(random() * pixels)] = 1;
        const isReal = drawn.dtype === 'f32';
        const value = isReal ? (drawn.rubbish === 'nan' ? Number.NaN : Infinity) : kinds[drawn.dtype].most;
        const other = numbers.map((x, i) => (excludedPixels[i % pixels] ? value : x));
        const of = (some) => run(scanOf(drawn, some, drawn.dtype), drawn.sig, { corrections: { excludedPixels } });
        return [await of(numbers), await of(other)];
      },
      agree: within(1e-6, 'float32 in sums of floats', 1e-6),
      draws: 10,
    },
    {
      law: 'a detector that is transposed with its centre has transposed shifts and the same rings',
      drawn: fc.record({ ...shapes, dtype: fc.constantFrom('u8', 'u16', 'f32', 'f64') }),
      answers: async (drawn) => {
        const numbers = countsOf(drawn);
        const [height, width] = drawn.sig;
        const pixels = height * width;
        const turned = new Array(numbers.length);
        for (let i = 0; i < numbers.length; i++) {
          const [f, p] = [Math.floor(i / pixels), i % pixels];
          turned[f * pixels + (p % width) * height + Math.floor(p / width)] = numbers[i];
        }
        const a = await runAnalyses(scanOf(drawn, numbers, drawn.dtype), {});
        const b = await runAnalyses(
          scanOf({ ...drawn, sig: [width, height] }, turned, drawn.dtype),
          {},
          { cx: 4, cy: 5 },
        );
        const transposed = (image, w = height, h = width) =>
          Array.from({ length: image.length }, (_, i) => image[(i % h) * w + Math.floor(i / h)]);
        const { x, y } = b.com;
        return [
          {
            sum: a.sum.intensity,
            sumsig: a.sumsig,
            disk: a.disk,
            ring: a.ring,
            bins: a.bins,
            fem: a.fem,
            y: a.com.y,
            x: a.com.x,
            magnitude: a.com.magnitude,
          },
          {
            sum: transposed(b.sum.intensity),
            sumsig: b.sumsig,
            disk: b.disk,
            ring: b.ring,
            bins: b.bins,
            fem: b.fem,
            y: x,
            x: y,
            magnitude: b.com.magnitude,
          },
        ];
      },
      agree: within(2e-5, 'float32 in another order', 2e-5),
      draws: 2,
    },
    {
      law: 'fields and phases of a scan in a mirror are theirs in a mirror',
      drawn: fc.record({
        ...shapes,
        // Even scans have frequencies that are their own mates, for which single side bands take one of two signs.
        nav: fc.tuple(fc.constantFrom(3, 5), fc.constantFrom(3, 5)),
        dtype: fc.constantFrom('u16', 'f32'),
        how: fc.constantFrom('diagonal', 'vertical'),
        angle: fc.constantFrom(0, 30, 90, -120),
        flipY: fc.boolean(),
        regression: fc.constantFrom('none', 'mean', 'plane'),
      }),
      answers: async (drawn) => {
        const numbers = countsOf(drawn);
        const { how, angle, flipY, nav, sig } = drawn;
        const [turned, otherNav, otherSig] = mirrored[how](drawn, numbers);
        const optics = { voltage: 200, dpix: 0.05, semiconv: 20, semiconvPix: 3 };
        const of = async (scan, { cx, cy, scanRotation }) => {
          const at = { cx, cy, scanRotation, flipY };
          const com = await ctx.run(
            ctx.createComAnalysis(scan, { ...at, regression: drawn.regression, maskRadius: 5 }),
          );
          const icom = await ctx.run(ctx.createIcomAnalysis(scan, { ...at, regression: drawn.regression }));
          const ssb = await ctx.run(ctx.createSsbAnalysis(scan, { ...at, ...optics, cutoff: 0 }));
          return {
            y: com.y.data,
            x: com.x.data,
            curl: com.curl.data,
            divergence: com.divergence.data,
            phase: icom.phase.data,
            ssb: ssb.phase.data,
          };
        };
        // A mirror turns angles the other way; with a flip of y, the other axis is flipped at the diagonal: half a turn.
        const scanRotation = -angle + (how === 'diagonal' && flipY ? 180 : 0);
        const centre = { cy: 4, cx: 5 };
        const a = await of(scanOf(drawn, numbers, drawn.dtype), { ...centre, scanRotation: angle });
        const b = await of(scanOf({ nav: otherNav, sig: otherSig }, turned, drawn.dtype), {
          ...(how === 'diagonal' ? { cy: 5, cx: 4 } : { cy: sig[0] - 1 - 4, cx: 5 }),
          scanRotation,
        });
        const map = (name, sign = 1) => mapped(how, nav, a[name]).map((x) => sign * x);
        const [y, x] = how === 'diagonal' ? [map('x'), map('y')] : [map('y', -1), map('x')];
        return [
          { y, x, curl: map('curl', -1), divergence: map('divergence'), phase: map('phase'), ssb: map('ssb') },
          Object.fromEntries(Object.entries(b).map(([key, data]) => [key, Array.from(data)])),
        ];
      },
      agree: within(1e-4, 'float32 in transforms', 2e-4),
      draws: 4,
    },
    {
      law: 'phases do not know which centre shifts are measured from, also where frames have no counts',
      drawn: fc.record({
        ...shapes,
        dtype: fc.constantFrom('u16', 'f32'),
        cy: fc.integer({ min: 1, max: 6 }),
        cx: fc.integer({ min: 1, max: 6 }),
        empty: fc.array(fc.nat(24), { maxLength: 2 }),
      }),
      answers: async (drawn) => {
        const pixels = drawn.sig[0] * drawn.sig[1];
        const positions = drawn.nav[0] * drawn.nav[1];
        const empty = new Set(drawn.empty.map((f) => f % positions));
        fc.pre(empty.size < positions / 2);
        const numbers = countsOf(drawn).map((x, i) => (empty.has(Math.floor(i / pixels)) ? 0 : x));
        const scan = scanOf(drawn, numbers, drawn.dtype);
        const of = async (at) => Array.from((await ctx.run(ctx.createIcomAnalysis(scan, at))).phase.data);
        // The mean is subtracted by default.
        return [await of({ cy: 4, cx: 4 }), await of({ cy: drawn.cy, cx: drawn.cx, regression: 'mean' })];
      },
      agree: within(1e-6, 'sums in float64 of float32', 1e-5),
      draws: 8,
    },
    {
      law: 'a function is the same by frames, tiles and partitions, assigned or filled, with aux data by name or by position',
      drawn: fc.record({
        ...shapes,
        dtype: fc.constantFrom('u16', 'i32', 'f64'),
        parts: fc.integer({ min: 1, max: 5 }),
      }),
      answers: async (drawn) => {
        const positions = drawn.nav[0] * drawn.nav[1];
        const scan = scanOf(drawn, countsOf(drawn), drawn.dtype);
        const weights = Float64Array.from({ length: positions }, (_, i) => 1 + (i % 7));
        const buffers = {
          each: { kind: 'nav', dtype: 'f64' },
          total: { kind: 'sig', dtype: 'f64' },
          least: { kind: 'single', dtype: 'f64' },
        };
        const sumOf = (frame) => frame.reduce((a, b) => a + Number(b), 0);
        const params = () => ({ w: ewald.auxData(weights, { kind: 'nav', dtype: 'f64' }) });
        const one = ewald.defineUdf({
          name: 'filled',
          params: params(),
          buffers,
          processFrame({ frame, results, aux }) {
            const sum = sumOf(frame) * aux.w;
            results.each[0] = sum;
            results.least[0] = Math.min(results.least[0], -sum);
            for (let i = 0; i < frame.length; i++) results.total[i] += Number(frame[i]);
          },
          merge({ dest, src }) {
            dest.each.set(src.each);
            for (let i = 0; i < dest.total.length; i++) dest.total[i] += src.total[i];
            dest.least[0] = Math.min(dest.least[0], src.least[0]);
          },
        });
        const two = ewald.defineUdf({
          name: 'assigned',
          params: params(),
          buffers,
          processFrame({ frame, results, params: { w } }) {
            const sum = sumOf(frame) * w[0];
            results.each = sum;
            results.least = Math.min(results.least[0], -sum);
            results.total = results.total.map((x, i) => x + Number(frame[i]));
          },
          merge({ dest, src }) {
            dest.each = src.each;
            dest.total = dest.total.map((x, i) => x + src.total[i]);
            dest.least = Math.min(dest.least[0], src.least[0]);
          },
        });
        const [a] = await ctx.runUdf(scan, [one], { numPartitions: 1 });
        const [b] = await ctx.runUdf(scan, [two], { numPartitions: Math.min(drawn.parts, positions) });
        return [dataOf(a), dataOf(b)];
      },
      agree: bits,
      draws: 6,
    },
    {
      law: 'a scan that is written and opened again is the scan',
      drawn: fc.record({
        ...shapes,
        dtype: fc.constantFrom(...dtypes),
        format: fc.constantFrom('h5', 'npy', 'raw', 'mrc'),
        packing: fc.constantFrom('bitshuffle', 'gzip', 'none'),
      }),
      answers: async (drawn) => {
        const numbers = withExtremes(countsOf(drawn), drawn.dtype);
        fc.pre(drawn.format !== 'mrc' || !['u32', 'i32', 'f64'].includes(drawn.dtype));
        const made = containers.npy({ ...drawn, numbers, little: true });
        const dataset = await data.open(data.memorySource(made.bytes, 'scan.npy'), { navShape: drawn.nav });
        let out = new Uint8Array(0);
        const sink = {
          append: async (bytes) => {
            out = joined(out, bytes);
          },
          patch: async (at, bytes) => out.set(bytes, at),
        };
        const codecs = await data.openCodecs({ backend: 'wasm' });
        const written = await data.writeFrames(dataset, sink, codecs, {
          format: drawn.format,
          ...(drawn.format === 'h5' && { packing: drawn.packing }),
        });
        const again = await data.open(data.memorySource(out, `scan.${drawn.format}`), written.reopen ?? {});
        const read = async (one) => [one.shape.nav, one.shape.sig, Array.from(await one.read(0, one.frames), Number)];
        const both = [await read(dataset), await read(again)];
        for (const one of [dataset, again, codecs]) await one.dispose();
        return both;
      },
      agree: bits,
      draws: 8,
    },
    {
      law: 'results so far end in those of the run',
      drawn: fc.record({ ...shapes, dtype: fc.constantFrom(...dtypes), parts: fc.integer({ min: 1, max: 6 }) }),
      answers: async (drawn) => {
        const scan = scanOf(drawn, countsOf(drawn), drawn.dtype);
        const all = functions(drawn.sig);
        let last;
        for await (const { buffers } of ctx.runUdfIter(scan, Object.values(all), { numPartitions: drawn.parts }))
          last = buffers;
        return [
          await run(scan, drawn.sig, { numPartitions: drawn.parts }),
          Object.fromEntries(Object.keys(all).map((name, i) => [name, dataOf(last[i])])),
        ];
      },
      agree: bits,
      draws: 5,
    },
    {
      law: 'analyses together are each alone',
      drawn: fc.record({ ...shapes, dtype: fc.constantFrom(...dtypes) }),
      answers: async (drawn) => {
        const scan = scanOf(drawn, countsOf(drawn), drawn.dtype);
        const all = analysesOf(scan);
        const results = await ctx.runAll(Object.values(all));
        const together = Object.fromEntries(
          Object.keys(all).map((name, i) => [
            name,
            Object.fromEntries(results[i].channels.map(({ key, data }) => [key, Array.from(data)])),
          ]),
        );
        return [await runAnalyses(scan), together];
      },
      agree: within(1e-6, 'one pass has other steps', 1e-6),
      draws: 3,
    },
    {
      law: 'frames that are added are sums that are added',
      drawn: fc.record({
        ...shapes,
        other: seeds,
        dtype: fc.constantFrom('u16', 'i16', 'u32', 'i32', 'f32', 'f64'),
        a: fc.integer({ min: 1, max: 9 }),
        b: fc.integer({ min: 1, max: 9 }),
      }),
      answers: async (drawn) => {
        const [x, y] = [countsOf(drawn), countsOf({ ...drawn, seed: drawn.other })];
        const both = x.map((v, i) => drawn.a * v + drawn.b * y[i]);
        const [fx, fy, f] = [x, y, both].map((numbers) => runAnalyses(scanOf(drawn, numbers, drawn.dtype), {}));
        const [p, q, r] = [await fx, await fy, await f];
        const added = (name, key) => p[name][key].map((v, i) => drawn.a * v + drawn.b * q[name][key][i]);
        const linear = {
          sum: ['intensity'],
          sumsig: Object.keys(p.sumsig),
          disk: Object.keys(p.disk),
          ring: Object.keys(p.ring),
          bins: Object.keys(p.bins),
        };
        const names = Object.entries(linear).flatMap(([name, keys]) => keys.map((key) => [name, key]));
        return [
          names.map(([name, key]) => [name, key, added(name, key)]),
          names.map(([name, key]) => [name, key, r[name][key]]),
        ];
      },
      agree: within(1e-5, 'float32 in sums under masks', 1e-3),
      draws: 4,
    },
  ];
}

/** A calibration that knows nothing but bad pixels. */
function calibrationOf({ nav, sig }, bad) {
  const refused = { refused: 'a law' };
  return {
    format: 'ewald calibration',
    version: 1,
    file: 'drawn',
    shape: [...nav, ...sig],
    centre: refused,
    disk: refused,
    ellipse: refused,
    descan: refused,
    rotation: refused,
    badPixels: { hot: [], dead: [], gap: [], invalid: [], ...bad },
    stop: [],
    notes: [],
  };
}

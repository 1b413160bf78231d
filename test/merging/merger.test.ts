/** The merger on simulated stills: scales, settings and half sets compared with the truth, and inconsistent input. */
import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Context, createContext, devices, mergeStream } from 'ewald';
import { Executor } from 'ewald/executors';
import { type MergeStatus, mergeReport, mergeSink, mergeStatusText } from 'ewald/merging';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/compute/random/random.js';
import { polarisationFactorOf, readPolarisation } from '../../src/crystal/polarisation.js';
import { readSplitTable } from '../../src/merging/collection/split.js';
import { halvesOf } from '../../src/merging/fit/halves.js';
import { formatReflectionList, type ReflectionList, readReflectionList } from '../../src/merging/lists/hkl.js';
import { readMtzReflections } from '../../src/merging/lists/mtz-reader.js';
import type { MergeOptions } from '../../src/merging/options.js';
import type { MergeResult } from '../../src/merging/result.js';
import { doubtsOfStatistics } from '../../src/merging/statistics/doubt.js';
import { commonOf } from '../../src/merging/statistics/statistics.js';
import { correlation } from '../../src/util/correlation.js';
import { sceneOf } from '../../src/validate/cases/merging/scene.js';
import { refused } from '../support/refused.js';
import { readMtz } from './mtz-reader.js';
import { type SimulatedStream, simulateStream } from './simulated.js';

const orthorhombic = [24, 28, 33, 90, 90, 90] as const;
const tetragonal = [28, 28, 21, 90, 90, 90] as const;

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(async () => {
  await context.dispose();
  expect(context.liveBytes).toBe(0);
});

/** Crystals that state a profile radius of 1/angstrom, since their reflections are far from the Ewald sphere. */
const withRadius = (text: string): string =>
  text.replaceAll('Reflections measured', 'profile_radius = 10.00000 nm^-1\nReflections measured');

async function merge(text: string | readonly string[], options: MergeOptions): Promise<MergeResult> {
  const merger = await context.merger({ polarisation: 'none', ...options });
  for (const [i, one] of (typeof text === 'string' ? [text] : text).entries())
    await merger.addStream({ name: `${i}.stream`, bytes: [new TextEncoder().encode(one)] });
  return merger.run();
}

const against = (list: ReflectionList, { truth }: SimulatedStream): number =>
  correlation(
    list.intensity,
    Float64Array.from({ length: list.count }, (_, i) =>
      truth([list.indices[3 * i] ?? 0, list.indices[3 * i + 1] ?? 0, list.indices[3 * i + 2] ?? 0]),
    ),
  );

/** The true intensities of the reflections of a list. */
const truthOf = ({ truth }: SimulatedStream, list: ReflectionList): ReflectionList => ({
  ...list,
  intensity: Float64Array.from({ length: list.count }, (_, i) =>
    truth([list.indices[3 * i] ?? 0, list.indices[3 * i + 1] ?? 0, list.indices[3 * i + 2] ?? 0]),
  ),
});

/** Largest relative difference between two lists of the same reflections. */
const differenceOf = (a: ReflectionList, b: ReflectionList): number =>
  a.intensity.reduce((most, x, i) => Math.max(most, Math.abs(x - (b.intensity[i] ?? 0)) / 400), 0);

/** A state whose first sigma has another sign; its columns follow the header, each padded to eight bytes. */
function withNegativeSigma(state: Uint8Array): Uint8Array {
  const bytes = state.slice();
  const view = new DataView(bytes.buffer);
  const length = view.getUint32(8, true);
  const { count } = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length)));
  const padded = (n: number): number => 8 * Math.ceil(n / 8);
  const at = padded(12 + length) + 3 * padded(2 * count) + padded(4 * count);
  view.setFloat32(at, -view.getFloat32(at, true), true);
  return bytes;
}

describe('stills of one form', () => {
  const simulated = simulateStream({ crystals: 60, symmetry: 'mmm', parameters: orthorhombic });

  test('the full model is closer to the truth than the mean, and than scales alone', { tags: 'nightly' }, async () => {
    const cc = async (model: MergeOptions['model'] & string): Promise<number> =>
      against((await merge(simulated.text, { symmetry: 'mmm', model })).reflections, simulated);
    const [mean, unity, gaussian] = [await cc('mean'), await cc('unity'), await cc('gaussian')];
    expect(gaussian).toBeGreaterThan(mean + 0.1);
    expect(gaussian).toBeGreaterThan(unity + 0.1);
    expect(gaussian).toBeGreaterThan(0.99);
    // A single wavelength: the spectrum has no width to correct for.
    expect(await cc('xsphere')).toBeCloseTo(gaussian, 12);
  });

  test('limits without any reflection are a doubt, and no reason to measure more', { tags: 'all' }, async () => {
    const { remarks, isDoubtful } = await merge(simulated.text, { symmetry: 'mmm', model: 'mean', highres: 500 });
    expect(isDoubtful).toBe(true);
    expect(remarks.join()).toContain('No reflection of the merge lies between lowres and highres');
    expect(remarks.join()).not.toContain('need more crystals');
  });

  test('scales, temperature factors and radii are those of the simulation', { tags: 'all' }, async () => {
    const { crystals } = await merge(simulated.text, { symmetry: 'mmm' });
    const of = (pick: (c: (typeof crystals)[number]) => number): number[] => crystals.map(pick);
    const truth = simulated.crystals;
    expect(
      correlation(
        of(({ scale }) => Math.log(scale)),
        truth.map(({ lnScale }) => lnScale),
      ),
    ).toBeGreaterThan(0.98);
    expect(
      correlation(
        of(({ relativeB }) => relativeB),
        truth.map(({ relativeB }) => relativeB),
      ),
    ).toBeGreaterThan(0.9);
    expect(
      correlation(
        of(({ radius }) => radius),
        truth.map(({ radius }) => radius),
      ),
    ).toBeGreaterThan(0.8);
    expect(of(({ scale }) => Math.log(scale)).reduce((a, b) => a + b) / 60).toBeCloseTo(0, 9);
  });

  test('sigmas match the actual errors', async () => {
    const { reflections: list } = await merge(simulated.text, { symmetry: 'mmm' });
    const truths = Array.from({ length: list.count }, (_, i) =>
      simulated.truth([list.indices[3 * i] ?? 0, list.indices[3 * i + 1] ?? 0, list.indices[3 * i + 2] ?? 0]),
    );
    const ratios = truths.map((x, i) => (list.intensity[i] ?? 0) / x).filter((_, i) => (truths[i] ?? 0) > 300);
    const unit = ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? 1;
    const z = truths
      .map((x, i) => Math.abs((list.intensity[i] ?? 0) - unit * x) / (list.sigma[i] ?? 1))
      .sort((a, b) => a - b);
    const spread = (z[z.length >> 1] ?? 0) / 0.674;
    expect(spread).toBeGreaterThan(0.85);
    expect(spread).toBeLessThan(1.25);
  });

  test('limits exclude observations, and their number is reported', { tags: 'all' }, async () => {
    const all = await merge(simulated.text, { symmetry: 'mmm', model: 'mean' });
    const some = await merge(simulated.text, { symmetry: 'mmm', model: 'mean', minSnr: 3 });
    expect(some.counts.belowSnr).toBeGreaterThan(100);
    expect(some.statistics.overall.measurements).toBeLessThan(all.statistics.overall.measurements);
    const often = await merge(simulated.text, { symmetry: 'mmm', model: 'mean', minMeasurements: 5 });
    expect(Math.min(...often.reflections.measurements)).toBe(5);
    const near = simulated.text.replaceAll(
      'Reflections measured',
      'diffraction_resolution_limit = 2.50 nm^-1 or 4.00 A\nReflections measured',
    );
    const cut = await merge(near, { symmetry: 'mmm', model: 'mean', pushRes: 0 });
    expect(cut.statistics.overall.dMin).toBeGreaterThan(3.99);
    expect(cut.counts.beyondResolution).toBeGreaterThan(100);
    const pushed = await merge(near, { symmetry: 'mmm', model: 'mean', pushRes: 0.5 });
    expect(pushed.statistics.overall.dMin).toBeGreaterThan(3.33);
    expect(pushed.statistics.overall.dMin).toBeLessThan(3.6);
  });

  test('an MTZ file holds the reflections of the list', async () => {
    const result = await merge(simulated.text, { symmetry: 'mmm', iterations: 1 });
    const mtz = readMtz(result.toMtz());
    expect(mtz.spaceGroup).toMatchObject({ name: 'P 2 2 2', number: 16 });
    expect(mtz.columns.map(({ label }) => label)).toEqual(['H', 'K', 'L', 'IMEAN', 'SIGIMEAN', 'N']);
    expect(mtz.rows).toHaveLength(result.reflections.count);
    expect(mtz.rows[5]).toEqual(
      [
        ...result.reflections.indices.subarray(15, 18),
        result.reflections.intensity[5] ?? 0,
        result.reflections.sigma[5] ?? 0,
        result.reflections.measurements[5] ?? 0,
      ].map(Math.fround),
    );
    expect(mtz.wavelengths[1]).toBeCloseTo(1.3, 4);
  });
});

test.for([
  ['2/m', 'P', [24, 28, 33, 90, 90, 98], 'P 1 1 2', 3, 2],
  ['2/m', 'B', [24, 28, 33, 90, 90, 98], 'B 1 1 2', 5, 4],
  ['2/m_uaa', 'P', [24, 28, 33, 98, 90, 90], 'P 2 1 1', 3, 2],
  ['mmm', 'A', [24, 28, 33, 90, 90, 90], 'A 2 2 2', 21, 8],
  ['-3m1_H', 'H', [28, 28, 33, 90, 90, 120], 'H 3 2', 155, 18],
] as const)(
  'an MTZ file of %s with the centring %s states the space group of this setting',
  { tags: 'all' },
  async (row) => {
    const [symmetry, centring, parameters, name, number, operators] = row;
    const simulated = simulateStream({ crystals: 25, symmetry, centring, parameters, seed: 2 });
    const bytes = (await merge(simulated.text, { symmetry, iterations: 1 })).toMtz();
    const mtz = readMtz(bytes);
    expect(mtz.spaceGroup).toMatchObject({ name, number, operators, letter: centring });
    expect(mtz.operators).toHaveLength(operators);
    expect(readMtzReflections(bytes).symmetry).toBe(symmetry);
  },
);

test('an MTZ file that no space group fits is refused with the reason', { tags: 'all' }, async () => {
  const square = { crystals: 25, symmetry: '4/mmm', centring: 'C', parameters: [28, 28, 21, 90, 90, 90] } as const;
  const centred = await merge(simulateStream(square).text, { symmetry: '4/mmm', iterations: 1 });
  await refused(() => centred.toMtz(), 'Unsupported', '4/mmm with the centring C, but with P, I');
});

test('mates that are merged separately are side by side in an MTZ file, and correlate between the halves', {
  tags: 'all',
}, async () => {
  const simulated = simulateStream({ crystals: 120, symmetry: '222', parameters: [18, 20, 22, 90, 90, 90] });
  const result = await merge(simulated.text, { symmetry: '222', iterations: 3 });
  const mtz = readMtz(result.toMtz());
  expect(mtz.columns.map(({ label, type }) => `${label} ${type}`).slice(3)).toEqual([
    ...['IMEAN J', 'SIGIMEAN Q', 'N I', 'I(+) K', 'SIGI(+) M', 'N(+) I', 'I(-) K', 'SIGI(-) M', 'N(-) I'],
  ]);
  const keys = mtz.rows.map((row) => row.slice(0, 3).join());
  expect(new Set(keys).size).toBe(keys.length);
  // In the simulation, Friedel mates differ as much as any two reflections.
  const pairs = mtz.rows.filter(([h, k, l, , , , plus = 0, , , minus = 0]) => h && k && l && plus + minus > 0);
  expect(pairs.length).toBeGreaterThan(50);
  const truth = (sign: 1 | -1): number[] =>
    pairs.map(([h = 0, k = 0, l = 0]) => simulated.truth([sign * h, sign * k, sign * l]));
  expect(
    correlation(
      pairs.map((row) => row[6] ?? 0),
      truth(1),
    ),
  ).toBeGreaterThan(0.98);
  expect(
    correlation(
      pairs.map((row) => row[9] ?? 0),
      truth(-1),
    ),
  ).toBeGreaterThan(0.98);
  const centric = mtz.rows.filter(([h, k, l]) => !h || !k || !l);
  expect(centric.every((row) => Object.is(row[6], row[9]))).toBe(true);
  expect(result.statistics.overall.ccAno).toBeGreaterThan(0.9);
  expect(result.statistics.overall.rAno).toBeGreaterThan(0.5);
});

test('an error that grows with the intensity is found', { tags: 'all' }, async () => {
  const found = async (jitter: number): Promise<number> => {
    const { text } = simulateStream({ crystals: 60, symmetry: 'mmm', parameters: [30, 36, 42, 90, 90, 90], jitter });
    return (await merge(text, { symmetry: 'mmm', iterations: 4 })).proportionalError;
  };
  expect(await found(0)).toBeLessThan(0.05);
  const jitter = await found(0.15);
  // The estimate is less than the simulated scatter, because five parameters are fitted to some hundred observations of
  // a crystal.
  expect(jitter).toBeGreaterThan(0.12);
  expect(jitter).toBeLessThan(0.18);
});

describe('streams given in parts', () => {
  const whole = simulateStream({ crystals: 12, symmetry: 'mmm', parameters: orthorhombic }).text;
  const [head = '', ...chunks] = whole.split(/(?=----- Begin chunk -----)/);
  const options = { symmetry: 'mmm', minMeasurements: 1, iterations: 1 };

  const shards = [0, 5, 7].map((first, i, firsts) => head + chunks.slice(first, firsts[i + 1]).join(''));

  test('the shards of a run give the same bits as its whole stream', async () => {
    const { reflections, halves } = await merge(shards, options);
    const expected = await merge(whole, options);
    expect(reflections).toEqual(expected.reflections);
    expect(halves).toEqual(expected.halves);
  });

  test('a state that was there before, or was collected with other options, is refused', async () => {
    const states: Uint8Array[] = [];
    for (const [i, part] of shards.entries()) {
      const shard = await context.merger({ polarisation: 'none', ...options });
      await shard.addStream({ name: `${i}.stream`, bytes: [new TextEncoder().encode(part)] });
      states.push(shard.toState());
    }
    const merger = await context.merger({ polarisation: 'none', ...options });
    // The state is read in pieces of any size.
    for (const [i, state] of states.entries())
      await merger.addStream({ name: `${i}.state`, bytes: [state.subarray(0, 5), state.subarray(5)] });
    const [first = new Uint8Array(0)] = states;
    await expect(merger.addStream({ name: '0.state', bytes: [first] })).rejects.toMatchObject({
      tag: 'Argument',
      message: /were there before/,
    });
    const other = await context.merger({ polarisation: 'none', ...options, pushRes: 1 });
    await expect(other.addStream({ name: '0.state', bytes: [first] })).rejects.toMatchObject({
      tag: 'Argument',
      message: /0.state was collected with pushRes Infinity, this merge has 1;/,
    });
    const cut = [10, 5000, first.length - 8].map((length) => first.subarray(0, length));
    for (const damaged of [...cut, withNegativeSigma(first)]) {
      const fresh = await context.merger({ polarisation: 'none', ...options });
      await expect(fresh.addStream({ name: 'a.state', bytes: [damaged] })).rejects.toMatchObject({ tag: 'Format' });
      expect(fresh.crystals).toBe(0);
    }
  });

  test('crystals that were added before are refused', async () => {
    await expect(merge([whole, head + chunks[3]], options)).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(/^1 of the 1 crystals of 1.stream were there before/),
    });
  });

  test('a damaged archive of a stream is refused', async () => {
    const packed = gzipSync(whole);
    const damaged = await context.merger(options);
    await expect(
      damaged.addStream({ name: 'b.gz', bytes: packed.subarray(0, packed.length - 100) }),
    ).rejects.toMatchObject({
      tag: 'Format',
      message: expect.stringContaining('b.gz is a damaged or incomplete gzip'),
    });
  });
});

describe('some of the crystals', () => {
  const simulated = simulateStream({ crystals: 40, symmetry: 'mmm', parameters: orthorhombic });
  const [head = '', ...chunks] = simulated.text.split(/(?=----- Begin chunk -----)/);
  const options = { symmetry: 'mmm', minMeasurements: 1, iterations: 2 };

  test.for([
    [{ startAfter: 30 }, 30, 40],
    [{ stopAfter: 25 }, 0, 25],
    [{ startAfter: 5, stopAfter: 20 }, 5, 25],
    [{ startAfter: 30, stopAfter: 20 }, 30, 40],
  ] as const)('%j merges to the bits of a stream of them', { tags: 'all' }, async ([some, first, end]) => {
    // A limit that leaves out rows of each crystal.
    const limited = { ...options, minSnr: 1 };
    const { reflections, halves, crystals, remarks, counts } = await merge(simulated.text, { ...limited, ...some });
    const expected = await merge(head + chunks.slice(first, end).join(''), limited);
    expect(expected.counts.belowSnr).toBeGreaterThan(0);
    expect(counts).toEqual({ ...expected.counts, frames: 40 });
    expect(reflections).toEqual(expected.reflections);
    expect(halves).toEqual(expected.halves);
    expect(crystals).toEqual(expected.crystals);
    expect(remarks).toContain(`Crystals ${first + 1} to ${end} of 40 are merged.`);
  });

  test('limits beyond the crystals change nothing, or say what there is', async () => {
    const all = await merge(simulated.text, { ...options, stopAfter: 40 });
    expect(all.reflections).toEqual((await merge(simulated.text, options)).reflections);
    const wrong: [MergeOptions, RegExp][] = [
      [{ ...options, startAfter: 40 }, /startAfter is 40; there are 40 crystals/],
      [{ ...options, startAfter: -1 }, /startAfter is -1/],
      [{ ...options, stopAfter: 0 }, /stopAfter is 0/],
      [{ ...options, stopAfter: 1.5 }, /stopAfter is 1\.5/],
      [{ ...options, minCc: 2 }, /minCc is 2/],
    ];
    for (const [given, message] of wrong)
      await expect(merge(simulated.text, given)).rejects.toMatchObject({
        tag: 'Argument',
        message: expect.stringMatching(message),
      });
  });

  test('minCc leaves out the crystals whose intensities are another structure', { tags: 'nightly' }, async () => {
    // Without partialities, so that a crystal agrees with the mean of the others.
    const even = { crystals: 30, symmetry: 'mmm', parameters: orthorhombic, spread: [0.1, 0, 3] } as const;
    // A crystal with hardly any reflection is kept, since it contradicts nothing.
    const large = ({ text }: SimulatedStream): string =>
      text
        .split(/(?=----- Begin chunk -----)/)
        .filter((chunk, i) => i === 0 || chunk.split('\n').length > 60)
        .join('');
    const own = withRadius(large(simulateStream(even)));
    const other = withRadius(large(simulateStream({ ...even, crystals: 20, seed: 77 }))).replaceAll(
      'Image filename: ',
      '$&other-',
    );
    const mixed = [own, other];
    const mean = { symmetry: 'mmm', model: 'mean' } as const;
    const all = await merge(mixed, mean);
    const some = await merge(mixed, { ...mean, minCc: 0.3 });
    const expected = await merge(own, mean);
    const others = all.merged - expected.merged;
    expect([others > 3, all.counts.belowCc]).toEqual([true, 0]);
    expect([some.merged, some.counts.belowCc, some.counts.otherCell]).toEqual([expected.merged, others, 0]);
    expect(some.reflections).toEqual(expected.reflections);
    await expect(merge(mixed, { ...mean, minCc: 1 })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringContaining('minCc 1 rejects all crystals'),
    });
  });
});

test.each(['inline', 'workers'] as const)('the executor %s gives the same bits', { tags: 'all' }, async (kind) => {
  const { bytes } = simulateStream({ crystals: 12, symmetry: 'mmm', parameters: orthorhombic });
  const run = async (executor?: Executor): Promise<MergeResult> => {
    const merger = await context.merger({ symmetry: 'mmm', minMeasurements: 1, iterations: 2 });
    await merger.addStream({ name: 'it', bytes });
    return merger.run(executor ? { executor } : {});
  };
  const options = { context: { backend: 'wasm' } } as const;
  const executor =
    kind === 'inline' ? await Executor.inline(options) : await Executor.workers({ workers: 2, ...options });
  try {
    const [shared, alone] = [await run(executor), await run()];
    expect(shared.reflections).toEqual(alone.reflections);
    expect(shared.halves).toEqual(alone.halves);
    expect(shared.crystals).toEqual(alone.crystals);
  } finally {
    await executor.dispose();
  }
});

test('a reference of another crystal is remarked, although both decrease with resolution', {
  tags: 'all',
}, async () => {
  const decreasing = { crystals: 40, symmetry: 'mmm', parameters: orthorhombic, overallB: 80 } as const;
  const own = simulateStream({ ...decreasing, seed: 1 });
  const foreign = simulateStream({ ...decreasing, seed: 2 });
  const { reflections } = await merge(own.text, { symmetry: 'mmm', model: 'mean' });
  const list = (simulated: SimulatedStream): ReflectionList => {
    const truth = truthOf(simulated, reflections);
    return {
      ...truth,
      intensity: truth.intensity.map((x, i) => {
        const q2 = [0, 1, 2].reduce(
          (sum, j) => sum + ((truth.indices[3 * i + j] ?? 0) / (orthorhombic[j] ?? 1)) ** 2,
          0,
        );
        return x * Math.exp(-40 * q2);
      }),
    };
  };
  const remarksWith = async (reference: ReflectionList): Promise<string> =>
    (await merge(own.text, { symmetry: 'mmm', model: 'mean', reference })).remarks.join('\n');
  expect(correlation(reflections.intensity, list(foreign).intensity)).toBeGreaterThan(0.25);
  expect(await remarksWith(list(foreign))).toMatch(
    /The reference correlates .* by -?0\.[01]\d alone.*of this crystal form/,
  );
  expect(await remarksWith(list(own))).not.toContain('The reference');
  expect(await remarksWith({ ...list(own), symmetry: '2/m' })).toMatch(
    /The reference is in 2\/m: its equivalents in mmm were averaged .* no two reflections of the list are joined/,
  );
});

describe('a merge that follows a run', () => {
  const { text } = simulateStream({ crystals: 50, symmetry: 'mmm', parameters: orthorhombic });
  const [head = '', ...chunks] = text.split(/(?=----- Begin chunk -----)/);

  test('reports its progress while frames arrive, and ends with the result of merging the stream', {
    tags: 'all',
  }, async () => {
    const told: MergeStatus[] = [];
    const options = { symmetry: 'mmm', polarisation: 'none', iterations: 2 } as const;
    const sink = await mergeSink(context, options, { onStatus: (status) => told.push(status) });
    for (const chunk of chunks) {
      await sink.add({ chunk });
      // A run does other work between two frames.
      await new Promise((resolve) => setTimeout(resolve));
    }
    const said = await sink.close(true);
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told[0]?.crystals).toBe(30);
    expect(told.at(-1)).toMatchObject({ crystals: 50, frames: 50 });
    expect(said).toMatch(/^CC1\/2 \.\d\d, complete \d+ % to 2\.5 Å, 50 crystals$/);
    expect(sink.result?.reflections).toEqual((await merge(head + chunks.join(''), options)).reflections);
  });

  test('takes centring and counts of a photon from the head of the stream, while it runs as well', async () => {
    const { text: centred } = simulateStream({
      ...{ crystals: 32, symmetry: 'mmm', parameters: orthorhombic },
      ...{ centring: 'I', panels: [2, 128] },
    });
    const [own = '', ...some] = centred.split(/(?=----- Begin chunk -----)/);
    const known = own.replace(/(?=----- End geometry file -----)/, 'adu_per_photon = 30\n');
    expect(known).toContain('adu_per_photon');
    const options = { symmetry: 'mmm', polarisation: 'none', model: 'gaussian', iterations: 1 } as const;
    const early: string[] = [];
    const sink = await mergeSink(context, options, { onStatus: (_, { toHkl }) => early.push(toHkl()) });
    sink.begin(known);
    for (const chunk of some) {
      await sink.add({ chunk });
      await new Promise((resolve) => setTimeout(resolve));
    }
    await sink.close(true);
    const whole = await merge(known + some.join(''), options);
    expect(sink.result?.reflections).toEqual(whole.reflections);
    expect(sink.result?.remarks).toEqual(whole.remarks);
    // It was P in a run, whatever its cell stated.
    expect(early.length).toBeGreaterThan(1);
    for (const list of early) expect(list).toMatch(/, cell [\d. ]+ I\s*$/);
  });

  test('a status whose halves have nothing in common says so', () => {
    const status = { frames: 1000, crystals: 900, ccHalf: Number.NaN, completeness: 0.98, dMin: 2.1 };
    expect(mergeStatusText(status)).toBe('CC1/2 -, complete 98 % to 2.1 Å, 900 crystals');
  });
});

test('a stream is given by its path, its address, a Blob or its bytes', { tags: 'nightly' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-merge-'));
  try {
    const { text } = simulateStream({ crystals: 40, symmetry: 'mmm', parameters: orthorhombic });
    const [path, compressed] = [join(folder, 'a.stream'), join(folder, 'b.stream.gz')];
    writeFileSync(path, text);
    writeFileSync(compressed, gzipSync(text));
    const options = { symmetry: 'mmm', polarisation: 'none', iterations: 1 } as const;
    const { reflections } = await merge(text, options);
    for (const input of [path, pathToFileURL(path), compressed, new Blob([text]), await openAsBlob(path)])
      expect((await mergeStream(context, input, options)).reflections).toEqual(reflections);
    await expect(mergeStream(context, join(folder, 'no.stream'), options)).rejects.toThrow(/no\.stream/);
    await expect(mergeStream(context, 7 as never, options)).rejects.toThrow(/is 7; expected a path, a URL, a File/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('wasm and native give the same bits, whatever the number of blocks at a time', { tags: 'nightly' }, async ({
  skip,
}) => {
  if (!(await devices({ backend: 'native' })).some(({ backend, available }) => backend === 'native' && available))
    skip('absent: native');
  // More crystals than a block holds; half an angstrom less of resolution would leave too few observations.
  const { text } = sceneOf(7, { crystals: 1100, symmetry: 'mmm', dMin: 9, bandwidth: 0.002 });
  const options = { symmetry: 'mmm', model: 'xsphere', iterations: 2, polarisation: 'none' } as const;
  const native = await createContext({ backend: 'native', strict: true });
  try {
    const [a, b] = await Promise.all(
      [context, native].map((one) => mergeStream(one, { name: 'it', bytes: new TextEncoder().encode(text) }, options)),
    );
    expect([a?.backend, b?.backend]).toEqual(['wasm', 'native']);
    expect(b?.reflections).toEqual(a?.reflections);
    expect(b?.crystals).toEqual(a?.crystals);
  } finally {
    await native.dispose();
  }
});

test('the way in which each crystal was indexed is found', { tags: 'nightly' }, async () => {
  const simulated = simulateStream({
    crystals: 40,
    symmetry: '4/m',
    parameters: tetragonal,
    ways: ['h,k,l', 'k,h,-l'],
  });
  const { crystals, waysToIndex, reflections } = await merge(simulated.text, {
    symmetry: '4/m',
    iterations: 3,
  });
  expect(waysToIndex).toEqual(['h,k,l', 'k,h,-l']);
  const wrong = crystals.filter(({ way }, c) => way !== simulated.crystals[c]?.way).length;
  expect(Math.min(wrong, 40 - wrong)).toBe(0);
  // A reference determines which indexing is the first, whatever the seed.
  const reference = readReflectionList(formatReflectionList(truthOf(simulated, reflections)));
  for (const seed of [0, 1, 2]) {
    const referred = await merge(simulated.text, { symmetry: '4/m', iterations: 1, seed, reference });
    expect(referred.crystals.map(({ way }) => way)).toEqual(simulated.crystals.map(({ way }) => way));
    expect(referred.statistics.overall.ccReference).toBeGreaterThan(0.9);
  }
  // An MTZ file of a resolved merge gives the same result.
  const first = await merge(simulated.text, { symmetry: '4/m', iterations: 1, reference });
  const known = readMtzReflections(first.toMtz());
  expect(known.symmetry).toBe('4/m');
  expect(known.count).toBe(first.reflections.count);
  const byMtz = await merge(simulated.text, { symmetry: '4/m', iterations: 1, seed: 1, reference: known });
  expect(byMtz.crystals.map(({ way }) => way)).toEqual(simulated.crystals.map(({ way }) => way));
  expect(byMtz.statistics.overall.ccReference).toBeGreaterThan(0.999);
  const turned = { ...reference, indices: reference.indices.slice() };
  for (let i = 0; i < turned.indices.length; i += 3) {
    const [h = 0, k = 0, l = 0] = reference.indices.subarray(i, i + 3);
    turned.indices.set([k, h, -l], i);
  }
  const other = await merge(simulated.text, { symmetry: '4/m', iterations: 1, reference: turned });
  expect(other.crystals.map(({ way }) => way)).toEqual(simulated.crystals.map(({ way }) => 1 - way));
  const left = await merge(simulated.text, { symmetry: '4/m', iterations: 3, ambiguity: false });
  expect(left.waysToIndex).toEqual(['h,k,l']);
  const [resolved, unresolved] = [reflections, left.reflections].map((list) =>
    Math.max(
      against(list, simulated),
      against(list, { ...simulated, truth: ([h, k, l]) => simulated.truth([k, h, -l]) }),
    ),
  );
  expect(resolved).toBeGreaterThan(0.98);
  expect(unresolved).toBeLessThan(0.9);
});

test('a data set of all crystals has the statistics of the merge, and a split that divides nothing is said', async () => {
  const { text } = simulateStream({ crystals: 40, symmetry: 'mmm', parameters: [18, 20, 22, 90, 90, 90] });
  const withLamp = text.replace(/^Event: .*$/gm, '$&\newald/roi/lamp = 50 250 5 10 1 1');
  const splitBy = 'roi:lamp.mean>5000';
  const { datasets, statistics, remarks, isDoubtful } = await merge(withLamp, {
    symmetry: 'mmm',
    iterations: 3,
    splitBy,
  });
  const [{ statistics: own } = { statistics: undefined }] = datasets;
  for (const name of ['unique', 'completeness', 'dMax', 'dMin', 'snr', 'ccHalf', 'rSplit'] as const)
    expect(own?.overall[name], name).toBeCloseTo(statistics.overall[name], 3);
  expect(remarks.join()).toMatch(
    /roi:lamp\.mean>5000 divides nothing: all 40 crystals are in lamp\.mean_not_above_5000/,
  );
  expect(isDoubtful).toBe(true);
  // A table that names one set may be meant so.
  const named = await merge(text, { symmetry: 'mmm', iterations: 1, split: () => 'on' });
  expect(named.remarks.join()).toContain('The split divides nothing');
  expect(named.isDoubtful).toBe(false);
});

test('data sets of a table are merged separately, on one scale', { tags: 'all' }, async () => {
  const simulated = simulateStream({ crystals: 60, symmetry: 'mmm', parameters: [18, 20, 22, 90, 90, 90] });
  const lines = Array.from({ length: 60 }, (_, c) =>
    c < 50 ? `simulated.h5 //${c} ${c % 2 === 0 ? 'dark' : 'pumped'}` : '',
  );
  const split = readSplitTable(`# state of the laser\n${lines.join('\n')}`);
  const { datasets, reflections, remarks } = await merge(simulated.text, { symmetry: 'mmm', iterations: 3, split });
  expect(datasets.map(({ name }) => name)).toEqual(['dark', 'pumped']);
  expect(remarks.join()).toMatch(/10 crystals belong to no data set/);
  const [dark, pumped] = datasets.map(({ reflections: list }) => list) as [ReflectionList, ReflectionList];
  const measured = (list: ReflectionList): number => list.measurements.reduce((sum, n) => sum + n, 0);
  expect(measured(dark) + measured(pumped)).toBeLessThan(measured(reflections));
  // The two differ only by noise, and the scale is the same.
  const common = commonOf(dark, pumped);
  expect(
    correlation(
      common.map(({ first }) => first),
      common.map(({ second }) => second),
    ),
  ).toBeGreaterThan(0.95);
  const sum = (which: 'first' | 'second'): number => common.reduce((total, pair) => total + pair[which], 0);
  expect(Math.abs(sum('first') / sum('second') - 1)).toBeLessThan(0.1);
  expect(datasets[0]?.toHkl()).toMatch(/^CrystFEL reflection list/);
  await expect(merge(simulated.text, { symmetry: 'mmm', split: () => undefined })).rejects.toThrow(/names no data set/);
});

test.for([
  ['', /names no frames/],
  ['a.h5 //0 dark extra', /:1: .* has 4 words/],
  ['a.h5 //0 dark\na.h5 //0 pumped', /:2: the frame is in dark already/],
  ['a.h5 //0 ../dark', /:1: the data set "\.\.\/dark"/],
] as const)('a table of data sets that is wrong is refused with its line (%#)', ([text, message]) => {
  expect(() => readSplitTable(text, 'split.txt')).toThrow(
    expect.objectContaining({ tag: 'Format', message: expect.stringMatching(message) }),
  );
});

test('names of files in a table of data sets may have spaces, with an event or without', () => {
  const split = readSplitTable('my  run 1.h5 //0 dark # first\nmy  run 1.h5 //1 pumped\nno 2#.cbf dark\n');
  const of = (filename: string, event = ''): string | undefined => split({ filename, event });
  expect([of('my  run 1.h5', '//0'), of('my  run 1.h5', '//1')]).toEqual(['dark', 'pumped']);
  expect([of('no 2#.cbf'), of('my', 'run')]).toEqual(['dark', undefined]);
});

test('an input that fails leaves nothing of it, and inputs at once are read in their order', async () => {
  const [a, b] = [1, 2].map((seed) =>
    simulateStream({ crystals: 6, symmetry: 'mmm', parameters: orthorhombic, seed }).text.replaceAll(
      '//',
      `//${seed}0`,
    ),
  ) as [string, string];
  const options = { symmetry: 'mmm', polarisation: 'none', model: 'unity', iterations: 1 } as const;
  const bytesOf = (text: string) => [new TextEncoder().encode(text)];
  const both = (await merge([a, b], options)).reflections;
  // Within the list of the fourth crystal: its first rows went to the first crystal of the next stream.
  const rows = [...a.matchAll(/^ +-?\d+ +-?\d+ +-?\d+ .*$/gm)];
  const at = rows[Math.floor(rows.length / 2)]?.index ?? 0;
  const broken = `${a.slice(0, at)}   1 no 3 of these\n${a.slice(at)}`;
  const merger = await context.merger(options);
  await refused(() => merger.addStream({ name: 'broken.stream', bytes: bytesOf(broken) }), 'Format', 'broken.stream');
  expect([merger.crystals, merger.observations]).toEqual([0, 0]);
  await Promise.all([a, b].map((text, i) => merger.addStream({ name: `${i}.stream`, bytes: bytesOf(text) })));
  await refused(() => merger.addStream({ name: 'again.stream', bytes: bytesOf(a) }), 'Argument', '6 of the 6 crystals');
  expect((await merger.run()).reflections).toEqual(both);
});

test('values of a header that would be one data set are refused', async () => {
  const { text } = simulateStream({ crystals: 4, symmetry: 'mmm', parameters: orthorhombic });
  let n = 0;
  const headed = text.replaceAll(
    'photon_energy_eV',
    () => `header/str/pump = ${n++ % 2 ? 'pump on' : 'pump_on'}\nphoton_energy_eV`,
  );
  await refused(() => merge(headed, { symmetry: 'mmm', splitBy: 'pump' }), 'Argument', 'both be the data set pump_on');
});

test('data sets are divided by the value of a copied header field', { tags: 'all' }, async () => {
  const { text } = simulateStream({ crystals: 40, symmetry: 'mmm', parameters: [18, 20, 22, 90, 90, 90] });
  let frame = 0;
  const headed = text.replaceAll('photon_energy_eV', () => {
    const n = frame++;
    return `${n < 36 ? `${n % 4 < 2 ? 'header/float/' : 'hdf5'}/LASER/on = ${n % 2}.000000\n` : ''}header/str/name = x\nphoton_energy_eV`;
  });
  const { datasets, remarks } = await merge(headed, { symmetry: 'mmm', iterations: 2, splitBy: 'LASER/on' });
  expect(datasets.map(({ name }) => name)).toEqual(['0', '1']);
  expect(remarks.join()).toMatch(/4 crystals belong to no data set/);
  // The result is the same as with a table.
  const table = Array.from({ length: 36 }, (_, n) => `simulated.h5 //${n} ${n % 2}`).join('\n');
  const again = await merge(headed, { symmetry: 'mmm', iterations: 2, split: readSplitTable(table) });
  expect(datasets.map(({ reflections }) => reflections)).toEqual(again.datasets.map(({ reflections }) => reflections));
  await expect(merge(headed, { symmetry: 'mmm', splitBy: 'laser' })).rejects.toMatchObject({
    tag: 'Argument',
    message: expect.stringMatching(
      /no frame has the header field laser; index with copyHeader \(--copy-header laser\)/,
    ),
  });
  const both = { symmetry: 'mmm', splitBy: 'LASER/on', split: readSplitTable(table) };
  await expect(context.merger(both)).rejects.toMatchObject({ tag: 'Argument', message: /split and splitBy are both/ });
});

describe('halves', () => {
  const frames = (count: number, folder = '') => ({
    filenames: Array.from({ length: count }, () => `${folder}run.h5`),
    events: Array.from({ length: count }, (_, i) => `//${i}`),
  });
  const halves = (of: ReturnType<typeof frames>, selected = new Uint8Array(of.events.length).fill(1)) =>
    halvesOf(of as never, selected);
  const sizesOf = (half: Uint8Array, selected = new Uint8Array(half.length).fill(1)): number[] =>
    [0, 1].map((which) => half.filter((value, c) => value === which && selected[c] === 1).length);

  test('differ by at most one crystal, of any number and selection of frames', () => {
    for (const count of [1, 2, 3, 7, 10, 31, 200]) {
      const [first = 0, second = 0] = sizesOf(halves(frames(count)));
      expect(first - second, `${count} crystals`).toBe(count % 2);
    }
    const some = Uint8Array.from({ length: 99 }, (_, c) => (c % 3 === 0 ? 1 : 0));
    expect(sizesOf(halves(frames(99), some), some)).toEqual([17, 16]);
  });

  test('are a shuffle that depends on the names of frames alone', () => {
    const half = halves(frames(1000));
    expect(halves(frames(1000, '/data/a/'))).toEqual(half);
    const backwards = { ...frames(1000), events: frames(1000).events.reverse() };
    expect(halves(backwards)).toEqual(half.slice().reverse());
    // Neighbours are in the same half as often as in different ones.
    const changes = half.filter((value, c) => c > 0 && value !== half[c - 1]).length;
    expect(Math.abs(changes - 500)).toBeLessThan(60);
  });

  test('keep the crystals of a frame together', () => {
    const { filenames, events } = frames(9);
    // Of eleven crystals, three are of the second frame.
    const half = halves({ filenames: [...filenames, 'run.h5', 'run.h5'], events: [...events, '//1', '//1'] });
    expect([half[9], half[10]]).toEqual([half[1], half[1]]);
    expect(sizesOf(half).sort()).toEqual([5, 6]);
  });
});

describe('frames that were indexed more than once', () => {
  const simulated = simulateStream({ crystals: 20, symmetry: 'mmm', parameters: orthorhombic });
  // The orientations of a second indexing differ slightly.
  const again = simulated.text.replaceAll(
    /^astar = (\S+)/gm,
    (_, x: string) => `astar = ${(Number(x) + 2e-5).toFixed(7)}`,
  );
  const remarksOn = async (...streams: string[]): Promise<string> =>
    (await merge(streams, { symmetry: 'mmm', model: 'mean', minMeasurements: 1 })).remarks.join('\n');

  test('are remarked on with their number, in several inputs or in one', { tags: 'all' }, async () => {
    expect(again).not.toBe(simulated.text);
    expect(await remarksOn(simulated.text)).not.toContain('more than once');
    const text = '20 frames were indexed more than once, the first of them simulated.h5 //0';
    expect(await remarksOn(simulated.text, again)).toContain(text);
    expect(await remarksOn(simulated.text + again.slice(again.indexOf('----- Begin chunk')))).toContain(text);
    const merger = await context.merger({ symmetry: 'mmm', polarisation: 'none' });
    await merger.addStream({ name: 'a', bytes: new TextEncoder().encode(simulated.text) });
    await merger.addStream({ name: 'b', bytes: new TextEncoder().encode(again) });
    const joined = await context.merger({ symmetry: 'mmm', polarisation: 'none' });
    await joined.addStream({ name: 'state', bytes: merger.toState() });
    expect((await joined.run()).remarks.join()).toContain(text);
  });

  test('are found in inputs of a single frame', async () => {
    const first = (text: string): string => text.slice(0, text.indexOf('----- End chunk -----') + 22);
    expect(await remarksOn(first(simulated.text), first(again))).toContain('1 frame was indexed more than once');
  });
});

describe('a merge is in doubt', () => {
  const { text } = simulateStream({ crystals: 60, symmetry: 'mmm', parameters: orthorhombic });
  const row = /^( *-?\d+ +-?\d+ +-?\d+) +(-?\d+\.\d+)(?= +\d)/gm;
  const merged = (stream: string): Promise<MergeResult> => merge(stream, { symmetry: 'mmm', model: 'mean' });

  test('if a reference does not agree with intensities whose halves do', () => {
    const overall = { ccHalf: 0.9, common: 1000, rSplit: 0.2, inReference: 900 };
    const doubts = (ccReference: number, ccHalf = overall.ccHalf): string =>
      doubtsOfStatistics({ overall: { ...overall, ccHalf, ccReference } as never, shells: [] }).join();
    expect(doubts(0.01)).toMatch(/correlation is 0\.01 over 900 reflections, and with true intensities .* 0\.97/);
    expect([doubts(0.8), doubts(Number.NaN)]).toEqual(['', '']);
    expect(doubts(0.2, 0.05)).not.toContain('reference');
  });

  test('if its halves do not agree', { tags: 'all' }, async () => {
    expect((await merged(text)).isDoubtful).toBe(false);
    const random = new Random(3, 0);
    const noise = text.replace(row, (_, indices: string) => `${indices} ${(500 * random.uniform() - 100).toFixed(2)}`);
    const { isDoubtful, remarks, statistics } = await merged(noise);
    expect(statistics.overall.ccHalf).toBeLessThan(0.1);
    expect([isDoubtful, remarks.join()]).toEqual([true, expect.stringContaining('The two halves do not agree: CC1/2')]);
  });

  test('if more than one frame in a hundred was indexed twice, or is a copy', { tags: 'nightly' }, async () => {
    const many = simulateStream({ crystals: 120, symmetry: 'mmm', parameters: orthorhombic }).text;
    const chunks = many.split(/(?=----- Begin chunk -----)/);
    const doubtWith = async (...more: string[]): Promise<boolean> =>
      (await merged(chunks.concat(more).join(''))).isDoubtful;
    const again = (chunk = ''): string =>
      chunk.replace(/^astar = (\S+)/m, (_, x: string) => `astar = ${Number(x) + 2e-5}`);
    const copy = (chunk = ''): string => chunk.replaceAll('simulated.h5', 'copy.h5');
    for (const made of [again, copy]) {
      expect(made(chunks[1])).not.toBe(chunks[1]);
      expect(await doubtWith(made(chunks[1]))).toBe(false);
      expect(await doubtWith(made(chunks[1]), made(chunks[2]))).toBe(true);
    }
  });

  test('its page has no Rsplit where the correlation is unreliable, and no invented known value', {
    tags: 'all',
  }, async () => {
    const result = await merge(text, { symmetry: 'mmm' });
    const { statistics } = result;
    const [first, ...others] = statistics.shells;
    if (!first) throw new Error('there are shells');
    const shells = [{ ...first, ccHalf: Number.NaN, rSplit: 1.117 }, ...others];
    const page = mergeReport({ ...result, statistics: { ...statistics, shells } });
    expect(page).not.toContain('111.7');
    expect(page).not.toContain('known 0');
    expect(page).toContain('<b>ln G</b>');
    expect(page).toContain('Completeness %');
    // Its plot and its table count alike.
    expect(page).toContain(`<td>${(100 * (others[0]?.rSplit ?? 0)).toFixed(1)}</td>`);
    expect(mergeReport(result)).toContain(`<td>${(100 * first.rSplit).toFixed(1)}</td>`);
  });

  test('if shells have negative intensities', async () => {
    const negated = text.replace(row, (_, indices: string, value: string) => `${indices} ${-Number(value)}`);
    const result = await merged(negated);
    const said = expect.stringMatching(/The mean intensity is negative in \d+ of 10 shells, first at \d/);
    expect([result.isDoubtful, result.remarks.join()]).toEqual([true, said]);
    expect(mergeReport(result)).toContain('The mean intensity is negative');
  });
});

test('crystals that are copies of others, bit by bit, under other names are remarked on', { tags: 'all' }, async () => {
  const { text } = simulateStream({ crystals: 20, symmetry: 'mmm', parameters: orthorhombic });
  const renamed = text.replaceAll('simulated.h5', 'copy.h5');
  expect(renamed).not.toBe(text);
  const remarksOn = async (...streams: string[]): Promise<string> =>
    (await merge(streams, { symmetry: 'mmm', model: 'mean' })).remarks.join('\n');
  const said = '20 of 40 crystals are copies of others under other names, bit by bit, the first of them copy.h5';
  expect(await remarksOn(text, renamed)).toContain(said);
  expect(await remarksOn(text)).not.toContain('copies');
  // A single intensity that differs is another image.
  const first = (stream: string): string => stream.slice(0, stream.indexOf('----- End chunk -----') + 22);
  expect(await remarksOn(text, first(renamed))).toContain('1 of 21 crystals');
  const changed = first(renamed).replace(/^( *-?\d+ +-?\d+ +-?\d+ +-?\d+)\.\d\d(?= +\d)/m, '$1.77');
  expect(changed).not.toBe(first(renamed));
  expect(await remarksOn(text, changed)).not.toContain('copies');
});

test('the lists of a merge refuse options, which belong to the merger, and other halves', async () => {
  const { text } = simulateStream({ crystals: 20, symmetry: 'mmm', parameters: orthorhombic });
  const result = await merge(text, { symmetry: 'mmm', iterations: 1 });
  const called = (options: unknown) => () => (result.toMtz as (options: unknown) => Uint8Array)(options);
  await refused(called({ spaceGroup: 'P222' }), 'Argument', 'toMtz takes no options', 'ctx.merger({ spaceGroup: … })');
  await refused(called({ history: [] }), 'Argument', 'was given {"history":[]}');
  const unmerged = () => (result.toUnmergedMtz as (options: unknown) => Uint8Array)({ title: 'x' });
  await refused(unmerged, 'Argument', 'toUnmergedMtz takes no options');
  await refused(() => result.toHkl(3 as 2), 'Argument', 'toHkl: the half is 3; expected 1, 2');
});

describe('the polarisation of the beam', () => {
  const streamOf = (polarised: number | undefined, crystals = 60): SimulatedStream =>
    simulateStream({
      crystals,
      symmetry: 'mmm',
      parameters: orthorhombic,
      ...(polarised !== undefined && { polarised }),
    });
  const automatic = async ({ text }: SimulatedStream, options: Partial<MergeOptions> = {}): Promise<MergeResult> =>
    merge(text, { symmetry: 'mmm', polarisation: 'auto', ...options });

  test.each([
    [1, 'horiz'],
    [-1, 'vert'],
    [undefined, 'none'],
  ] as const)('of degree %s is measured and corrected as %s', { tags: 'all' }, async (degree, correction) => {
    const stream = streamOf(degree);
    const { polarisation, reflections, remarks } = await automatic(stream, { iterations: 1 });
    expect(polarisation.correction).toBe(correction);
    expect(Math.abs(polarisation.degree - (degree ?? 0))).toBeLessThan(4 * polarisation.error);
    expect(polarisation.error).toBeLessThan(0.1);
    expect(remarks.join()).toContain('degree of polarisation');
    const named = await merge(stream.text, { symmetry: 'mmm', polarisation: correction, iterations: 1 });
    expect(reflections.count).toBe(named.reflections.count);
    expect(reflections.intensity).toEqual(named.reflections.intensity);
  });

  test('is corrected for in the plain mean as well', { tags: 'all' }, async () => {
    const stream = streamOf(1);
    const { reflections } = await automatic(stream, { model: 'mean' });
    const named = await merge(stream.text, { symmetry: 'mmm', polarisation: 'horiz', model: 'mean' });
    expect(differenceOf(reflections, named.reflections)).toBeLessThan(1e-6);
    const without = await merge(stream.text, { symmetry: 'mmm', model: 'mean' });
    expect(differenceOf(reflections, without.reflections)).toBeGreaterThan(0.01);
  });

  test('has no factor in electron diffraction, whatever the intensities look like', async () => {
    // A geometry in volts and one in angstrom give the same energy: that of a photon of the same wavelength.
    const { text } = streamOf(1, 4);
    const electrons = withRadius(text.replaceAll(/photon_energy_eV = .*/g, 'photon_energy_eV = 493970.0'));
    const { polarisation, reflections, remarks } = await merge(electrons, { polarisation: 'auto', ...few });
    expect(polarisation).toEqual({ correction: 'none', degree: Number.NaN, error: Number.NaN });
    expect(remarks.join()).toContain('0.0251 Å, is that of electrons: no polarisation is corrected');
    expect(remarks.join()).not.toContain('polarised');
    const none = await merge(electrons, { polarisation: 'none', ...few });
    expect(reflections.intensity).toEqual(none.reflections.intensity);
  });

  const few = { symmetry: 'mmm', minMeasurements: 1, model: 'mean' } as const;
  test('is assumed to be horizontal if there are too few data to determine it, and this is reported', async () => {
    const { polarisation, remarks } = await automatic(streamOf(undefined, 2), { minMeasurements: 1 });
    expect(polarisation.correction).toBe('horiz');
    expect(remarks.join()).toContain('do not say how the beam was polarised');
  });
});

test('polarisation removes intensity that is scattered along the electric field', () => {
  const horizontal = readPolarisation('horiz') ?? { fraction: 0, angleDeg: 0 };
  expect(polarisationFactorOf(horizontal)(1, 0, 0)).toBeCloseTo(0, 12);
  expect(polarisationFactorOf(horizontal)(0, 1, 0)).toBeCloseTo(1, 12);
  expect(polarisationFactorOf(horizontal)(0, 0, 5)).toBeCloseTo(1, 12);
  expect(polarisationFactorOf(readPolarisation('vert') ?? horizontal)(1, 0, 0)).toBeCloseTo(1, 12);
  expect(polarisationFactorOf(readPolarisation('0.5@30') ?? horizontal)(3, 0, 4)).toBeCloseTo(
    (1 + (4 / 5) ** 2) / 2,
    12,
  );
  expect(readPolarisation('none')).toBeUndefined();
  // CrystFEL's forms: the fraction in per cent follows the direction.
  expect(readPolarisation('horiz98')).toEqual({ fraction: 0.98, angleDeg: 0 });
  expect(readPolarisation('vert90')).toEqual({ fraction: 0.9, angleDeg: 90 });
  expect(readPolarisation('45deg90')).toEqual({ fraction: 0.9, angleDeg: 45 });
  for (const text of ['2@0', 'horiz101', 'vert-3', '45deg', 'deg90', 'left', '0.5', '@3', ''])
    expect(() => readPolarisation(text), text).toThrow(expect.objectContaining({ tag: 'Argument' }));
});

describe('input that does not fit together', () => {
  const few = simulateStream({ crystals: 4, symmetry: 'mmm', parameters: orthorhombic }).text;
  const other = simulateStream({ crystals: 4, symmetry: 'mmm', parameters: [40, 50, 60, 90, 90, 90] }).text;
  const without = few.replace(/Reflections measured[\s\S]*?End of reflections/g, 'No integrated reflections.');

  test.for([
    ['no reflections', without, {}, /4 crystals have no reflections/],
    [
      'no crystals',
      few.replace(/--- Begin crystal[\s\S]*?--- End crystal\n/g, ''),
      {},
      /none of 4 frames has a crystal/,
    ],
    ['no frames', 'CrystFEL stream format 2.3\nGenerated by a test\n\n', {}, /no frames/],
    ['a group that the cell does not have', few, { symmetry: '4/mmm' }, /does not have the symmetry 4\/mmm/],
    [
      'another cell than was given',
      few,
      {
        cell: {
          cell: [
            [99, 0, 0],
            [0, 99, 0],
            [0, 0, 99],
          ],
          centring: 'P',
        },
      },
      /no crystal has the cell 99/,
    ],
    ['limits that leave nothing', few, { minSnr: 1e9 }, /minSnr leaves out all \d+ observations/],
    [
      'too few measurements of anything',
      few,
      { minMeasurements: 1000 },
      /no reflection was observed 1000 times in 4 crystals/,
    ],
  ] as const)('%s', async ([name, text, options, message]) => {
    await expect(merge(text, { symmetry: 'mmm', ...options } as MergeOptions)).rejects.toMatchObject({
      tag: /^no /.test(name) ? 'File' : 'Argument',
      message: expect.stringMatching(message),
    });
  });

  test('mixed cells are refused, or only crystals with the given cell are merged', async () => {
    await expect(merge([few, other], { symmetry: 'mmm' })).rejects.toThrow(
      /different cells: 4 near 24\.00 28\.00 .*, 4 near 40\.00/,
    );
    const cell = {
      cell: [
        [40, 0, 0],
        [0, 50, 0],
        [0, 0, 60],
      ],
      centring: 'P',
    } as const;
    const { merged, counts, remarks } = await merge([few, other], { symmetry: 'mmm', cell, iterations: 1 });
    expect(merged).toBe(4);
    const rows = other.match(/^ *-?\d+ +-?\d+ +-?\d+ +-?\d+\.\d+ +\d+\.\d+ /gm) ?? [];
    expect([counts.crystals, counts.otherCell, counts.reflections]).toEqual([8, 4, rows.length]);
    expect(remarks.join()).toMatch(/4 of 8 crystals have another cell/);
  });

  const gain = (text: string, value: number, per = 'photon'): string =>
    text
      .replaceAll('Event: //', `Event: //${value}/`)
      .replace(
        'a simulation\n\n',
        `a simulation\n\n----- Begin geometry file -----\nadu_per_${per} = ${value}\n----- End geometry file -----\n`,
      );

  test('counts per eV are those per photon of the energy', async () => {
    const energy = Number(/photon_energy_eV = (\S+)/.exec(few)?.[1]);
    const [perPhoton, perEv, unit] = await Promise.all(
      [gain(few, 28.5), gain(few, 28.5 / energy, 'eV'), gain(few, 1)].map((text) => merge(text, { symmetry: 'mmm' })),
    );
    expect(perEv?.reflections.intensity).toEqual(perPhoton?.reflections.intensity);
    expect(perEv?.reflections.sigma).not.toEqual(unit?.reflections.sigma);
  });

  test('streams with different counts per photon are refused', async () => {
    await expect(merge([gain(few, 1), gain(few, 7)], { symmetry: 'mmm' })).rejects.toThrow(
      /1 counts a photon and 1\.stream 7/,
    );
  });

  test('streams with different geometries are named, and ones with different centrings are refused', async () => {
    const second = few.replaceAll('Event: //', 'Event: //b/');
    const withGeometry = second.replace(
      'a simulation\n\n',
      'a simulation\n\n----- Begin geometry file -----\nclen = 0.1\n----- End geometry file -----\n',
    );
    const { remarks } = await merge([few, withGeometry], { symmetry: 'mmm', iterations: 0 });
    expect(remarks.join()).toMatch(/0.stream and 1.stream have different geometries/);
    const centred = (text: string, centring: string): string =>
      text.replace(
        'a simulation\n\n',
        `a simulation\n\n----- Begin unit cell -----\ncentering = ${centring}\n----- End unit cell -----\n`,
      );
    await expect(merge([centred(few, 'P'), centred(second, 'I')], { symmetry: 'mmm' })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(/0.stream was indexed with the centring P and 1.stream with I; merge them sep/),
    });
  });

  test('crystals without common reflections are refused, or merged with a remark about their half sets', async () => {
    // Each crystal keeps the reflections with one value of |h| modulo 4.
    let crystal = 0;
    const apart = few.replace(/(nmeas|panel\n)([\s\S]*?)End of reflections/g, (_, head, rows) => {
      const wanted = crystal++;
      const kept = rows.split('\n').filter((row: string) => Math.abs(Number(row.slice(0, 4))) % 4 === wanted);
      return `${head}${kept.join('\n')}\nEnd of reflections`;
    });
    await expect(merge(apart, { symmetry: 'mmm', minMeasurements: 5 })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(/no reflection was observed 5 times/),
    });
    const { remarks, statistics, isDoubtful } = await merge(apart, {
      ...{ symmetry: 'mmm', minMeasurements: 1, iterations: 1 },
    });
    expect(statistics.overall.common).toBe(0);
    expect(remarks.join(' ')).toMatch(/The halves have 0 reflections in common: nothing says how good/);
    expect(isDoubtful).toBe(true);
  });

  test('one crystal is merged, and its half sets give no statistics', async () => {
    const one = simulateStream({ crystals: 1, symmetry: 'mmm', parameters: orthorhombic }).text;
    const { reflections, statistics, halves } = await merge(one, { symmetry: 'mmm', minMeasurements: 1 });
    expect(reflections.count).toBeGreaterThan(20);
    expect([...reflections.intensity].every(Number.isFinite)).toBe(true);
    expect(Math.min(...halves.map(({ count }) => count))).toBe(0);
    expect(statistics.overall.ccHalf).toBeNaN();
  });

  test('a truncated frame is skipped and counted', async () => {
    const { counts, merged } = await merge(few.slice(0, -200), { symmetry: 'mmm', minMeasurements: 1, iterations: 1 });
    expect([counts.truncated, merged]).toEqual([1, 3]);
  });

  test.for([
    [{ symmetry: 'mmm', simmetry: 1 }, /no option "simmetry".*symmetry/],
    [{}, /symmetry is undefined/],
    [{ symmetry: 'mmmm' }, /not a point group/],
    [{ symmetry: 'mmm', model: 'gauss' }, /model is "gauss"/],
    [{ symmetry: 'mmm', iterations: -1 }, /iterations is -1/],
    [{ symmetry: 'mmm', reference: {} }, /reference is .*expected a list that readReflectionList or/],
    [{ symmetry: 'mmm', lowres: 2, highres: 3 }, /lowres is 2 and highres 3 angstrom; the first is the larger/],
  ] as const)('an option that is wrong is refused by name (%#)', async ([options, message]) => {
    await expect(context.merger(options as unknown as MergeOptions)).rejects.toEqual(
      expect.objectContaining({ tag: 'Argument', message: expect.stringMatching(message) }),
    );
  });

  test.for([['text'], [7], [['text']], [undefined]])('a stream that is not bytes is refused (%#)', async ([bytes]) => {
    const merger = await context.merger({ symmetry: 'mmm' });
    await expect(merger.addStream({ name: 'it', bytes: bytes as unknown as Uint8Array })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(/^it (is|comes in pieces such as) .*expected/),
    });
  });

  test('a merge is stopped by its signal', async () => {
    const merger = await context.merger({ symmetry: 'mmm' });
    await merger.addStream({ name: 'few', bytes: [new TextEncoder().encode(few)] });
    await expect(merger.run({ signal: AbortSignal.abort() })).rejects.toMatchObject({ tag: 'Aborted' });
  });
});

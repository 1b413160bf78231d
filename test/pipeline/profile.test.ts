/**
 * The radial profile of frames: against the intensity from which they were simulated, on flat and on tilted panels; rings
 * of ice; and what a run writes of it.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryDataset, open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext, type Detector, parseGeometry } from '../../dist/index.node.js';
import { ProfileSum, type RadialProfile, radialProfile } from '../../dist/pipeline.node.js';
import { iceScore, measuredIceRings, whyNoIce } from '../../src/pipeline/profile/ice.js';
import { Profiler, plainSums } from '../../src/pipeline/profile/profiler.js';
import { profileLines } from '../../src/pipeline/profile/stream-lines.js';
import { ProfileGroups } from '../../src/pipeline/sinks/profile-groups.js';
import { ProfileSection } from '../../src/pipeline/sinks/profile-section.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { fresh, measured, often } from '../support/fresh.js';
import { refused } from '../support/refused.js';

let state = 59 + 7919 * fresh;
const uniform = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
};
function poisson(mean: number): number {
  if (mean > 40) {
    const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let count = 0;
  for (let p = uniform(), limit = Math.exp(-mean); p > limit; p *= uniform()) count++;
  return count;
}

/** Background over q = 2π/d: a fall and a ring of water. */
const shape = (q: number): number => 1.2 + 6 * Math.exp(-q / 0.5) + 2.5 * Math.exp(-0.5 * ((q - 1.95) / 0.28) ** 2);

const [width, height, cx, cy, distanceMm, pixelMm, wavelengthA] = [330, 320, 164.3, 158.6, 120, 0.4, 1];
const geometryText = (tilt: number): string => `wavelength = ${wavelengthA} A
clen = ${distanceMm / 1000}
res = ${1000 / pixelMm}
adu_per_photon = 1
data = /data
p0/min_fs = 0
p0/max_fs = ${width - 1}
p0/min_ss = 0
p0/max_ss = ${height - 1}
p0/corner_x = ${-cx}
p0/corner_y = ${-cy * Math.cos(tilt)}
p0/coffset = ${(-cy * pixelMm * Math.sin(tilt)) / 1000}
p0/fs = x
p0/ss = ${Math.cos(tilt)}y +${Math.sin(tilt)}z
`;

/** q and Ω·P of the pixels of a panel that is tilted about x, from their definitions. */
function pixelsOf(tilt: number) {
  return Array.from({ length: width * height }, (_, i) => {
    const [x, along] = [((i % width) + 0.5 - cx) * pixelMm, (Math.floor(i / width) + 0.5 - cy) * pixelMm];
    const [y, z] = [along * Math.cos(tilt), distanceMm + along * Math.sin(tilt)];
    const r = Math.hypot(x, y, z);
    const cosine = Math.abs(z * Math.cos(tilt) - y * Math.sin(tilt)) / r;
    const norm = cosine * (distanceMm / r) ** 2 * (1 - (x / r) ** 2);
    return { q: ((4 * Math.PI) / wavelengthA) * Math.sin(Math.acos(z / r) / 2), norm };
  });
}

/** A frame with spots, at a level of counts. */
function frameOf(pixels: ReturnType<typeof pixelsOf>, level: number): Uint16Array {
  const frame = Uint16Array.from(pixels, ({ q, norm }) => poisson(level * norm * shape(q)));
  // Far from each other, so that each is a peak of its own.
  for (let k = 0; k < 16; k++) {
    const x = Math.floor(80 * ((k % 4) + 0.1 + 0.8 * uniform()));
    const y = Math.floor(78 * (Math.floor(k / 4) + 0.1 + 0.8 * uniform()));
    // Small rings are spoiled by a spot on them, which is then not found.
    if (Math.hypot(x - cx, y - cy) < 50) continue;
    for (let at = 0; at < 9; at++) {
      const i = (y - 1 + Math.floor(at / 3)) * width + x - 1 + (at % 3);
      frame[i] = (frame[i] as number) + Math.round(30 + 90 * Math.sqrt(10 * level));
    }
  }
  return frame;
}

/** The rings of a profile that have enough pixels: their counts, what they should be, and the square of the difference. */
function ringsOf(profile: RadialProfile, level: number) {
  const { q, d, backgroundNorm, backgroundIntensity, backgroundCounts } = profile;
  return Array.from(q.keys()).flatMap((i) => {
    const [norm, place] = [backgroundNorm[i] as number, q[i] as number];
    if (!(norm > 60)) return [];
    expect(place * (d[i] as number)).toBeCloseTo(2 * Math.PI, 10);
    const truth = level * shape(place);
    const off = ((backgroundIntensity[i] as number) - truth) ** 2 / (truth / norm);
    return [{ counted: backgroundCounts[i] as number, expected: truth * norm, off }];
  });
}

describe('a simulated background', () => {
  let context: Context;
  const detectors = new Map<number, Detector>();
  beforeAll(async () => {
    context = await createContext({ backend: 'wasm' });
    for (const tilt of [0, 0.35]) {
      const dataset = memoryDataset(new Uint16Array(width * height), { sigShape: [height, width] });
      detectors.set(tilt, await context.detector(dataset, { geometry: parseGeometry(geometryText(tilt)) }));
    }
  });
  afterAll(() => context.dispose());

  test.each([0, 0.35])('is found on a panel tilted by %s', { tags: 'all' }, async (tilt) => {
    const detector = detectors.get(tilt) as Detector;
    const pixels = pixelsOf(tilt);
    let [chi, bins] = [0, 0];
    for (const [level, frames] of [
      [0.02, 12],
      [0.1, 3],
      [0.5, 1],
      [2, 1],
      [20, 1],
      [200, 1],
    ] as const) {
      const peaks = { threshold: level < 2 ? 8 : 0, minSnr: 5, localBgRadius: 4 };
      const searcher = await context.frameSearcher({ detector, cells: [], peaks, profile: {} });
      const sum = new ProfileSum();
      let [ofLevel, rings] = [0, 0];
      for (let i = 0; i < frames * often; i++) {
        const { profile } = await searcher.search(frameOf(pixels, level));
        if (!profile) continue;
        sum.add(profile);
        for (const { off } of ringsOf(profile, level)) [ofLevel, rings] = [ofLevel + off, rings + 1];
      }
      await searcher.dispose();
      let [counted, expected] = [0, 0];
      for (const ring of sum.profile ? ringsOf(sum.profile, level) : [])
        [counted, expected] = [counted + ring.counted, expected + ring.expected];
      [chi, bins] = [chi + ofLevel, bins + rings];
      const [bias, error] = [counted / expected - 1, 1 / Math.sqrt(expected)];
      measured(
        `profile, tilt ${tilt}, ${level} counts: bias ${(100 * bias).toFixed(2)} ± ${(100 * error).toFixed(2)} %, ` +
          `χ² ${(ofLevel / rings).toFixed(2)} of ${rings} rings`,
      );
      // Half a percent, as far as that many counts tell.
      expect(Math.abs(bias)).toBeLessThan(0.005 + 2 * error);
    }
    measured(`profile, tilt ${tilt}: χ² ${(chi / bins).toFixed(3)} of ${bins} rings`);
    expect(bins).toBeGreaterThan(300);
    expect(chi / bins).toBeGreaterThan(0.85);
    expect(chi / bins).toBeLessThan(1.15);
  });

  test('bins of whole rings state where they begin and end', async () => {
    const pixels = pixelsOf(0);
    const detector = detectors.get(0) as Detector;
    const profile = { range: [0.3, 1.5], bins: 13 } as const;
    await using searcher = await context.frameSearcher({ detector, cells: [], profile });
    const found = (await searcher.search(frameOf(pixels, 20))).profile as RadialProfile;
    const off = (edges: ArrayLike<number>): number =>
      found.norm.reduce((most, norm, bin) => {
        const [from, to] = [edges[bin] as number, edges[bin + 1] as number];
        const exact = pixels.reduce((sum, one) => sum + (one.q >= from && one.q < to ? one.norm : 0), 0);
        return Math.max(most, Math.abs(norm / exact - 1));
      }, 0);
    expect(off(Array.from({ length: 14 }, (_, i) => 0.3 + (i * 1.2) / 13))).toBeGreaterThan(0.1);
    expect(off(found.edges)).toBeLessThan(0.03);
    // Where pixels are binned one by one, the edges are those that were asked for.
    const { edges } = radialProfile(detector, frameOf(pixels, 20), profile);
    expect(edges[5]).toBeCloseTo(0.3 + (5 * 1.2) / 13, 5);
  });

  test('a pixel that is bad in one frame is in neither sum, and an empty bin is NaN', async () => {
    const detector = detectors.get(0) as Detector;
    const image = Float64Array.from(pixelsOf(0), ({ norm }) => 10 * norm);
    const { intensity, norm } = radialProfile(detector, image);
    for (const value of intensity) expect(value).toBeCloseTo(10, 3);
    const lost = image.map((value, i) => (i % 3 === 0 ? Number.NaN : value));
    const less = radialProfile(detector, lost);
    for (const value of less.intensity) expect(value).toBeCloseTo(10, 3);
    expect(less.norm[40] as number).toBeLessThan(0.8 * (norm[40] as number));
    const none = radialProfile(detector, image.fill(Number.NaN));
    expect(none.intensity.every(Number.isNaN)).toBe(true);
    expect(none.background).toBeUndefined();
    expect(none.ice).toBeUndefined();
  });

  test('the background is without the pixels around peaks, each of which is taken off once', () => {
    const [columns, rows, count, reach] = [61, 47, 5, 2];
    // Of its own, so that the other tests keep their numbers.
    let k = 0;
    const number = (): number => (k++ * 0.6180339887498949) % 1;
    const map = Uint16Array.from({ length: columns * rows }, (_, i) => (i % 97 === 0 ? 65535 : i % count));
    const frame = Uint16Array.from(map, () => Math.floor(1100 * number()));
    // Half of a whole number is exact, so that the sums are.
    const halves = new Float32Array(map.length).fill(0.5);
    const q = Float64Array.from({ length: count }, (_, i) => 0.1 + 0.2 * i);
    const norms = q.map((_, bin) => 0.5 * map.filter((one) => one === bin).length);
    const edges = Float64Array.from({ length: count + 1 }, (_, i) => 0.2 * i);
    const plain = { low: 0, step: 0.2, count, corner: 1, map, ofRings: undefined, norm: halves, norms, edges, q };
    const beam = (detectors.get(0) as Detector).beam;
    const detector = { width: columns, height: rows, validRange: [0, 1000], unitsPerPhoton: 1 } as const;
    const profiler = new Profiler({ ...plain, beam }, detector);
    // Alone, in crowds whose surroundings meet, on the borders, and twice at the same place, in no order.
    const places = Array.from({ length: 60 }, (_, p) => (p < 40 ? [9 + 17 * number(), 30 + 13 * number()] : []));
    const at = places.map(([x, y]) => [x ?? columns * number(), y ?? rows * number()] as const);
    at.push([0, 0], [columns - 0.5, rows - 0.5], [0.5, rows - 1], [30.2, 12.9], [30.7, 12.1], [34.9, 16], [35, 8.5]);
    const [fs, ss] = [Float32Array.from(at, ([x]) => x), Float32Array.from(at, ([, y]) => y)];
    const peaks = { count: at.length, fs, ss } as Parameters<Profiler['of']>[2];
    const found = profiler.of(frame, plainSums(frame, { ...plain, beam }, [0, 1000]), peaks, new Float32Array(0));
    const [counts, norm] = [new Float64Array(count), new Float64Array(count)];
    for (const [i, bin] of map.entries()) {
      const [x, y, value] = [i % columns, Math.floor(i / columns), frame[i] as number];
      const near = [...fs].some(
        (f, p) => Math.max(Math.abs(Math.floor(f) - x), Math.abs(Math.floor(ss[p] as number) - y)) <= reach,
      );
      if (bin === 65535 || near || value > 1000) continue;
      counts[bin] = (counts[bin] as number) + value;
      norm[bin] = (norm[bin] as number) + 0.5;
    }
    expect(found.backgroundCounts).toEqual(counts);
    expect(found.backgroundNorm).toEqual(norm);
  });

  test('that ends before the rings of ice says that ice is not measured, and what background is the mean of', () => {
    const image = Float64Array.from(pixelsOf(0), ({ norm }) => 10 * norm);
    const detector = detectors.get(0) as Detector;
    const written = (range: readonly [number, number]) => {
      const profile = radialProfile(detector, image, { range });
      const [section, groups] = [new ProfileSection(), new ProfileGroups()];
      section.add({ profile });
      groups.add({ profile, hit: true });
      const { MX } = groups.nodes() as { MX: { children: Record<string, { value: unknown; attributes: object }> } };
      return { lines: profileLines(profile), html: section.html() ?? '', of: MX.children };
    };
    const near = written([0.05, (2 * Math.PI) / 3.92]);
    expect(near.lines[0]).toMatch(/^ewald\/background = \d+ at 5-3\.9\d A$/);
    expect(near.lines[1]).toBe('ewald/ice = not measured');
    expect(near.html).toMatch(
      /counts a pixel from 5 to 3\.9\d Å; ice not measured: the profile ends at 3\.9\d Å, before the rings from 3\.9 to 1\.72 Å/,
    );
    expect(near.of.iceRingScore?.attributes).toMatchObject({
      long_name: expect.stringMatching(/^not measured: .* A$/),
    });
    expect(near.of.iceRingFlagged?.value).toEqual(Uint8Array.of(255));
    expect(near.of.bkgEstimate?.attributes).toMatchObject({
      long_name: expect.stringMatching(/^mean from 5 to 3\.9\d A$/),
    });
    const far = written([0.05, (2 * Math.PI) / 8.4]);
    expect(far.lines.slice(0, 2)).toEqual(['ewald/background = not measured', 'ewald/ice = not measured']);
    expect(far.html).toContain('background not measured');
  });

  test('ranges and bins that the detector does not have are refused, with those that it has', async () => {
    const detector = detectors.get(0) as Detector;
    const image = new Float64Array(width * height);
    const why = (profile: object, ...words: string[]): Promise<void> =>
      refused(() => radialProfile(detector, image, profile), 'Argument', ...words);
    await why({ range: [0.05, 9] }, 'beyond the corner', 'it ends at most at');
    await why({ bins: 4000 }, 'narrower than 1.5 pixels', 'at most');
    await why({ range: [2, 2.1] }, 'has pixels for');
    await why({ range: [2, 1] }, 'rising');
    await why({ bins: 3 }, 'from 10');
  });
});

describe('rings of ice', () => {
  const [low, step] = [0.05, 0.01];
  const q = Float64Array.from({ length: 450 }, (_, i) => low + (i + 0.5) * step);
  // Pixels of a detector of 4 million that begin to leave it at 3.2 1/Å.
  const norm = q.map((value) => 0.8 * 6140 * value * (value < 3.2 ? 1 : Math.max(0.02, (4.6 - value) / 1.4)));
  const frame = (level: number, ice: number) => {
    const place = (2 * Math.PI) / 3.67;
    const counts = q.map((value, i) => {
      const ring = Math.abs(value - place) < 0.015 ? 1 + ice : 1;
      return poisson(level * (norm[i] as number) * shape(value) * ring);
    });
    return iceScore({ low, step, q, gain: 1 }, counts, norm);
  };

  test('only rings with their surroundings on the detector are measured', () => {
    const ends = (last: number) => {
      const here = norm.map((value, i) => ((q[i] as number) < last ? value : 0));
      return measuredIceRings({ low, step, q, gain: 1 }, here, here);
    };
    expect([1.6, 1.67, 2.1, 9].map((last) => ends(last).length)).toEqual([0, 1, 3, 10]);
  });

  test('a profile that measures none says why', () => {
    const why = (has: (q: number) => boolean, wide = 1, counted = 1): string | undefined => {
      const here = norm.map((value, i) => (has(q[i] as number) ? value : 0));
      const bins = { low, step: wide * step, q, gain: 1 };
      return whyNoIce(
        bins,
        here.map((value) => counted * value),
        here,
      );
    };
    expect(why(() => true)).toBeUndefined();
    expect(why((q) => q < 1.55)).toBe('the profile ends at 4.07 Å, before the rings from 3.9 to 1.72 Å');
    expect(why((q) => q > 3.8)).toBe('the profile begins at 1.65 Å, beyond the rings from 3.9 to 1.72 Å');
    expect(why(() => true, 3)).toBe('bins of 0.03 1/Å are too wide to tell a ring; at most 0.025 are');
    expect(why(() => false)).toBe('no pixel is in the profile');
    const gaps = 'none of the rings from 3.9 to 1.72 Å has counts both in it and on its two sides, in ';
    expect(why((q) => q > 1.62 && q < 1.64)).toBe(`${gaps}3.87 to 3.84 Å`);
    expect(why(() => true, 1, 0)).toBe(`${gaps}114.24 to 1.38 Å`);
  });

  test('a ring of 5 % is found at one count a pixel, and a thousand clean frames have none', () => {
    let [clean, found] = [0, 0];
    for (const level of [0.05, 0.3, 3, 100]) for (let i = 0; i < 250; i++) if (frame(level, 0)?.isFlagged) clean++;
    expect(clean).toBeLessThan(2);
    for (let i = 0; i < 400; i++) {
      const score = frame(0.33, 0.05);
      if (score?.isFlagged && score.d === 3.67) found++;
    }
    measured(`ice: ${clean} of 1000 clean frames flagged, a ring of 5 % in ${found} of 400`);
    expect(found).toBeGreaterThan(396);
  });
});

describe.skipIf(!dataFolder)(`a run${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
  const of = [
    'index',
    sim('run.h5'),
    '-g',
    sim('run.geom'),
    '-p',
    'none',
    '--first',
    '3',
    '--threshold',
    '12',
    '--force',
  ];
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ewald-profile-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);

  test('writes background, ice and spots into the stream, profiles into HDF5 and the report', {
    tags: 'all',
  }, async () => {
    const outputs = ['-o', at('a.stream'), '--hdf5', at('a.h5'), '--html', at('a.html')];
    const { code, err } = await ewald([...of, ...outputs, '--radial-profile', '--profile-frames', 'all']);
    expect({ code, err }).toMatchObject({ code: 0 });
    const stream = readFileSync(at('a.stream'), 'utf8');
    expect(stream.match(/^ewald\/background = \d+\.\d+ at 5-3 A$/gm)).toHaveLength(3);
    expect(stream.match(/^ewald\/ice = \d\.\d{3} \+- \S+ at \d\.\d+ A$/gm)).toHaveLength(3);
    expect(stream.match(/^ewald\/spots_by_shell = (?:\d+ ?){10}$/gm)).toHaveLength(3);
    expect(readFileSync(at('a.html'), 'utf8')).toContain('<h2>Radial profile</h2>');
    const read = async (dataset: string) => {
      const opened = await open(at('a.h5'), { dataset });
      const { shape } = opened;
      const values = (await opened.read(0, opened.frames)) as Float32Array;
      await opened.dispose();
      return { shape: [...shape.nav, ...shape.sig], values };
    };
    const image = await read('/entry/azint/image');
    const nexus = await read('/entry/azint1d/data/I');
    expect(nexus).toEqual(image);
    const [, bins = 0] = image.shape;
    expect(image.shape).toEqual([3, bins]);
    expect((await read('/entry/azint/bin_edges_q')).shape).toEqual([bins + 1]);
    expect((await read('/entry/azint1d/data/radial_axis_edges')).shape).toEqual([bins + 1]);
    // The same frame in JavaScript.
    await using context = await createContext({ backend: 'wasm' });
    const run = { inputs: [sim('run.h5')], geometry: sim('run.geom'), cells: [], peaks: { threshold: 12 }, first: 1 };
    for await (const { result } of context.pipeline({ ...run, profile: true })) {
      const { profile } = result ?? {};
      expect(Array.from(image.values.subarray(0, bins))).toEqual(
        Array.from(Float32Array.from(profile?.intensity ?? [])),
      );
      expect(profile?.q).toHaveLength(bins);
      expect(profile?.sigma).toHaveLength(bins);
      expect(stream).toContain(`ewald/background = ${Number(profile?.background?.toPrecision(5))} at 5-3 A`);
    }
    for await (const { result } of context.pipeline(run)) expect(result).not.toHaveProperty('profile');
  });

  test('refuses what the detector does not have before it writes anything', { tags: 'all' }, async () => {
    const told = async (...more: string[]) => (await ewald([...of, '-o', at('b.stream'), ...more])).err;
    expect(await told('--radial-profile', '--profile-range', '0.05:9')).toMatch(/beyond the corner.*at most at/);
    expect(await told('--radial-profile=9000')).toContain('narrower than 1.5 pixels');
    expect(await told('--radial-profile=3')).toContain('--radial-profile is 3; expected 10 to');
    expect(await told('--profile-range', '1:2')).toContain('add --radial-profile');
    expect(() => readFileSync(at('b.stream'))).toThrow();
  });
});

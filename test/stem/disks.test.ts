/** Disks and strain: values of LiberTEM-blobfinder, a simulated scan of known strain, and errors. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Context, type DiskPattern, diskUdf, findDiskPeaks, strainMaps } from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';
import { ScanSimulator } from '../../src/simulate/scan.js';
import { guessLattice } from '../../src/stem/disks/lattice.js';
import { dataFolder, dataRequired } from '../support/data.js';
import { known, scanOf, truthAt } from './strain-scan.js';

type Numbers = ArrayLike<number>;
const largest = (have: Numbers, want: Numbers): number =>
  Array.from(want).reduce((most, value, i) => Math.max(most, Math.abs(value - (have[i] as number))), 0);
const kinds: Readonly<Record<string, NonNullable<DiskPattern['kind']>>> = {
  Circular: 'circular',
  RadialGradient: 'radial-gradient',
  BackgroundSubtraction: 'background-subtraction',
  RadialGradientBackgroundSubtraction: 'radial-gradient-background-subtraction',
};

test.runIf(dataRequired)('the data is there', () => expect(dataFolder).toBeDefined());

test('a lattice is found beside a stop whose edge is taken for a disk, and its zero is the disk that is covered', () => {
  const [zero, a, b] = [
    [46.4, 49.2],
    [18, 3],
    [-3, 18],
  ] as const;
  const places = [-2, -1, 0, 1, 2]
    .flatMap((i) => [-2, -1, 0, 1, 2].map((j) => [i, j] as const))
    .filter(([i, j]) => i !== 0 || j !== 0)
    .map(([i, j]) => [0, 1].map((k) => Math.round((zero[k] as number) + i * (a[k] as number) + j * (b[k] as number))));
  const found = guessLattice('strain', [...places, [52, 60]].flat(), [96, 96]);
  expect(largest(found.zero, zero)).toBeLessThan(0.5);
  // Any two of its shortest vectors.
  const [p, q] = [found.a, found.b];
  expect(Math.abs(p[0] * q[1] - p[1] * q[0])).toBeCloseTo(18 * 18 + 3 * 3, -1);
  expect(Math.hypot(...p)).toBeCloseTo(Math.hypot(18, 3), 0);
});

describe.skipIf(!dataFolder)(`values of blobfinder${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  if (dataFolder === undefined) {
    test('are not there', () => undefined);
    return;
  }
  const set = JSON.parse(readFileSync(join(dataFolder, 'udf-next/blobfinder.json'), 'utf8'));
  const { mask } = set.masks.find(({ pattern }: { pattern: string }) => pattern === 'UserTemplate');
  const user: DiskPattern = { kind: 'user', template: mask, shape: [12, 12], search: 5.7 };
  const stored = Uint16Array.from(set.frames.data);
  // Frames of float64 are processed in JavaScript.
  const frames = { wasm: stored, native: stored, JavaScript: Float64Array.from(stored) };

  test.each(Object.entries(frames))('disks and lattices on %s', { tags: 'all' }, async (place, data) => {
    const backend = place === 'native' ? 'native' : 'wasm';
    const ctx = new Context({ context: { backend, strict: true } });
    const scan = ctx.fromMemory(data, { navShape: [3], sigShape: [128, 128] });
    for (const run of set.runs) {
      // A crop of a full correlation cannot be upsampled here; see the error below.
      if (run.method === 'full' && run.upsample > 0) continue;
      const pattern = run.pattern === 'UserTemplate' ? user : { kind: kinds[run.pattern], radius: run.radius };
      const refine = run.upsample > 0 ? 'dft' : 'com';
      const found = (await ctx.runUdf(
        scan,
        diskUdf({ peaks: set.peaks, pattern: pattern as DiskPattern, correlation: run.method, refine }),
      )) as Readonly<Record<string, { data: Numbers }>>;
      const off = Object.fromEntries(
        ['centers', 'refineds', 'heights', 'elevations'].map((name) => [
          name,
          largest((found[name] as { data: Numbers }).data, run[name]),
        ]),
      );
      const what = `${run.pattern} ${run.radius} ${run.method} ${run.upsample}`;
      expect(off.centers, what).toBe(0);
      // Values are rounded to 1e-4 in the file, heights and elevations of the user's template to 1e-3.
      expect(off.refineds, what).toBeLessThan(5e-5 + 2e-5);
      expect(off.heights, what).toBeLessThan(run.pattern === 'UserTemplate' ? 3e-3 : 1.5e-4);
      expect(off.elevations, what).toBeLessThan(run.pattern === 'UserTemplate' ? 1.5e-3 : 1e-4);
    }
    for (const match of set.match) {
      if (match.correlation === 'sparse') continue;
      const { zero, a, b } = set.start;
      const peaks = match.indices.map(([i, j]: [number, number]) => [0, 1].map((k) => zero[k] + i * a[k] + j * b[k]));
      const fit = { ...set.start, method: match.match, ...(match.match === 'affine' && { indices: match.indices }) };
      const correlation = match.correlation === 'fast' ? 'fast' : 'full';
      const found = (await ctx.runUdf(
        scan,
        diskUdf({ peaks, pattern: { radius: 5 }, correlation, refine: 'com', match: fit }),
      )) as Readonly<Record<string, { data: Numbers }>>;
      for (const name of ['zero', 'a', 'b', 'error'])
        expect(largest((found[name] as { data: Numbers }).data, match[name]), `${match.match} ${name}`).toBeLessThan(
          1e-5,
        );
      expect(Array.from((found.selector as { data: Numbers }).data).filter(Boolean).length).toBe(75);
    }
    await ctx.close();
  });

  test('the highest peaks of the sum', () => {
    const sum = new Float64Array(128 * 128);
    for (const [i, value] of stored.entries()) sum[i % sum.length] = (sum[i % sum.length] as number) + value;
    const found = findDiskPeaks(sum, [128, 128], { kind: 'radial-gradient', radius: 5 }, 9);
    expect([...found]).toEqual(set.getPeaks.flat());
  });
});

describe('strain of a simulated scan', () => {
  const contexts: Context[] = [];
  afterAll(async () => {
    for (const ctx of contexts) await ctx.close();
  });

  test.each(['wasm', 'workers'] as const)('is known to 0.06 % on %s', { tags: 'all' }, async (place) => {
    const data = scanOf();
    const context = { backend: 'wasm' as const, strict: true };
    const ctx =
      place === 'workers' ? await Context.makeWith('workers', { cpus: 1, context }) : new Context({ context });
    contexts.push(ctx);
    const { n, sig, radius, zero, a, b } = known;
    const scan = ctx.fromMemory(data, { navShape: [n, n], sigShape: [sig, sig] });
    // The default pattern, and the one with the smallest errors.
    const more = place === 'wasm' ? { zero, a, b } : ({ pattern: 'circular' } as const);
    const options = { diskRadius: radius, ...more };
    const found = await ctx.run(ctx.createStrainAnalysis(scan, options));
    // The reference, the median of the scan, is an offset of each map.
    for (const name of ['eyy', 'exx', 'exy', 'theta'] as const) {
      const errors = Array.from(found[name].data, (value, i) => value - truthAt(Math.floor(i / n), i % n)[name]);
      const mean = errors.reduce((sum, value) => sum + value, 0) / errors.length;
      const rms = Math.sqrt(errors.reduce((sum, value) => sum + (value - mean) ** 2, 0) / errors.length);
      expect(Math.abs(mean), name).toBeLessThan(1e-3);
      expect(rms, name).toBeLessThan(6e-4);
    }
    expect(Math.min(...Array.from(found.disks.data))).toBeGreaterThan(15);
    expect(Math.max(...Array.from(found.error.data))).toBeLessThan(0.3);
  });

  test('has as many disks as there are, not as many as are searched', async () => {
    const ctx = new Context({ context: { backend: 'wasm', strict: true } });
    contexts.push(ctx);
    const [size, radius] = [64, 4];
    let state = 5;
    const next = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    // Nine disks, the corners at a twentieth of the middle one, on a noisy background.
    const frame = Uint16Array.from({ length: size * size }, (_, p) => {
      // Counts of 100 with their noise.
      let value = 40 + 10 * Array.from({ length: 12 }, next).reduce((a, b) => a + b, 0);
      for (const i of [-1, 0, 1])
        for (const j of [-1, 0, 1]) {
          const distance = Math.hypot(Math.floor(p / size) - 32 - 17 * i, (p % size) - 31.5 - 18 * j);
          value += Math.min(1, Math.max(0, radius + 0.5 - distance)) * (1000 - 475 * (i * i + j * j));
        }
      return value;
    });
    const scan = ctx.fromMemory(frame, { navShape: [1], sigShape: [size, size] });
    const { peaks } = await ctx.run(ctx.createDisksAnalysis(scan, { diskRadius: radius }));
    expect(peaks.shape).toEqual([9, 2]);
    const all = await ctx.run(ctx.createDisksAnalysis(scan, { diskRadius: radius, minHeight: 0 }));
    expect(all.peaks.shape[0]).toBeGreaterThan(9);
  });

  test('is exact for exact lattices, about the median of a region and in turned axes', () => {
    // a and b of three positions; the second is the reference, the third has no lattice.
    const a = [9.9, 0.1, 10, 0, Number.NaN, Number.NaN];
    const b = [-0.3, 20.4, 0, 20, Number.NaN, Number.NaN];
    const linear = { decomposition: 'linear' } as const;
    const maps = strainMaps(a, b, { reference: [0, 1, 0], ...linear });
    expect([maps.eyy[0], maps.exx[0]]).toEqual([expect.closeTo(0.01, 12), expect.closeTo(-0.02, 12)]);
    // β_yx = −0.3 / 20, β_xy = 0.1 / 10
    expect(maps.exy[0]).toBeCloseTo(-(-0.015 + 0.01) / 2, 12);
    expect(maps.theta[0]).toBeCloseTo((-0.015 - 0.01) / 2, 12);
    expect([maps.eyy[1], maps.eyy[2]]).toEqual([0, Number.NaN]);
    // A lattice turned by a hundredth from x to y.
    const [c, s] = [Math.cos(0.01), Math.sin(0.01)];
    const rotated = strainMaps([20, 0, 20 * c, -20 * s], [0, 20, 20 * s, 20 * c], { reference: [1, 0] });
    expect(rotated.theta[1]).toBeCloseTo(0.01, 6);
    // A stretch by 20 % in a direction of 30 degrees, then a turn by 40: V is turned with it, and nothing is of first order.
    const matrix = (angle: number) => [Math.cos(angle), Math.sin(angle)] as const;
    const [[ca, sa], [cb, sb]] = [matrix(Math.PI / 6), matrix(Math.PI / 4.5)];
    const shrunk = (y: number, x: number): [number, number] => {
      const [along, across] = [(ca * x + sa * y) / 1.2, -sa * x + ca * y];
      const [v, u] = [sa * along + ca * across, ca * along - sa * across];
      return [cb * v + sb * u, -sb * v + cb * u];
    };
    const exact = strainMaps([20, 0, ...shrunk(20, 0)], [0, 20, ...shrunk(0, 20)], { reference: [1, 0] });
    const at = Math.PI / 6 + Math.PI / 4.5;
    expect([exact.exx[1], exact.eyy[1], exact.exy[1], exact.theta[1]]).toEqual([
      expect.closeTo(0.2 * Math.cos(at) ** 2, 12),
      expect.closeTo(0.2 * Math.sin(at) ** 2, 12),
      expect.closeTo(0.2 * Math.sin(at) * Math.cos(at), 12),
      expect.closeTo(Math.PI / 4.5, 12),
    ]);
    const turned = strainMaps(a, b, { reference: [0, 1, 0], axesRotation: 90, ...linear });
    expect([turned.eyy[0], turned.exx[0]]).toEqual([expect.closeTo(-0.02, 12), expect.closeTo(0.01, 12)]);
    expect(turned.exy[0]).toBeCloseTo(-(maps.exy[0] as number), 12);
    expect(() => strainMaps(a, b, { reference: [0, 0, 1] })).toThrow(/none of the 1 positions/);
  });
});

describe('a radius or a lattice that is not that of the disks', () => {
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  afterAll(() => ctx.close());
  const [n, sig] = [3, 128];
  const simulator = new ScanSimulator({ navShape: [n, n], seed: 3, counts: 100, shiftPx: 0.2 });
  const frames = new Uint16Array(n * n * sig * sig);
  for (let i = 0; i < n * n; i++) frames.set(simulator.frame(i), i * sig * sig);
  const scan = ctx.fromMemory(frames, { navShape: [n, n], sigShape: [sig, sig] });
  const notes = async (options: object): Promise<string> =>
    (await ctx.run(ctx.createStrainAnalysis(scan, options))).notes.join();

  test('is told from one that is', { tags: 'all' }, async () => {
    for (const diskRadius of [5, 6]) expect(await notes({ diskRadius }), String(diskRadius)).toBe('');
    for (const diskRadius of [4, 8])
      expect(await notes({ diskRadius })).toMatch(
        new RegExp(`a radius of ${diskRadius} pixels, and the direct beam has one of (4.9|5.0).*beside the lattices`),
      );
    expect(await notes({ diskRadius: 5, a: [10, 10], b: [5, -10], zero: [64, 63] })).toMatch(
      /^the disks are [1-3]\.\d+ pixels \(median\) beside the lattices/,
    );
    const disks = await ctx.run(ctx.createDisksAnalysis(scan, { diskRadius: 3 }));
    expect(disks.notes.join()).toContain('searched with a radius of 3 pixels');
    const bragg = await ctx.run(ctx.createBraggAnalysis(scan, { diskRadius: 3, numPeaks: 5 }));
    expect(bragg.notes.join()).toContain('searched with a radius of 3 pixels');
  });

  test('is found where it is not given', { tags: 'all' }, async () => {
    const { exx, notes: said } = await ctx.run(ctx.createStrainAnalysis(scan));
    expect(said).toEqual([expect.stringMatching(/that of the direct beam in the sum is used, (4\.9|5\.0)\d pixels/)]);
    const given = await ctx.run(ctx.createStrainAnalysis(scan, { diskRadius: 5 }));
    for (const [i, value] of Array.from(exx.data).entries())
      expect(Math.abs(value - (given.exx.data[i] as number))).toBeLessThan(5e-4);
  });
});

describe('a second grain', () => {
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  afterAll(() => ctx.close());
  const [n, sig, radius] = [6, 96, 4];
  /** Disks of a square lattice of 18 pixels, stretched along x, turned by degrees. */
  const frameOf = (stretch: number, degrees: number): Float32Array => {
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const frame = new Float32Array(sig * sig).fill(1);
    for (let i = -3; i <= 3; i++)
      for (let j = -3; j <= 3; j++) {
        const [y, x] = [18 * i, (18 * j) / (1 + stretch)];
        const [cy, cx] = [48.2 + c * y + s * x, 47.6 - s * y + c * x];
        for (let p = 0; p < frame.length; p++) {
          const distance = Math.hypot(Math.floor(p / sig) - cy, (p % sig) - cx);
          const height = 40 * Math.exp(-(i * i + j * j) / 8);
          if (distance < radius + 1)
            frame[p] = (frame[p] as number) + height * Math.min(1, Math.max(0, radius + 0.5 - distance));
        }
      }
    return frame;
  };
  const scanOfColumns = (columns: readonly (readonly [stretch: number, degrees: number])[]) => {
    const frames = new Float32Array(n * n * sig * sig);
    for (const [x, column] of columns.entries()) {
      const frame = frameOf(...column);
      for (let y = 0; y < n; y++) frames.set(frame, (y * n + x) * sig * sig);
    }
    return ctx.fromMemory(frames, { navShape: [n, n], sigShape: [sig, sig] });
  };
  const lattice = { zero: [48.2, 47.6], a: [0, 18], b: [18, 0], diskRadius: radius } as const;
  const column = (data: ArrayLike<number>, x: number): number => data[2 * n + x] as number;

  test('is not what a pattern is that has moved: its strain is that of its place', async () => {
    const shifts = [
      [0, 0],
      [5, 0],
      [0, -6],
      [9, 9],
      [12, 0],
    ] as const;
    const still = frameOf(0, 0);
    const frames = shifts.flatMap(([dy, dx]) =>
      Array.from(still, (_, p) => {
        const [y, x] = [Math.floor(p / sig) - dy, (p % sig) - dx];
        return y < 0 || x < 0 || y >= sig || x >= sig ? 1 : (still[y * sig + x] as number);
      }),
    );
    const scan = ctx.fromMemory(Float32Array.from(frames), { navShape: [1, shifts.length], sigShape: [sig, sig] });
    const reference = Uint8Array.of(1, 0, 0, 0, 0);
    const { exx, eyy, exy, theta, notes } = await ctx.run(ctx.createStrainAnalysis(scan, { ...lattice, reference }));
    for (const { data } of [exx, eyy, exy, theta])
      expect(Math.max(...Array.from(data, (value) => Math.abs(value)))).toBeLessThan(1e-3);
    expect(notes.join()).not.toContain('grain');
  });

  test('has no strain of the first one, and is counted and named; the reference is judged first', async () => {
    const scan = scanOfColumns([
      [0, 0],
      [0, 0],
      [0.03, 0],
      [0, 0],
      [0, 31],
      [0, 31],
    ]);
    const reference = Uint8Array.from({ length: n * n }, (_, i) => (i % n < 2 ? 1 : 0));
    const { exx, eyy, theta, notes } = await ctx.run(ctx.createStrainAnalysis(scan, { ...lattice, reference }));
    for (const { data } of [exx, eyy, theta])
      expect([4, 5].map((x) => column(data, x))).toEqual([Number.NaN, Number.NaN]);
    expect([column(exx.data, 2), column(eyy.data, 2), column(exx.data, 3)]).toEqual([
      expect.closeTo(0.03, 3),
      expect.closeTo(0, 3),
      expect.closeTo(0, 3),
    ]);
    expect(notes.join('\n')).toMatch(/^12 of 36 positions have not the lattice.*\n12 of them .* a second grain/);
    const roi = reference.map((_, i) => (i % n > 2 ? 1 : 0));
    await expect(ctx.run(ctx.createStrainAnalysis(scan, { ...lattice, reference }), { roi })).rejects.toThrow(
      'none of the 12 positions of the reference is among those that are measured (roi)',
    );
    // A third of the reference, and most of it.
    const partly = async (rows: number) => {
      const analysis = ctx.createStrainAnalysis(scan, { ...lattice, reference });
      const found = await ctx.runUdf(scan, analysis.udf, { roi: reference.map((_, i) => (i < rows * n ? 1 : 0)) });
      return [analysis.faults?.(found), analysis.doubts?.(found)].map((texts = []) => texts.join('\n'));
    };
    const text = (count: number) => `only ${count} of the 12 positions of the reference are measured, and strain is`;
    expect(await partly(2)).toEqual([expect.stringContaining(text(4)), expect.not.stringContaining('reference')]);
    expect(await partly(5)).toEqual([
      expect.not.stringContaining('are measured'),
      expect.stringMatching(`${text(10)} relative to these: its zero is known to ± \\S+ at best`),
    ]);
    const others = reference.map((_, i) => (i % n > 2 ? 1 : 0));
    const wrong = await ctx.run(ctx.createStrainAnalysis(scan, { ...lattice, reference: others }));
    expect(wrong.notes[0]).toMatch(/^6 of the 18 positions of the reference have the lattice/);
  });

  test('that is turned by 8 degrees has no strain, and 1 % by the linear decomposition of py4DSTEM', async () => {
    const scan = scanOfColumns([
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0.02, 8],
      [0.02, 8],
    ]);
    const maps = await ctx.run(ctx.createStrainAnalysis(scan, lattice));
    // The stretched direction is x, turned by 8 degrees.
    const along = Math.cos((8 * Math.PI) / 180) ** 2;
    const truth = [0.02 * along, 0.02 * (1 - along), (8 * Math.PI) / 180];
    for (const [k, { data }] of [maps.exx, maps.eyy, maps.theta].entries())
      expect(Math.abs(column(data, 4) - (truth[k] as number)), String(k)).toBeLessThan(1e-3);
    const linear = await ctx.run(ctx.createStrainAnalysis(scan, { ...lattice, decomposition: 'linear' }));
    expect(Math.abs(column(linear.eyy.data, 4) - 0.0097)).toBeLessThan(2e-3);
  });

  test('that is turned or strained beyond the squares of the search is right, or counted without a value', async () => {
    const columns = [0, 3, 5, 6, 7, 8, 9, 10, 11, 12]
      .map((degrees): [number, number] => [0, degrees])
      .concat([-0.12, -0.1, -0.08, 0.08, 0.1, 0.12].map((stretch): [number, number] => [stretch, 0]));
    const frames = Float32Array.from(
      [[0, 0] as [number, number], ...columns].flatMap((one) => Array.from(frameOf(...one))),
    );
    const reference = Uint8Array.from({ length: columns.length + 1 }, (_, i) => (i === 0 ? 1 : 0));
    // Frames of float64 are processed in JavaScript.
    for (const data of [frames, Float64Array.from(frames)])
      for (const correlation of ['fast', 'full'] as const) {
        const scan = ctx.fromMemory(data, { navShape: [1, columns.length + 1], sigShape: [sig, sig] });
        const maps = await ctx.run(ctx.createStrainAnalysis(scan, { ...lattice, reference, correlation }));
        const off = columns.map(([stretch, degrees], i) =>
          Math.max(
            Math.abs((maps.exx.data[i + 1] as number) - stretch),
            Math.abs(maps.eyy.data[i + 1] as number),
            Math.abs((maps.theta.data[i + 1] as number) - (degrees * Math.PI) / 180),
          ),
        );
        const unknown = off.filter(Number.isNaN).length;
        const right = off.filter((one) => one < 1.5e-3).length;
        expect(right + unknown, `${correlation} ${off.map((one) => one.toFixed(4))}`).toBe(columns.length);
        expect(right).toBeGreaterThanOrEqual(13);
        expect(maps.notes.join('\n')).toContain(`${unknown} of ${columns.length + 1} positions have not the lattice`);
      }
  });

  test('that moves out of the squares of the search has no shift, and is counted', async () => {
    const shifts = [0, 2, 3.5, 5, 6, 7, 8];
    const positions = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j): [number, number] => [48 + 18 * i, 47 + 18 * j]));
    const frames = shifts.map((shift) => {
      const frame = new Float32Array(sig * sig);
      for (let p = 0; p < frame.length; p++)
        for (const [cy, cx] of positions) {
          const distance = Math.hypot(Math.floor(p / sig) - cy, (p % sig) - cx - shift);
          frame[p] = (frame[p] as number) + 40 * Math.min(1, Math.max(0, radius + 0.5 - distance));
        }
      return frame;
    });
    const scan = ctx.fromMemory(Float32Array.from(frames.flatMap((frame) => Array.from(frame))), {
      navShape: [1, shifts.length],
      sigShape: [sig, sig],
    });
    const found = await ctx.run(ctx.createDisksAnalysis(scan, { diskRadius: radius, positions: positions.flat() }));
    const right = Array.from(
      found.shift_x.data,
      (x, i) => Math.abs(x - (shifts[i] as number)) < 0.3 || Number.isNaN(x),
    );
    expect(right, Array.from(found.shift_x.data, (x) => x.toFixed(2)).join()).toEqual(shifts.map(() => true));
    expect(found.shift_x.data[2]).toBeCloseTo(3.5, 0);
    const unknown = Array.from(found.shift_x.data).filter(Number.isNaN).length;
    expect(unknown).toBeGreaterThanOrEqual(3);
    expect(found.notes.join('\n')).toContain(`at ${unknown} of 7 positions most disks are farther than 4.0 pixels`);
    expect(found.notes.join('\n')).not.toContain('most positions have no disk');
  });

  test.each([
    ['8, 9', /^at 1 of 3 places, \(y, x\) = \(8, 9\), most positions have no disk, and shifts are of the others$/, 2],
    ['66, 66, 39, 38', /^at 2 of 4 places, .* \(39, 38\), most .*, and shifts are of the others$/, 2],
    ['8, 9, 39, 38, 57, 57', /^at 3 of 5 places, .* so that none has a shift \(NaN\)/, 0],
  ])('that is not at a given place is said: %s', async (others, text, shifts) => {
    const two = [48, 47, 48, 65];
    const frame = Uint16Array.from({ length: sig * sig }, (_, p) => {
      const near = [0, 2].some(
        (k) => Math.hypot(Math.floor(p / sig) - (two[k] as number), (p % sig) - (two[k + 1] as number)) < 4,
      );
      return (near ? 60 : 2) + ((p * 7919) % 13 === 0 ? 1 : 0);
    });
    const data = Uint16Array.from({ length: 2 * sig * sig }, (_, i) => frame[i % frame.length] as number);
    const scan = ctx.fromMemory(data, { navShape: [2], sigShape: [sig, sig] });
    const positions = [...two, ...others.split(',').map(Number)];
    const found = await ctx.run(ctx.createDisksAnalysis(scan, { diskRadius: 4, positions }));
    expect(found.notes).toEqual(expect.arrayContaining([expect.stringMatching(text)]));
    expect(Array.from(found.shift_x.data).filter(Number.isFinite)).toHaveLength(shifts);
  });
});

describe('bad input', () => {
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  afterAll(() => ctx.close());
  const scan = ctx.fromMemory(new Float32Array(2 * 24 * 24), { navShape: [2], sigShape: [24, 24] });
  const peaks = [[12, 12]] as const;
  const refused = (work: () => unknown) => expect(async () => await work()).rejects;

  test('is refused in words', async () => {
    await refused(() => diskUdf({ peaks: [], pattern: { radius: 3 } })).toThrow(/there are no peaks/);
    await refused(() => diskUdf({ peaks, pattern: { radius: 5, search: 3 } })).toThrow(/search is 3 pixels, less than/);
    await refused(() => diskUdf({ peaks, pattern: { radius: 5, radiusOuter: 4 } })).toThrow(/expected a larger outer/);
    await refused(() => diskUdf({ peaks, pattern: { radius: 3 }, correlation: 'full', refine: 'dft' })).toThrow(
      /requires correlation 'fast'/,
    );
    await refused(() => ctx.runUdf(scan, diskUdf({ peaks, pattern: { radius: 9 } }))).toThrow(
      /the template has 36 × 36 pixels \(search 18\), the frames 24 × 24/,
    );
    const match = { zero: [12, 12], a: [0, 5], b: [0, 10] } as const;
    await refused(() => diskUdf({ peaks, pattern: { radius: 3 }, match })).toThrow(
      /two vectors of different directions/,
    );
    const square = { zero: [12, 12], a: [0, 5], b: [5, 0] } as const;
    for (const [given, message] of [
      [{ tolerence: 2 }, 'has no option "tolerence"; did you mean "tolerance"?'],
      [{ tolerance: 0 }, 'the match: tolerance is 0; expected a number, 0.000001 or more'],
      [{ minMatch: 2 }, 'the match: minMatch is 2; expected a number, 3 or more'],
      [{ method: 'slow' }, 'the match: method is "slow"; expected one of fast, affine'],
    ] as const)
      await refused(() => diskUdf({ peaks, pattern: { radius: 3 }, match: { ...square, ...given } as never })).toThrow(
        message,
      );
    await refused(() => ctx.run(ctx.createDisksAnalysis(scan, { diskRadius: 3 }))).toThrow(/there are no peaks/);
    await refused(() => ctx.createStrainAnalysis(scan, { diskRadius: 3, zero: [12, 12] })).toThrow(/all three of them/);
    await refused(() => ctx.run(ctx.createDisksAnalysis(scan))).toThrow(
      /diskRadius is required.* does not show it, because there is no bright region in it/,
    );
    // Flat frames: every elevation is 0, so no position has a lattice.
    const lattice = { diskRadius: 2, zero: [12, 12], a: [0, 6], b: [6, 0] } as const;
    await refused(() => ctx.run(ctx.createStrainAnalysis(scan, lattice))).toThrow(/has a lattice that could be fitted/);
  });

  test('leaves the names of results, which are determined without frames', async () => {
    const lattice = { diskRadius: 2, zero: [12, 12], a: [0, 6], b: [6, 0] } as const;
    const { udf, channels } = ctx.createStrainAnalysis(scan, lattice);
    const found = channels(await ctx.runUdf(scan, udf, { roi: { shape: scan.shape.nav, entries: [] } }));
    expect(found.map(({ key }) => key)).toEqual(['eyy', 'exx', 'exy', 'theta', 'error', 'disks']);
  });

  test('leaves disks of frames with NaN undefined, and others unchanged', async () => {
    const frames = Float32Array.from({ length: 3 * 24 * 24 }, (_, i) => {
      const [y, x] = [Math.floor(i / 24) % 24, i % 24];
      return Math.hypot(y - 11.7, x - 12.2) < 3 ? 50 : 1;
    });
    frames[24 * 24 + 12 * 24 + 12] = Number.NaN;
    const broken = ctx.fromMemory(frames, { navShape: [3], sigShape: [24, 24] });
    const udf = diskUdf({ peaks, pattern: { radius: 3 }, zeroShift: [0.4, -0.6] });
    const { refineds } = (await ctx.runUdf(broken, udf)) as unknown as { refineds: { data: Numbers } };
    const [y, x, ...rest] = Array.from(refineds.data);
    expect(rest).toEqual([Number.NaN, Number.NaN, y, x]);
    expect([y, x]).toEqual([expect.closeTo(11.7, 0), expect.closeTo(12.2, 0)]);
  });

  // Two planes share a complex one on wasm and native: neither may leave its rounding errors in the other.
  test.each([
    ['fast', 'wasm'],
    ['full', 'native'],
  ] as const)('finds in a frame what it finds in it alone, %s on %s', async (correlation, backend) => {
    await using own = new Context({ context: { backend } });
    const size = 24;
    const frame = (level: number, height: number) =>
      Float32Array.from(
        { length: size ** 2 },
        (_, i) => height * Number(Math.hypot(Math.floor(i / size) - 11.7, (i % size) - 12.2) < 3) + level,
      );
    const all = [frame(0, 1e30), frame(0, 0), frame(0, 1e-6), frame(5, 0), frame(0, 1), frame(0, 1e-3)];
    const unlike = [...all, ...all, ...all, ...all, ...all, ...all.slice(0, 5)];
    const udf = diskUdf({ peaks: [[12, 12]], pattern: { radius: 3 }, correlation });
    const found = async (frames: Float32Array[]) => {
      const data = Float32Array.from(frames.flatMap((one) => Array.from(one)));
      const stack = own.fromMemory(data, { navShape: [frames.length], sigShape: [size, size] });
      const results = (await own.runUdf(stack, udf)) as unknown as Record<string, { data: Numbers }>;
      return frames.map((_, i) =>
        ['refineds', 'heights', 'elevations'].flatMap((name) => {
          const numbers = Array.from((results[name] as { data: Numbers }).data);
          return numbers.slice((i * numbers.length) / frames.length, ((i + 1) * numbers.length) / frames.length);
        }),
      );
    };
    const together = await found(unlike);
    for (const [i, one] of all.entries()) {
      const [alone = []] = await found([one]);
      for (let k = i; k < unlike.length; k += all.length)
        for (const [j, value] of (together[k] as number[]).entries())
          expect(Math.abs(value - (alone[j] as number)), `frame ${k}, result ${j}`).toBeLessThanOrEqual(
            2e-5 * Math.abs(alone[j] as number),
          );
    }
  });
});

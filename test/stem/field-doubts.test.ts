/** What a field of shifts says against the image that it integrates to. */
import { Context } from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';
import { beamDoubts, beamFaults } from '../../src/stem/analyses/beam-share.js';
import { fieldDoubts, fieldFaults } from '../../src/stem/analyses/field-doubts.js';
import { applyRotation } from '../../src/stem/images/field.js';
import { integrateField } from '../../src/stem/images/integrate.js';
import { uniform } from './calibrate/simulated-scan.mjs';

const n = 24;
const random = uniform(7);
const atoms = Array.from({ length: 30 }, () => [n * random(), n * random(), 0.5 + random()] as const);

/** The gradient of some atoms, (y, x). */
const gradient = Float64Array.from({ length: 2 * n * n }, (_, k) => {
  const at = [Math.floor((k >> 1) / n), (k >> 1) % n];
  return atoms.reduce((sum, [y, x, height]) => {
    const off = [(at[0] as number) - y, (at[1] as number) - x];
    const [dy, dx] = off as [number, number];
    return sum - height * (off[k % 2] as number) * Math.exp(-(dy * dy + dx * dx) / 3);
  }, 0);
});

const [height, width] = [32, 32];
/** The sum of frames with a disk, whose columns, or rows, in `gap` have no counts. */
const sumOf = (gap: readonly number[] = [], rows = false) => ({
  data: Float64Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return gap.includes(rows ? y : x) ? 0 : Math.hypot(y - 16, x - 16) < 9 ? 5000 : 40;
  }),
  height,
  width,
});
const used = new Uint8Array(height * width).fill(1);

function said(
  field: Float64Array,
  more: { scanRotation?: number; flipY?: boolean; gap?: readonly number[]; rows?: boolean } = {},
) {
  const { scanRotation = 0, flipY = false, gap = [], rows = false } = more;
  const part = (k: 0 | 1): Float64Array => field.filter((_, i) => i % 2 === k);
  const integrate = (y: Float64Array, x: Float64Array): Float64Array => integrateField(y, x, [n, n]);
  const given = { y: part(0), x: part(1), nav: [n, n] as const, scanRotation, flipY, sum: sumOf(gap, rows), used };
  return { faults: fieldFaults(given), doubts: fieldDoubts(given, integrate(part(0), part(1)), integrate) };
}

const moved = (by: (u: number, v: number) => readonly [number, number]): Float64Array =>
  gradient.map((value, k) => {
    const [u, v] = [(2 * Math.floor((k >> 1) / n)) / (n - 1) - 1, (2 * ((k >> 1) % n)) / (n - 1) - 1];
    return value + (by(u, v)[k % 2] as number);
  });

describe('the field of an object', () => {
  test('has nothing against it along the axes of the scan', () => {
    expect(said(gradient)).toEqual({ faults: [], doubts: [] });
  });

  // What a detector that is turned by these shows: the inverse of `applyRotation`.
  test.each([
    [{ scanRotation: 40 }, /scan rotation of 40 ± 1 degrees or half a turn more; a cal/],
    [{ flipY: true }, /scan rotation of 0 ± 1 degrees or half a turn more, with flipY; a cal/],
    [{ scanRotation: 40, flipY: true }, /scan rotation of 40 ± 1 degrees or half a turn more, with flipY/],
  ])('%j is named where it is needed, and nothing once it is given', (axes, expected) => {
    const { scanRotation = 0, flipY = false } = axes as { scanRotation?: number; flipY?: boolean };
    const seen = applyRotation(applyRotation(gradient, { scanRotation: -scanRotation }), { flipY });
    expect(said(seen).faults.join()).toMatch(expected);
    expect(said(applyRotation(seen, axes), axes).faults).toEqual([]);
    const wrong = { scanRotation: 75, flipY: !flipY };
    const [text = ''] = said(applyRotation(seen, wrong), wrong).faults;
    const [, angle] = /scan rotation of (-?\d+)/.exec(text) ?? [];
    expect(Math.abs((Number(angle) - scanRotation) % 180)).toBeLessThanOrEqual(1);
    expect(text).toContain(flipY ? 'with flipY' : 'without flipY');
  });

  test('that varies slowly has its axes as well, beside descan of the third degree; descan alone has none', () => {
    const [rows, columns] = [20, 26];
    const places = [
      [7, 9, 1],
      [14, 19, -0.8],
    ] as const;
    const slow = (part: number, y: number, x: number): number =>
      places.reduce((sum, [cy, cx, height]) => {
        const [dy, dx] = [y - cy, x - cx];
        return sum - height * (part ? dx : dy) * Math.exp(-(dy * dy + dx * dx) / 40);
      }, 0);
    const descan = (part: number, u: number, v: number): number => 2 * u ** 3 - v * u * u + (part ? 1 : -2) * v ** 3;
    const field = (object: number): Float64Array =>
      Float64Array.from({ length: 2 * rows * columns }, (_, k) => {
        const [y, x] = [Math.floor((k >> 1) / columns), (k >> 1) % columns];
        return object * slow(k % 2, y, x) + descan(k % 2, y / 10 - 1, x / 13 - 1) + 0.01 * (random() - 0.5);
      });
    const faults = (values: Float64Array): string[] => {
      const [y, x] = [0, 1].map((part) => values.filter((_, i) => i % 2 === part)) as [Float64Array, Float64Array];
      return fieldFaults({ y, x, nav: [rows, columns], scanRotation: 0, flipY: false, sum: sumOf(), used });
    };
    expect(faults(field(1))).toEqual([]);
    expect(faults(applyRotation(field(1), { flipY: true }))).toEqual([
      expect.stringMatching(/scan rotation of 0 ± 1 degrees or half a turn more, with flipY/),
    ]);
    expect(faults(applyRotation(field(1), { scanRotation: -50 }))).toEqual([
      expect.stringMatching(/scan rotation of (49|50|51) ± \d degrees or half a turn more; a cal/),
    ]);
    expect(faults(applyRotation(field(0), { scanRotation: 50 }))).toEqual([]);
  });

  test('is told from descan where that makes most of the image', () => {
    expect(said(moved((u, v) => [1.5 * u, -2 * v])).doubts).toEqual([
      expect.stringMatching(/follow a plane of 4\.\d pixels .* 9\d % of the image.*regression plane subtracts it/),
    ]);
    expect(said(moved((u, v) => [3 * u * v, 3 * v * v])).doubts).toEqual([
      expect.stringMatching(/follow a parabola of .*regression calibrated/),
    ]);
    expect(said(moved(() => [2, -1])).doubts).toEqual([]);
  });

  test('lacks what falls into gaps of the detector', () => {
    expect(said(gradient, { gap: [14, 15] }).doubts).toEqual([
      expect.stringMatching(/about 1\d\.\d % of the pattern falls into a gap of the detector/),
    ]);
    expect(said(gradient, { gap: [2, 3] }).doubts).toEqual([]);
  });

  test('lacks as much in a gap of rows as in one of columns', () => {
    const text = (gap: readonly number[], rows: boolean): string => said(gradient, { gap, rows }).doubts.join();
    expect(text([14, 15], true)).toBe(text([14, 15], false));
  });

  test('is cut where the detector ends in the pattern, and not where it ends beside it', () => {
    const beyond = (from: number): number[] => Array.from({ length: 32 - from }, (_, i) => from + i);
    const [text] = said(gradient, { gap: beyond(20) }).doubts;
    expect(text).toMatch(
      /ends at an edge of the detector, where 1\d pixels are .* shifts in that direction are too small/,
    );
    expect(said(gradient, { gap: beyond(28) }).doubts).toEqual([]);
  });
});

test('scans of few positions, and those without a field, have no faults', () => {
  expect(said(gradient.map(() => Number.NaN)).faults).toEqual([]);
  expect(said(gradient.map(() => 0)).faults).toEqual([]);
});

describe('centres of mass within a disk', () => {
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  afterAll(() => ctx.close());
  const [n, side, radius] = [4, 32, 8];
  const frame = Float32Array.from({ length: side * side }, (_, i) =>
    Math.hypot(Math.floor(i / side) - 16, (i % side) - 15) < radius ? 100 : 1,
  );
  const frames = new Float32Array(n * n * frame.length);
  for (let i = 0; i < n * n; i++) frames.set(frame, i * frame.length);
  const scan = ctx.fromMemory(frames, { navShape: [n, n], sigShape: [side, side] });
  const disk = { cy: 16, cx: 15 } as const;

  test.each(['createComAnalysis', 'createIcomAnalysis'] as const)('%s says what it lacks of the beam', async (name) => {
    const faults = async (options: object): Promise<string> => (await ctx.run(ctx[name](scan, options))).notes.join();
    expect(await faults({ ...disk, maskRadius: 4 })).toMatch(
      /^7\d % of the direct beam is outside .* 7\.8 pixels about/,
    );
    expect(await faults({ ...disk, cx: 19, maskRadius: 8 })).toContain('of the direct beam is outside');
    for (const options of [{}, disk, { ...disk, maskRadius: 9 }]) expect(await faults(options)).toBe('');
    // A disk that cuts the beam from beside it, and one of nothing.
    for (const [at, share] of [
      [25, '9\\d'],
      [28, '100'],
    ] as const)
      expect(await faults({ cy: at, cx: at, maskRadius: at === 25 ? 6 : 3 })).toMatch(
        new RegExp(`^${share} % of the direct beam is outside .* 7\\.8 pixels about cy 16\\.0, cx 15\\.0`),
      );
  });

  test('around another disk of the pattern may be what the user wants', () => {
    const side = 64;
    const disk = (i: number, y: number, x: number, level: number): number =>
      Math.hypot(Math.floor(i / side) - y, (i % side) - x) <= 6 ? level : 0;
    const data = Float64Array.from(
      { length: side * side },
      (_, i) => 2 + disk(i, 30, 30, 500) + disk(i, 30, 50, 9) + ((i * 7919) % 3),
    );
    const other = { cy: 30, cx: 50, r: 7 };
    const sum = { data, width: side, height: side };
    expect(beamFaults(sum, other)).toEqual([]);
    expect(beamDoubts(sum, other)).toEqual([
      expect.stringContaining('beside the direct beam, which has a radius of 6'),
    ]);
    const nothing = { cy: 50, cx: 12, r: 7 };
    expect(beamFaults(sum, nothing)).toEqual([expect.stringContaining('100 % of the direct beam is outside')]);
    expect(beamDoubts(sum, nothing)).toEqual([]);
  });

  test('a beam that is saturated is no gap', async () => {
    const of = async (column: boolean) => {
      const counts = Uint8Array.from({ length: 4 * side * side }, (_, i) => {
        const [y, x] = [Math.floor(i / side) % side, i % side];
        return column && x === 20
          ? 255
          : Math.min(255, Math.round(900 * Math.exp(-((y - 15) ** 2 + (x - 15) ** 2) / 30)));
      });
      const scan = ctx.fromMemory(counts, { navShape: [2, 2], sigShape: [side, side] });
      const analysis = ctx.createComAnalysis(scan);
      const found = await ctx.runUdf(scan, analysis.udf);
      return [analysis.faults?.(found), analysis.doubts?.(found)].map((texts = []) => texts.join());
    };
    expect(await of(false)).toEqual(['', expect.stringMatching(/^\d+ pixels are 255 in every frame, and so bright/)]);
    // What of a gap lies in the beam is saturated as well; its ends are dark beside.
    expect(await of(true)).toEqual([
      expect.stringMatching(/^\d\d pixels are 255 .* exclude them as bad pixels/),
      expect.stringMatching(/^\d+ pixels are 255 .* the beam is saturated/),
    ]);
  });

  test('that moves over one sum, or over a sum that grows, is compared with the beam each time', () => {
    const [size, middle] = [400, { cy: 100, cx: 120, r: 15 }];
    const disk = Float64Array.from({ length: size * size }, (_, i) =>
      Math.hypot(Math.floor(i / size) - 100, (i % size) - 120) < 30 ? 500 : 2,
    );
    const sum = { data: new Float64Array(size * size).fill(2), height: size, width: size };
    expect(beamFaults(sum, middle)).toEqual([]);
    sum.data.set(disk);
    // So far away that the beam is not among the pixels that are looked at.
    expect(beamFaults(sum, { cy: 350, cx: 350, r: 10 })).toEqual([]);
    expect(beamFaults(sum, middle)).toEqual([expect.stringMatching(/^7\d % of the direct beam is outside/)]);
  });

  test.each(['createComAnalysis', 'createIcomAnalysis'] as const)('%s says which pixels do not count', async (name) => {
    const counts = Uint16Array.from(frames, (value, i) => (i % side === 20 ? 65535 : value));
    const gaps = ctx.fromMemory(counts, { navShape: [n, n], sigShape: [side, side] });
    const faults = async (maskRadius: number | undefined): Promise<string> =>
      (await ctx.run(ctx[name](gaps, { ...disk, maskRadius }))).notes.join();
    expect(await faults(undefined)).toMatch(/32 pixels are 65535 in every frame/);
    expect(await faults(9)).toMatch(/1\d pixels are 65535 in every frame, .* exclude them as bad pixels/);
    expect(await faults(4)).not.toContain('65535');
  });

  test.each(['createComAnalysis', 'createIcomAnalysis'] as const)(
    '%s counts positions without counts',
    async (name) => {
      const some = ctx.fromMemory(
        frames.map((value, i) => (i < 3 * frame.length ? 0 : value)),
        {
          ...{ navShape: [n, n], sigShape: [side, side] },
        },
      );
      const notes = (await ctx.run(ctx[name](some, disk))).notes.join();
      expect(notes).toContain('3 of 16 positions have no counts, and therefore no shift: they are NaN');
    },
  );
});

/**
 * `ctx.detector`: pixels, laboratory and reciprocal space; resolution rings; bad pixels; the files that a geometry
 * names.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { memoryDataset, open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Context,
  createContext,
  type Detector,
  type DetectorOptions,
  type Geometry,
  parseGeometry,
} from '../../../dist/index.node.js';
import { openDetector, tablesOf } from '../../../src/frames/detector/detector.js';
import { dataFolder } from '../../support/data.js';
import { refused } from '../../support/refused.js';

const at = (...parts: string[]): string => resolve(dataFolder ?? '', ...parts);
const frames = (name: string): string => at('real', 'frames', name);
let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

/**
 * Three panels of 60 x 40 pixels: one flat, one rotated and tilted about both axes, one on the opposite side, upside
 * down.
 */
const tilted = (): Geometry => {
  const panel = (i: number, corner: string, fs: string, ss: string, coffset: number): string =>
    `p${i}/min_fs = 0\np${i}/max_fs = 59\np${i}/min_ss = ${40 * i}\np${i}/max_ss = ${40 * i + 39}\n${corner}\n` +
    `p${i}/fs = ${fs}\np${i}/ss = ${ss}\np${i}/coffset = ${coffset}\n`;
  return parseGeometry(
    `wavelength = 1.3 A\nclen = 0.08 m\nres = 10000\ndetector_shift_x = 0.2 mm\n` +
      panel(0, 'p0/corner_x = -70\np0/corner_y = -20', 'x', 'y', 0) +
      panel(1, 'p1/corner_x = 32\np1/corner_y = -30', '0.8x +0.36y +0.48z', '-0.6x +0.48y +0.64z', 0.002) +
      panel(2, 'p2/corner_x = 40\np2/corner_y = 90', '-x', '-y', -0.003),
  );
};
const detectorOf = async (geometry: Geometry, width: number, height: number): Promise<Detector> =>
  context.detector(memoryDataset(new Uint16Array(width * height), { sigShape: [height, width] }), { geometry });

test('what one thread knows of a detector is not read again by another', async () => {
  const numbers = new Uint16Array(60 * 120);
  let reads = 0;
  const mask = async (): Promise<Uint8Array> => {
    reads++;
    return Uint8Array.from({ length: numbers.length }, (_, i) => Number(i % 7 === 0));
  };
  const opened = () => Object.assign(memoryDataset(numbers, { sigShape: [120, 60] }), { mask });
  const options = { geometry: tilted(), highres: 2 };
  const here = await openDetector(opened() as never, options);
  const there = await openDetector(opened() as never, options, undefined, tablesOf(here));
  expect([there.bad, reads]).toEqual([here.bad, 1]);
  expect(here.bad.some(Boolean) && here.bad.some((bad) => bad === 0)).toBe(true);
  // Further files are read as before.
  const other = Object.assign(opened(), { name: 'other' }) as never;
  for (const detector of [here, there]) expect(await detector.badOf(other, 0)).toBeUndefined();
  // Masks that differ from frame to frame are read by whoever needs them.
  const varying = await openDetector(Object.assign(opened(), { maskVaries: true }) as never, options);
  expect(tablesOf(varying).bad).toBeUndefined();
});

/** The mapping computed from its definition and the numbers of the geometry only. */
function laboratory({ panels }: Geometry, fs: number, ss: number): [number, number, number] {
  const panel = panels.find((one) => ss >= one.minSs && ss < one.maxSs + 1);
  if (!panel) throw new Error('no panel');
  const [x, y] = [fs - panel.minFs, ss - panel.minSs];
  const [X, Y, Z] = [0, 1, 2].map((i) => x * (panel.fs[i] ?? 0) + y * (panel.ss[i] ?? 0)) as [number, number, number];
  return [(panel.corner[0] + X) * 1e-4 + 0.0002, (panel.corner[1] + Y) * 1e-4, 0.08 + panel.offsetM + Z * 1e-4];
}

test('pixels map to the laboratory, to reciprocal space and back, also on tilted panels', async () => {
  const geometry = tilted();
  const detector = await detectorOf(geometry, 60, 120);
  for (let i = 0; i < 300; i++) {
    const [fs, ss] = [(i * 17.31) % 60, (i * 7.77) % 120];
    const expected = laboratory(geometry, fs, ss);
    const position = detector.positionOf(fs, ss);
    for (const [axis, value] of expected.entries()) expect(position?.[axis]).toBeCloseTo(value, 12);
    const length = Math.hypot(...expected);
    const q = expected.map((value, axis) => value / length / 1.3 - (axis === 2 ? 1 / 1.3 : 0));
    const reciprocal = detector.reciprocalOf(fs, ss) ?? [0, 0, 0];
    for (const [axis, value] of q.entries()) expect(reciprocal[axis]).toBeCloseTo(value, 12);
    expect(detector.resolutionOf(fs, ss)).toBeCloseTo(1 / Math.hypot(...q), 9);
    for (const back of [detector.pixelAt(expected), detector.pixelOf(reciprocal)]) {
      expect(back?.panel.name).toBe(`p${Math.floor(ss / 40)}`);
      expect(back?.fs).toBeCloseTo(fs, 8);
      expect(back?.ss).toBeCloseTo(ss, 8);
    }
  }
  expect(detector.positionOf(60, 3)).toBeUndefined();
  expect(detector.pixelAt([0, 0, -1])).toBeUndefined();
  const { minX, maxX, minY, maxY } = detector.extent();
  const corners = [0, 1, 2].flatMap((i) =>
    [0, 60].flatMap((fs) => [40 * i, 40 * i + 40 - 1e-9].map((ss) => laboratory(geometry, fs, ss))),
  );
  expect([minX, maxX, minY, maxY].map((one) => one.toFixed(9))).toEqual(
    [0, 1].flatMap((axis) => {
      const values = corners.map((corner) => corner[axis] ?? 0);
      return [Math.min(...values).toFixed(9), Math.max(...values).toFixed(9)];
    }),
  );
});

test('a resolution ring contains every pixel of that resolution on every panel, and no others', async () => {
  const geometry = tilted();
  const detector = await detectorOf(geometry, 60, 120);
  let arcs = 0;
  for (const d of [40, 25, 18, 14, 11]) {
    const ring = detector.ring(d);
    arcs += ring.length;
    const points = ring.flatMap(({ panel, points: all }) =>
      Array.from({ length: all.length / 2 }, (_, i) => [panel, all[2 * i] ?? 0, all[2 * i + 1] ?? 0] as const),
    );
    for (const [panel, fs, ss] of points) {
      expect(detector.panelAt(fs, ss)?.name).toBe(`p${panel}`);
      expect((detector.resolutionOf(fs, ss) ?? 0) / d - 1).toBeCloseTo(0, 9);
    }
    // Wherever two adjacent pixels are on different sides of the resolution, the ring passes between them.
    for (let ss = 0; ss < 120; ss++)
      for (let fs = 0; fs + 1 < 60; fs++) {
        const [here, next] = [detector.resolutionOf(fs, ss) ?? 0, detector.resolutionOf(fs + 1, ss) ?? 0];
        if (here > d === next > d) continue;
        const near = points.some(([, x, y]) => Math.hypot(x - fs - 0.5, y - ss) < 1);
        expect(near, `${d} Å passes pixel ${fs}, ${ss}`).toBe(true);
      }
  }
  expect(arcs).toBeGreaterThan(5);
  expect(detector.ring(0.6)).toEqual([]);
  await refused(() => detector.ring(0), 'Argument', 'positive');
});

test('a ring that lies completely on one panel is closed', async () => {
  const geometry = parseGeometry(
    'wavelength = 1 A\nclen = 0.1 m\nres = 10000\np0/min_fs = 0\np0/max_fs = 199\np0/min_ss = 0\np0/max_ss = 199\n' +
      'p0/corner_x = -100\np0/corner_y = -100\np0/fs = x\np0/ss = y\n',
  );
  const [arc, ...others] = (await detectorOf(geometry, 200, 200)).ring(20);
  expect(others).toEqual([]);
  const points = arc?.points ?? new Float64Array();
  expect([...points.slice(0, 2)]).toEqual([...points.slice(-2)].map((one, i) => expect.closeTo(points[i] ?? one, 9)));
});

test.for<[string, () => Promise<unknown>, 'Argument' | 'Shape' | 'Unsupported', string]>([
  ['a path for a dataset', () => context.detector('run.h5' as never), 'Argument', 'await open(file)'],
  ['a text for a geometry', () => detectorWith({ geometry: 'x.geom' as never }), 'Argument', 'parseGeometry'],
  ['an option nobody knows', () => detectorWith({ geometri: 1 } as never), 'Argument', 'did you mean "geometry"'],
  ['bad pixels of another size', () => detectorWith({ bad: new Uint8Array(7) }), 'Shape', '7200 pixels'],
  ['the panels of another detector', () => detectorOf(tilted(), 60, 100), 'Shape', 'is it the geometry'],
])('refuses %s', async ([, work, tag, words]) => {
  await refused(work, tag, words);
});

const detectorWith = (options: DetectorOptions): Promise<Detector> =>
  context.detector(memoryDataset(new Uint16Array(7200), { sigShape: [120, 60] }), { geometry: tilted(), ...options });

describe.skipIf(!dataFolder)(`detectors of files${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('the mask that a geometry names is read from the frames’ own file: a path, a File, bytes', {
    tags: 'all',
  }, async () => {
    const geometry = parseGeometry(readFileSync(frames('pilatus_thaumatin.geom'), 'utf8'));
    expect(geometry.panels[0]?.masks[0]?.path).toMatch(/mask/);
    const bytes = readFileSync(frames('pilatus_thaumatin_dev.h5'));
    const masks: Uint8Array[] = [];
    for (const input of [frames('pilatus_thaumatin_dev.h5'), new File([bytes], 'run.h5'), new Uint8Array(bytes)]) {
      const dataset = await open(input);
      masks.push((await context.detector(dataset, { geometry })).bad);
      await dataset.dispose();
    }
    const counts = masks.map((mask) => mask.reduce((sum, one) => sum + (one ? 1 : 0), 0));
    expect(counts[0]).toBeGreaterThan(1000);
    expect(new Set(counts).size).toBe(1);
    await refused(
      () => context.detector(memoryDataset(new Int32Array(2527 * 2463), { sigShape: [2527, 2463] }), { geometry }),
      'Format',
      'pass openOther',
    );
  });

  test('the finder gives the peaks of the run, with the panels, masks and valid range of the detector', {
    tags: 'all',
  }, async () => {
    const dataset = await open(frames('pilatus_thaumatin_dev.h5'));
    const geometry = parseGeometry(readFileSync(frames('pilatus_thaumatin.geom'), 'utf8'));
    const detector = await context.detector(dataset, { geometry });
    const finder = await context.peaks({ detector });
    const peaks = { threshold: 12, minSnr: 4.5, localBgRadius: 4 };
    const frame = (await dataset.read(0, 1)) as Int32Array;
    const found = await finder.run(frame, peaks);
    for await (const { result } of context.pipeline({
      inputs: [{ dataset, frames: [0] }],
      geometry,
      peaks,
      cells: [],
    })) {
      expect(result?.peaks.count).toBeGreaterThan(100);
      expect({ ...found, rings: undefined }).toEqual({ ...result?.peaks, rings: undefined });
    }
    await refused(() => context.peaks({ detector, width: 3 } as never), 'Argument', 'width', 'detector');
    await refused(() => context.peaks({ detector: {} } as never), 'Argument', 'ctx.detector');
    await finder.dispose();
    await dataset.dispose();
  });

  test('a master and its data, dropped together, are one dataset in either order', { tags: 'nightly' }, async () => {
    // The third one states the shape of the scan.
    const names = ['test_00_master.h5', 'test_00_data_000001.h5', 'test_00.h5'];
    const files = names.map((name) => new File([readFileSync(at('formats-em', name))], name));
    const paths = names.map((name) => at('formats-em', name));
    const alone = await open(paths[0] ?? '');
    const expected = await alone.read(0, alone.frames);
    for (const inputs of [files, [...files].reverse(), paths, [...paths].reverse()]) {
      const dataset = await open(inputs);
      expect(dataset.shape).toEqual(alone.shape);
      expect(await dataset.read(0, dataset.frames)).toEqual(expected);
      await dataset.dispose();
    }
    await alone.dispose();
  });
});

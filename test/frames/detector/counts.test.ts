/** Which values of a frame are counts: masks of frames and modules, flags of panels, limits of saturation. */
import { memoryDataset } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, createContext, type Detector, type Geometry, parseGeometry } from '../../../dist/index.node.js';
import { refused } from '../../support/refused.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

const [width, height] = [6, 4];
const top = 'wavelength = 1 A\nclen = 0.1 m\nres = 10000\nadu_per_photon = 1\n';
const panel = (name: string, minSs: number, maxSs: number, lines = ''): string =>
  `${name}/min_fs = 0\n${name}/max_fs = 5\n${name}/min_ss = ${minSs}\n${name}/max_ss = ${maxSs}\n${name}/fs = x\n` +
  `${name}/ss = y\n${name}/corner_x = ${10 * minSs}\n${name}/corner_y = 0\n${lines}`;
const masked = `${top}mask = /mask\nmask_good = 0\nmask_bad = 0xff\n`;
const whole = (lines = ''): Geometry => parseGeometry(masked + panel('p', 0, 3, lines));

/** Frames of u16 that count their pixels. */
const frames = (n: number, sigShape = [height, width]) =>
  memoryDataset(
    Uint16Array.from({ length: n * width * height }, (_, i) => i % 24),
    { sigShape, navShape: [n] },
  );
/** Opens the arrays that a geometry names; each is disposed after it was read. */
const others =
  (arrays: Record<string, () => ReturnType<typeof memoryDataset>>) =>
  async (_: string, path: string): Promise<ReturnType<typeof memoryDataset>> =>
    arrays[path]?.() ?? Promise.reject(new Error(`no ${path}`));
const maskOf = (marked: readonly number[], length: number, sigShape: number[], navShape?: number[]) => () => {
  const mask = new Uint8Array(length);
  for (const i of marked) mask[i] = 1;
  return memoryDataset(mask, { sigShape, ...(navShape ? { navShape } : {}) });
};
const badOf = (mask: ArrayLike<number>): number[] => Array.from(mask, (one, i) => (one ? i : -1)).filter((i) => i >= 0);

/** The pixels of a frame without a count, as every stage decides it. */
async function withoutCounts(detector: Detector, dataset: ReturnType<typeof frames>, frame: number): Promise<number[]> {
  const values = (await dataset.read(frame, 1)).slice() as Uint16Array | Int32Array;
  detector.markFrame(values, await detector.badOf(dataset, frame));
  const [least, greatest] = detector.validRange;
  return badOf(
    Array.from(values as ArrayLike<number>, (v, i) => (detector.bad[i] || !(v >= least && v <= greatest) ? 1 : 0)),
  );
}

test('a mask of 64 bits is read by its lowest 32', async () => {
  const mask = new BigUint64Array(height * width);
  [mask[3], mask[5]] = [0x8000000000000001n, 1n];
  const dataset = frames(1);
  const openOther = others({ '/mask': () => memoryDataset(mask, { sigShape: [height, width] }) });
  const detector = await context.detector(dataset, { geometry: whole(), openOther });
  expect(await withoutCounts(detector, dataset, 0)).toEqual([3, 5]);
});

test('a mask for each frame marks the pixels of its frame only', async () => {
  const dataset = frames(3);
  const mask = maskOf([24 + 5, 48 + 5, 48 + 17], 72, [height, width], [3]);
  const detector = await context.detector(dataset, { geometry: whole(), openOther: others({ '/mask': mask }) });
  expect(badOf(detector.bad)).toEqual([]);
  for (const [frame, expected] of [[], [5], [5, 17]].entries())
    expect(await withoutCounts(detector, dataset, frame)).toEqual(expected);
});

test('a mask for all frames, a mask of one frame, and one that fits neither', async () => {
  const dataset = frames(3);
  const fixed = maskOf([7], 24, [height, width], [1]);
  const detector = await context.detector(dataset, { geometry: whole(), openOther: others({ '/mask': fixed }) });
  expect(badOf(detector.bad)).toEqual([7]);
  expect(await detector.badOf(dataset, 1)).toBeUndefined();
  const alone = await context.detector(frames(1), { geometry: whole(), openOther: others({ '/mask': fixed }) });
  expect(badOf(alone.bad)).toEqual([]);
  expect(await withoutCounts(alone, frames(1), 0)).toEqual([7]);
  const two = maskOf([], 48, [height, width], [2]);
  await refused(
    () => context.detector(dataset, { geometry: whole(), openOther: others({ '/mask': two }) }),
    'Shape',
    'the mask /mask of',
  );
});

test.each([
  [[width, height], 'is it transposed?'],
  [[height * width, 1], 'expected one mask for all frames'],
])('a mask of as many numbers as a frame, in rows of another length, %j, is refused', async (shape, said) => {
  const mask = maskOf([7], 24, shape, [1]);
  const opened = () => context.detector(frames(3), { geometry: whole(), openOther: others({ '/mask': mask }) });
  await refused(opened, 'Shape', 'the mask /mask of', said);
});

test('an infinite value is no count', async () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => ({ 5: Infinity, 6: -Infinity, 7: Number.NaN })[i] ?? 1e30);
  const dataset = memoryDataset(values, { sigShape: [height, width], navShape: [1] });
  const detector = await context.detector(dataset, { geometry: parseGeometry(top + panel('p', 0, 3)) });
  expect(await withoutCounts(detector, dataset as never, 0)).toEqual([5, 6, 7]);
});

test('masks by module, each in a dataset of its own, and a mask of all modules, of all frames or of each', async () => {
  const dataset = frames(3, [2, 2, width]);
  const module = (i: number, path: string) =>
    panel(`m${i}`, 0, 1, `m${i}/dim0 = %\nm${i}/dim1 = ${i}\nm${i}/dim2 = ss\nm${i}/dim3 = fs\nm${i}/mask = ${path}\n`);
  const modules = (paths: [string, string]) => parseGeometry(masked + module(0, paths[0]) + module(1, paths[1]));
  const openOther = others({
    '/a': maskOf([1], 12, [2, width]),
    '/b': maskOf([24 / 2 + 2, 2], 36, [2, width], [3]),
    '/all': maskOf([3, 20], 24, [2, 2, width]),
    '/stack': maskOf([5, 24 + 13, 48 + 20], 72, [2, 2, width], [3]),
  });
  const each = await context.detector(dataset, { geometry: modules(['/a', '/b']), openOther });
  expect(badOf(each.bad)).toEqual([1]);
  expect(await withoutCounts(each, dataset, 0)).toEqual([1, 12 + 2]);
  expect(await withoutCounts(each, dataset, 2)).toEqual([1]);
  const all = await context.detector(dataset, { geometry: modules(['/all', '/all']), openOther });
  expect(badOf(all.bad)).toEqual([3, 20]);
  // Of the shape of the frames.
  const stack = await context.detector(dataset, { geometry: modules(['/stack', '/stack']), openOther });
  for (const [frame, expected] of [[5], [13], [20]].entries())
    expect(await withoutCounts(stack, dataset, frame)).toEqual(expected);
});

test('a mask of a file takes no number from its counts, and another mask in another file needs one', async () => {
  const geometry = (lines = ''): Geometry => parseGeometry(top + panel('p', 0, 3, lines));
  const named = (name: string, bad: readonly number[], type: typeof Uint16Array | typeof Int32Array) => {
    const values = type.from(Array.from({ length: 24 }, (_, i) => (i === 4 ? 65535 : i)));
    const mask = Uint8Array.from(values, (_, i) => (bad.includes(i) ? 1 : 0));
    return Object.assign(memoryDataset(values, { sigShape: [height, width], navShape: [1] }), {
      name,
      mask: async () => mask,
    }) as ReturnType<typeof frames>;
  };
  const [first, same, other] = [[7], [7], [7, 9]].map((bad, i) => named(`${i}.h5`, bad, Uint16Array));
  const detector = await context.detector(first as never, { geometry: geometry() });
  expect([detector.validRange[1], detector.geometry.panels[0]?.maximum]).toEqual([Number.POSITIVE_INFINITY, 65534]);
  expect(await withoutCounts(detector, same as never, 0)).toEqual([7]);
  await refused(() => detector.badOf(other as never, 0), 'Format', '2.h5 has a mask', 'flag_morethan = 65534');
  const flagged = await context.detector(first as never, { geometry: geometry('p/flag_morethan = 65534\n') });
  expect(await withoutCounts(flagged, other as never, 0)).toEqual([4, 7, 9]);
  const wide = await context.detector(named('i.h5', [7], Int32Array), { geometry: geometry() });
  expect(await withoutCounts(wide, named('j.h5', [7, 9], Int32Array), 0)).toEqual([7, 9]);
});

test('values that one panel declares bad, and equal values, have no count', async () => {
  const geometry = parseGeometry(
    top + panel('a', 0, 1, 'a/flag_morethan = 9\n') + panel('b', 2, 3, 'b/flag_equal = 20\nb/flag_lessthan = 14\n'),
  );
  const dataset = frames(1);
  const detector = await context.detector(dataset, { geometry });
  expect(detector.hasFlags).toBe(true);
  expect(await withoutCounts(detector, dataset, 0)).toEqual([10, 11, 12, 13, 20]);
  const plain = await context.detector(dataset, {
    geometry: parseGeometry(top + panel('a', 0, 3, 'a/flag_morethan = 9\n')),
  });
  expect([plain.hasFlags, plain.validRange[1]]).toEqual([false, 9]);
});

test('the limit of saturation is the least of the geometry, its map, the file and the type', async () => {
  const limits = Float32Array.from({ length: 24 }, (_, i) => (i === 4 ? 100 : 1e9));
  const map = () => memoryDataset(limits, { sigShape: [height, width] });
  const geometry = parseGeometry(`${top}saturation_map = /sat\n${panel('p', 0, 3, 'p/max_adu = 50000\n')}`);
  const detector = await context.detector(frames(1), { geometry, openOther: others({ '/sat': map }) });
  expect([detector.saturation?.[3], detector.saturation?.[4]]).toEqual([50000, 100]);
  const open = parseGeometry(top + panel('p', 0, 3));
  expect((await context.detector(frames(1), { geometry: open })).geometry.panels[0]?.maximum).toBe(65534);
  const stated = Object.assign(frames(1), { meta: { saturation: 60000 } });
  expect((await context.detector(stated, { geometry: open })).geometry.panels[0]?.maximum).toBe(60000);
});

test('peaks with a pixel above its limit in a map of saturation are left out', async () => {
  const side = 128;
  const spots = [20, 50, 80, 110].flatMap((y) => [30, 90].map((x) => [x, y] as const));
  const frame = Uint16Array.from({ length: side * side }, (_, i) => {
    const isSpot = spots.some(([x, y]) => Math.hypot((i % side) - x, Math.floor(i / side) - y) < 1.5);
    return isSpot ? 400 : (i * 7919) % 11;
  });
  const limits = new Float32Array(side * side).fill(1e6);
  for (const [x, y] of spots.slice(0, 3)) limits[(y + 1) * side + x] = 300;
  const geometry = parseGeometry(
    `${top}saturation_map = /sat\np/min_fs = 0\np/max_fs = ${side - 1}\np/min_ss = 0\np/max_ss = ${side - 1}\n` +
      `p/fs = x\np/ss = y\np/corner_x = ${-side / 2}\np/corner_y = ${-side / 2}\n`,
  );
  const sigShape = [side, side];
  const detector = await context.detector(memoryDataset(frame, { sigShape, navShape: [1] }), {
    geometry,
    openOther: others({ '/sat': () => memoryDataset(limits, { sigShape }) }),
  });
  await using searcher = await context.frameSearcher({ detector, peaks: { threshold: 50, minSnr: 4.5 } });
  expect((await searcher.peaks(frame)).count).toBe(8);
  const { fs, ss } = await searcher.peaks(frame, { useSaturated: false });
  const places = [...fs].map((x, i) => [Math.floor(x), Math.floor(ss[i] ?? 0)]).sort();
  expect(places).toEqual(
    spots
      .slice(3)
      .map((spot) => [...spot])
      .sort(),
  );
});

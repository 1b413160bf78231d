/** Regions of frames: how they are written, their pixels, and their sums, against plain code with whole numbers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext } from '../../dist/index.node.js';
import { parseGeometry } from '../../src/crystal/geometry/parse.js';
import { beamOf, reciprocalOf } from '../../src/crystal/geometry/pixels.js';
import { regionLines, regionOfLine } from '../../src/crystal/stream/regions.js';
import type { Frame } from '../../src/peaks/contract.js';
import { checkRegions, type Region, regionText } from '../../src/pipeline/regions/region.js';
import { openRegionSums } from '../../src/pipeline/regions/region-sums.js';
import { beyondTexts, type RegionDetector, spansOf } from '../../src/pipeline/regions/spans.js';
import { commandLineOf } from '../../src/pipeline/run-options.js';
import { fresh, measured } from '../support/fresh.js';

const [width, height] = [60, 44];
/** Two panels with a gap of four columns; the second one is turned a little and saturates earlier. */
const geometry = parseGeometry(
  [
    'photon_energy = 12398.4\nclen = 0.05\nres = 5000\ndata = /data',
    'a/min_fs = 0\na/max_fs = 27\na/min_ss = 0\na/max_ss = 43\na/corner_x = -30\na/corner_y = -22',
    'a/fs = x\na/ss = y',
    'b/min_fs = 32\nb/max_fs = 59\nb/min_ss = 0\nb/max_ss = 43\nb/corner_x = 2\nb/corner_y = -22.5',
    'b/fs = 0.9998x +0.02y\nb/ss = -0.02x +0.9998y\nb/max_adu = 200',
  ].join('\n'),
);
const bad = Uint8Array.from({ length: width * height }, (_, i) => Number(i % 37 === 5));
const detectorOf = (more: Partial<RegionDetector> = {}): RegionDetector => ({
  geometry,
  beam: beamOf(geometry),
  width,
  height,
  bad,
  dtype: 'u16',
  validRange: [Number.NEGATIVE_INFINITY, 65534],
  ...more,
});

const texts = [
  'jet=rect:3:20,5:40',
  'wide=rect:20:40,0:44',
  'stop=circle:30.5,22,9',
  'water=ring:0.7:1.1',
  'up=sector:0.3:1.2,30:80',
  'left=sector:0.2:1.5,-200:-160',
];
const regions = checkRegions('', texts);

/** Whether a pixel is in a region, in other words than those of the code. */
function isInside(region: Region, fs: number, ss: number): boolean {
  if (region.kind === 'rect') return fs >= region.fs[0] && fs < region.fs[1] && ss >= region.ss[0] && ss < region.ss[1];
  if (region.kind === 'circle') return Math.hypot(fs - region.centre[0], ss - region.centre[1]) < region.radius;
  const panel = geometry.panels.find(({ minFs, maxFs }) => fs >= minFs && fs <= maxFs);
  if (!panel) return false;
  const q = reciprocalOf(panel, beamOf(geometry), fs - panel.minFs + 0.5, ss - panel.minSs + 0.5);
  const size = 2 * Math.PI * Math.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2);
  if (!(size >= region.q[0] && size < region.q[1])) return false;
  if (region.kind === 'ring') return true;
  const angle = (Math.atan2(q[1], q[0]) * 180) / Math.PI;
  return [-360, 0, 360].some((turn) => angle + turn >= region.angles[0] && angle + turn < region.angles[1]);
}

/** The sums of a region by whole numbers, one pixel after the other. */
function plainly(frame: Frame, region: Region, { validRange, saturation, dtype }: RegionDetector) {
  let [sum, sumSquares, x, y, pixels, max] = [0n, 0n, 0n, 0n, 0, Number.NEGATIVE_INFINITY];
  let real = [0, 0, 0, 0];
  for (let ss = 0; ss < height; ss++)
    for (let fs = 0; fs < width; fs++) {
      const i = ss * width + fs;
      const panel = geometry.panels.find(({ minFs, maxFs }) => fs >= minFs && fs <= maxFs);
      const value = frame[i] as number;
      if (!panel || bad[i] || !isInside(region, fs, ss)) continue;
      if (!Number.isFinite(value) || value < validRange[0] || value > validRange[1]) continue;
      max = Math.max(max, value);
      if (value > panel.maximum || (saturation && value > (saturation[i] as number))) continue;
      pixels++;
      const [a = 0, b = 0, c = 0, d = 0] = real;
      real = [a + value, b + value * value, c + value * fs, d + value * ss];
      if (dtype === 'f32') continue;
      const whole = BigInt(value);
      sum += whole;
      sumSquares += whole * whole;
      x += whole * BigInt(fs);
      y += whole * BigInt(ss);
    }
  const [s = 0, q = 0, u = 0, v = 0] = real;
  return dtype === 'f32'
    ? { sum: s, sumSquares: q, max, pixels, x: u / s, y: v / s }
    : { sum, sumSquares, max, pixels, x: Number(x) / Number(sum), y: Number(y) / Number(sum) };
}

/** Numbers that are the same in every run. */
function* dice(seed: number): Generator<number, never> {
  for (let state = (seed + 7919 * fresh) >>> 0; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

const types = { u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i16: Int16Array } as const;
const wideTypes = { u32: Uint32Array, i32: Int32Array, f32: Float32Array } as const;
const ends = { u8: 255, i8: 127, u16: 65535, i16: 32767, u32: 2 ** 32 - 1, i32: 2 ** 31 - 1, f32: 1e6 } as const;

describe.each(['native', 'wasm'] as const)('sums on %s', (backend) => {
  let context: Context | undefined;
  beforeAll(async () => {
    context = await createContext({ backend, strict: true }).catch(() => undefined);
  });
  afterAll(() => context?.dispose());

  /** The regions of a frame; undefined where the backend is absent. */
  async function summed(detector: RegionDetector, some: readonly Region[], frame: Frame) {
    if (!context) return undefined;
    const sums = await openRegionSums(context, detector, some);
    try {
      // The second frame of a plan has nothing of the first one.
      sums.of(frame);
      return sums.of(frame);
    } finally {
      await sums.dispose();
    }
  }

  test.each(Object.keys(ends) as (keyof typeof ends)[])(
    '%s: the same as whole numbers pixel by pixel',
    async (dtype) => {
      const random = dice(ends[dtype]);
      const next = (): number => random.next().value;
      const isSigned = dtype.startsWith('i');
      const frame = new { ...types, ...wideTypes }[dtype](width * height) as Frame;
      // Few counts, a stretch of larger ones, the ends of the type, and for reals what is no number.
      for (let i = 0; i < frame.length; i++)
        frame[i] = (next() < 0.1 ? next() * ends[dtype] : next() * 20) * (isSigned && next() < 0.3 ? -1 : 1);
      for (const end of [ends[dtype], -ends[dtype] - 1, Number.NaN, Number.POSITIVE_INFINITY])
        if (dtype === 'f32' || Number.isFinite(end))
          for (let k = 0; k < 9; k++) frame[Math.floor(next() * frame.length)] = end;
      const saturation = Float32Array.from(bad, () => 2 ** (6 * next() + 3));
      for (const detector of [
        detectorOf({ dtype }),
        detectorOf({ dtype, validRange: [isSigned ? -5 : 1, ends[dtype] - 1] }),
        detectorOf({ dtype, saturation }),
        detectorOf({ dtype, validRange: [0, 30] }),
      ]) {
        const found = await summed(detector, regions, frame);
        if (!found) return;
        for (const region of regions) {
          const wanted = plainly(frame, region, detector);
          const { mean, variance, x, y, ...sums } = found[region.name] ?? {};
          if (!(Number(wanted.sum) > 0)) [wanted.x, wanted.y] = [Number.NaN, Number.NaN];
          const { x: wx, y: wy, ...ws } = wanted;
          expect([sums, x, y], `${dtype} ${regionText(region)}`).toEqual([ws, wx, wy]);
          expect(mean).toBe(Number(wanted.sum) / wanted.pixels);
          expect(variance).toBeGreaterThanOrEqual(0);
        }
      }
      measured(`regions on ${backend}, ${dtype}: sums of ${regions.length} regions equal to plain code`);
    },
  );

  test.each([0, 1, 2])(
    'long rows of 16 bits, %i numbers into their memory: the same as whole numbers',
    async (offset) => {
      const [columns, rows] = [403, 7];
      const [first] = geometry.panels;
      const panel = { ...first, minFs: 0, maxFs: columns - 1, minSs: 0, maxSs: rows - 1, maximum: 60000 };
      const detector = detectorOf({
        geometry: { ...geometry, panels: [panel] } as typeof geometry,
        width: columns,
        height: rows,
        bad: Uint8Array.from({ length: columns * rows }, (_, i) => Number(i % 131 === 7)),
      });
      const all = checkRegions('', ['a=rect:0:403,0:7', 'b=rect:1:402,1:6', 'c=circle:200,3,190', 'd=rect:5:6,0:7']);
      const random = dice(offset + 7);
      const spans = spansOf(detector, all);
      const frame = new Uint16Array(new ArrayBuffer(2 * (columns * rows + offset)), 2 * offset);
      // The greatest small counts, some larger ones, saturated ones and no counts.
      for (const rare of [0, 0.002, 0.05]) {
        for (let i = 0; i < frame.length; i++)
          frame[i] =
            random.next().value < rare ? 65536 * random.next().value : rare === 0 ? 127 : 128 * random.next().value;
        const found = await summed(detector, all, frame);
        if (!found) return;
        for (const [n, { name }] of all.entries()) {
          let [sum, squares, x, pixels, max] = [0n, 0n, 0n, 0, 0];
          for (const [span, region] of spans.region.entries())
            for (let k = 0; region === n && k < (spans.count[span] ?? 0); k++) {
              const fs = (spans.fs[span] ?? 0) + k;
              const value = frame[(spans.ss[span] ?? 0) * columns + fs] ?? 0;
              if (value < 65535) max = Math.max(max, value);
              if (value > 60000) continue;
              pixels++;
              sum += BigInt(value);
              squares += BigInt(value) ** 2n;
              x += BigInt(value * fs);
            }
          expect(found[name], `${name} ${rare}`).toMatchObject({ sum, sumSquares: squares, pixels, max });
          expect(found[name]?.x).toBe(Number(x) / Number(sum));
        }
      }
    },
  );

  test('a region without a count in a frame has sums of 0 and no mean', async () => {
    if (!context) return;
    const frame = new Uint16Array(width * height).fill(65535);
    const some = checkRegions('', ['a=rect:0:9,0:9']);
    expect((await summed(detectorOf(), some, frame))?.a).toEqual({
      sum: 0n,
      sumSquares: 0n,
      max: Number.NaN,
      pixels: 0,
      mean: Number.NaN,
      variance: Number.NaN,
      x: Number.NaN,
      y: Number.NaN,
    });
    // Saturated pixels are in the maximum alone.
    frame.fill(65534);
    const [panel] = geometry.panels;
    const saturated = { ...geometry, panels: [{ ...panel, maximum: 100 }] } as typeof geometry;
    const a = (await summed(detectorOf({ geometry: saturated }), some, frame))?.a;
    expect([a?.max, a?.pixels, a?.sum]).toEqual([65534, 0, 0n]);
  });

  test('sums beyond 2⁵³ and beyond 64 bits are exact', { tags: 'all' }, async () => {
    if (!context) return;
    // So many that squares of the upper halves add up to more than 2⁵³.
    const [side, value] = [1460, 2 ** 32 - 2];
    const [first] = geometry.panels;
    const panel = { ...first, minFs: 0, maxFs: side - 1, minSs: 0, maxSs: side - 1, maximum: 2 ** 32 - 2 };
    const detector = detectorOf({
      geometry: { ...geometry, panels: [panel] } as typeof geometry,
      width: side,
      height: side,
      bad: new Uint8Array(side * side),
      dtype: 'u32',
      validRange: [0, 2 ** 32 - 1],
    });
    const all = checkRegions('', [`all=rect:0:${side},0:${side}`]);
    const found = (await summed(detector, all, new Uint32Array(side * side).fill(value)))?.all;
    const pixels = BigInt(side * side);
    expect(found).toMatchObject({ sum: pixels * BigInt(value), sumSquares: pixels * BigInt(value) ** 2n, variance: 0 });
    expect(found?.x).toBeCloseTo((side - 1) / 2, 9);
    expect(found?.y).toBeCloseTo((side - 1) / 2, 9);
  });
});

describe('what a region may be', () => {
  test('texts and objects are the same, and are written as flags', () => {
    expect(regions.map(regionText)).toEqual(texts);
    expect(checkRegions('', regions)).toEqual(regions);
    expect(commandLineOf({ inputs: 'a.h5', rois: ['a=ring:1:2', regions[2] as Region] })).toBe(
      'ewald pipeline --roi=a=ring:1:2 --roi=stop=circle:30.5,22,9',
    );
  });

  test.each([
    ['ring:1:2', 'is no NAME=KIND:NUMBERS'],
    ['a=ring', 'is no NAME=KIND:NUMBERS'],
    ['a=box:1:2,3:4', 'has the kind "box"; expected rect:'],
    ['a=ring:1:2,3', 'cannot be read; expected a=ring:1.85:2.05'],
    ['a=ring:1:0x2', 'cannot be read'],
    ['a=ring:2:1', 'has q from 2 to 1'],
    ['a=ring:-1:1', 'has q from -1 to 1; expected no negative number'],
    ['a=rect:0.5:2,1:3', 'has fs from 0.5 to 2; expected whole pixels'],
    ['a=rect:1:2,3:3', 'has ss from 3 to 3'],
    ['a=circle:1,2,0', 'has the radius 0'],
    ['a=sector:1:2,0:370', 'has angles from 0 to 370'],
    ['a=sector:1:2,30:30', 'has angles from 30 to 30'],
    ['a.b=ring:1:2', 'has the name "a.b"'],
    ['__proto__=ring:1:2', 'has the name "__proto__"'],
    ['map=ring:1:2', 'has the name of the map'],
    [{ name: 'a', kind: 'ring' }, 'has q undefined'],
    [{ name: 'a', kind: 'circle', centre: [1, 'x'], radius: 2 }, 'has the centre'],
    [{ name: 'a', kind: 'ring', q: [1, 2], angles: [0, 30] }, 'has "angles"; a ring has name, kind, q'],
    [3, 'is neither a text nor an object'],
  ])('%j: %s', (region, why) => {
    expect(() => checkRegions('pipeline', [region])).toThrow(
      expect.objectContaining({ tag: 'Argument', message: expect.stringContaining(why) }),
    );
  });

  test('a name twice, more than sixteen, and no list', () => {
    expect(() => checkRegions('pipeline', ['a=ring:1:2', 'a=ring:2:3'])).toThrow('has the name of another one, "a"');
    const many = Array.from({ length: 17 }, (_, i) => `a${i}=ring:1:2`);
    expect(() => checkRegions('pipeline', many)).toThrow('there are 17 regions; at most 16');
    expect(() => checkRegions('pipeline', 'a=ring:1:2')).toThrow(
      "expected a list of regions: ['water=ring:1.85:2.05']",
    );
  });

  test.each([
    ['a=ring:4:5', 'lies beyond the corner of the detector; the largest 2π/d there is 0.9'],
    ['a=rect:60:61,0:9', 'a frame has 60 x 44 pixels: fs up to 60, ss up to 44'],
    ['a=circle:-9,5,3', 'is outside of the detector'],
    ['a=circle:5,60,3', 'is outside of the detector'],
    ['a=rect:28:32,0:44', 'has no pixel: it lies in a gap between panels'],
    ['a=rect:5:6,0:1', 'all 1 of its pixels are masked'],
    ['a=ring:0.5:0.5000001', 'a region needs the centre of a pixel in it'],
  ])('on this detector, %s is refused: %s', (region, why) => {
    expect(() => spansOf(detectorOf(), checkRegions('', [region]))).toThrow(
      expect.objectContaining({ tag: 'Argument', message: expect.stringContaining(why) }),
    );
  });
});

test('rectangles and circles that reach beyond the detector count what is on it, and say so', () => {
  const [wide, within, round, inside] = checkRegions('', [
    'a=rect:10:70,2:9',
    'b=rect:10:60,2:9',
    'c=circle:3,3,9',
    'd=circle:20,20,9',
  ]);
  const all = [wide, within, round, inside].filter((one) => one !== undefined);
  const { pixels } = spansOf(detectorOf(), all);
  expect(pixels[0]).toBe(pixels[1]);
  expect(pixels[2]).toBeGreaterThan(0);
  expect(beyondTexts(detectorOf(), all)).toEqual([
    expect.stringMatching(/^the region a=rect:10:70,2:9 reaches beyond the detector.*60 x 44/),
    expect.stringContaining('c=circle:3,3,9'),
  ]);
});

test('the line of a stream gives the numbers back', async () => {
  const frame = new Uint16Array(width * height).map((_, i) => i % 11);
  const context = await createContext({ backend: 'wasm' });
  const values = (await openRegionSums(context, detectorOf(), regions)).of(frame);
  await context.dispose();
  const lines = regionLines(values);
  expect(lines[0]).toMatch(/^ewald\/roi\/jet = \d+ \d+ 10 \d+ \d+\.\d{3} \d+\.\d{3}$/);
  for (const line of lines) {
    const { name = '', x, y, ...rest } = regionOfLine(line) ?? {};
    const { x: _, y: __, ...wanted } = values[name] ?? {};
    expect(rest).toEqual(wanted);
  }
  expect(regionLines({ a: { ...values.jet, max: Number.NaN, x: Number.NaN, y: Number.NaN } as never })[0]).toMatch(
    / nan \d+ nan nan$/,
  );
  expect(regionOfLine('ewald/roi/jet = 1 2 3')).toBeUndefined();
  // A number of pixels that is a word was a RangeError.
  expect(regionOfLine('ewald/roi/jet = 1 2 3 d e f')).toBeUndefined();
  expect(regionOfLine('ewald/rivals = 2')).toBeUndefined();
});

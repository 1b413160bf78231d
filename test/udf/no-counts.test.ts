/** Values that a file declares to be no counts: gaps of a detector, and overloads of single frames. */
import { Corrections } from 'ewald/data';
import { Context, comUdf, defineUdf, type ResultBuffer, residentScan, type Scan, sumSigUdf, sumUdf } from 'ewald/udf';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { tellNotes, tellReplaced } from '../../src/cli/scan-notes.js';
import { scanOperations } from '../../src/pages/view/scan-operations.js';
import type { Acquisition } from '../../src/udf/acquisition/acquisition.js';
import { DetectorConnection } from '../../src/udf/acquisition/connection.js';
import { countTexts } from '../../src/udf/scans/count-texts.js';
import { FrameCounts, noneSoFar } from '../../src/udf/scans/frame-counts.js';
import { seeded } from '../pipeline/hits-support.js';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

const [height, width, positions] = [6, 7, 20];
const pixels = height * width;
const meta = { markers: [65535] };
const shape = { sigShape: [height, width], navShape: [4, 5] };
/** Counts, and a gap in row 2 and column 3. */
const isGap = (i: number): boolean => Math.floor(i / width) === 2 || i % width === 3;
const counts = Uint16Array.from({ length: positions * pixels }, (_, i) => (i * 7919) % 1013);
const gapped = counts.map((value, i) => (isGap(i % pixels) ? 65535 : value));
const excludedPixels = Uint8Array.from({ length: pixels }, (_, i) => (isGap(i) ? 1 : 0));
/** An overload at pixel (4, 5) of frame 7. */
const [loud, frame] = [4 * width + 5, 7];
const overloaded = gapped.slice();
overloaded[frame * pixels + loud] = 65535;
const around = [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => loud + y * width + x)).filter((i) => i !== loud);
const mean = Math.round(around.reduce((sum, i) => sum + (counts[frame * pixels + i] as number), 0) / 8);
const mended = gapped.slice();
mended[frame * pixels + loud] = mean;

/** The largest pixel of each frame, by a function of the user. */
const largest = defineUdf({
  name: 'largest',
  buffers: { most: { kind: 'nav', dtype: 'f64' } },
  processFrame: ({ frame, results }) => {
    results.most[0] = Math.max(...(frame as Float32Array));
  },
});

async function resultsOf(scan: Scan, options: object = {}, context = ctx): Promise<number[][]> {
  const found = await context.runUdf(scan, [sumUdf(), sumSigUdf(), comUdf(), largest], options);
  return (found as readonly Record<string, ResultBuffer>[]).flatMap((one) =>
    Object.values(one).map(({ data }) => [...data] as number[]),
  );
}

describe('a gap that the file declares', () => {
  test('is left out of every run like excluded pixels, and said', async () => {
    const scan = ctx.fromMemory(gapped, { ...shape, meta });
    const plain = ctx.fromMemory(gapped, shape);
    expect(await resultsOf(scan)).toEqual(await resultsOf(plain, { corrections: { excludedPixels } }));
    expect(scan.notes).toEqual([
      {
        kind: 'guess',
        option: 'keepNoCount',
        text: expect.stringMatching(/^12 pixels without a count \(.*where 65535\)/),
      },
    ]);
    expect(scan.counts?.replaced.values).toBe(0);
  });

  test('is left out where frames are read, and joins pixels that are excluded', async () => {
    const read = async (first: number, count: number, into: Uint16Array) =>
      into.set(gapped.subarray(first * pixels, (first + count) * pixels));
    const scan = await ctx.load({ shape: { nav: [4, 5], sig: [height, width] }, dtype: 'u16', read, meta } as never);
    const both = excludedPixels.slice();
    both[0] = 1;
    const plain = ctx.fromMemory(gapped, shape);
    expect(await resultsOf(scan, { corrections: { excludedPixels: [[0, 0]] } })).toEqual(
      await resultsOf(plain, { corrections: { excludedPixels: both } }),
    );
  });

  test('is kept on request, and where corrections decide', async () => {
    const plain = await resultsOf(ctx.fromMemory(gapped, shape));
    expect(await resultsOf(ctx.fromMemory(gapped, { ...shape, meta, keepNoCount: true }))).toEqual(plain);
    const corrections = new Corrections({ length: pixels });
    expect(await resultsOf(ctx.fromMemory(gapped, { ...shape, meta }), { corrections })).toEqual(plain);
  });

  test('is a gap of the calibration', async () => {
    const side = 26;
    const disks = Uint16Array.from({ length: 36 * side * side }, (_, i) => {
      const [y, x] = [Math.floor(i / side) % side, i % side];
      return y === 9 ? 65535 : Math.hypot(y - 12.5, x - 12.5) < 7 ? 400 + ((i * 7919) % 41) : (i * 31) % 3;
    });
    const scan = ctx.fromMemory(disks, { sigShape: [side, side], navShape: [6, 6], meta });
    const { badPixels, disk } = await ctx.calibrate(scan);
    expect(badPixels.gap).toEqual([[9, 0, side]]);
    expect(disk).toMatchObject({ radius: expect.closeTo(7, 0) });
  });

  test('is drawn as one on the page of a scan', async () => {
    const { dataset } = ctx.fromMemory(overloaded, { ...shape, meta });
    const scan = await residentScan(dataset);
    const { pattern } = scanOperations({ current: { virtual: { scan } } } as never);
    for (const region of [undefined, { x: 2, y: 1, w: 1, h: 1 }, { x: 0, y: 0, w: 2, h: 2 }]) {
      const { data } = await pattern(region as never);
      expect([...data].map((value) => (Number.isNaN(value) ? 1 : 0))).toEqual([...excludedPixels]);
    }
    expect(scan.frame(frame)[loud]).toBe(mean);
  });
});

describe('a value without a count in one frame', () => {
  test.each(['inline', 'workers'] as const)('gets the mean of its neighbours there, %s', async (kind) => {
    const context = await Context.makeWith(kind, kind === 'workers' ? { cpus: 1 } : {});
    onTestFinished(() => context.close());
    const udfs = [sumUdf(), sumSigUdf(), comUdf()] as const;
    const [scan, expected] = [overloaded, mended].map((data) => context.fromMemory(data, { ...shape, meta }));
    const [found, wanted] = [
      await context.runUdf(scan as Scan, udfs, { numPartitions: 3 }),
      await context.runUdf(expected as Scan, udfs, { numPartitions: 3 }),
    ];
    expect(found).toEqual(wanted);
    expect(scan?.counts?.replaced).toMatchObject({ values: 1, lost: 0, frames: 1, first: frame });
    // The memory of the caller is not written to.
    expect(overloaded[frame * pixels + loud]).toBe(65535);
  });

  test('is said by the shell, with exit code 1 only where no neighbour has a count', async () => {
    const said: string[] = [];
    const write = process.stderr.write;
    process.stderr.write = ((text: string) => said.push(String(text)) > 0) as never;
    onTestFinished(() => {
      process.stderr.write = write;
    });
    const mildly = ctx.fromMemory(overloaded, { ...shape, meta });
    await ctx.runUdf(mildly, sumUdf());
    tellNotes(mildly as never);
    expect(tellReplaced(mildly as never)).toBe(false);
    const blind = gapped.slice();
    blind.fill(65535, frame * pixels, (frame + 1) * pixels);
    const badly = ctx.fromMemory(blind, { ...shape, meta });
    await ctx.runUdf(badly, sumUdf());
    expect(tellReplaced(badly as never)).toBe(true);
    process.stderr.write = write;
    expect(said.join('')).toMatch(/12 pixels without a count.*--keep-no-count/);
    expect(said.join('')).toMatch(/1 value in 1 frame \(first in frame 7\) is no count/);
    expect(said.join('')).toMatch(/30 values in 1 frame \(first in frame 7\) .*30 without any neighbour are 0/);
  });
});

/** A limit, values from it on, and a type: a counter's end, which is searched, and limits with which all are compared. */
const overloads = [
  ['u16', Uint16Array, { saturation: 4094, bitDepth: 12 }, [4095, 4095, 4095]],
  ['u8', Uint8Array, { saturation: 62, bitDepth: 6 }, [63, 63, 63]],
  ['u32', Uint32Array, { saturation: 2 ** 24 - 2, bitDepth: 24 }, [2 ** 24 - 1, 2 ** 24 - 1, 2 ** 24 - 1]],
  ['u16', Uint16Array, { saturation: 3000, markers: [65535] }, [3001, 60000, 4000]],
  ['f32', Float32Array, { saturation: 3000 }, [3000.5, 60000, 4000]],
] as const;

test.each(overloads)('overloads of %s stay as they are, and are counted and said', async (_, type, limits, loud) => {
  const data = (type as typeof Uint16Array).from({ length: 10 * 1024 }, (__, i) => (i * 7) % 50);
  for (const [k, place] of [5 * 1024 + 7, 5 * 1024 + 8, 9 * 1024].entries()) data[place] = loud[k] as number;
  const options = { sigShape: [32, 32], navShape: [2, 5], meta: limits };
  const scan = ctx.fromMemory(data, options);
  const kept = ctx.fromMemory(data, { ...options, keepNoCount: true });
  expect(await resultsOf(scan)).toEqual(await resultsOf(kept));
  expect(scan.counts?.replaced).toMatchObject({ values: 0, overloads: 3, overloaded: 2, firstOverload: 5 });
  expect(kept.counts).toBeUndefined();
  // The results of an analysis say it as well.
  const { notes } = await ctx.run(ctx.createSumAnalysis(scan));
  expect(notes).toEqual(countTexts(scan as never).texts);
  const without = ctx.fromMemory(data, options);
  // What is excluded is not used.
  const excludedPixels = [0, 7, 8].map((x) => [0, x] as const);
  await ctx.runUdf(without, sumUdf(), { corrections: { excludedPixels } });
  expect(countTexts(without as never)).toEqual({ texts: [], isDoubtful: false });
  const { texts, isDoubtful } = countTexts(scan as never);
  expect(texts).toEqual([
    expect.stringMatching(/^3 values in 2 frames \(first in frame 5\) are overloads, above \d+:/),
  ]);
  expect(isDoubtful).toBe(true);
});

test('a pixel at the largest number of a type of which the file says nothing is said, unless it is kept', async () => {
  const said = (scan: Scan): string[] => scan.notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
  const ends = [
    [Uint8Array, 255],
    [Uint16Array, 65535],
    [Int16Array, 32767],
    [Uint32Array, 2 ** 32 - 1],
  ] as const;
  for (const [type, end] of ends) {
    const data = (type as typeof Uint16Array).from(counts, (value) => value % 100);
    expect(said(ctx.fromMemory(data, shape))).toEqual([]);
    data.fill(end, 0, 2);
    expect(said(ctx.fromMemory(data, shape))).toEqual([
      expect.stringMatching(`^2 pixels of a frame are ${end}, the largest`),
    ]);
    expect(said(ctx.fromMemory(data, { ...shape, keepNoCount: true }))).toEqual([]);
    const dataset = ctx.fromMemory(data, shape).dataset;
    expect(said(await ctx.load(dataset))).toHaveLength(1);
    expect(said(await ctx.load(dataset, { keepNoCount: true }))).toEqual([]);
  }
});

test('a scan in memory has a form with its values that are no counts, and one without, whichever is read first', async () => {
  const first = async (...kept: boolean[]): Promise<(number | undefined)[]> => {
    const scan = ctx.fromMemory(overloaded, { ...shape, meta });
    onTestFinished(() => scan.dispose());
    const values: (number | undefined)[] = [];
    for (const keepNoCount of kept) values.push((await scan.resident({ keepNoCount })).frame(frame)[loud]);
    // Runs of this scan leave them out, whatever is in memory.
    expect(await resultsOf(scan)).toEqual(await resultsOf(ctx.fromMemory(overloaded, { ...shape, meta })));
    return values;
  };
  expect(await first(false, true, false)).toEqual([mean, 65535, mean]);
  expect(await first(true, false)).toEqual([65535, mean]);
  const keeping = ctx.fromMemory(overloaded, { ...shape, meta, keepNoCount: true });
  const kept = await keeping.resident();
  expect(kept.frame(frame)[loud]).toBe(65535);
  expect(await keeping.resident()).toBe(kept);
  expect(await resultsOf(keeping)).toEqual(await resultsOf(ctx.fromMemory(overloaded, shape)));
});

test('a live scan leaves out what its first frame has no count for', async () => {
  const driver = {
    kind: 'test',
    name: 'test detector',
    connect: async () => undefined,
    announced: async () => ({ frames: positions, scan: [4, 5], header: {} }),
    format: async () => ({ dtype: 'u16' as const, signal: [height, width], meta }),
    deliver(acquisition: Acquisition) {
      for (let i = 0; i < positions; i++) {
        const bytes = new Uint8Array(overloaded.buffer, 2 * i * pixels, 2 * pixels);
        acquisition.place(i) instanceof Uint8Array && (acquisition.place(i) as Uint8Array).set(bytes);
        acquisition.commit(i);
      }
    },
    close: async () => undefined,
  };
  const stored = ctx.fromMemory(overloaded, { ...shape, meta });
  const live = async (options: object): Promise<Scan> => {
    const connection = new DetectorConnection(driver, 2 ** 20);
    onTestFinished(() => connection.dispose());
    return (await connection.next(options)) as unknown as Scan;
  };
  const scan = await live({});
  expect(await resultsOf(scan)).toEqual(await resultsOf(stored));
  expect(scan.counts?.replaced).toEqual(stored.counts?.replaced);
  expect(await resultsOf(await live({ keepNoCount: true }))).toEqual(
    await resultsOf(ctx.fromMemory(overloaded, shape)),
  );
});

/** Types, their markers, and the smallest value that is a count. */
const types = [
  ['u8', Uint8Array, [255], 0],
  ['u16', Uint16Array, [65535], 0],
  ['u32', Uint32Array, [2 ** 32 - 1], 0],
  ['i16', Int16Array, [], 0],
  ['i32', Int32Array, [-1, -2], -(2 ** 31)],
  ['i8', Int8Array, [], 3],
  ['f32', Float32Array, [-1], Number.NEGATIVE_INFINITY],
] as const;

test.each(types)(
  'every place of a frame of %s is looked at, beside pixels that are excluded',
  (dtype, Type, markers, least) => {
    const sig = [3, 7];
    const excluded = Uint8Array.from({ length: 21 }, (_, i) => (i % 7 === 3 ? 1 : 0));
    const bad = markers[0] ?? least - 1;
    for (let at = 0; at < 42; at++) {
      const frames = new Type(42).map((_, i) => (excluded[i % 21] ? bad : 100 + (i % 27)));
      frames[at] = bad;
      const watch = new FrameCounts({ least, markers }, dtype, sig, excluded);
      const out = watch.repaired(frames as never, 2, [10, 11]) as ArrayLike<number>;
      const isKnown = excluded[at % 21] === 1;
      expect(watch.taken(), String(at)).toEqual(
        isKnown ? undefined : { ...noneSoFar(), values: 1, lost: 0, frames: 1, first: at < 21 ? 10 : 11 },
      );
      if (!isKnown) expect(out[at]).toBeGreaterThanOrEqual(100);
    }
  },
);

/** Types of counts with their arrays, and their least and largest numbers. */
const countTypes = [
  ['u8', Uint8Array, 0, 255],
  ['i8', Int8Array, -128, 127],
  ['u16', Uint16Array, 0, 65535],
  ['i16', Int16Array, -32768, 32767],
  ['u32', Uint32Array, 0, 2 ** 32 - 1],
  ['i32', Int32Array, -(2 ** 31), 2 ** 31 - 1],
  ['f32', Float32Array, 0, 1e6],
] as const;

test('overloads and negative numbers are found in frames of any type, size and place, whatever the limit', () => {
  const random = seeded(5);
  let withSome = 0;
  for (let draw = 0; draw < 1400; draw++) {
    const [dtype, type, low, high] = countTypes[draw % countTypes.length] as (typeof countTypes)[number];
    const [rows, columns, count, offset] = [4, 9, 4, 5].map((most) => 1 + Math.floor(most * random())) as [
      number,
      number,
      number,
      number,
    ];
    const top = high ** random();
    const most = Math.min(high - 1, Math.max(1, draw % 3 === 0 ? top : Math.floor(top)));
    const all = new type(offset + rows * columns * count).map(() => {
      if (low < 0 && random() < 0.1) return -Math.floor(random() * top);
      return random() * top * (random() < 0.02 ? 1.5 : 1);
    });
    // Words of four bytes do not begin where the frames do.
    const frames = all.subarray(offset);
    const places = [...Array(count).keys()];
    const overloads = new FrameCounts({ least: low, markers: [], most }, dtype, [rows, columns]);
    overloads.repaired(frames, count, places);
    const above = [...frames].filter((value) => value > most).length;
    expect(overloads.taken()?.overloads ?? 0, `${dtype} above ${most}`).toBe(above);
    withSome += Number(above > 0);
    const negative = new FrameCounts({ least: 0, markers: [] }, dtype, [rows, columns]);
    negative.repaired(frames.slice(), count, places);
    expect(negative.taken()?.values ?? 0, `${dtype} below 0`).toBe([...frames].filter((value) => value < 0).length);
  }
  expect(withSome).toBeGreaterThan(200);
});

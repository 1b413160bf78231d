/** Scans whose frames a user's own class reads. */
import { memoryDataset } from 'ewald/data';
import { Context, type CustomDataset, defineUdf, type PartialOfRun, type ResultBuffer, sumSigUdf } from 'ewald/udf';
import { describe, expect, onTestFinished, test } from 'vitest';
import { refused } from '../support/refused.js';

const [rows, columns, height, width] = [3, 4, 2, 5] as const;
const pixels = height * width;

/** Frame n holds the numbers n, n + 1, … */
class Counting {
  readonly shape = { nav: [rows, columns], sig: [height, width] };
  readonly dtype = 'u16';
  readonly name = 'counting';
  readonly reads: [first: number, count: number][] = [];
  closed = 0;

  async read(first: number, count: number, into: Uint16Array): Promise<void> {
    this.reads.push([first, count]);
    for (let i = 0; i < count * pixels; i++) into[i] = first + Math.floor(i / pixels) + (i % pixels);
  }

  partitions() {
    return [
      { first: 0, count: 5 },
      { first: 5, count: 7 },
    ];
  }

  dispose(): void {
    this.closed++;
  }
}

const sums = Array.from({ length: rows * columns }, (_, n) => n * pixels + (pixels * (pixels - 1)) / 2);

async function opened(kind: Parameters<typeof Context.makeWith>[0] = 'inline'): Promise<Context> {
  const ctx = await Context.makeWith(kind, kind === 'workers' ? { cpus: 1 } : {});
  onTestFinished(() => ctx.close());
  return ctx;
}

const firsts = defineUdf({
  name: 'firsts',
  buffers: { first: { kind: 'nav', dtype: 'u32' } },
  preprocess: ({ results, meta }) => {
    if (meta.partition.index >= 0) results.first.fill(meta.partition.first);
  },
  processFrame: () => undefined,
});

describe('a custom dataset', () => {
  test('is read in its own partitions, and closed with its scan', async () => {
    const [ctx, reader] = [await opened(), new Counting()];
    const scan = await ctx.load(reader as CustomDataset);
    expect(scan.shape).toEqual({ nav: [rows, columns], sig: [height, width] });
    const [{ intensity }, { first }] = await ctx.runUdf(scan, [sumSigUdf(), firsts]);
    expect([...intensity.data]).toEqual(sums);
    expect([...first.data]).toEqual([...Array(5).fill(0), ...Array(7).fill(5)]);
    expect(reader.reads).toEqual([
      [0, 5],
      [5, 7],
    ]);
    await scan.dispose();
    expect(reader.closed).toBe(1);
  });

  test('is read here and processed by a worker', async () => {
    const ctx = await opened('workers');
    const { intensity } = await ctx.runUdf(await ctx.load(new Counting() as CustomDataset), sumSigUdf());
    expect([...intensity.data]).toEqual(sums);
  });

  test('that throws is named with its frames, and earlier partitions are kept', async () => {
    const [ctx, reader] = [await opened(), new Counting()];
    reader.read = async (first, _, into) => {
      if (first === 5) throw new Error('the disk is gone');
      into.fill(1);
    };
    const scan = await ctx.load(reader as CustomDataset);
    const error = await ctx.runUdf(scan, sumSigUdf()).then(
      () => expect.unreachable('nothing was thrown'),
      (thrown) => thrown,
    );
    await refused(() => Promise.reject(error), 'File', 'counting', 'frames 5 to 11', 'the disk is gone');
    const { results, damage } = error.detail.partial as PartialOfRun;
    expect([...damage]).toEqual([...Array(5).fill(1), ...Array(7).fill(0)]);
    const [kept] = results as readonly [{ readonly intensity: ResultBuffer<'f64'> }];
    expect([...kept.intensity.data]).toEqual([...Array(5).fill(pixels), ...Array(7).fill(0)]);
  });

  test('whose read returns frames is refused, because they would be zeros', async () => {
    const ctx = await opened();
    const returning = Object.assign(new Counting(), {
      read: (_: number, count: number) => new Uint16Array(count * pixels).fill(7),
    });
    const scan = await ctx.load(returning as CustomDataset);
    const run = ctx.runUdf(scan, [sumSigUdf()]);
    await expect(run).rejects.toThrow(/read returned .*; expected that it writes the frames into its third argument/);
    const masked = Object.assign(returning, { mask: new Uint8Array(pixels) }) as unknown as CustomDataset;
    await expect(ctx.load(masked, { fileMask: true })).rejects.toThrow(/mask is .*; expected a method/);
  });

  test('with mistakes is refused before anything is read', async () => {
    const ctx = await opened();
    const load = (change: object) => () => ctx.load(Object.assign(new Counting(), change) as CustomDataset);
    await refused(load({ dtype: 'u12' }), 'Argument', 'dtype', 'u12');
    await refused(load({ shape: { nav: [3], sig: [] } }), 'Argument', 'shape.sig');
    await refused(
      load({
        partitions: () => [
          { first: 0, count: 3 },
          { first: 4, count: 8 },
        ],
      }),
      'Argument',
      'first: 3',
    );
    await refused(load({ partitions: () => [{ first: 0, count: 3 }] }), 'Argument', '3 frames in total', '12');
    await refused(() => ctx.load(new Counting() as CustomDataset, { dtype: 'u16' }), 'Argument', 'dtype');
  });
});

describe('a reader with a mistake in its members is refused', () => {
  const plain = { shape: { nav: [2], sig: [2, 2] }, dtype: 'u16', read: () => undefined };
  const load = (given: object) => async () => (await opened()).load(given as CustomDataset);

  test.each([
    ['a method that is misspelt', { ...plain, partitons: () => [] }, 'did you mean "partitions"?'],
    ['a property that is unknown', { ...plain, endianness: 'big' }, 'expected some of shape, dtype, read, partitions'],
    ['a method of a class', Object.assign(new Counting(), { masks: () => [] }), 'did you mean "mask"?'],
    ['no read', { shape: plain.shape, dtype: 'u16' }, 'has no read; expected { shape: { nav, sig }'],
    ['an undefined dtype', { ...plain, dtype: undefined }, 'dtype is undefined; expected one of'],
    ['no shape', { dtype: 'u16', read: plain.read }, 'has no shape; expected'],
    ['a read that is data', { ...plain, read: new Uint16Array(8) }, 'has no function read'],
    ['another shape', { ...plain, shape: { nav: [2], sigs: [2, 2] } }, 'did you mean "sig"?'],
  ])('%s', (_, given, words) => refused(load(given), 'Argument', words));

  test('but a class has state of its own, and the shape of a scan will do', async () => {
    const [ctx, reader] = [await opened(), new Counting()];
    const { shape } = await ctx.load(reader as CustomDataset);
    const again = await ctx.load(Object.assign(new Counting(), { shape, names: 3, reads: [] }) as CustomDataset);
    expect(again.shape).toEqual(shape);
  });
});

describe("a file's own mask", () => {
  const masked = () =>
    Object.assign(new Counting(), { mask: () => Uint8Array.from({ length: pixels }, (_, p) => (p === 7 ? 1 : 0)) });

  test('is mentioned if it is not used', async () => {
    const ctx = await opened();
    const scan = await ctx.load(masked() as CustomDataset);
    expect(scan.notes).toEqual([
      { kind: 'warning', option: 'fileMask', text: expect.stringContaining('mask of bad pixels, which is not used') },
    ]);
    expect([...(await ctx.runUdf(scan, sumSigUdf())).intensity.data]).toEqual(sums);
  });

  test('excludes its pixels, together with those of the run', async () => {
    const ctx = await opened();
    const scan = await ctx.load(masked() as CustomDataset, { fileMask: true });
    expect(scan.notes).toEqual([]);
    // Pixel 7 is in the middle of the second row, so its neighbours are 1, 2, 3, 6, 8.
    const change = (1 + 2 + 3 + 6 + 8) / 5 - 7;
    const found = [...(await ctx.runUdf(scan, sumSigUdf())).intensity.data];
    for (const [n, value] of found.entries()) expect(value).toBeCloseTo((sums[n] as number) + change, 4);
    const corrections = { excludedPixels: [[0, 2]] } as const;
    const both = [...(await ctx.runUdf(scan, sumSigUdf(), { corrections })).intensity.data];
    const other = (1 + 3 + 6 + 8) / 4;
    for (const [n, value] of both.entries()) expect(value).toBeCloseTo((sums[n] as number) + 2 * other - 9, 4);
  });

  test('that differs from frame to frame is refused, since all frames of a run share it', async () => {
    const ctx = await opened();
    const masks = (of: (frame: number) => number) => {
      const dataset = memoryDataset(new Uint16Array(3 * 4).fill(5), { sigShape: [2, 2], navShape: [3] });
      const mask = async ({ frame = 0 } = {}) => Uint8Array.from({ length: 4 }, (_, p) => Number(p === of(frame)));
      return Object.assign(dataset, { mask, maskVaries: true }) as unknown as CustomDataset;
    };
    await refused(
      () =>
        ctx.load(
          masks((frame) => (frame === 2 ? 3 : 0)),
          { fileMask: true },
        ),
      'Unsupported',
      'first in frame 2',
      'fileMask',
    );
    expect([
      ...((
        await ctx.load(
          masks(() => 1),
          { fileMask: true },
        )
      ).mask ?? []),
    ]).toEqual([0, 1, 0, 0]);
  });

  test('is required by fileMask', async () => {
    const ctx = await opened();
    await refused(
      () => ctx.load(new Counting() as CustomDataset, { fileMask: true }),
      'Argument',
      'fileMask',
      'no mask',
    );
  });
});

describe('a scan in memory', () => {
  const frames = Uint16Array.from({ length: rows * columns * pixels }, (_, i) => (i * 7919) % 4099);
  const options = { navShape: [rows, columns], sigShape: [height, width] };

  test('does not change if a function writes to its frames', async () => {
    const ctx = await opened();
    const data = frames.slice();
    const scan = ctx.fromMemory(data, options);
    const writing = defineUdf({
      name: 'writing',
      buffers: { n: { kind: 'nav', dtype: 'u8' } },
      processFrame: ({ frame }) => void frame.fill(0),
    });
    await ctx.runUdf(scan, [sumSigUdf(), writing]);
    expect(data).toEqual(frames);
  });

  test('cannot be processed after it is closed', async () => {
    const ctx = await opened();
    const scan = ctx.fromMemory(frames, options);
    const { intensity } = await ctx.runUdf(scan, sumSigUdf());
    expect(intensity.data[0]).toBe(frames.subarray(0, pixels).reduce((a, b) => a + b, 0));
    await scan.dispose();
    await refused(() => ctx.runUdf(scan, sumSigUdf()), 'Disposed');
  });
});

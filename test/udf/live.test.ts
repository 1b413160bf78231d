/** Live pictures: when they are drawn, and their content. */
import { Context, comUdf, defineUdf, type LivePicture, type Scan, stddevUdf, sumSigUdf, toRgba } from 'ewald/udf';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { halfBlocks } from '../../src/udf/live/terminal.js';
import { goldenFrames, navShape, sigShape } from './golden.js';

let ctx: Context;
let scan: Scan;
beforeAll(() => {
  ctx = new Context();
  scan = ctx.fromMemory(goldenFrames(), { sigShape, navShape });
});
afterAll(() => ctx.close());

describe('pictures of a run', () => {
  test('arrive during a run with its progress, and once at its end', async () => {
    const seen: LivePicture[] = [];
    const show = (picture: LivePicture) => {
      seen.push({ ...picture, data: Float64Array.from(picture.data) });
    };
    const { intensity } = await ctx.runUdf(scan, sumSigUdf(), { numPartitions: 5, plots: { show, minDelta: 0 } });
    expect(seen.map(({ title, height, width }) => [title, height, width])).toEqual(seen.map(() => ['intensity', 6, 5]));
    const done = seen.map((picture) => picture.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(seen.map(({ final }) => final)).toEqual(seen.map((_, i) => i === seen.length - 1));
    expect(seen.length).toBeGreaterThanOrEqual(2);
    for (const picture of seen) {
      const there = Math.round(30 * picture.done);
      expect(Array.from(picture.data)).toEqual(
        [...(intensity.data as Float64Array)].map((v, i) => (i < there ? v : Number.NaN)),
      );
    }
    expect(seen.at(-1)?.done).toBe(1);
  });

  test('of a run whose steps are read end with the final one, too', async () => {
    const shares: number[] = [];
    const plots = ({ done, final }: LivePicture) => void (final && shares.push(done));
    for await (const _ of ctx.runUdfIter(scan, sumSigUdf(), { numPartitions: 5, plots }));
    expect(shares).toEqual([1]);
  });

  test('are NaN where nothing was measured, of integers too', async () => {
    const counts = defineUdf({
      name: 'counts',
      buffers: { whole: { kind: 'nav', dtype: 'i32' }, pixels: { kind: 'sig', dtype: 'i32' } },
      processFrame({ results }) {
        results.whole[0] = 1;
      },
      merge: () => undefined,
    });
    const late = ctx.fromMemory(goldenFrames(), { sigShape, navShape, syncOffset: -4 });
    const last = new Map<string, readonly number[]>();
    const show = ({ title, data }: LivePicture) => void last.set(title, Array.from(data));
    await ctx.runUdf(late, [counts, sumSigUdf()], { plots: { show } });
    const measured = Array.from({ length: 30 }, (_, i) => i >= 4);
    for (const title of ['whole', 'intensity'])
      expect(
        last.get(title)?.map((value) => !Number.isNaN(value)),
        title,
      ).toEqual(measured);
    expect(last.get('pixels')?.every((value) => value === 0)).toBe(true);
  });

  test('show all two-dimensional results, or the named ones', async () => {
    const all = new Set<string>();
    await ctx.runUdf(scan, [comUdf(), stddevUdf()], { plots: ({ title }) => void all.add(title) });
    // Excludes pairs of numbers and single numbers.
    for (const name of ['fieldY', 'fieldX', 'magnitude', 'divergence', 'curl', 'std', 'mean', 'var', 'sum'])
      expect(all).toContain(name);
    for (const name of ['field', 'rawCom', 'numFrames']) expect(all).not.toContain(name);
    const named = new Set<string>();
    const show = ({ title }: LivePicture) => void named.add(title);
    await ctx.runUdf(scan, [comUdf(), stddevUdf()], { plots: { show, channels: ['std', 'curl'] } });
    expect([...named].sort()).toEqual(['curl', 'std']);
  });

  test('are delayed if drawing takes long: a slow screen is not redrawn at every partition', async () => {
    let [drawn, slept] = [0, 0];
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + slept);
    // A picture takes a minute, so the next one is due 25 minutes later, long after the end of the run.
    const show = () => {
      drawn++;
      slept += 60_000;
    };
    try {
      await ctx.runUdf(scan, sumSigUdf(), { numPartitions: 30, plots: { show, minDelta: 0 } });
    } finally {
      clock.mockRestore();
    }
    expect(drawn).toBe(2);
  });
});

// Odd sizes, and a missing pixel.
const [height, width] = [7, 5];
const data = Float64Array.from({ length: height * width }, (_, i) => (i === 12 ? Number.NaN : (i * 13) % 31));
const picture: LivePicture = { title: 'a < "b"', height, width, data, done: 0.25, final: false };
const rgba = toRgba(data);
const pixel = (y: number, x: number): number[] => [...rgba.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)];

/** Makes escape characters visible. */
const visible = (text: string): string => text.replaceAll('\u001b', '␛');

describe('a picture as text', () => {
  test('half blocks: two rows of pixels per line, in the colours of both', () => {
    const lines = visible(halfBlocks(picture)).split('\n');
    expect(lines).toHaveLength(4);
    for (const [row, line] of lines.entries()) {
      const cells = [...line.matchAll(/␛\[38;2;([\d;]+)m␛\[48;2;([\d;]+)m▀/g)];
      expect(cells).toHaveLength(width);
      expect(line.endsWith('␛[0m')).toBe(true);
      for (const [x, [, upper, lower]] of cells.entries()) {
        expect(upper?.split(';').map(Number)).toEqual(pixel(2 * row, x));
        expect(lower?.split(';').map(Number)).toEqual(pixel(Math.min(height - 1, 2 * row + 1), x));
      }
    }
    // Every third pixel if there is room for two.
    expect(halfBlocks(picture, 2).split('\n')).toHaveLength(2);
    expect(halfBlocks(picture, 2).split('▀')).toHaveLength(2 * 2 + 1);
  });
});

describe('on a terminal', () => {
  const { isTTY } = process.stderr;
  afterEach(() => {
    process.stderr.isTTY = isTTY;
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });
  const shown = async (env: Readonly<Record<string, string>>, terminal: boolean): Promise<string> => {
    for (const [name, value] of Object.entries({ TERM: 'xterm-256color', ...env })) vi.stubEnv(name, value);
    process.stderr.isTTY = terminal;
    let text = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((more) => {
      text += more;
      return true;
    });
    await ctx.runUdf(scan, sumSigUdf(), { plots: true });
    vi.restoreAllMocks();
    return text;
  };

  test('half blocks, and a line', async () => {
    const text = await shown({}, true);
    expect(text).toContain('▀');
    expect(text).toMatch(/\nintensity: 100 %\n$/);
  });

  test('one line without a terminal, and on a terminal that cannot draw', async () => {
    expect(await shown({}, false)).toBe('intensity: 100 %\n');
    expect(await shown({ TERM: 'dumb' }, true)).toBe('intensity: 100 %\n');
  });
});

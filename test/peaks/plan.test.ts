/** What a finder is planned for: sizes within its limits, and the frames of a dataset as they are read. */
import { type Context, createContext, formatNpy } from 'ewald';
import { memoryDataset, open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

describe('a plan of peaks', () => {
  test('refuses panels that share a pixel', async () => {
    const [width, height] = [30, 20];
    const panel = (name: string, fs: number, ss: number) => ({ name, fs, ss, endFs: fs + 10, endSs: ss + 8 });
    const rings = {
      bins: new Uint16Array(width * height),
      rings: 1,
      panels: [panel('a', 12, 3), panel('b', 0, 10), panel('c', 9, 5)],
    };
    await expect(context.peaks({ width, height, dtype: 'u16', rings })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringContaining('panel 2 overlaps another panel at pixel fs 12, ss 5'),
    });
  });

  // Tables of this size would take minutes.
  test.for([
    [65536, 65536],
    [17000, 17000],
    [65536, 4097],
  ] as const)('of %s x %s pixels is refused before its tables are made', async ([width, height]) => {
    const before = process.memoryUsage().arrayBuffers;
    const plan = context.peaks({ width, height, dtype: 'u32' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    await expect(plan).rejects.toMatchObject({
      tag: 'Limit',
      message: `peaks: a frame of ${width} x ${height} has ${width * height} pixels; expected at most 268435456`,
    });
  });

  test('takes the frames of a dataset as they are read, and those of f64 as f32', async () => {
    const [side, at] = [64, 64 * 20 + 30];
    const data = new Float64Array(side * side);
    for (const i of [0, 1, side, side + 1]) data[at + i] = 1000;
    const found = async (bytes: Uint8Array) => {
      const dataset = await open(bytes);
      const finder = await context.peaks({ width: side, height: side, dtype: dataset.dtype });
      const peaks = await finder.run(await dataset.read(0, 1), { threshold: 10 });
      return { dtype: dataset.dtype, fs: [...peaks.fs], ss: [...peaks.ss] };
    };
    const shape = [side, side];
    const expected = { fs: [31], ss: [21] };
    expect(await found(formatNpy({ shape, data, complex: false }))).toEqual({ dtype: 'f64', ...expected });
    const single = Float32Array.from(data);
    expect(await found(formatNpy({ shape, data: single, complex: false }))).toEqual({ dtype: 'f32', ...expected });
  });

  test('names the types that are searched, for others', async () => {
    const { dtype } = memoryDataset(new BigUint64Array(16), { sigShape: [4, 4] });
    await expect(context.peaks({ width: 4, height: 4, dtype })).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(/^peaks: dtype is "u64"; expected .*f32.*f64/),
    });
    const finder = await context.peaks({ width: 4, height: 4, dtype: 'u16' });
    await expect(finder.run(new Float64Array(16))).rejects.toMatchObject({ tag: 'Shape' });
  });
});

/** Results of more numbers than are computed at a time: files have what the arrays have, and no array is made for them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openHdf5 } from 'ewald/hdf5';
import { runToFiles } from 'ewald/shell';
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ewald-large-results-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [height, width] = [264, 512];
const pixels = height * width;

const bytesOf = (array: ArrayBufferView | undefined): Buffer =>
  Buffer.from(array?.buffer ?? new ArrayBuffer(0), array?.byteOffset, array?.byteLength);

/** The numbers of a result in a file. */
async function stored(output: string, name: string): Promise<Float64Array> {
  if (output.endsWith('.h5')) {
    const file = await openHdf5(output);
    try {
      const dataset = await file.get(`/results/${name}`);
      if (dataset?.kind !== 'dataset') throw new Error(`${output} has no dataset ${name}`);
      return (await dataset.read()) as Float64Array;
    } finally {
      await file.dispose();
    }
  }
  const bytes = output.endsWith('.npy')
    ? readFileSync(output.replace('.npy', `-${name}.npy`)).subarray(128)
    : readFileSync(join(output, name, '0.0'));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

test('deviations and spectra are written part by part', async () => {
  const ctx = await Context.makeWith('inline');
  const made = {
    u16: Uint16Array.from({ length: 3 * pixels }, (_, i) => ((i * 7919) % 1009) + (i % 17 === 0 ? 60000 : 0)),
    f32: Float32Array.from({ length: 3 * pixels }, (_, i) => 1e4 + ((i * 7919) % 1009) / 7),
  };
  for (const [dtype, data] of Object.entries(made)) {
    const scan = ctx.fromMemory(data, { navShape: [3, 1], sigShape: [height, width] });
    const variance = Float64Array.from({ length: pixels }, (_, p) => {
      const three = [0, 1, 2].map((f) => data[f * pixels + p] as number);
      const mean = three.reduce((a, b) => a + b) / 3;
      return three.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3;
    });
    const endings = dtype === 'u16' ? ['.npy', '.h5', '.zarr'] : ['.h5'];
    for (const [i, ending] of endings.entries()) {
      const analysis = i === 1 ? ctx.createFftSumAnalysis(scan) : ctx.createStddevAnalysis(scan);
      const output = join(folder, `${dtype}-${analysis.name}${ending}`);
      const { results } = await runToFiles(ctx, scan, { analyses: [analysis], output });
      const files = await Promise.all(results.map(({ name }) => stored(output, name)));
      // What was asked for once is in memory.
      const isWritten = results.map((one) => Object.getOwnPropertySymbols(one).some((key) => one[key as never]));
      expect(isWritten).toEqual(results.map(() => true));
      for (const [i, { data: whole }] of results.entries()) expect(bytesOf(files[i]).equals(bytesOf(whole))).toBe(true);
      const found = files[results.findIndex(({ name }) => name === 'var')] ?? variance;
      const apart = found.map((value, p) => Math.abs(value - (variance[p] as number)) / (variance[p] as number));
      expect(apart.every((share) => share < 1e-6)).toBe(true);
    }
  }
  await ctx.close();
});

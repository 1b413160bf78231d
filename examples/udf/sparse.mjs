// Sparse frames: a UDF with `processSparse` sees the pixels that are not 0, and so do the sums of the package. The same
// function for dense frames is its reference, with which `validateUdf` compares it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Context, comUdf, defineUdf, sumUdf, validateUdf } from 'ewald/udf';

/** Number of pixels above a threshold in each frame. */
export const counted = defineUdf({
  name: 'counted',
  module: import.meta.url,
  params: { above: 1 },
  buffers: { pixels: { kind: 'nav', dtype: 'u32' } },
  processFrame({ frame, results, params }) {
    let count = 0;
    for (const value of frame) if (value > params.above) count++;
    results.pixels[0] = count;
  },
  processSparse({ starts, values, count, results, params }) {
    for (let i = 0; i < count; i++)
      for (let k = starts[i]; k < starts[i + 1]; k++) if (values[k] > params.above) results.pixels[i]++;
  },
});

/** Writes a scan of 8 x 8 frames of 32 x 32 pixels in LiberTEM's raw_csr; returns the file that describes it. */
async function writeCsr(folder) {
  const [indptr, indices, data] = [[0], [], []];
  for (let frame = 0; frame < 64; frame++) {
    for (let k = 0; k < 12; k++) indices.push((frame * 5 + k * 83) % 1024);
    indices.splice(12 * frame, 12, ...indices.slice(12 * frame).sort((a, b) => a - b));
    for (let k = 0; k < 12; k++) data.push(1 + (k % 4));
    indptr.push(indices.length);
  }
  await writeFile(join(folder, 'indptr.raw'), Uint32Array.from(indptr));
  await writeFile(join(folder, 'indices.raw'), Uint32Array.from(indices));
  await writeFile(join(folder, 'data.raw'), Uint16Array.from(data));
  const file = join(folder, 'scan.toml');
  const parts = [
    ['indptr', '<u4'],
    ['indices', '<u4'],
    ['data', '<u2'],
  ].map(([name, type]) => `${name}_file = "${name}.raw"\n${name}_dtype = "${type}"\n`);
  await writeFile(
    file,
    `[params]\nfiletype = "raw_csr"\nnav_shape = [8, 8]\nsig_shape = [32, 32]\n[raw_csr]\n${parts.join('')}`,
  );
  return file;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const report = await validateUdf(counted.withParams({ above: 2 }));
  for (const { name, by, pass } of report.results) console.log(`${name}, ${by}: ${pass ? 'as dense' : 'differs'}`);
  const folder = await mkdtemp(join(tmpdir(), 'ewald-sparse-'));
  const file = await writeCsr(folder);
  for (const kind of ['inline', 'workers']) {
    const ctx = await Context.makeWith(kind, kind === 'workers' ? { cpus: 2 } : {});
    const udfs = [counted.withParams({ above: 2 }), sumUdf(), comUdf()];
    const [{ pixels }, { intensity }, { rawCom }] = await ctx.runUdf(await ctx.load(file), udfs);
    const total = intensity.data.reduce((a, b) => a + b, 0);
    const centre = [...rawCom.data.subarray(0, 2)].map((value) => value.toFixed(2));
    console.log(`${kind}: ${pixels.data[0]} pixels, ${total} counts, first centre ${centre.join(', ')}`);
    await ctx.close();
  }
  await rm(folder, { recursive: true });
}

// The optional methods of a UDF: `prepare` plans a transform, `getTaskData` and `cleanup` enclose a partition,
// `getMethod` and `tiling` depend on the frames, `meta.coordinates` says where in the scan a frame belongs.
import { pathToFileURL } from 'node:url';
import { Context, defineUdf } from 'ewald/udf';
import { raw, writeFrames } from './frames.mjs';

/** Share of the power of each frame at frequencies above `cutoff`, in rows of the scan that are even. */
export const sharpness = defineUdf({
  name: 'sharpness',
  module: import.meta.url,
  params: { cutoff: 4 },
  buffers: { share: { kind: 'nav', dtype: 'f64' }, partitions: { kind: 'single', dtype: 'u32' } },
  async prepare({ meta, fft }) {
    const [height, width] = meta.sig;
    return { plan: await fft({ shape: [height, width], kind: 'r2c' }), real: new Float32Array(height * width) };
  },
  getTaskData: ({ meta }) => ({ spectrum: new Float32Array(2 * meta.sig[0] * (meta.sig[1] / 2 + 1)), open: true }),
  getMethod: ({ meta }) => (meta.sig[0] * meta.sig[1] > 512 * 512 ? 'processFrame' : 'processTile'),
  tiling: ({ meta }) => ({ depth: Math.max(1, Math.floor(2 ** 18 / (meta.sig[0] * meta.sig[1]))) }),
  processTile({ tile, depth, pixels, positions, results, meta, params, prepared, task }) {
    const first = meta.positions.indexOf(positions[0]);
    for (let i = 0; i < depth; i++) {
      const [row] = meta.coordinates.subarray(meta.nav.length * (first + i));
      if (row % 2 === 1) continue;
      const frame = tile.subarray(i * pixels, (i + 1) * pixels);
      results.share[i] = shareOf(frame, meta.sig, params.cutoff, prepared, task.spectrum);
    }
  },
  processFrame({ frame, coordinates, results, meta, params, prepared, task }) {
    if (coordinates[0] % 2 === 0) results.share[0] = shareOf(frame, meta.sig, params.cutoff, prepared, task.spectrum);
  },
  postprocess({ results }) {
    results.partitions[0] = 1;
  },
  cleanup({ task }) {
    // Files, sockets and the like would be closed here, also after an error.
    task.open = false;
  },
  merge({ dest, src }) {
    dest.share.set(src.share);
    dest.partitions[0] += src.partitions[0];
  },
});

function shareOf(frame, [height, width], cutoff, { plan, real }, spectrum) {
  real.set(frame);
  plan.now.forward(real, spectrum);
  let [above, all] = [0, 0];
  const columns = width / 2 + 1;
  for (let i = 1; i < height * columns; i++) {
    const row = Math.floor(i / columns);
    const power = spectrum[2 * i] ** 2 + spectrum[2 * i + 1] ** 2;
    all += power;
    if (Math.hypot(Math.min(row, height - row), i % columns) > cutoff) above += power;
  }
  return above / all;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = writeFrames();
  for (const [kind, options] of [
    ['inline', {}],
    ['workers', { cpus: 2 }],
  ]) {
    const ctx = await Context.makeWith(kind, options);
    const run = ctx.runUdf(await ctx.load(file, raw), sharpness.withParams({ cutoff: 5 }), { numPartitions: 4 });
    const { share, partitions } = await run;
    const [even, odd] = [share.data[0], share.data[16]].map((value) => value.toFixed(3));
    console.log(`${kind}: ${even} in row 0, ${odd} in row 1, ${partitions.data[0]} partitions`);
    await ctx.close();
  }
}

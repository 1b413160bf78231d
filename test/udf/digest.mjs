// A run with UDFs of every kind, and all bytes of its results as text, which are the same on every executor.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  comUdf,
  diskUdf,
  holographyUdf,
  logSumUdf,
  masks,
  masksUdf,
  ssbUdf,
  stddevUdf,
  sumSigUdf,
  sumUdf,
} from 'ewald/udf';
import { brightest, highest, least } from './module.mjs';
import { lit } from './sparse-module.mjs';

/** The UDFs of the run. */
export const udfs = () => [
  sumUdf(),
  stddevUdf(),
  logSumUdf(),
  comUdf({ r: 3, scanRotation: 30, regression: 1 }),
  masksUdf({
    masks: [masks.circular({ width: 10, height: 8, cx: 4, cy: 4, r: 3 }), masks.gradientX({ width: 10, height: 8 })],
  }),
  brightest,
  least,
  diskUdf({
    ...{ peaks: lattice, pattern: { kind: 'circular', radius: 1 } },
    match: { zero: [4, 5], a: [0, 3], b: [2, 0] },
  }),
  ssbUdf({ lamb: 2.5e-12, dpix: 0.6e-10, semiconv: 0.02, semiconvPix: 3, scanRotation: 20 }),
  holographyUdf({ sbPosition: [2, 3], outShape: [4, 6] }),
];

const lattice = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => [4 + 2 * i, 5 + 3 * j]));

/** A dark frame and bad pixels, which make frames of float32. */
const corrections = {
  dark: Float32Array.from({ length: 80 }, (_, i) => i / 7),
  gain: Float32Array.from({ length: 80 }, (_, i) => 1 + i / 300),
  excludedPixels: Uint8Array.from({ length: 80 }, (_, i) => (i === 11 || i === 45 ? 1 : 0)),
};

/**
 * The digest of a run over the frames of a file, of a second run in which two positions have no frame, of a third one
 * with corrections, and of one over the sparse frames of `writeSparse`. `more` UDFs run in addition to the first ones,
 * and are not part of the digest.
 */
export async function digestOf(ctx, file, options = {}, more = []) {
  const raw = { format: 'raw', dtype: 'u16', sigShape: [8, 10], navShape: [6, 5] };
  const run = { numPartitions: 7, ...options };
  const results = await ctx.runUdf(await ctx.load(file, raw), [...udfs(), ...more], run);
  const gaps = await ctx.load(file, { ...raw, syncOffset: -2 });
  const apart = await ctx.runUdf(gaps, [comUdf({ regression: 1 }), least], run);
  const corrected = await ctx.runUdf(await ctx.load(file, raw), [logSumUdf(), brightest], { ...run, corrections });
  const sparse = await ctx.runUdf(await ctx.load(`${file}.toml`), [sumUdf(), comUdf(), lit], run);
  return digest([...results.slice(0, udfs().length), ...apart, ...corrected, ...sparse]);
}

/** Frames of a run whose partitions are joined: their results are 64 MB together. */
export const joinedShape = { navShape: [8, 9], sigShape: [256, 256] };

/** The digest of a run with results over all frames and of single ones, in 72 partitions, and of one with gaps. */
export async function joinedDigest(ctx, file, steps = []) {
  const raw = { format: 'raw', dtype: 'f32', ...joinedShape };
  const results = [];
  for (const syncOffset of [0, -3]) {
    const scan = await ctx.load(file, { ...raw, syncOffset });
    let last;
    for await (const { buffers, progress } of ctx.runUdfIter(scan, [stddevUdf(), sumSigUdf(), highest], {
      numPartitions: 72,
    })) {
      last = buffers;
      steps.push([progress.done, progress.total]);
    }
    results.push(...last);
  }
  return digest(results);
}

/** Writes the frames of a file without pixels below 500 in raw_csr: three files beside it, and one that names them. */
export async function writeSparse(file) {
  const frames = new Uint16Array(new Uint8Array(await readFile(file)).buffer);
  const [starts, pixels, values] = [[0], [], []];
  for (const [i, value] of frames.entries()) {
    if (value >= 500) pixels.push(i % 80);
    if (value >= 500) values.push(value);
    if (i % 80 === 79) starts.push(values.length);
  }
  const parts = {
    indptr: Uint32Array.from(starts),
    indices: Uint16Array.from(pixels),
    data: Uint16Array.from(values),
  };
  let toml = '[params]\nfiletype = "raw_csr"\nnav_shape = [6, 5]\nsig_shape = [8, 10]\n[raw_csr]\n';
  for (const [name, array] of Object.entries(parts)) {
    await writeFile(`${file}.${name}`, array);
    toml += `${name}_file = "${basename(file)}.${name}"\n${name}_dtype = "<u${array.BYTES_PER_ELEMENT}"\n`;
  }
  await writeFile(`${file}.toml`, toml);
}

/** A hash of the bytes of results. */
export function digest(results) {
  const hash = createHash('sha256');
  for (const buffers of results)
    for (const name of Object.keys(buffers).sort()) {
      const { data } = buffers[name];
      hash.update(name);
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  return hash.digest('hex');
}

/** Files of frames for the tests of hits, and ways of reducing frames that do harm. */
import { writeFileSync } from 'node:fs';
import type { SearchedFrame } from 'ewald';
import type { Metadata } from '../../src/frames/dataset.js';
import { nxmxTree } from '../../src/frames/hdf5/nxmx.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { codecsHere } from '../frames/hdf5-support.js';

/** Writes frames as NXmx; `fields` are further members of /entry. */
export async function writeNxmx(
  file: string,
  sig: readonly number[],
  frames: readonly (Uint16Array | Int32Array | Float32Array)[],
  { meta, mask }: { readonly meta: Metadata; readonly mask?: Uint8Array | undefined },
  fields: Readonly<Record<string, WriteNode>> = {},
): Promise<void> {
  const parts: Uint8Array[] = [];
  let patched = new Uint8Array();
  const codecs = await codecsHere();
  const sink = {
    append: async (bytes: Uint8Array) => void parts.push(bytes.slice()),
    patch: async (_: number, bytes: Uint8Array) => {
      patched = bytes.slice();
    },
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  const dtype = frames[0] instanceof Float32Array ? 'f32' : frames[0] instanceof Int32Array ? 'i32' : 'u16';
  const series = writer.series({ signal: [...sig], dtype });
  for (const frame of frames) await series.write(frame);
  const tree = nxmxTree({ frames: series, meta, mask });
  const entry = tree.entry as { children: Record<string, WriteNode> };
  await writer.finish(
    { ...tree, entry: { ...entry, children: { ...entry.children, ...fields } } },
    { default: 'entry' },
  );
  await codecs.dispose();
  const bytes = Buffer.concat(parts);
  bytes.set(patched);
  writeFileSync(file, bytes);
}

/** A random number below 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The mean of the pixels about the beam, by distance in pixels, without bright ones. */
function ringMeans(frame: Uint16Array, width: number, [x0, y0]: readonly [number, number]): (at: number) => number {
  const ring = (at: number): number =>
    Math.round(Math.hypot((at % width) + 0.5 - x0, Math.floor(at / width) + 0.5 - y0));
  let means: number[] = [];
  for (let pass = 0; pass < 3; pass++) {
    const [sum, count]: [number[], number[]] = [[], []];
    for (const [at, value] of frame.entries()) {
      const r = ring(at);
      const before = means[r];
      if (value > 60000 || (before !== undefined && value > before + 4 * Math.sqrt(Math.max(before, 0.3)) + 1))
        continue;
      sum[r] = (sum[r] ?? 0) + value;
      count[r] = (count[r] ?? 0) + 1;
    }
    means = sum.map((one, r) => one / (count[r] as number));
  }
  return (at) => means[ring(at)] ?? 0;
}

const poisson = (mean: number, random: () => number): number => {
  let [left, n] = [Math.exp(-mean), 0];
  for (let p = random(); p > left; p *= random()) n++;
  left = n;
  return left;
};

/** Pixels within 9 of a peak. */
function aroundPeaks({ peaks }: SearchedFrame['result'], width: number, height: number): Uint8Array {
  const kept = new Uint8Array(width * height);
  for (let i = 0; i < peaks.count; i++) {
    const [x, y] = [Math.floor(peaks.fs[i] as number), Math.floor(peaks.ss[i] as number)];
    for (let row = Math.max(0, y - 9); row <= Math.min(height - 1, y + 9); row++)
      kept.fill(1, row * width + Math.max(0, x - 9), row * width + Math.min(width, x + 10));
  }
  return kept;
}

/** Values that are `step` times the root of themselves apart, and at least 1. */
function levels(step: number): (value: number) => number {
  const all = [0];
  while ((all.at(-1) as number) < 65535)
    all.push((all.at(-1) as number) + Math.max(1, Math.round(step * Math.sqrt(all.at(-1) as number))));
  return (value) => {
    const above = all.findIndex((level) => level >= value);
    const [low, high] = [all[Math.max(0, above - 1)] as number, all[above] as number];
    // Ties go up.
    return value - low < high - value ? low : high;
  };
}

export type Harm = 'peaks, masked' | 'peaks, mean' | 'peaks, noise' | 'above 3 sigma, noise' | 'k = 2, ties up';
export const harms: readonly Harm[] = [
  'peaks, masked',
  'peaks, mean',
  'peaks, noise',
  'above 3 sigma, noise',
  'k = 2, ties up',
];

/** A frame as a reduction makes it that does harm. */
export function harmed(
  how: Harm,
  frame: Uint16Array,
  [height, width]: readonly [number, number],
  centre: readonly [number, number],
  { result, origin }: SearchedFrame,
): Uint16Array {
  const random = seeded(origin.serial);
  if (how === 'k = 2, ties up') {
    const level = levels(2);
    const table = new Map<number, number>();
    return frame.map((value) => {
      if (value > 60000) return value;
      const known = table.get(value) ?? level(value);
      table.set(value, known);
      return known;
    });
  }
  const mean = ringMeans(frame, width, centre);
  const kept = aroundPeaks(result, width, height);
  return frame.map((value, at) => {
    if (value > 60000) return value;
    const ring = mean(at);
    const isKept = how.startsWith('above') ? value > ring + 3 * Math.sqrt(Math.max(ring, 0.1)) : kept[at] === 1;
    if (isKept) return value;
    if (how.endsWith('masked')) return 65535;
    return how.endsWith('mean') ? Math.round(ring) : poisson(ring, random);
  });
}

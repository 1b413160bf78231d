// Streams twenty gigabytes of frames through `open` and `read`: the process stays below 200 MB.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Hdf5Writer } from '../../build/esm/hdf5/writer.js';
import { open, openCodecs } from '../../dist/data.node.js';

export const name = 'streaming';
export const about =
  '20 GB of frames out of a bitshuffle + LZ4 file and out of a plain one; the process stays below 200 MB';
export const minutes = 2;

const side = 2048;
const most = 200e6;

/** The peak resident set of this process so far, in bytes. */
const peak = () => 1024 * Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

async function stream(path, options, note) {
  const dataset = await open(path, options);
  const parts = dataset.partitions(2 ** 24);
  const into = await dataset.read(0, Math.max(...parts.map(({ count }) => count)));
  let bytes = 0;
  const began = performance.now();
  for (const { first, count } of parts) {
    await dataset.read(first, count, into);
    if (into[5] !== (first % 7) * (dataset.format === 'hdf5')) throw new Error(`frame ${first} begins with ${into[5]}`);
    bytes += count * dataset.frameLength * 2;
  }
  await dataset.dispose();
  const seconds = (performance.now() - began) / 1000;
  note(
    `${dataset.format}: ${(bytes / 1e9).toFixed(1)} GB in ${seconds.toFixed(1)} s, at most ` +
      `${Math.round(peak() / 1e6)} MB`,
  );
  if (peak() > most) throw new Error(`${Math.round(peak() / 1e6)} MB were held while ${path} was streamed`);
}

export async function run({ scale = 1, note = () => {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-stream-'));
  const frames = Math.max(8, Math.round((20e9 * scale) / (2 * side * side)));
  try {
    const plain = join(folder, 'plain.raw');
    closeSync(openSync(plain, 'w'));
    truncateSync(plain, frames * 2 * side * side);
    await stream(plain, { format: 'raw', dtype: 'u16', sigShape: [side, side] }, note);
    const packed = join(folder, 'packed.h5');
    const fd = openSync(packed, 'w');
    const codecs = await openCodecs({
      addonPath: resolve(`dist/native/${process.platform}-${process.arch}/ewald_native.node`),
    });
    const sink = {
      append: async (bytes) => void writeSync(fd, bytes),
      patch: async (at, bytes) => void writeSync(fd, bytes, 0, bytes.length, at),
    };
    const writer = await Hdf5Writer.create(sink, codecs);
    const series = writer.series({ frames, signal: [side, side], dtype: 'u16' });
    const frame = new Uint16Array(side * side);
    for (let i = 0; i < frames; i++) {
      frame.fill(i % 7, 0, 64);
      await series.write(frame);
    }
    await writer.finish({ data: { frames: series } });
    closeSync(fd);
    await codecs.dispose();
    await stream(packed, {}, note);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

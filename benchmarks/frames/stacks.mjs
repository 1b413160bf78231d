#!/usr/bin/env node
// Reads stacks of frames in their storage formats and compares with plain node:fs reads of the same bytes, page-cached:
//   node benchmarks/frames/stacks.mjs [--megabytes 256] [--rounds 7] [--json]
// Each contestant reads the whole file in pieces of 32 MiB into memory that is already allocated. Contestants take
// turns, and the best round counts. Results are verified before timing by the sum of the first pixels of every frame.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { open } from '../../dist/data.node.js';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
  },
});
const [megabytes, rounds] = [Number(values.megabytes), Number(values.rounds)];
if (!(megabytes > 0) || !(rounds > 0)) {
  process.stderr.write('bench data: --megabytes and --rounds take numbers above 0\n');
  process.exit(2);
}
/** The goal of the project: at least this fraction of the speed of plain reads. */
const aim = 0.8;
const piece = 2 ** 25;

const header = (bits) =>
  Buffer.from(
    (
      `MQ1,000001,00384,01,0256,0256,${bits},   1x1,01,2021-04-15 ` +
      '15:00:20.096668,0.001000,0,0,0,MQ1A,x,1000000ns,12,'
    ).padEnd(384, '\0'),
  );
const side = 256;
const stacks = [
  {
    name: 'raw u16',
    file: 'a.raw',
    frame: side * side * 2,
    options: { format: 'raw', dtype: 'u16', sigShape: [side, side] },
  },
  {
    name: 'raw u16, big-endian',
    file: 'b.raw',
    frame: side * side * 2,
    options: { format: 'raw', dtype: 'u16', sigShape: [side, side], endian: 'big' },
    big: true,
  },
  { name: 'EMPAD f32', file: 'scan_x1_y1.raw', frame: 128 * 128 * 4, after: 1024, options: {}, width: 4 },
  { name: 'MIB U08', file: 'c.mib', frame: side * side, before: header('U08'), options: {}, width: 1 },
  { name: 'MIB U16', file: 'd.mib', frame: side * side * 2, before: header('U16'), options: {}, big: true },
  { name: 'MIB U32', file: 'e.mib', frame: side * side * 4, before: header('U32'), options: {}, big: true, width: 4 },
];

/** Writes a stack in which every frame begins with its own number. */
function write(path, { frame, before, after = 0, big, width = 2 }) {
  const stride = (before?.length ?? 0) + frame + after;
  const frames = Math.ceil((megabytes * 2 ** 20) / stride);
  const fd = openSync(path, 'w');
  const bytes = Buffer.alloc(stride, 1);
  before?.copy(bytes);
  for (let i = 0; i < frames; i++) {
    const at = before?.length ?? 0;
    if (width === 1) bytes.writeUInt8(i % 256, at);
    else if (width === 2) bytes[big ? 'writeUInt16BE' : 'writeUInt16LE'](i % 65536, at);
    else if (big) bytes.writeUInt32BE(i, at);
    else bytes.writeFloatLE(i, at);
    writeSync(fd, bytes);
  }
  closeSync(fd);
  return frames;
}

const seconds = async (work) => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-data-'));
const results = [];
try {
  for (const stack of stacks) {
    const path = join(folder, stack.file);
    const frames = write(path, stack);
    const { size } = statSync(path);
    const dataset = await open(path, stack.options);
    const wrap = (stack.width ?? 2) === 1 ? 256 : stack.width === 4 ? 2 ** 32 : 65536;
    for (const at of [0, 1, frames >> 1, frames - 1]) {
      const [first] = await dataset.read(at, 1);
      if (dataset.frames !== frames || first !== at % wrap)
        throw new Error(`${stack.name}: frame ${at} of ${dataset.frames} begins with ${first}`);
    }
    const parts = dataset.partitions(piece);
    const longest = Math.max(...parts.map(({ count }) => count));
    const out = await dataset.read(0, longest);
    const plainInto = Buffer.alloc(piece, 1);
    const handle = await openFile(path);
    const ours = async () => {
      for (const { first, count } of parts) await dataset.read(first, count, out);
    };
    // Large reads need few calls, small reads stay in the caches, and synchronous reads wait for no other thread: the
    // fastest of these variants is the reference.
    const plain = (step) => async () => {
      for (let at = 0; at < size; at += step) {
        const length = Math.min(step, size - at);
        await handle.read(plainInto, at % piece, length, at);
      }
    };
    const plainHere = async () => {
      for (let at = 0; at < size; at += 2 ** 20)
        readSync(handle.fd, plainInto, at % piece, Math.min(2 ** 20, size - at), at);
    };
    const best = { ours: Number.POSITIVE_INFINITY, plain: Number.POSITIVE_INFINITY };
    for (let round = 0; round < rounds; round++) {
      best.plain = Math.min(
        best.plain,
        await seconds(plain(piece)),
        await seconds(plain(2 ** 20)),
        await seconds(plainHere),
      );
      best.ours = Math.min(best.ours, await seconds(ours));
    }
    await handle.close();
    await dataset.dispose();
    rmSync(path);
    const speed = (s) => size / s / 1e9;
    const ratio = best.plain / best.ours;
    results.push({
      name: stack.name,
      ours: speed(best.ours),
      plain: speed(best.plain),
      ratio,
      aim,
      pass: ratio >= aim,
    });
    if (!values.json) {
      const { ours: mine, plain: theirs } = results.at(-1);
      process.stdout.write(
        `${ratio >= aim ? 'pass' : 'MISS'}  ${stack.name.padEnd(20)} ${mine.toFixed(2)} GB/s, plain reads ` +
          `${theirs.toFixed(2)} GB/s: ${ratio.toFixed(2)} × (aim ${aim})\n`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);

#!/usr/bin/env node
// `node benchmarks/frames/against.mjs OTHER`: this build and the build in the folder OTHER take turns at reading 4-Mpixel
// frames (u16, bitshuffle + LZ4) out of one HDF5 file, on each CPU backend. Prints the best time of a frame of both, and
// ends with 1 if this build takes more than 1.05 of the other's.
//   [--frames N] (default 8)  [--turns N] (default 12)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { frames: { type: 'string', default: '8' }, turns: { type: 'string', default: '12' } },
});
if (positionals.length !== 1) throw new Error('expected one folder with another build: against.mjs OTHER');
const own = fileURLToPath(new URL('../..', import.meta.url));
const builds = { other: resolve(positionals[0]), this: own };
const [frames, turns] = [Number(values.frames), Number(values.turns)];
const side = 2048;

/** Frames of few photons with strong pixels, and their sum. */
function written(path) {
  const pixels = new Uint16Array(frames * side * side);
  let [state, sum] = [1, 0];
  for (let i = 0; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[i] = state >>> 18 === 0 ? state & 4095 : Math.clz32(state) >> 1;
    sum += pixels[i];
  }
  const header = `{'descr': '<u2', 'fortran_order': False, 'shape': (${frames}, ${side}, ${side}), }`.padEnd(117);
  writeFileSync(
    `${path}.npy`,
    Buffer.concat([
      Buffer.from('\x93NUMPY\x01\0\x76\0', 'latin1'),
      Buffer.from(`${header}\n`),
      new Uint8Array(pixels.buffer),
    ]),
  );
  execFileSync(process.execPath, [join(own, 'dist/cli.js'), 'convert', `${path}.npy`, '-o', path]);
  return sum;
}

const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-'));
let worst = 0;
try {
  const path = join(folder, 'frames.h5');
  const sum = written(path);
  for (const backend of ['native', 'wasm']) {
    const best = { other: Number.POSITIVE_INFINITY, this: Number.POSITIVE_INFINITY };
    const opened = {};
    const held = [];
    for (const [name, build] of Object.entries(builds)) {
      const { open, openCodecs } = await import(pathToFileURL(join(build, 'dist/data.node.js')).href);
      const codecs = await openCodecs({ backend });
      opened[name] = await open(path, { codecs });
      held.push(opened[name], codecs);
    }
    const into = new Uint16Array(side * side);
    for (let turn = 0; turn < turns; turn++)
      for (const [name, dataset] of Object.entries(opened)) {
        let total = 0;
        for (let i = 0; i < frames; i++) {
          const began = performance.now();
          await dataset.read(i, 1, into);
          best[name] = Math.min(best[name], performance.now() - began);
          if (turn === 0) for (const pixel of into) total += pixel;
        }
        if (turn === 0 && total !== sum) throw new Error(`${name} reads a sum of ${total}, expected ${sum}`);
      }
    for (const one of held) await one.dispose();
    const ratio = best.this / best.other;
    worst = Math.max(worst, ratio);
    console.log(
      `${backend}: ${best.other.toFixed(3)} ms a frame by the other build, ${best.this.toFixed(3)} by this one, ${ratio.toFixed(3)} of it`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = worst > 1.05 ? 1 : 0;

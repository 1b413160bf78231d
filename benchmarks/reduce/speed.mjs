#!/usr/bin/env node
// What keeping hits, converting raw words and packing cost, for frames of 4 Mpixel:
//   node benchmarks/reduce/speed.mjs [--rounds 7] [--frames 16] [--backend native]
// Each figure is the time of the processor, of all threads, the best of its rounds, alternated: what else the machine does
// hardly counts. The exit code is 3 if one is out of its aim.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { open, openCodecs } from '../../dist/data.node.js';
import { createContext } from '../../dist/index.node.js';
import { simulateFrames } from '../../dist/shell.node.js';
import { missedAim, record } from '../lib/lines.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    frames: { type: 'string', default: '16' },
    backend: { type: 'string', default: 'native' },
  },
});
const [rounds, frames] = [Number(values.rounds), Number(values.frames)];
const folder = mkdtempSync(join(tmpdir(), 'ewald-reduce-speed-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const at = (name) => join(folder, name);
const side = 2048;
const mega = side * side;

let isMissed = false;
function line(what, value, unit, aim, most = true) {
  const isRight = aim === undefined || (most ? value <= aim : value >= aim);
  isMissed ||= !isRight;
  const bound = aim === undefined ? '' : `  (aim ${most ? '≤' : '≥'} ${aim})`;
  process.stdout.write(`${isRight ? 'pass' : 'MISS'}  ${what.padEnd(64)} ${value.toPrecision(3)} ${unit}${bound}\n`);
  record({ what: `reduce: ${what}`, value, unit, most, ...(aim === undefined ? {} : { aim }) });
}

/** Milliseconds of the processor of each of some calls, the best of the rounds; they take turns. */
async function best(calls) {
  const least = calls.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round <= rounds; round++)
    for (const [i, call] of calls.entries()) {
      const begun = process.cpuUsage();
      await call();
      const { user, system } = process.cpuUsage(begun);
      // The first round warms up.
      if (round > 0) least[i] = Math.min(least[i], (user + system) / 1000);
    }
  return least;
}

const cell = [
  [79, 0, 0],
  [0, 79, 0],
  [0, 0, 38],
];
const simulation = { cell, images: frames, seed: 5, detectorPx: [side, side], pixelMm: 0.075, distanceMm: 100 };
await simulateFrames(folder, { ...simulation, background: 1 }, { name: 'run' });
const codecs = await openCodecs({ backend: values.backend });
const source = await open(at('run.h5'));
const frame = await source.read(0, 1);
const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);

// Words of all three stages.
const n = mega;
const words = Uint16Array.from({ length: n }, (_, i) => ([0, 0, 0, 1, 0, 0, 3][i % 7] << 14) | (2600 + (i % 900)));
const pedestals = new Float32Array(3 * n).fill(2600);
const factors = new Float32Array(3 * n).fill(0.01);
const converter = codecs.wordConverter({ pedestals, factors, stages: 7 });
const out = new Int16Array(n);

const bitshuffle = { codec: 'bitshuffleLz4', elementBytes: 2 };
let packed = await codecs.encode(bitshuffle, bytes);
const unpacked = new Uint8Array(bytes.length);
const zstd = codecs.zstd && (await import('../../build/esm/bytes/codecs/bitshuffle-zstd.js')).encodeBitshuffleZstd;
const [convert, lz4, back, small = Number.NaN] = await best([
  () => converter.convert(words, out),
  async () => {
    packed = await codecs.encode(bitshuffle, bytes);
  },
  () => codecs.decode(bitshuffle, packed, unpacked),
  ...(zstd ? [() => zstd(codecs, bytes, 2, 2 ** 15)] : []),
]);
line('constants: 4 Mpixel of words, one core', (convert * 2 ** 22) / mega, 'ms', values.backend === 'native' ? 1.5 : 5);
line('bitshuffle and LZ4, one core', bytes.length / lz4 / 1e6, 'GB/s', 1.5, false);
if (zstd) line('bitshuffle and Zstandard, one core', bytes.length / small / 1e6, 'GB/s');
converter.release();

const context = await createContext({ backend: values.backend, log: { level: 'error' } });
const peaks = { threshold: 12, minSnr: 4.5, minPixCount: 2, maxPixCount: 200, localBgRadius: 4 };
async function run(more) {
  let hits = 0;
  const options = { inputs: [at('run.h5')], geometry: at('run.geom'), cells: [], peaks, force: true, ...more };
  for await (const item of context.pipeline(options)) if (item.result?.hit) hits++;
  return hits;
}
const hits = await run({});
const [without, kept] = await best([() => run({}), () => run({ hits: at('hits.cxi') })]);
// A hit is read again as it was recorded, and packed: both on threads.
const codec = lz4 + back;
line(`run of ${hits} hits without keeping them, a frame`, without / frames, 'ms');
line('the same with --hits, a hit more', (kept - without) / hits, 'ms');
line('codec alone: unpacking once more, and packing, a hit', codec, 'ms');
line('a hit more, beside the codec', Math.max(0, (kept - without) / hits - codec), 'ms', 0.3);
await context.dispose();
await source.dispose();
await codecs.dispose();
if (isMissed) process.exitCode = missedAim;

// `node benchmarks/udf/live.mjs`: frames of a simulated Merlin over loopback into a sum and a disk, compared with the
// result that the frames must have before any time is printed.
//   --seconds S   frames are sent for about S seconds (default 60)   --rate R   frames per second that are requested
//   (default 4100; 0: as fast as possible)   --workers N   (default 0: this thread)   --json
// The simulator runs in a separate process, so this needs two processors: the load of the machine affects it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Context, simulateMerlin, sumUdf } from '../../dist/udf.node.js';
import { record } from '../lib/lines.mjs';

const side = 256;
/** Frames of the file, which is repeated. */
const stored = 256;
const [, self] = process.argv;

if (process.env.EWALD_BENCH_MERLIN) {
  const { file, frames, dwellUs, repeat } = JSON.parse(process.env.EWALD_BENCH_MERLIN);
  const open = { format: 'raw', dtype: 'u16', sigShape: [side, side] };
  const { port, dataPort } = await simulateMerlin(file, { port: 0, frames, dwellUs, repeat, open });
  process.send({ port, dataPort });
} else if (self === fileURLToPath(import.meta.url)) {
  await main();
}

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '4100' },
      workers: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
    },
  });
  const [seconds, rate, workers] = [values.seconds, values.rate, values.workers].map(Number);
  const frames = stored * Math.max(1, Math.round((seconds * (rate || 4100)) / stored));
  const folder = mkdtempSync(join(tmpdir(), 'ewald-live-'));
  const file = join(folder, 'frames.raw');
  const numbers = Uint16Array.from({ length: stored * side * side }, (_, i) => Math.imul(i, 2654435761) >>> 21);
  writeFileSync(file, numbers);
  const settings = { file, frames, dwellUs: rate ? 1e6 / rate : 0, repeat: 2 };
  const child = fork(self, { env: { ...process.env, EWALD_BENCH_MERLIN: JSON.stringify(settings) } });
  try {
    const [{ port, dataPort }] = await once(child, 'message');
    const ctx = workers > 0 ? await Context.makeWith('workers', { cpus: workers }) : new Context();
    const connection = await ctx.connect('merlin', { port, dataPort });
    const navShape = [frames / stored, stored];
    const analysis = (scan) => [sumUdf(), ctx.createDiskAnalysis(scan, { cx: 128, cy: 128, r: 40 }).udf];

    const scan = await connection.next({ navShape });
    const started = performance.now();
    let first;
    let results;
    let longest = 0;
    let last = started;
    for await (const { buffers } of ctx.runUdfIter(scan, analysis(scan))) {
      results = buffers;
      const now = performance.now();
      first ??= now - started;
      longest = Math.max(longest, now - last);
      last = now;
    }
    const took = (performance.now() - started) / 1000;
    const { status } = scan.live;
    verify(results, numbers, frames);

    // A stop in the middle of the second acquisition.
    const second = await connection.next({ navShape });
    let asked;
    for await (const _ of ctx.runUdfIter(second, analysis(second))) {
      if (asked !== undefined) continue;
      asked = performance.now();
      second.live.stop();
    }
    const stop = performance.now() - asked;
    await ctx.close();

    const report = {
      frames,
      seconds: took,
      framesPerSecond: frames / took,
      megabytesPerSecond: (frames * side * side * 2) / 1e6 / took,
      firstPictureMs: first,
      longestBetweenPicturesMs: longest,
      stopMs: stop,
      ...status,
      workers,
      load: loadavg()[0],
      processors: cpus().length,
    };
    record({ what: 'frames of 256², u16', value: report.framesPerSecond, unit: 'frames/s', aim: 4000 });
    record({ what: 'first picture', value: first, unit: 'ms', aim: 200, most: true });
    if (values.json) console.log(JSON.stringify(report));
    else
      for (const [name, value] of Object.entries(report)) console.log(`${name.padEnd(26)} ${Number(value.toFixed(1))}`);
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}

/** The sums of all frames, which are those of the file as often as it was sent. */
function verify([{ intensity: sum }, disk], numbers, frames) {
  const pixels = side * side;
  for (const pixel of [0, 12345, pixels - 1]) {
    let expected = 0;
    for (let f = 0; f < stored; f++) expected += numbers[f * pixels + pixel];
    if (sum.rawData[pixel] !== (expected * frames) / stored) throw new Error(`pixel ${pixel} has the wrong sum`);
  }
  const { rawData, rawValidMask } = Object.values(disk)[0];
  for (let f = 0; f < frames; f++)
    if (rawValidMask[f] !== 1 || rawData[f] !== rawData[f % stored]) throw new Error(`frame ${f} has a wrong disk`);
}

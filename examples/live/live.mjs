// Indexes frames while a detector sends them, and merges the crystals that it has so far. The detector is simulated; to
// use another one, replace its address. Install ewald and zeromq, then run: node live.mjs [FOLDER]
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellFromParameters, createContext } from 'ewald';
import { mergeSink, mergeStatusText } from 'ewald/merging';
import { zmqSource } from 'ewald/pipeline';
import { simulateFrames } from 'ewald/shell';
import { simulateDectris } from 'ewald/udf';

const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'ewald-live-')));
// No two directions of this cell are alike: crystals can be indexed in one way only.
const cell = cellFromParameters(22, 25, 28, 82, 86, 94);
const simulation = { cell, images: 45, detectorPx: [256, 256], pixelMm: 0.3, domainA: 300, dMinA: 3 };
const files = await simulateFrames(join(folder, 'frames'), simulation);
const detector = await simulateDectris(files.frames, { port: 0, dwellUs: 20_000 }).catch((error) => {
  if (error.tag !== 'Load') throw error;
  console.log(`this example needs a detector: ${error.message}`);
  process.exit(0);
});

const ctx = await createContext();
try {
  // Merges at 30 crystals, at half as many more, and so on, and at the end.
  const onStatus = (status) => console.log(`${status.crystals} crystals merged: ${mergeStatusText(status)}`);
  const running = await mergeSink(ctx, { symmetry: '-1', highres: 3 }, { onStatus });
  const run = ctx.pipeline({
    // The run ends when nothing has arrived for two seconds. The detector sends its geometry before the first frame.
    inputs: zmqSource({ zmqInput: `tcp://${detector.host}:${detector.port}`, zmqPull: true, noDataTimeout: 2 }),
    cells: [files.cell],
    output: join(folder, 'live.stream'),
    sinks: [running],
    // The search and the geometry are adjusted on the frames of the first half second.
    firstFramesTimeoutS: 0.5,
    onEvent: (event) => event.kind === 'warning' && console.error(event.text),
  });
  let [frames, indexed] = [0, 0];
  for await (const { result, error } of run) {
    frames++;
    if (error) console.error(error.message);
    if (result?.crystals.length > 0) indexed++;
    if (frames % 15 === 0) console.log(`${frames} frames, ${indexed} indexed`);
  }
  console.log(`${frames} frames have arrived; their crystals are in ${join(folder, 'live.stream')}`);
} finally {
  await ctx.dispose();
  await detector.close();
}

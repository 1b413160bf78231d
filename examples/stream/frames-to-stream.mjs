// Frames to a stream, in Node: node frames-to-stream.mjs run.h5 run.geom run.cell run.stream
// Without arguments the frames are simulated, in a temporary folder.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellFromParameters, createContext } from 'ewald';
import { simulateFrames } from 'ewald/shell';

async function simulated() {
  const folder = await mkdtemp(join(tmpdir(), 'ewald-stream-'));
  const files = await simulateFrames(join(folder, 'frames'), {
    cell: cellFromParameters(40, 50, 60, 90, 90, 90),
    images: 3,
  });
  return [files.frames, files.geometry, files.cell, join(folder, 'run.stream')];
}

const given = process.argv.slice(2);
const [frames, geometry, cell, output] = given.length === 0 ? await simulated() : given;
if (!output) throw new Error('expected frames, a geometry, a cell and the stream to write, or nothing');

const context = await createContext();
try {
  let [searched, crystals] = [0, 0];
  // Events report what the run decides and what it has to warn of; the loop below receives the frames.
  const onEvent = (event) => {
    if (event.kind === 'warning') console.error(event.text);
  };
  const run = context.pipeline({ inputs: [frames], geometry, cells: [cell], output, onEvent });
  for await (const { origin, result, error } of run) {
    searched++;
    if (error) console.error(`${origin.event}: ${error.message}`);
    crystals += result?.crystals.length ?? 0;
  }
  console.log(`${searched} frames, ${crystals} crystals in ${output}`);
} finally {
  await context.dispose();
}

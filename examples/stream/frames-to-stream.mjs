// Frames to a stream, in Node: node frames-to-stream.mjs run.h5 run.geom run.cell run.stream
import { createContext } from 'ewald';

const [frames, geometry, cell, output] = process.argv.slice(2);
if (!output) throw new Error('expected frames, a geometry, a cell and the stream to write');

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

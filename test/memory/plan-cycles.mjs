// Opens, runs and disposes native indexers, eight at a time, and prints the size of the C heap after each quarter: node
// --expose-gc plan-cycles.mjs CYCLES
import { createContext } from 'ewald';
import { heapSpace } from '../support/heap-space.mjs';

const quarter = Number(process.argv[2]) / 4;
const cell = Float32Array.of(50, 0, 0, 0, 60, 0, 0, 0, 70);
const spots = Float32Array.from({ length: 120 }, (_, i) => ((i * 7) % 11) / 100 + 0.01);
const input = { spots, offsets: Uint32Array.of(0, spots.length / 3), cells: cell };
let planBytes = 0;

async function cycle() {
  const context = await createContext({ backend: 'native', strict: true, log: { level: 'error' } });
  const indexer = await context.indexer({ batch: 4, threads: 1 });
  planBytes = indexer.bytes;
  await indexer.run(input);
  await indexer.dispose();
  await context.dispose();
}

async function held() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return heapSpace();
}

const stages = [];
for (let i = 0; i < 5; i++) {
  for (let done = 0; done < quarter; done += 8) await Promise.all(Array.from({ length: 8 }, cycle));
  stages.push(await held());
}
process.stdout.write(JSON.stringify({ planBytes, stages }));

// A run in a browser worker: takes a File, posts chunks of a stream and cells.
import { open } from '../../dist/data.browser.js';
import { createContext, formatChunk, parseGeometry, readCell } from '../../dist/index.browser.js';

addEventListener('message', async ({ data: { file, geometry, cell, backend = 'wasm', minRes = 20 } }) => {
  try {
    const context = await createContext({ backend, strict: true, log: { level: 'error' } });
    const dataset = await open(file);
    const frames = [];
    const run = context.pipeline({
      inputs: [{ dataset, filename: file.name }],
      geometry: parseGeometry(geometry),
      cells: [readCell(cell)],
      peaks: { threshold: 12, minSnr: 4.5, localBgRadius: 4 },
      minRes,
    });
    for await (const { result, chunk, error } of run)
      frames.push({
        error: error?.message,
        chunk: chunk && formatChunk(chunk),
        cells: result?.crystals.map((crystal) => crystal.cell),
        peaks: result?.peaks.count,
        backends: result?.backends,
        members: result?.crystals.map(({ indices, peaks }) => [[...indices], [...peaks]]),
        reflections: result?.crystals.map(({ reflections }) => reflections.length),
      });
    await dataset.dispose();
    const { liveBytes } = context;
    await context.dispose();
    postMessage({ frames, liveBytes });
  } catch (error) {
    postMessage({ failed: String(error) });
  }
});

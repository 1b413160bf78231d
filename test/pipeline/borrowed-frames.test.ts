// @module-tag nightly: whole runs.
/**
 * Frames that a run reads into the heap of wasm: growth of the heap detaches their views while they are read, searched
 * and integrated, and changes nothing.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Codecs, type Dataset, open, openCodecs } from 'ewald/data';
import { expect, test } from 'vitest';
import { createContext, formatChunk, parseGeometry, readCell } from '../../dist/index.node.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);

/** What `fillsHere` of src/frames/dataset.ts returns. */
async function fillsHere(dataset: Dataset): Promise<boolean | undefined> {
  const prototype = Object.getPrototypeOf(dataset);
  const name = Object.getOwnPropertySymbols(prototype).find(({ description }) => description === 'fillsHere');
  return (dataset as unknown as Record<symbol, () => Promise<boolean>>)[name as symbol]?.();
}

/** The chunks of three frames, and the most memory that the context had in between; `grows`: its heap grows. */
async function chunks(codecs: Codecs, grows: boolean): Promise<{ texts: string[]; most: number; isBorrowed: unknown }> {
  const context = await createContext({ backend: 'wasm', strict: true });
  const dataset = await open(sim('run.h5'), { codecs });
  const isBorrowed = await fillsHere(dataset);
  const texts: string[] = [];
  let most = 0;
  let growing = grows;
  // Plans at any time, each of which makes the heap grow.
  let plans = 0;
  const growth = (async () => {
    for (; growing && plans < 60; plans++) {
      await context.indexer({ maxBatchSpots: 5e5 });
      await new Promise((done) => setTimeout(done, 1));
    }
  })();
  const run = context.pipeline({
    inputs: [{ dataset, frames: [0, 1, 2] }],
    geometry: parseGeometry(readFileSync(sim('run.geom'), 'utf8')),
    cells: [readCell(readFileSync(sim('run.cell'), 'utf8'))],
    peaks: { threshold: 12, minSnr: 4.5, localBgRadius: 4 },
    minRes: 20,
    intRadius: [4, 5, 7],
  });
  for await (const { chunk, error } of run) {
    if (error) throw error;
    texts.push(formatChunk(chunk));
    most = Math.max(most, context.liveBytes);
  }
  growing = false;
  await growth;
  if (grows) expect(plans).toBeGreaterThan(5);
  await dataset.dispose();
  await context.dispose();
  expect(context.liveBytes).toBe(0);
  return { texts, most, isBorrowed };
}

test.skipIf(!dataFolder)('a run in a growing heap gives the chunks of frames that are copied', async () => {
  const [native, wasm] = [await openCodecs({ backend: 'native' }), await openCodecs({ backend: 'wasm' })];
  const copied = await chunks(native, false);
  expect(copied.isBorrowed).toBe(false);
  const still = await chunks(wasm, false);
  expect(still.isBorrowed).toBe(true);
  expect(still.texts).toEqual(copied.texts);
  expect(still.most).toBeGreaterThan(copied.most + 10 ** 6);
  expect((await chunks(wasm, true)).texts).toEqual(copied.texts);
  await native.dispose();
  await wasm.dispose();
});

/**
 * The function that reads stages: when it may be called, and what it costs. The case table indexing:stages checks the
 * content of the stages.
 */
import { expect, test } from 'vitest';
import { cellFromParameters, createContext, simulateSpots } from '../../dist/index.node.js';

const cell = cellFromParameters(52.4, 61.3, 74.8, 90, 103.2, 90);
const list = (seed: number, spots: number): Float32Array =>
  Float32Array.from(simulateSpots({ cell, seed, spots })[0]?.spots ?? []);

test.each(['wasm', 'native', 'cuda-emulated'] as const)(
  'stages are those of the first image, on %s',
  async (backend) => {
    const ctx = await createContext({ backend, strict: true });
    const before = ctx.liveBytes;
    const [first, second] = [list(1, 100), list(2, 60)];
    const spots = Float32Array.from([...first, ...second]);
    const offsets = Uint32Array.from([0, first.length / 3, spots.length / 3]);
    const one = await ctx.indexer({ debug: true });
    await one.run({ spots: first, cells: [cell] });
    const alone = await one.stages();
    expect(alone.vectors.length).toBe(12);
    expect(alone.cells.length).toBe(alone.hits.length);
    const both = await ctx.indexer({ debug: true, batch: 2, threads: 2 });
    await both.run({ spots, offsets, cells: [cell] });
    expect(await both.stages()).toEqual(alone);
    // A run without a search keeps nothing of the previous one.
    await one.run({ spots: first.subarray(0, 9), cells: [cell] });
    expect(await one.stages()).toMatchObject({ length: 0, picked: [], vectors: [], hits: [], cells: [] });
    await one.dispose();
    await both.dispose();
    expect(ctx.liveBytes).toBe(before);
    await expect(one.stages()).rejects.toMatchObject({ tag: 'Disposed' });
    await ctx.dispose();
  },
);

test('stages without debug or before a run are refused', async () => {
  const ctx = await createContext({ backend: 'wasm', strict: true });
  const plain = await ctx.indexer();
  await expect(plain.stages()).rejects.toMatchObject({
    tag: 'Argument',
    message: expect.stringContaining('debug: true'),
  });
  const debug = await ctx.indexer({ debug: true });
  await expect(debug.stages()).rejects.toMatchObject({
    tag: 'Argument',
    message: expect.stringContaining('before a run'),
  });
  expect(debug.bytes).toBeGreaterThan(plain.bytes);
  await ctx.dispose();
});

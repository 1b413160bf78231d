/** Streams: order, back-pressure, slow sources, aborts and failures; threads on wasm. */
import { type Context, createContext, isEwaldError } from 'ewald';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellFromParameters, sameLattice } from '../../src/crystal/cell.js';
import { type SimulatedImage, simulateSpots } from '../../src/simulate/spots.js';

const cell = cellFromParameters(50, 62, 73, 82, 77, 71);
const images = simulateSpots({ cell, images: 23, spots: 60, spurious: 0.2, seed: 4 });
const items = images.map((image, number) => ({ spots: image.spots, number, truth: image }));
const right = (found: { cell: Parameters<typeof sameLattice>[0] } | undefined, { lattices }: SimulatedImage): boolean =>
  found !== undefined && sameLattice(found.cell, lattices[0] as (typeof lattices)[0]);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let context: Context;
beforeEach(async () => {
  context = await createContext({ backend: 'wasm', strict: true });
});
afterEach(async () => {
  await context.dispose();
  expect(context.liveBytes).toBe(0);
});

describe('indexer.stream', () => {
  it.each([true, false])('returns every image with its own result (ordered: %s)', async (ordered) => {
    const indexer = await context.indexer({ batch: 4, inFlight: 3 });
    const numbers: number[] = [];
    for await (const { item, image } of indexer.stream(items, { cells: cell, ordered })) {
      numbers.push(item.number);
      expect(right(image.crystals()[0], item.truth), `image ${item.number}`).toBe(true);
    }
    if (!ordered) numbers.sort((a, b) => a - b);
    expect(numbers).toEqual(items.map(({ number }) => number));
  });

  it('takes no more items from a fast source than it may hold', async () => {
    const indexer = await context.indexer({ batch: 2, inFlight: 2 });
    let given = 0;
    let received = 0;
    async function* source() {
      for (const item of items) {
        given++;
        yield item;
      }
    }
    for await (const _ of indexer.stream(source(), { cells: cell })) {
      received++;
      // Two batches of two in flight, and one item read ahead.
      expect(given - received).toBeLessThanOrEqual(5);
      await sleep(1);
    }
    expect(received).toBe(items.length);
  });

  it('does not wait for a slow source to fill a batch', async () => {
    const indexer = await context.indexer({ batch: 16, inFlight: 1 });
    let readFirst = (): void => {};
    const firstRead = new Promise<void>((resolve) => {
      readFirst = resolve;
    });
    // The source yields the second image after the first result was read: waiting for a full batch would never end.
    async function* source() {
      yield items[0] as (typeof items)[0];
      await firstRead;
      yield items[1] as (typeof items)[0];
    }
    let results = 0;
    for await (const _ of indexer.stream(source(), { cells: cell, maxDelayS: 0.01 })) {
      results++;
      readFirst();
    }
    expect(results).toBe(2);
  });

  it('ends with Aborted after the finished images, even if its source is stuck', async () => {
    const indexer = await context.indexer({ batch: 1, inFlight: 1 });
    const controller = new AbortController();
    async function* source() {
      yield items[0] as (typeof items)[0];
      await new Promise(() => {});
    }
    let received = 0;
    const error = await (async () => {
      for await (const _ of indexer.stream(source(), { cells: cell, signal: controller.signal, maxDelayS: 0 })) {
        received++;
        setTimeout(() => controller.abort(), 20);
      }
    })().catch((thrown) => thrown);
    expect(received).toBe(1);
    expect(isEwaldError(error, 'Aborted')).toBe(true);
  });

  it('delivers the images before an unacceptable one, and lets the source clean up', async () => {
    const indexer = await context.indexer({ batch: 2, inFlight: 2 });
    let cleaned = false;
    function* source() {
      try {
        yield* items.slice(0, 5);
        yield { spots: Float32Array.of(0.1, 0.2, Number.NaN), number: 5, truth: items[0]?.truth };
        yield* items.slice(5);
      } finally {
        cleaned = true;
      }
    }
    const numbers: number[] = [];
    const error = await (async () => {
      for await (const { item } of indexer.stream(source(), { cells: cell })) numbers.push(item.number);
    })().catch((thrown) => thrown);
    expect(numbers).toEqual([0, 1, 2, 3, 4]);
    expect(isEwaldError(error, 'Argument')).toBe(true);
    expect(error.message).toContain('NaN');
    expect(cleaned).toBe(true);
  });

  it.each([true, false])('delivers the images before an error of the source (synchronous: %s)', async (synchronous) => {
    const indexer = await context.indexer({ batch: 8 });
    function* source() {
      yield* items.slice(0, 3);
      throw new RangeError('the source broke');
    }
    async function* later() {
      yield* source();
    }
    const numbers: number[] = [];
    await expect(async () => {
      const images = indexer.stream(synchronous ? source() : later(), { cells: cell });
      for await (const { item } of images) numbers.push(item.number);
    }).rejects.toThrow('the source broke');
    expect(numbers).toEqual([0, 1, 2]);
  });

  it('stops its source when the reader leaves early', async () => {
    const indexer = await context.indexer({ batch: 2 });
    let cleaned = false;
    async function* source() {
      try {
        yield* items;
      } finally {
        cleaned = true;
      }
    }
    for await (const _ of indexer.stream(source(), { cells: cell })) break;
    expect(cleaned).toBe(true);
    expect((await indexer.run({ spots: items[0]?.spots ?? [], cells: cell })).images).toBe(1);
  });

  it('refuses more images than the batch holds, and unknown options', async () => {
    const indexer = await context.indexer({ maxSpots: 50, maxBatchSpots: 50 });
    await expect(indexer.stream(items, { cells: cell }).next()).rejects.toThrow(
      '60 spots, but the indexer was made for 50',
    );
    await expect(indexer.stream(items, { cells: cell, order: true } as never).next()).rejects.toThrow(
      'did you mean "ordered"',
    );
  });
});

describe('threads on wasm', () => {
  it('give the same bytes as one thread, and leave nothing behind', async () => {
    const spots = Float32Array.from(images.flatMap((image) => [...image.spots]));
    const offsets = images.reduce((all, image) => [...all, (all.at(-1) ?? 0) + image.spots.length / 3], [0]);
    const one = await context.indexer({ batch: 32 });
    const three = await context.indexer({ batch: 32, threads: 3 });
    const [a, b] = [await one.run({ spots, offsets, cells: cell }), await three.run({ spots, offsets, cells: cell })];
    expect(b.found).toEqual(a.found);
    expect(b.results).toEqual(a.results);
    expect(b.assignment).toEqual(a.assignment);
    expect((await three.run({ spots: images[0]?.spots ?? [], cells: cell })).image(0).cells()).toEqual(
      a.image(0).cells(),
    );
  });

  it('reports a worker that cannot be started', async () => {
    const other = await createContext({ backend: 'wasm', strict: true, worker: new URL('file:///nowhere/worker.js') });
    await expect(other.indexer({ batch: 4, threads: 2 })).rejects.toThrow('nowhere');
    await other.dispose();
  });
});

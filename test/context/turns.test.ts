/** Short calls in a loop leave the event loop its turns, and share one listener on their signal. */
import { getEventListeners } from 'node:events';
import { type Context, createContext } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

/** Calls of plans that complete within their turn of the event loop on wasm. */
const calls: Readonly<Record<string, () => Promise<(signal: AbortSignal) => Promise<unknown>>>> = {
  'finder.run': async () => {
    const finder = await context.peaks({ width: 256, height: 256, dtype: 'u16' });
    const frame = new Uint16Array(256 * 256);
    return (signal) => finder.run(frame, { signal });
  },
  'fft.forward': async () => {
    const plan = await context.fft({ shape: [128, 128], kind: 'r2c' });
    const [input, output] = [new Float32Array(128 * 128), new Float32Array(128 * 65 * 2)];
    return (signal) => plan.forward(input, output, { signal });
  },
  'indexer.run': async () => {
    const indexer = await context.indexer({ maxSpots: 30, batch: 1 });
    const spots = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i) / 10);
    const cells = Float32Array.of(80, 0, 0, 0, 80, 0, 0, 0, 40);
    return (signal) => indexer.run({ spots, offsets: Uint32Array.of(0, 20), cells, signal });
  },
};

describe.for(Object.entries(calls))('%s on wasm', ([, plan]) => {
  test('in a loop is aborted by a timer', async () => {
    const call = await plan();
    const stop = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks === 2) stop.abort();
    }, 5);
    const began = performance.now();
    const loop = async (): Promise<void> => {
      while (performance.now() - began < 4000) await call(stop.signal);
    };
    await expect(loop().finally(() => clearInterval(timer))).rejects.toMatchObject({ tag: 'Aborted' });
    expect(ticks).toBeGreaterThanOrEqual(2);
  });

  test('in parallel is aborted by a timer, and adds one listener to its signal', async () => {
    const call = await plan();
    const stop = new AbortController();
    const all = Array.from({ length: 3000 }, () => call(stop.signal));
    const settled = Promise.allSettled(all);
    expect(getEventListeners(stop.signal, 'abort').length).toBeLessThanOrEqual(1);
    // On a loaded machine a timer that is set now may be due before the first call has finished.
    await all[0];
    setTimeout(() => stop.abort(), 1);
    const tags = (await settled).map((one) => (one.status === 'rejected' ? one.reason.tag : 'done'));
    expect(tags[0]).toBe('done');
    expect(tags.at(-1)).toBe('Aborted');
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });
});

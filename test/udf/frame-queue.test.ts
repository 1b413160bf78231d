/** The ring of a live scan: how long frames wait for further ones, by a simulated clock. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FrameQueue } from '../../src/udf/acquisition/frame-queue.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

test('the first frames are passed on after 20 ms, later ones after 100 ms, and a full partition at once', async () => {
  const queue = new FrameQueue({ dtype: 'u8', frameLength: 2 ** 22, frames: 1000, ringBytes: 2 ** 26 });
  const waits: (readonly [frames: number, ms: number])[] = [];
  for (const [first, count] of [
    [0, 1],
    [1, 2],
    [3, 8],
  ] as const) {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      queue.place();
      queue.commit(first + i);
    }
    let taken = 0;
    const taking = queue.take().then((arrived) => {
      taken = performance.now();
      return arrived;
    });
    while (taken === 0) await vi.advanceTimersByTimeAsync(1);
    const arrived = (await taking) ?? expect.fail();
    waits.push([arrived.indices.length, taken - start]);
    queue.give(arrived.frames);
  }
  expect(queue.slotFrames).toBe(8);
  expect(waits.map(([frames]) => frames)).toEqual([1, 2, 8]);
  for (const [i, limit] of [20, 100, 0].entries()) {
    expect(waits[i]?.[1]).toBeGreaterThanOrEqual(limit);
    expect(waits[i]?.[1]).toBeLessThanOrEqual(limit + 2);
  }
});

/** The files of a series that are open at a time, whose reads end together. */
import { expect, test } from 'vitest';
import { changedFiles } from '../../src/frames/dataset.js';
import { openFrames } from '../../src/frames/frames.js';
import { openSeries } from '../../src/frames/series.js';

test('files that are closed meanwhile are looked at once, and none is closed while it is read', async () => {
  let state = 5;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const ticks = async (): Promise<void> => {
    for (let k = 30 * random(); k > 0; k--) await Promise.resolve();
  };
  const [readings, opened, looked] = [new Set<number>(), { count: 0 }, { count: 0 }];
  const files = Array.from({ length: 40 }, (_, i) => ({
    name: `f${i}`,
    async open() {
      opened.count++;
      await ticks();
      let isOpen = true;
      const source = {
        name: `f${i}`,
        size: 2,
        read: () => Promise.reject(new Error('not read')),
        sibling: () => Promise.reject(new Error('no sibling')),
        close: async () => undefined,
      };
      const dataset = openFrames(source, {
        format: 'npy',
        shape: { nav: [1], sig: [1, 1] },
        dtype: 'u16',
        meta: {},
        notes: [],
        onDispose: async () => {
          expect(readings.has(i)).toBe(false);
          isOpen = false;
        },
        readMany: async (_first: number, _count: number, into: Uint8Array) => {
          readings.add(i);
          await ticks();
          expect(isOpen).toBe(true);
          into[0] = i;
          readings.delete(i);
        },
      } as never);
      return Object.assign(dataset, {
        async [changedFiles]() {
          looked.count++;
          await ticks();
          return [];
        },
      });
    },
  }));
  const dataset = await openSeries('all', files as never, {} as never);
  for (let round = 0; round < 20; round++) {
    const i = Math.floor(20 * random());
    const frames = (await Promise.all([dataset.read(i, 20), dataset.read(0, 20)]))[0];
    expect(Array.from(frames as Uint16Array)).toEqual(Array.from({ length: 20 }, (_, k) => i + k));
  }
  await dataset.dispose();
  expect(looked.count).toBe(opened.count);
});

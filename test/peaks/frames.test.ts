/** Frame memory allocated by a peak finder: it belongs to the caller, is zeroed, and is searched like any other. */
import { describe, expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';

describe.each(['wasm', 'native'] as const)('frames of a finder on %s', (backend) => {
  // Below and above the size from which memory is allocated in huge pages.
  test.for([
    [256, 192, 'u32'],
    [2048, 1024, 'u16'],
  ] as const)('%i x %i %s', async ([width, height, dtype]) => {
    const context = await createContext({ backend, strict: true });
    const finder = await context.peaks({ width, height, dtype });
    const [one, other] = [finder.newFrame(), finder.newFrame()];
    expect(one.constructor.name).toBe(dtype === 'u16' ? 'Uint16Array' : 'Uint32Array');
    expect(one.length).toBe(width * height);
    expect(one.every((x) => x === 0)).toBe(true);
    for (let i = 0; i < one.length; i++) one[i] = 10 + ((i * 7919) % 5);
    for (const at of [20 * width + 30, 20 * width + 31, 21 * width + 30]) one[at] = 500;
    // The two do not share memory.
    expect(other.every((x) => x === 0)).toBe(true);
    const options = { threshold: 50, localBgRadius: 3 };
    const found = await finder.run(one, options);
    expect(found.count).toBe(1);
    expect(found).toEqual(await finder.run(one.slice(), options));
    await finder.dispose();
    expect(() => finder.newFrame()).toThrow(expect.objectContaining({ tag: 'Disposed' }));
    await context.dispose();
  });
});

describe('frames that a finder lends', () => {
  /** What `borrowFrame` of src/peaks/peaks.ts calls. */
  const borrow = (finder: object): { frame(): Uint16Array; giveBack(): void } | undefined => {
    const name = Object.getOwnPropertySymbols(finder).find(({ description }) => description === 'borrowFrame');
    return (finder as Record<symbol, () => ReturnType<typeof borrow>>)[name as symbol]?.();
  };
  const [width, height] = [512, 256];
  const search = { threshold: 50, localBgRadius: 3 };

  test('are searched in the heap of wasm, and keep their pixels when it grows', { tags: 'all' }, async () => {
    const context = await createContext({ backend: 'wasm', strict: true });
    const finder = await context.peaks({ width, height, dtype: 'u16' });
    const before = finder.bytes;
    const lent = borrow(finder);
    if (!lent) throw new Error('wasm lends no frame');
    expect(finder.bytes).toBe(before + 2 * width * height);
    const frame = lent.frame();
    for (let i = 0; i < frame.length; i++) frame[i] = 10 + ((i * 7919) % 5);
    for (const at of [20 * width + 30, 20 * width + 31, 21 * width + 30]) frame[at] = 500;
    const copy = frame.slice();
    const found = await finder.run(copy, search);
    expect(found.count).toBe(1);
    // Another frame was searched in between, in memory of its own.
    expect((await finder.run(new Uint16Array(copy.length).fill(10), search)).count).toBe(0);
    expect(await finder.run(lent.frame(), search)).toEqual(found);
    const large = await context.indexer({ maxBatchSpots: 4e6 });
    expect(frame.byteLength).toBe(0);
    await expect(finder.run(frame, search)).rejects.toMatchObject({ tag: 'Shape' });
    expect(lent.frame()).toEqual(copy);
    expect(await finder.run(lent.frame(), search)).toEqual(found);
    const { byteOffset } = lent.frame();
    lent.giveBack();
    expect(borrow(finder)?.frame().byteOffset).toBe(byteOffset);
    await large.dispose();
    await finder.dispose();
    expect(context.liveBytes).toBe(0);
    await context.dispose();
  });

  test('there are none on native, which searches the frames of its caller', async () => {
    const context = await createContext({ backend: 'native', strict: true });
    expect(borrow(await context.peaks({ width, height, dtype: 'u16' }))).toBeUndefined();
    await context.dispose();
  });
});

test('maxPeaks keeps the peaks of the greatest intensity, in the order of the list', async () => {
  const context = await createContext({ backend: 'wasm' });
  const [width, height] = [256, 192];
  const finder = await context.peaks({ width, height, dtype: 'u16' });
  const frame = Uint16Array.from({ length: width * height }, (_, i) => 10 + ((i * 7919) % 5));
  // Four peaks of three pixels; the strongest is neither first nor last.
  for (const [row, height] of [200, 900, 300, 600].entries())
    for (const at of [0, 1, width]) frame[(20 + 40 * row) * width + 60 + at] = height;
  const search = { threshold: 50, localBgRadius: 3 };
  const all = await finder.run(frame, search);
  expect(all.count).toBe(4);
  const two = await finder.run(frame, { ...search, maxPeaks: 2 });
  expect([two.count, [...two.ss]]).toEqual([2, [all.ss[1], all.ss[3]]]);
  expect([...two.pixels]).toEqual([3, 3]);
  expect(await finder.run(frame, { ...search, maxPeaks: 4 })).toEqual(all);
  await expect(finder.run(frame, { ...search, maxPeaks: 0 })).rejects.toThrow(
    'peaks.run: maxPeaks is 0; expected an integer from 1 to 1048576',
  );
  await context.dispose();
});

test.each(['wasm', 'native'] as const)('every peak of a frame is found on %s, however many', async (backend) => {
  const context = await createContext({ backend, strict: true });
  const side = 512;
  const finder = await context.peaks({ width: side, height: side, dtype: 'u16' });
  const before = finder.bytes;
  const frame = Uint16Array.from({ length: side * side }, (_, i) => 10 + ((i * 7919) % 5));
  // 72 by 72 peaks of three pixels, more than twice as many as CrystFEL keeps.
  for (let row = 0; row < 72; row++)
    for (let column = 0; column < 72; column++)
      for (const at of [0, 1, side]) frame[(4 + 7 * row) * side + 4 + 7 * column + at] = 200 + column + row;
  const search = { threshold: 50, minSnr: 1, localBgRadius: 2 };
  const list = await finder.run(frame, search);
  // The innermost rings consist of peaks.
  expect(list.count).toBeGreaterThan(5100);
  expect(list.omitted).toBeUndefined();
  expect(Math.max(...list.ss)).toBeGreaterThan(500);
  // Memory has grown with the list, is counted, and is kept.
  expect(finder.bytes).toBeGreaterThan(before);
  expect(await finder.run(frame, search)).toEqual(list);
  const few = await finder.run(frame, { ...search, maxPeaks: 100 });
  expect([few.count, few.omitted]).toEqual([100, list.count - 100]);
  expect(Math.min(...few.intensity)).toBeGreaterThan(list.intensity.toSorted().at(-300) ?? 0);
  await finder.dispose();
  expect(context.liveBytes).toBe(0);
  await context.dispose();
});

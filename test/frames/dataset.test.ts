/** The behaviour of every dataset, regardless of format: shapes, reads into memory of the caller, errors, disposal. */
import { describe, expect, it } from 'vitest';
import { formatsOf, memoryDataset, memorySource, open } from '../../dist/data.node.js';
import type { Dataset } from '../../src/entries/data.node.js';
import { rejection } from './rejection.js';

const numbers = Uint16Array.from({ length: 24 * 6 }, (_, i) => i);
const make = (options = {}): Dataset => memoryDataset(numbers, { sigShape: [2, 3], navShape: [4, 6], ...options });

describe('reading', () => {
  it('reads frames into new memory or the caller’s, including shared memory', async () => {
    const dataset = make();
    expect(dataset).toMatchObject({ frames: 24, frameLength: 6, dtype: 'u16', format: 'memory' });
    expect(await dataset.read(2, 2)).toEqual(numbers.slice(12, 24));
    const into = new Uint16Array(20).fill(9);
    const out = await dataset.read(1, 2, into.subarray(3));
    expect([...into.subarray(0, 3), ...into.subarray(15)]).toEqual(new Array(8).fill(9));
    expect([...out]).toEqual([...numbers.slice(6, 18)]);
    const shared = new Uint16Array(new SharedArrayBuffer(24));
    await dataset.read(0, 2, shared);
    expect([...shared]).toEqual([...numbers.slice(0, 12)]);
    expect((await dataset.read(24, 0)).length).toBe(0);
  });

  it('refuses invalid requests by tag', async () => {
    const dataset = make();
    for (const [first, count] of [
      [0, 25],
      [-1, 1],
      [0.5, 1],
      [24, 1],
      [0, -1],
    ] as const)
      expect(await rejection(dataset.read(first, count))).toBe('Argument');
    expect(await rejection(dataset.read(0, 1, new Uint8Array(12)))).toBe('Shape');
    expect(await rejection(dataset.read(0, 2, new Uint16Array(11)))).toBe('Shape');
    expect(await rejection(dataset.read(0, 1, undefined, { signal: AbortSignal.abort() }))).toBe('Aborted');
  });

  it('is closed when it is disposed of, after pending reads', async () => {
    const dataset = make();
    const reading = dataset.read(0, 24);
    await Promise.all([dataset.dispose(), dataset.dispose()]);
    expect((await reading).length).toBe(144);
    expect(await rejection(dataset.read(0, 1))).toBe('Disposed');
  });

  it('does not write after an abort has been reported', async () => {
    const bytes = new Uint8Array(2 ** 23).fill(5);
    const slow = memorySource(bytes, 'slow');
    const { read } = slow;
    let started = 0;
    const controller = new AbortController();
    const source = Object.assign(slow, {
      async read(offset: number, into: number | Uint8Array) {
        started++;
        if (started === 3) controller.abort();
        await new Promise((resolve) => setTimeout(resolve, 10));
        return read(offset, into);
      },
    });
    // Each frame has a header, so frames are read in blocks through a buffer of the dataset.
    const dataset = await open(source, { format: 'raw', dtype: 'u8', sigShape: [1000], frameHeader: 24 });
    const into = new Uint8Array(dataset.frames * 1000);
    const reading = dataset.read(0, dataset.frames, into, { signal: controller.signal });
    expect(await rejection(reading)).toBe('Aborted');
    const before = started;
    const copy = into.slice();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Buffer.compare(into, copy)).toBe(0);
    expect(started).toBe(before);
    expect(started).toBeLessThan(8);
    await dataset.dispose();
  });
});

describe('partitions', () => {
  it('cover every frame once, of about the requested size', () => {
    const dataset = make();
    for (const bytes of [1, 12, 13, 100, 288, 1e9]) {
      const parts = dataset.partitions(bytes);
      let next = 0;
      for (const { first, count } of parts) {
        expect(first).toBe(next);
        expect(count).toBe(Math.min(Math.max(1, Math.floor(bytes / 12)), 24 - first));
        next += count;
      }
      expect(next).toBe(24);
    }
    expect(() => dataset.partitions(0)).toThrow(/expected a number above 0/);
  });
});

describe('opening', () => {
  it('names the options that do not fit', async () => {
    const bytes = new Uint8Array(numbers.buffer);
    const raw = { format: 'raw', dtype: 'u16', sigShape: [2, 3] } as const;
    for (const [options, tag, says] of [
      [{ format: 'rav' }, 'Argument', /did you mean "raw"/],
      [{ ...raw, shape: [2] }, 'Argument', /no option "shape"/],
      [{ format: 'raw' }, 'Argument', /pass dtype and sigShape/],
      [{ ...raw, navShape: [5, 5] }, 'Shape', /holds 24 frames; a scan of 5 × 5 would need 25. Shapes that fit: 4 × 6/],
      [{ ...raw, navShape: [0, 24] }, 'Argument', /lengths of at least 1/],
      [{ ...raw, navShape: [7, -1] }, 'Shape', /holds 24 frames; a scan of 7 × -1 does not divide them. Shapes that/],
      [{ ...raw, navShape: [-1, -1] }, 'Shape', /-1 × -1 does not divide them/],
      [{ ...raw, sigShape: [1e9, 1e9] }, 'Argument', /larger than any file/],
      [{ ...raw, sigShape: [1e5] }, 'Format', /one frame needs 200000/],
      [{ format: 'mib', dtype: 'u8' }, 'Argument', /states its dtype itself/],
      [{ format: 'raw', dtype: 'u8', sigShape: [1, 1], skipPerLine: 1 }, 'Argument', /raw has no skipPerLine/],
      [{}, 'Format', /has none of the known formats/],
    ] as const) {
      const error = await open(bytes, options as never).catch((caught: unknown) => caught);
      expect(error, JSON.stringify(options)).toMatchObject({ tag });
      expect(String(error)).toMatch(says);
    }
    for (const navShape of [
      [-1, 6],
      [4, -1],
      [-1, -1, 6],
    ])
      expect(memoryDataset(numbers, { sigShape: [2, 3], navShape }).shape.nav, `${navShape}`).toEqual(
        navShape.length === 2 ? [4, 6] : [2, 2, 6],
      );
    for (const navShape of [
      [-1, 7],
      [-1, -1],
      [-1, -1, -1],
      [-2, 6],
    ])
      expect(() => memoryDataset(numbers, { sigShape: [2, 3], navShape }), `${navShape}`).toThrow(/navShape is/);
    // A caller that gives a dtype declares that the file contains plain numbers.
    for (const navShape of [
      [4, 6],
      [-1, 6],
      [4, -1],
    ])
      expect((await open(bytes, { dtype: 'u16', sigShape: [2, 3], navShape })).shape.nav).toEqual([4, 6]);
  });

  it('lists the formats that a file may have, most certain first', async () => {
    const file = new TextEncoder().encode(`MQ1,000001,00384,${'x'.repeat(500)}`);
    expect(await formatsOf(file)).toMatchObject([
      { format: 'mib', confidence: 1, why: expect.stringContaining('MQ1') },
    ]);
    expect(await formatsOf(new Uint8Array(100))).toEqual([]);
  });

  it('closes the source when it fails', async () => {
    let closed = 0;
    const source = Object.assign(memorySource(new Uint8Array(10)), { close: async () => void closed++ });
    await open(source).catch(() => undefined);
    expect(closed).toBe(1);
  });
});

describe('memory', () => {
  it('refuses shapes that do not fit', () => {
    expect(() => make({ navShape: [5] })).toThrow(/24 frames of 2 × 3 u16; navShape is 5/);
    expect(() => memoryDataset(numbers, { sigShape: [100] })).toThrow(/whole number of frames/);
    expect(() => memoryDataset(numbers, { sigShape: [6], dtype: 'c64' })).toThrow(/must be in a Float32Array/);
    expect(memoryDataset(new Float32Array(8), { sigShape: [2], dtype: 'c64' }).frames).toBe(2);
  });
});

it.each([
  ['\xff\xd8\xff\xe0\0\x10JFIF', 'a picture (JPEG)'],
  ['\x89PNG\r\n\x1a\n', 'a picture (PNG)'],
  ['\0\0\0\x1cftypheic', 'a photograph (HEIC, AVIF)'],
  ['%PDF-1.7', 'a document (PDF)'],
])('a file that begins with %j is refused as such', async (begin, what) => {
  const bytes = Uint8Array.from(begin.padEnd(600), (letter) => letter.charCodeAt(0));
  await expect(open(bytes)).rejects.toMatchObject({ tag: 'Format', message: expect.stringContaining(`it is ${what}`) });
  // What a user describes is plain numbers, whatever they begin with.
  expect((await open(bytes, { dtype: 'u8', sigShape: [20, 30] })).shape.sig).toEqual([20, 30]);
});

/**
 * CrystFEL streams: streams of another program are read and written unchanged, numbers are formatted as in C, truncated
 * files are handled.
 */
import { describe, expect, test } from 'vitest';
import { formatChunk, formatHead, readStream } from '../../dist/index.node.js';
import { withLists } from '../../src/crystal/stream/lists.js';
import { exponential, fixed } from '../../src/crystal/stream/print.js';
import type { StreamChunk } from '../../src/crystal/stream/stream.js';
import { dataFolder, dataRequired, listData, readData } from '../support/data.js';

test.runIf(dataRequired)('the data is there', () => expect(dataFolder).toBeDefined());

async function rewritten(text: string): Promise<{ text: string; chunks: StreamChunk[] }> {
  const reader = await readStream(text.replace(/\n$/, '').split('\n'));
  const chunks: StreamChunk[] = [];
  let out = formatHead(reader.head);
  for await (const chunk of reader.chunks()) {
    chunks.push(chunk);
    out += formatChunk(chunk);
  }
  return { text: out, chunks };
}

describe.skipIf(!dataFolder)(`streams of CrystFEL${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test.for(listData('sim/peers', '.stream'))('%s is read and written unchanged to the byte', async (name) => {
    const text = readData('sim/peers', name);
    const { text: again, chunks } = await rewritten(text);
    expect(again === text, firstDifference(again, text)).toBe(true);
    expect(chunks.length).toBe(text.split('----- Begin chunk -----').length - 1);
    expect(chunks.every(({ peaks, peakCount }) => peaks?.length === peakCount)).toBe(true);
  });

  test('the numbers equal those in the file', async () => {
    const { chunks } = await rewritten(readData('sim/peers', 'run.asdf.stream'));
    const [first] = chunks;
    expect(first).toMatchObject({
      filename: 'run.h5',
      event: '//0',
      serial: 1,
      hit: true,
      indexedBy: 'asdf',
      tries: 1,
    });
    expect(first?.peaks?.[0]).toEqual({ fs: 312.81, ss: 8.79, inverseD: 4.48, intensity: 45.94, panel: 'p0' });
    const crystal = first?.crystals[0];
    expect(crystal?.reciprocal[1]).toEqual([0.008879, -0.1039792, 0.0716502]);
    expect(crystal?.reflections).toHaveLength(441);
    expect(crystal?.reflections?.[0]).toMatchObject({ h: -40, k: 13, l: 1, intensity: -11.62, fs: 36.8, panel: 'p0' });
  });

  test('a method of ewald is written in a separate line, and read from old and new streams', async () => {
    const text = readData('sim/peers', 'run.asdf.stream');
    const old = text.replaceAll('indexed_by = asdf', 'indexed_by = ewald-fast');
    const { text: now, chunks } = await rewritten(old);
    expect(chunks.map(({ indexedBy }) => indexedBy)).toEqual(chunks.map(() => 'ewald-fast'));
    expect(now).toBe(old.replaceAll('indexed_by = ewald-fast', 'indexed_by = file\newald/indexed_by = ewald-fast'));
    const again = await rewritten(now);
    expect(again.text).toBe(now);
    expect(again.chunks[0]).toMatchObject({ indexedBy: 'ewald-fast', notes: [], tries: 1 });
  });

  test('only lists are omitted from chunks', async () => {
    const text = readData('sim/peers', 'multi.asdf.stream');
    for (const [wanted, marks] of [
      [{ peaks: false }, ['Peaks from peak search', 'End of peak list']],
      [{ reflections: false }, ['Reflections measured after indexing', 'End of reflections']],
    ] as const) {
      const inside = new RegExp(`^${marks[0]}\\n[^]*?^${marks[1]}\\n`, 'gm');
      const shorter = withLists(text, wanted);
      expect(shorter).toBe(text.replace(inside, ''));
      expect(shorter.length).toBeLessThan(text.length);
      const { chunks } = await rewritten(shorter);
      expect(chunks.flatMap(({ crystals }) => crystals).length).toBe(12);
    }
    expect(withLists(text, {})).toBe(text);
  });

  test('a stream truncated anywhere gives its complete chunks, then reports the truncation', async () => {
    const text = readData('sim/peers', 'weak.asdf.stream').slice(0, 40_000);
    let cuts = 0;
    for (let end = 100; end < text.length; end += 997) {
      const chunks: StreamChunk[] = [];
      try {
        const reader = await readStream(text.slice(0, end).split('\n'), 'cut');
        for await (const chunk of reader.chunks()) chunks.push(chunk);
      } catch (error) {
        expect(error).toMatchObject({ tag: 'Format' });
        cuts++;
      }
      expect(chunks.length).toBe(text.slice(0, end).split('----- End chunk -----\n').length - 1);
    }
    expect(cuts).toBeGreaterThan(30);
  });
});

test.each(['70000 0 1', '1.5 0 1', 'nan 0 1', '-40000 0 1', '-32768 0 1'])(
  'a reflection %s is refused with its line',
  async (indices) => {
    const lines = [
      ...['CrystFEL stream format 2.3', 'a test', '----- Begin chunk -----', 'Image filename: a.h5'],
      ...['--- Begin crystal', 'Reflections measured after indexing', '   h    k    l', `${indices} 5 2 9 1 3 4 p0`],
      ...['End of reflections', '--- End crystal', '----- End chunk -----'],
    ];
    const reader = await readStream(lines, 'a.stream');
    await expect(reader.chunks().next()).rejects.toMatchObject({
      tag: 'Format',
      message: expect.stringMatching(/^a\.stream:8: the reflection has the indices .* from -32767 to 32767$/),
    });
  },
);

const firstDifference = (a: string, b: string): string => {
  const [left, right] = [a.split('\n'), b.split('\n')];
  const at = left.findIndex((line, i) => line !== right[i]);
  return `line ${at + 1}: ${JSON.stringify(left[at])}, was ${JSON.stringify(right[at])}`;
};

test('numbers are printed as C prints them', () => {
  // Expected values are the output of printf.
  const cases: [number, number, number, boolean, string][] = [
    [0.5, 0, 0, false, '0'],
    [1.5, 0, 0, false, '2'],
    [2.5, 0, 0, false, '2'],
    [0.125, 2, 7, false, '   0.12'],
    [0.375, 2, 7, false, '   0.38'],
    [1.005, 2, 0, false, '1.00'],
    [-0.001, 2, 0, false, '-0.00'],
    [-0, 1, 0, false, '-0.0'],
    [0, 7, 9, true, '+0.0000000'],
    [-0.10397921, 7, 9, true, '-0.1039792'],
    [Number.POSITIVE_INFINITY, 6, 0, false, 'inf'],
    [Number.NaN, 2, 7, false, '    nan'],
    [1234567.891, 2, 10, false, '1234567.89'],
  ];
  for (const [x, digits, width, plus, text] of cases) expect(fixed(x, digits, width, plus), `${x}`).toBe(text);
  expect(exponential(1e-8, 2)).toBe('1.00e-08');
  expect(exponential(0, 2)).toBe('0.00e+00');
  expect(exponential(1.2345e120, 2)).toBe('1.23e+120');
});

test('a file that is not a stream is refused with its first line', async () => {
  await expect(readStream(['hello'], 'a.txt')).rejects.toMatchObject({
    tag: 'Format',
    message: expect.stringMatching(/a\.txt:1: "hello".*CrystFEL stream format 2\.3/),
  });
});

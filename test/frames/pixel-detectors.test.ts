/**
 * Files of the pnCCD (FRMS6) and of the K2 IS, written here from LiberTEM's description of the formats; no file of
 * either camera was available.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context, sumUdf } from 'ewald/udf';
import { afterEach, describe, expect, test } from 'vitest';
import { inspect, memorySource, open } from '../../dist/data.node.js';
import type { Dataset, OpenOptions } from '../../src/entries/data.node.js';
import { refused } from '../support/refused.js';

type Files = Record<string, Uint8Array>;
const text = (string: string): Uint8Array => new TextEncoder().encode(string);
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

describe('FRMS6', () => {
  // The detector has 8 rows of 6 pixels; half of them are stored beside the other half.
  const [rows, columns] = [8, 6];
  const pixel = (frame: number, y: number, x: number): number => 1000 * frame + 10 * y + x;
  const offset = (y: number, x: number): number => 3 * y + x;

  /** A file: rows are written from both edges of the detector towards its middle. */
  function fileOf(
    frames: readonly ((y: number, x: number) => number)[],
    { bin = 1, stated = true, version = 6 } = {},
  ): Uint8Array {
    const height = rows / bin / 2;
    const out: number[] = [];
    const u16 = (n: number): void => void out.push(n & 255, n >> 8);
    const u32 = (n: number): void => {
      u16(n & 65535);
      u16(n >>> 16);
    };
    const zeros = (n: number): void => void out.push(...new Uint8Array(n));
    u16(1024);
    u16(64);
    zeros(3);
    out.push(version);
    zeros(80);
    u16(2 * columns);
    u16(height);
    zeros(928);
    u32(stated ? frames.length : 0);
    for (const [i, at] of frames.entries()) {
      zeros(4);
      for (const n of [1, 2, i]) u32(n);
      zeros(48);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < columns; x++) u16(at(y, x));
        for (let x = columns - 1; x >= 0; x--) u16(at(2 * height - 1 - y, x));
      }
    }
    return Uint8Array.from(out);
  }

  const hdr = (more: Record<string, string> = {}): Uint8Array =>
    text(
      `[measurementInfo]\r\n${Object.entries({
        darkframes: '2',
        dwelltimemicroseconds: '1000',
        signalframes: '6',
        stemimagesize: '2x3',
        readoutmode: '"bin: 1, windowing: 264 x 264"',
        ...more,
      })
        .map(([key, value]) => `${key} = ${value}`)
        .join('\r\n')}\r\n`,
    );
  const scan = (i: number) => (y: number, x: number) => pixel(i, y, x) + offset(y, x);
  const files: Files = {
    'a.hdr': hdr(),
    'a_000.frms6': fileOf([(y, x) => offset(y, x) - 1, (y, x) => offset(y, x) + 2].map((at) => (y, x) => at(y, x) + 1)),
    'a_001.frms6': fileOf([0, 1, 2, 3].map(scan)),
    'a_002.frms6': fileOf([4, 5].map(scan), { stated: false }),
  };
  const opened = (name: string, options: OpenOptions = {}, given: Files = files): Promise<Dataset> =>
    open(memorySource(given[name] as Uint8Array, name, given), options);
  const frameOf = (at: (y: number, x: number) => number): number[] =>
    Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));

  test('has the frames of all its files, whichever is opened', async () => {
    for (const name of ['a.hdr', 'a_000.frms6', 'a_001.frms6', 'a_002.frms6']) {
      const dataset = await opened(name);
      expect(dataset, name).toMatchObject({
        format: 'frms6',
        shape: { nav: [2, 3], sig: [rows, columns] },
        dtype: 'u16',
        meta: { maker: 'PNDetector', exposureS: 0.001 },
        sizes: [{ what: 'frames', expected: 6, found: 6 }],
      });
      expect([...(await dataset.read(0, 6))]).toEqual([0, 1, 2, 3, 4, 5].flatMap((i) => frameOf(scan(i))));
      expect([...(await dataset.read(3, 2))]).toEqual([3, 4].flatMap((i) => frameOf(scan(i))));
      expect(dataset.arrays.map(({ name, shape, chosen }) => [name, shape, chosen])).toEqual([
        ['frames', [6, rows, columns], true],
        ['dark', [2, rows, columns], false],
      ]);
      await dataset.dispose();
    }
  });

  test('is said to be read by its description alone', async () => {
    const source = memorySource(files['a.hdr'] as Uint8Array, 'a.hdr', files);
    const [{ notes } = { notes: [] }] = [await inspect(source)].flat();
    expect(notes.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^this format is read by its description/),
    );
  });

  test('has the mean of its dark frames, and the dark frames by name', async () => {
    const dataset = await opened('a.hdr');
    expect([...((await dataset.dark?.()) ?? [])]).toEqual(frameOf((y, x) => offset(y, x) + 1.5));
    await dataset.dispose();
    const dark = await opened('a.hdr', { dataset: 'dark' });
    expect([...(await dark.read(1, 1))]).toEqual(frameOf((y, x) => offset(y, x) + 3));
    expect(dark.dark).toBeUndefined();
    await dark.dispose();
    await refused(() => opened('a.hdr', { dataset: 'gain' }), 'Argument', 'there are frames and dark');
  });

  test('is corrected by its dark frames if a run asks for it; otherwise a warning mentions them', async () => {
    const ctx = new Context({ context: { backend: 'wasm' } });
    const input = () => memorySource(files['a.hdr'] as Uint8Array, 'a.hdr', files);
    const plain = await ctx.load(input());
    expect(plain.notes).toMatchObject([
      { kind: 'guess', text: expect.stringContaining('2 × 3 has rows first') },
      { kind: 'warning', option: 'fileDark' },
    ]);
    const total = (more: number) => frameOf((y, x) => 6 * (pixel(2.5, y, x) + more * offset(y, x)));
    expect([...(await ctx.runUdf(plain, sumUdf())).intensity.data]).toEqual(total(1));
    const scan = await ctx.load(input(), { fileDark: true });
    const corrected = frameOf((y, x) => 6 * (pixel(2.5, y, x) - 1.5));
    expect([...(await ctx.runUdf(scan, sumUdf())).intensity.data]).toEqual(corrected);
    const other = { corrections: { dark: new Float32Array(rows * columns) } };
    expect([...(await ctx.runUdf(scan, sumUdf(), other)).intensity.data]).toEqual(total(1));
    const { 'a_000.frms6': _, ...light } = files;
    const without = memorySource(light['a.hdr'] as Uint8Array, 'a.hdr', light);
    await refused(() => ctx.load(without, { fileDark: true }), 'Argument', 'has no dark frames');
    await ctx.close();
  });

  test('repeats rows that were binned', async () => {
    const given = {
      'b.hdr': hdr({ readoutmode: '"bin: 2, windowing: 264 x 264"', stemimagesize: '1x2' }),
      'b_001.frms6': fileOf([scan(0), scan(1)], { bin: 2 }),
    };
    const dataset = await opened('b.hdr', {}, given);
    expect(dataset.shape).toEqual({ nav: [1, 2], sig: [rows, columns] });
    const expected = [0, 1].flatMap((i) => frameOf((y, x) => scan(i)(y >> 1, x)));
    expect([...(await dataset.read(0, 2))]).toEqual(expected);
    await dataset.dispose();
  });

  test('in a folder is one scan', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-frms6-'));
    folders.push(folder);
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    for (const path of [folder, join(folder, '*.frms6')]) {
      const dataset = await open(path);
      expect(dataset.frames, path).toBe(6);
      await dataset.dispose();
    }
  });

  test('that is not understood is refused, or its guesses are reported', async () => {
    const alone = await opened('a_001.frms6', {}, { 'a_001.frms6': files['a_001.frms6'] as Uint8Array });
    expect(alone.shape.nav).toEqual([4]);
    expect(alone.notes).toMatchObject([
      { kind: 'guess', text: expect.stringContaining('no a.hdr'), option: 'navShape' },
    ]);
    await alone.dispose();
    const other = await opened('a.hdr', {}, { ...files, 'a.hdr': hdr({ stemimagesize: '5x5' }) });
    expect(other.shape.nav).toEqual([6]);
    expect(other.notes).toMatchObject([{ kind: 'warning', text: expect.stringContaining('a scan of 5 × 5') }]);
    await other.dispose();
    const narrow = fileOf([scan(0)]);
    new DataView(narrow.buffer).setUint16(88, 7, true);
    const cases: readonly [string, Files, 'Format' | 'File', string][] = [
      ['a.hdr', { 'a.hdr': hdr() }, 'File', 'there is no a_000.frms6'],
      ['a.hdr', { 'a.hdr': hdr(), 'a_000.frms6': files['a_000.frms6'] as Uint8Array }, 'Format', 'dark frames only'],
      ['a_001.frms6', { 'a_001.frms6': fileOf([scan(0), scan(1)]).subarray(0, 1200) }, 'Format', 'Is it truncated?'],
      ['a_001.frms6', { 'a_001.frms6': fileOf([scan(0)], { stated: false }).subarray(0, 1180) }, 'Format', 'truncated'],
      ['a_001.frms6', { 'a_001.frms6': narrow }, 'Format', 'rows of 7 pixels'],
      ['a.hdr', { ...files, 'a.hdr': hdr({ readoutmode: '"bin: 3, windowing: 1 x 1"' }) }, 'Format', 'binning by 3'],
      ['a.hdr', { ...files, 'a.hdr': hdr({ readoutmode: 'fast' }) }, 'Format', 'readout mode fast'],
      ['a.hdr', { ...files, 'a_002.frms6': fileOf([scan(4)], { bin: 2 }) }, 'Format', 'are stored as 2 × 12'],
      ['a.hdr', { ...files, 'a_002.frms6': fileOf([scan(4)], { version: 5 }) }, 'Format', 'version 5'],
    ];
    for (const [name, given, tag, words] of cases) await refused(() => opened(name, {}, given), tag, words);
  });
});

describe('K2 IS', () => {
  const [rows, columns, blocks, blockBytes] = [1860, 2048, 32, 0x5758];
  const pixel = (frame: number, y: number, x: number): number => (frame * 1201 + y * 37 + x * 3) & 4095;

  /** A sector from block `from` on up to `to`, counted from the first frame; blocks before it are of frame −1. */
  function sectorOf(sector: number, from: number, to: number, closed = 0): Uint8Array {
    const out = new Uint8Array((to - from) * blockBytes);
    for (let block = from; block < to; block++) {
      const at = (block - from) * blockBytes;
      const view = new DataView(out.buffer, at);
      const frame = Math.floor(block / blocks);
      const inFrame = block - frame * blocks;
      const [left, top] = [240 - 16 * (inFrame % 16), inFrame < 16 ? 0 : 930];
      view.setUint32(0, 0xffff0055);
      view.setUint8(8, 1);
      view.setUint8(9, frame < closed ? 0 : 1);
      view.setUint32(16, 5000 + block);
      view.setUint16(20, 256);
      view.setUint16(22, 1860);
      view.setUint32(24, 70 + frame);
      for (const [i, n] of [left, top, left + 15, top + 929].entries()) view.setUint16(28 + 2 * i, n);
      view.setUint32(36, blockBytes);
      // Two pixels in three bytes, the lower bits first.
      let byte = at + 40;
      for (let y = 0; y < 930; y++)
        for (let x = 0; x < 16; x += 2) {
          const where = 256 * sector + left + x;
          const [a, b] = [pixel(frame, top + y, where), pixel(frame, top + y, where + 1)];
          const word = a + b * 4096;
          out[byte++] = word & 255;
          out[byte++] = (word >> 8) & 255;
          out[byte++] = word >> 16;
        }
    }
    return out;
  }

  // The sectors begin in frame −1 and end in frame 1; frame 0 is the only whole one.
  const ragged = (closed = 0): Files =>
    Object.fromEntries(
      Array.from({ length: 8 }, (_, s) => [
        `scan_${s + 1}.bin`,
        sectorOf(s, s === 3 ? -5 : -2, s === 6 ? 34 : 33, closed),
      ]),
    );
  const opened = (given: Files, name = 'scan_1.bin', options: OpenOptions = {}): Promise<Dataset> =>
    open(memorySource(given[name] as Uint8Array, name, given), options);

  test('has the frames that are whole in all eight sectors', async () => {
    const given = ragged();
    const dataset = await opened(given, 'scan_5.bin');
    expect(dataset).toMatchObject({
      format: 'k2is',
      shape: { nav: [1], sig: [rows, columns] },
      dtype: 'u16',
      meta: { detector: 'K2 IS', bitDepth: 12 },
    });
    const frame = await dataset.read(0, 1);
    let different = 0;
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) if (frame[y * columns + x] !== pixel(0, y, x)) different++;
    expect(different).toBe(0);
    await dataset.dispose();
  });

  test('omits frames with a closed shutter, and refuses sectors that do not fit', async () => {
    // Only headers are read when a file is opened.
    const heads = (sector: number, from: number, to: number, closed = 0): Uint8Array => {
      const key = [sector, from, to, closed].join();
      made[key] ??= sectorOf(sector, from, to, closed);
      return made[key] as Uint8Array;
    };
    const made: Files = {};
    const one = heads(0, 0, 96, 1);
    const same = Object.fromEntries(Array.from({ length: 8 }, (_, s) => [`scan_${s + 1}.bin`, one]));
    const dataset = await opened(same);
    expect(dataset.frames).toBe(2);
    expect(dataset.notes.map(({ text }) => text).join()).toContain('first frame, with a closed shutter, is omitted');
    await dataset.dispose();

    // The .gtg is a tree of DM tags: SI Dimensions with Size Y and Size X.
    const tag = (name: string, size: number): number[] => [
      21,
      0,
      name.length,
      ...text(name),
      ...text('%%%%'),
      ...[0, 0, 0, 1, 0, 0, 0, 3],
      size,
      0,
      0,
      0,
    ];
    const group = (...tags: number[][]): number[] => [1, 0, 0, 0, 0, tags.length, ...tags.flat()];
    const gtg = (y: number, x: number): Files => {
      const dimensions = group(tag('Size Y', y), tag('Size X', x));
      const root = group([20, 0, 13, ...text('SI Dimensions'), ...dimensions]);
      return { ...same, 'scan_.gtg': Uint8Array.from([0, 0, 0, 3, 0, 0, 0, 90, 0, 0, 0, 1, ...root]) };
    };
    const named = await opened(gtg(2, 1), 'scan_.gtg');
    expect(named.shape.nav).toEqual([2, 1]);
    await named.dispose();
    const other = await opened(gtg(3, 1), 'scan_4.bin');
    expect(other.notes.map(({ text }) => text).join()).toContain('states a scan of 3 × 1, but there are 2 frames');
    await other.dispose();

    const { 'scan_8.bin': _, ...seven } = same;
    await refused(() => opened(seven), 'File', 'scan_8.bin does not exist; a K2 IS has eight files');
    await refused(() => opened({ ...same, 'scan_3.bin': one.subarray(0, 99) }), 'Format', 'Is it truncated?');
    const garbage = one.slice();
    garbage.fill(7, 0, 4);
    await refused(() => opened({ ...same, 'scan_3.bin': garbage }), 'Format', '0x7070707');
    // A block is missing in the middle of a sector: the frame is refused, and the other one is read.
    const gap = new Uint8Array(one.length);
    gap.set(one.subarray(0, 40 * blockBytes));
    gap.set(one.subarray(41 * blockBytes), 40 * blockBytes);
    const torn = await opened({ ...same, 'scan_3.bin': gap.subarray(0, 95 * blockBytes) });
    await refused(() => torn.read(0, 1), 'Format', 'blocks are missing');
    await torn.dispose();
  });
});

/** Several files as one stack: a folder, a pattern, an array; and errors in one of the files. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource, open } from '../../dist/data.node.js';
import { isCutFile } from '../../src/frames/cut-files.js';
import { npyHeadOf } from '../../src/frames/npy.js';
import { dataFolder } from '../support/data.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-series-'));
const at = (...names: string[]): string => join(folder, ...names);
const numbers = (first: number, count: number): Uint16Array => Uint16Array.from({ length: count }, (_, i) => first + i);
const npy = (data: Uint16Array, shape: number[], dtype = '<u2'): Buffer =>
  Buffer.concat([npyHeadOf(dtype, shape), new Uint8Array(data.buffer)]);

beforeAll(() => {
  mkdirSync(at('single'));
  // Twelve images of 2 × 3: the order of the numbers in the names differs from alphabetical order.
  for (let i = 0; i < 12; i++) writeFileSync(at('single', `run_${i + 1}.npy`), npy(numbers(6 * i, 6), [2, 3]));
  writeFileSync(at('single', 'notes.txt'), 'x');
  mkdirSync(at('several'));
  for (let i = 0; i < 3; i++)
    writeFileSync(at('several', `part_${i}.npy`), npy(numbers(24 * i, i < 2 ? 24 : 6), [i < 2 ? 4 : 1, 2, 3]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ['a folder', () => at('single')],
  ['a pattern', () => at('single', 'run_*.npy')],
  ['an array', () => Array.from({ length: 12 }, (_, i) => at('single', `run_${12 - i}.npy`))],
])('%s of single frames', (_, input) => {
  test('is a stack in the order of the numbers', async () => {
    const dataset = await open(input());
    expect(dataset.shape).toEqual({ nav: [12], sig: [2, 3] });
    expect([...(await dataset.read(0, 12))]).toEqual([...numbers(0, 72)]);
    // Many concurrent reads, of more files than are kept open.
    const reads = await Promise.all(Array.from({ length: 40 }, (_, i) => dataset.read((i * 7) % 12, 1)));
    for (const [i, frame] of reads.entries()) expect(frame[0]).toBe(6 * ((i * 7) % 12));
    await dataset.dispose();
    await expect(dataset.read(0, 1)).rejects.toMatchObject({ tag: 'Disposed' });
    const scan = await open(input(), { navShape: [3, 4] });
    expect(scan.shape.nav).toEqual([3, 4]);
    await scan.dispose();
    await expect(open(input(), { navShape: [5] })).rejects.toThrow(
      /holds 12 frames; a scan of 5 would need 5\. Shapes that fit: 3 × 4/,
    );
  });
});

test('files of several frames, the last one shorter', async () => {
  const dataset = await open(at('several', 'part_?.npy'));
  expect(dataset.frames).toBe(9);
  expect([...(await dataset.read(0, 9))]).toEqual([...numbers(0, 54)]);
  expect([...(await dataset.read(3, 2))]).toEqual([...numbers(18, 12)]);
  expect(dataset.chunkFrames).toBe(4);
  await dataset.dispose();
});

test('a last file that was cut is named', async () => {
  const head = (images: number): Uint8Array => {
    const header = new Uint8Array(1024);
    const view = new DataView(header.buffer);
    for (const [word, value] of [3, 2, images, 6].entries()) view.setInt32(4 * word, value, true);
    header.set(new TextEncoder().encode('MAP '), 208);
    header.set([0x44, 0x44], 212);
    return header;
  };
  const part = (name: string, stored: number) =>
    memorySource(Buffer.concat([head(4), new Uint8Array(12 * stored)]), name);
  const dataset = await open([part('p_1.mrc', 4), part('p_2.mrc', 4), part('p_3.mrc', 3)]);
  expect(dataset.frames).toBe(11);
  expect(dataset.notes).toContainEqual(
    expect.objectContaining({ kind: 'warning', text: expect.stringMatching(/^p_3\.mrc: .*4.* 3/) }),
  );
  expect(isCutFile(dataset)).toBe(true);
  await dataset.dispose();
  const whole = await open([part('p_1.mrc', 4), part('p_2.mrc', 4)]);
  expect(isCutFile(whole)).toBe(false);
  await whole.dispose();
});

test('sources that are not files', async () => {
  const source = (i: number) => memorySource(new Uint8Array(npy(numbers(6 * i, 6), [2, 3])), `m${i}.npy`);
  const dataset = await open([source(2), source(0), source(1)]);
  expect([...(await dataset.read(0, 3))]).toEqual([...numbers(0, 18)]);
  await dataset.dispose();
});

test('numbers that no file has are named', async () => {
  const warningsOf = async (...names: string[]): Promise<string[]> => {
    const sources = names.map((name) => memorySource(new Uint8Array(npy(numbers(0, 6), [2, 3])), name));
    const dataset = await open(sources);
    await dataset.dispose();
    return dataset.notes.flatMap(({ kind, text }) => (kind === 'warning' ? [text] : []));
  };
  expect(await warningsOf('im_1.npy', 'im_2.npy', 'im_3.npy', 'im_10.npy', 'im_5.npy', 'im_6.npy', 'im_7.npy')).toEqual(
    [expect.stringMatching(/^no file has the numbers 4, 8 … 9: frames behind them are earlier in the stack than/)],
  );
  expect(await warningsOf('im_2.npy', 'im_4.npy', 'im_8.npy')).toEqual([expect.stringContaining('the number 6:')]);
  for (const names of [
    ['im_1.npy', 'im_2.npy', 'im_3.npy'],
    ['im_10.npy', 'im_20.npy', 'im_30.npy'],
    ['a_1.npy', 'b_7.npy', 'c_9.npy'],
    ['shot_101500.npy', 'shot_101732.npy', 'shot_103001.npy'],
  ])
    expect(await warningsOf(...names)).toEqual([]);
});

test('a folder reports which files were used', async () => {
  const dataset = await open(at('single'));
  expect(dataset.notes).toContainEqual({
    kind: 'guess',
    text: 'the 12 files that end in .npy, in the order of the numbers in their names',
  });
  await dataset.dispose();
});

test('a folder reports the files of other formats, and the only one of a format by its name', async () => {
  mkdirSync(at('mixed'));
  writeFileSync(at('mixed', 'a_1.npy'), npy(numbers(0, 6), [2, 3]));
  writeFileSync(at('mixed', 'a_2.npy'), npy(numbers(0, 6), [2, 3]));
  // The ending .txt is that of no format.
  for (const name of ['b.h5', 'c.mib', 'c.hdr', 'd.txt']) writeFileSync(at('mixed', name), 'x');
  const guessOf = async (): Promise<unknown> => {
    const dataset = await open(at('mixed'));
    await dataset.dispose();
    return dataset.notes.find(({ kind }) => kind === 'guess')?.text;
  };
  const others = 'the folder also has files of other formats (1 in .h5, 1 in .hdr, 1 in .mib), which are not opened';
  expect(await guessOf()).toBe(`the 2 files that end in .npy, in the order of the numbers in their names; ${others}`);
  for (const name of ['a_2.npy', 'b.h5', 'c.mib', 'c.hdr']) rmSync(at('mixed', name));
  expect(await guessOf()).toBe('a_1.npy, the only file that ends in .npy');
});

test('the number of frames is said to be assumed where files between the first and the last one are not opened', async () => {
  mkdirSync(at('assumed'));
  for (const [i, frames] of [2, 1, 2, 1].entries())
    writeFileSync(at('assumed', `run_${i}.npy`), npy(numbers(0, 6 * frames), [frames, 2, 3]));
  const textOf = async (): Promise<string | undefined> => {
    const dataset = await open(at('assumed'));
    await dataset.dispose();
    return dataset.notes.map(({ text }) => text).find((text) => text.startsWith('the number of frames'));
  };
  expect(await textOf()).toMatch(/2 in each of the first 3 files, as the first one has, and 1 in the last one/);
  for (const i of [1, 2]) rmSync(at('assumed', `run_${i}.npy`));
  expect(await textOf()).toBeUndefined();
});

test('errors name the file', async () => {
  await expect(open(at('single', 'none_*.npy'))).rejects.toThrow(/no file matches .*none_\*\.npy/);
  await expect(open([])).rejects.toThrow(/the array of inputs is empty/);
  mkdirSync(at('empty'));
  await expect(open(at('empty'))).rejects.toThrow(/without files of a known format/);
  mkdirSync(at('odd'));
  cpSync(at('single'), at('odd'), { recursive: true });
  writeFileSync(at('odd', 'run_5.npy'), npy(numbers(0, 4), [2, 2]));
  const dataset = await open(at('odd'));
  expect([...(await dataset.read(0, 4))]).toEqual([...numbers(0, 24)]);
  await expect(dataset.read(3, 3)).rejects.toThrow(
    /run_5\.npy does not belong to .*odd: its frames are 2 × 2 u16, those of run_1\.npy 2 × 3 u16/,
  );
  expect([...(await dataset.read(5, 1))]).toEqual([...numbers(30, 6)]);
  await dataset.dispose();
  writeFileSync(at('odd', 'run_5.npy'), npy(numbers(0, 12), [2, 2, 3]));
  const longer = await open(at('odd'));
  await expect(longer.read(4, 1)).rejects.toThrow(/run_5\.npy .*it holds 2 frames where 1 is expected/);
  await longer.dispose();
  writeFileSync(at('odd', 'run_12.npy'), npy(numbers(0, 4), [2, 2]));
  await expect(open(at('odd'))).rejects.toThrow(/run_12\.npy does not belong/);
  rmSync(at('odd', 'run_3.npy'));
  const gone = await open(at('single'));
  rmSync(at('single', 'run_3.npy'));
  await expect(gone.read(0, 12)).rejects.toMatchObject({ tag: 'File' });
  await gone.dispose();
  writeFileSync(at('single', 'run_3.npy'), npy(numbers(12, 6), [2, 3]));
});

test.skipIf(!dataFolder)('a series of CBF and of TIFF', async () => {
  for (const [folder_, file] of [
    ['formats', 'frame.cbf'],
    ['formats', 'frame.tif'],
  ] as const) {
    const ending = file.slice(file.lastIndexOf('.'));
    mkdirSync(at(`series${ending}`));
    for (let i = 8; i < 12; i++)
      cpSync(join(dataFolder ?? '', folder_, file), at(`series${ending}`, `f_${i}${ending}`));
    const dataset = await open(at(`series${ending}`, `f_*${ending}`));
    expect(dataset.shape).toEqual({ nav: [4], sig: [512, 600] });
    let sum = 0;
    for (const value of await dataset.read(0, 4)) sum += Number(value);
    expect(sum).toBe(4 * 1511188);
    await dataset.dispose();
  }
});

/**
 * Virtual datasets over sources of other types, and integers of fewer bits than their element, drawn by hdf5-types.py:
 * the values are those that h5py reads, to the bit.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, describe, expect, test } from 'vitest';
import { bytesOfArray, elements, type FrameArray } from '../../src/bytes/dtype.js';
import { Hdf5Dataset } from '../../src/hdf5/dataset.js';
import { openHdf5, readAll } from './hdf5-support.js';

const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import h5py, numpy']).status === 0,
);
const folder = mkdtempSync(join(tmpdir(), 'ewald-hdf5-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seed = Number(process.env.EWALD_SEED ?? 1);
type Told = Record<string, Record<string, { shape: number[]; dtype: string; values: string }>>;
const told: Told = python
  ? JSON.parse(execFileSync(python, ['test/frames/hdf5-types.py', folder, String(seed)], { encoding: 'utf8' }))
  : {};
if (!python) test.skip('absent: h5py (Debian: python3-h5py)', () => undefined);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The numbers of half floats, by IEEE 754. */
const halves = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length / 2 }, (_, i) => {
    const word = bytes.readUInt16LE(2 * i);
    const [sign, exponent, part] = [word >> 15 ? -1 : 1, (word >> 10) & 31, (word & 1023) / 1024];
    if (exponent === 31) return part ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent ? (1 + part) * 2 ** (exponent - 15) : part * 2 ** -14);
  });

describe.each(Object.entries(told))(`%s, seed ${seed}`, (name, datasets) => {
  test(`${Object.keys(datasets).length} datasets have the values that h5py reads, as arrays and as values`, async () => {
    const file = await openHdf5(join(folder, name));
    for (const [path, { shape, dtype, values }] of Object.entries(datasets)) {
      const found = (await file.get(path)) as Hdf5Dataset;
      expect(found.shape, path).toEqual(shape);
      expect(found.numbers && elements[found.numbers.dtype].numpy, path).toBe(dtype);
      expect(hex(await readAll(found)), path).toBe(values);
      const value = (await found.value()) as FrameArray;
      if (dtype === 'float16') expect([...value], path).toEqual(halves(Buffer.from(values, 'hex')));
      else expect(hex(bytesOfArray(value)), path).toBe(values);
    }
    await file.source.close();
  });
});

test.runIf(python)('a part that cannot be converted is refused by its path and both types', async () => {
  const file = await openHdf5(join(folder, 'refused.h5'));
  for (const [path, words] of [
    ['not_a_number', /one of these is not a number/],
    ['other_members', /b: f32, a: f32.*\/of_other_members has records \{a: f32, b: f32\}/],
    ['text_for_numbers', /are i32, but its part \/of_text_for_numbers has text of 4/],
    ['half', /are f16, but its part \/of_half has f32/],
  ] as const) {
    const found = (await file.get(path)) as Hdf5Dataset;
    expect(found, path).toBeInstanceOf(Hdf5Dataset);
    await expect(readAll(found), path).rejects.toThrow(words);
    await expect(found.value(), path).rejects.toThrow(words);
  }
  await file.source.close();
});

test.runIf(python)('the parts of a series are of one type, in any byte order', async () => {
  const scan = await open(join(folder, 'orders_master.h5'));
  expect([...(await scan.read(0, 4))]).toEqual([...new Array(2).fill([...new Array(32).keys()])].flat());
  await scan.dispose();
  for (const [name, words] of [
    ['signs', /data_000002 differs .*it is 2 × 4 × 4 i16, and the first one 2 × 4 × 4 u16/],
    ['kinds', /data_000002 differs .*it is 2 × 4 × 4 f32, and the first one 2 × 4 × 4 i32/],
  ] as const)
    await expect(open(join(folder, `${name}_master.h5`)), name).rejects.toThrow(words);
});

/** Files that are compressed as a whole by gzip or bzip2. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { memorySource, open } from 'ewald/data';
import { describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';

/** An npy file, compressed by bzip2 1.0.8. */
const pattern = [
  'QlpoOTFBWSZTWdkektMADTf//+6256zN5n0U/zvvb6/1/74IhUp8JCOOA18m6TsoYmogUAP+AAAAAQaYmBBgAmmmmmACMBGJkwCYAAjCMAAI',
  'wAmTJhMQg0xMCDABNNNNMAEYCMTJgEwABGEYAARgBMmTCYhBpiYEGACaaaaYAIwEYmTAJgACMIwAAjACZMmExCDTEwIMAE0000wARgIxMmAT',
  'AAEYRgABGAEyZMJiAqUoU0mGUyGaQep6mmQHqep6npPUDT1NMGp6h6hsU9R5T01G1HiTxMmk08Saemk09pTzQKUDh1ArBSDMC/g4gWUGzB6I',
  'aEHUDkhxYPGF0GbB+YfxBfhbBaQaUGGGvBfBohlQb4XgbYXoXIedBYg6oawZAWIOwGuGcF6HLg+kPagrhmBtwZYeSDSDxwc4MAOXBuhnB+QX',
  'oVw5sG0F5BhBhBjhzIMQKod4OkGgF8HAGmGOHGDRD5oP5DAg/ULQNqDaDbCkGgHpwZwWYaYfEGsGHBYg4wawYsG6FpBvwe2HXDEg1Q5QdgMW',
  'DWD14N+DkBcQYweIPPDgDzIPhDIg8gdKDqB2grhgBiBmQWA7gfYHbDZDJ6YbAW4VwuoLAdoLAfhBd80M2C+DuBbwZ4bQc4PvDUC7DvQbYXMG',
  'UHZgs9wL6DGDLg3Atg3QtQ1ILUPCF5BohhB4Q9CDfDnwb4WwdsMGDSg6wd+D5QyQxwxgyQy4L8M8OrBoB8YV4PSDgDmhqBcQZ4Xwd0PgDvwX',
  'YbAbEH9Bz4K8FUMeDIDZDhwfcGcGaH1hphdwWIOOHgC5DKgww3gtIOhBqhgQZYXod0OrBoBrQcgMIMUPBBcB/YciC4DVDshghrwOVSIRo0hE',
  'S2/x7H+qVKlSlZAbHR82ll1qThQOJz7Kpb1pBOhQCyrqV6sDypSBSkCSrRBMH3aiB/1EBtUkEuqSAxNrk73X4UCrx6kDo1v2Vq0CrRBNykCm',
  '5vVQVaQG9zODgVgVenxbOsD5KRCS1ogiJ/4u5IpwoSGyPSWm',
].join('');
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const bz2 = Uint8Array.from(atob(pattern), (c) => c.charCodeAt(0));
/** The content of the file above: 64 by 64 numbers. */
const numbers = Uint16Array.from({ length: 4096 }, (_, i) => (i * i) % 251);

test('a file of several gzip members holds all of them', async () => {
  const [first, second] = [bytesOf(numbers.subarray(0, 1000)), bytesOf(numbers.subarray(1000))];
  const bytes = new Uint8Array(Buffer.concat([gzipSync(first), gzipSync(second)]));
  const dataset = await open(memorySource(bytes), { format: 'raw', dtype: 'u16', sigShape: [64, 64] });
  expect(await dataset.read(0, dataset.frames)).toEqual(numbers);
  await dataset.dispose();
});

test('a bzip2 file decompresses to its original, and so do two concatenated ones', async () => {
  const dataset = await open(memorySource(bz2, 'pattern.npy.bz2'));
  expect([dataset.format, dataset.name]).toEqual(['npy', 'pattern.npy.bz2']);
  expect(await dataset.read(0, dataset.frames)).toEqual(numbers);
  await dataset.dispose();
  const raw = { format: 'raw', dtype: 'u8', sigShape: [8, 8] } as const;
  const once = await open(memorySource(bz2), raw);
  const twice = await open(memorySource(Uint8Array.from([...bz2, ...bz2])), raw);
  expect(twice.frames).toBe(2 * once.frames);
});

test('damaged and truncated data are refused', async () => {
  const refused = (bytes: Uint8Array) =>
    expect(open(memorySource(bytes, 'x.npy.bz2'))).rejects.toMatchObject({ tag: 'Format' });
  // A file has bits that change nothing; changes to all others are detected.
  for (let at = 4; at < bz2.length; at += 29) {
    const damaged = bz2.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    const dataset = await open(memorySource(damaged, 'x.npy.bz2')).catch((error) => {
      expect(error.tag).toBe('Format');
      return undefined;
    });
    if (dataset) expect(await dataset.read(0, 1)).toEqual(numbers);
  }
  for (const length of [12, 40, bz2.length - 5]) await refused(bz2.subarray(0, length));
  const gz = gzipSync(bytesOf(numbers));
  await refused(gz.subarray(0, gz.length - 20));
});

test('a file that decompresses beyond the limit is refused before it is in memory', async () => {
  const bomb = gzipSync(new Uint8Array(2 ** 24));
  expect(bomb.length).toBeLessThan(20_000);
  await expect(open(memorySource(bomb, 'zero.cbf.gz'), { maxFrameBytes: 100_000 })).rejects.toMatchObject({
    tag: 'Limit',
    message: expect.stringContaining('zero.cbf.gz decompresses to more than 100000 bytes'),
  });
  await expect(open(memorySource(bz2, 'pattern.npy.bz2'), { maxFrameBytes: 5000 })).rejects.toMatchObject({
    tag: 'Limit',
  });
});

describe.skipIf(!dataFolder)(`real files${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test.each(['cbf', 'img', 'edf', 'tif'])('frame.%s.gz equals the uncompressed file', async (ending) => {
    const bytes = readFileSync(resolve(dataFolder ?? '', 'formats', `frame.${ending}`));
    const plain = await open(memorySource(bytes, `frame.${ending}`));
    const packed = await open(memorySource(gzipSync(bytes), `frame.${ending}.gz`));
    expect(packed.format).toBe(plain.format);
    expect(packed.meta).toEqual(plain.meta);
    const [a, b] = [await packed.read(0, 1), await plain.read(0, 1)];
    expect(Buffer.compare(bytesOf(a), bytesOf(b))).toBe(0);
  });
});

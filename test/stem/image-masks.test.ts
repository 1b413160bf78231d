/** Masks, regions and corrections as pictures are what arrays of the same numbers are. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { formatNpy } from 'ewald';
import { afterAll, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-image-masks-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]) => ewaldTogether(['run', ...args], { cwd: folder });
const write = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes);
const npy = (name: string, shape: number[], data: readonly number[]): void =>
  write(name, formatNpy({ shape, data: Float32Array.from(data), complex: false }));

/** A PNG whose rows have the filters 0 to 4 in turn. */
function png(width: number, colour: number, depth: number, rows: readonly (readonly number[])[], step: number): Buffer {
  const chunk = (name: string, data: Buffer): Buffer => {
    const [size, sum, body] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.concat([Buffer.from(name), data])];
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.from([0, 0, 0, width, 0, 0, 0, rows.length, depth, colour, 0, 0, 0]);
  const filtered = rows.flatMap((row, y) => {
    const of = (at: number, up: number): number => (up > y || at < 0 ? 0 : (rows[y - up]?.[at] ?? 0));
    const own = row.map((value, i) => {
      const [a, b, c] = [of(i - step, 0), of(i, 1), of(i - step, 1)];
      const p = a + b - c;
      const paeth = [a, b, c].toSorted((one, other) => Math.abs(p - one) - Math.abs(p - other))[0] as number;
      return (value - ([0, a, b, Math.floor((a + b) / 2), paeth][y % 5] as number)) & 255;
    });
    return [y % 5, ...own];
  });
  const data = deflateSync(Buffer.from(filtered));
  const parts = [chunk('IHDR', head), chunk('IDAT', data.subarray(0, 9)), chunk('IDAT', data.subarray(9))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts, chunk('IEND', Buffer.alloc(0))]);
}

/** A TIFF of one strip of bytes. */
function tiff(width: number, height: number, bytes: readonly number[], photometric = 1): Buffer {
  const tags = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 1],
    [262, photometric],
    [273, 8],
    [277, 1],
    [278, height],
    [279, bytes.length],
  ] as const;
  const table = Buffer.alloc(2 + 12 * tags.length + 4);
  table.writeUInt16LE(tags.length);
  for (const [i, [tag, value]] of tags.entries()) {
    table.writeUInt16LE(tag, 2 + 12 * i);
    table.writeUInt16LE(4, 4 + 12 * i);
    table.writeUInt32LE(1, 6 + 12 * i);
    table.writeUInt32LE(value, 10 + 12 * i);
  }
  const head = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(8 + bytes.length, 4);
  return Buffer.concat([head, Buffer.from(bytes), table]);
}

const [height, width] = [10, 12];
const pixels = height * width;
npy(
  'scan.npy',
  [2, 3, height, width],
  Array.from({ length: 6 * pixels }, (_, i) => (i * 7919) % 251),
);
const rowsOf = (values: readonly number[]): number[][] =>
  Array.from({ length: height }, (_, y) => values.slice(y * width, (y + 1) * width));
const sums = async (...args: string[]): Promise<unknown> => {
  const { code, out, err } = await run(...args, '-o', '-');
  expect(code, err).toBe(0);
  return out;
};

test('a mask as PNG of any kind of grey, or as TIFF, is that of an array; white is 1 beside black', {
  tags: 'all',
}, async () => {
  const isIn = Array.from({ length: pixels }, (_, i) => ((i * 31) % 7 < 3 ? 1 : 0));
  const white = isIn.map((is) => 255 * is);
  npy('white.npy', [height, width], isIn);
  const bits = rowsOf(isIn).map((row) => [
    Number.parseInt(row.slice(0, 8).join(''), 2),
    Number.parseInt(`${row.slice(8).join('')}0000`, 2),
  ]);
  write('white-bits.png', png(width, 0, 1, bits, 1));
  write('white-grey.png', png(width, 0, 8, rowsOf(white), 1));
  write(
    'white-rgba.png',
    png(
      width,
      6,
      8,
      rowsOf(white).map((row) => row.flatMap((v) => [v, v, v, 255])),
      4,
    ),
  );
  write(
    'white-wide.png',
    png(
      width,
      0,
      16,
      rowsOf(white).map((row) => row.flatMap((v) => [v, v])),
      2,
    ),
  );
  write('white.tif', tiff(width, height, white));
  const levels = Array.from({ length: pixels }, (_, i) => (i * 37) % 200);
  npy('levels.npy', [height, width], levels);
  write(
    'levels.png',
    png(
      width,
      2,
      8,
      rowsOf(levels).map((row) => row.flatMap((v) => [v, v, v])),
      3,
    ),
  );
  write('levels.tiff', tiff(width, height, levels));
  const of = (file: string) => sums('masks', 'scan.npy', '--mask', file);
  const [wanted, weighted] = [await of('white.npy'), await of('levels.npy')];
  for (const file of ['white-bits.png', 'white-grey.png', 'white-rgba.png', 'white-wide.png', 'white.tif'])
    expect(await of(file), file).toEqual(wanted);
  for (const file of ['levels.png', 'levels.tiff']) expect(await of(file), file).toEqual(weighted);
  // Pixels that are left out are those that are not black; a region of the scan is drawn likewise.
  npy(
    'bad.npy',
    [height, width],
    white.map((value, i) => (i < 30 ? value : 0)),
  );
  write('bad.png', png(width, 0, 8, rowsOf(white.map((value, i) => (i < 30 ? value : 0))), 1));
  const [left, leftByPicture] = await Promise.all(
    ['bad.npy', 'bad.png'].map((file) => sums('sum', 'scan.npy', '--excluded-pixels', file)),
  );
  expect(leftByPicture).toEqual(left);
  write(
    'region.png',
    png(
      3,
      0,
      8,
      [
        [0, 255, 255],
        [255, 0, 0],
      ],
      1,
    ),
  );
  npy('region.npy', [2, 3], [0, 1, 1, 1, 0, 0]);
  expect(await sums('sum', 'scan.npy', '--roi', 'region.png')).toEqual(
    await sums('sum', 'scan.npy', '--roi', 'region.npy'),
  );
});

test('a coloured, transparent or damaged picture is refused with what it is, one of another size with both', async () => {
  const grey = rowsOf(Array.from({ length: pixels }, (_, i) => i));
  const colour = grey.map((row) => row.flatMap((v) => [v, v, 7]));
  write('colour.png', png(width, 2, 8, colour, 3));
  write(
    'clear.png',
    png(
      width,
      4,
      8,
      grey.map((row) => row.flatMap((v) => [v, 128])),
      2,
    ),
  );
  write('cut.png', png(width, 0, 8, grey, 1).subarray(0, 90));
  write('small.png', png(width, 0, 8, grey.slice(1), 1));
  for (const [file, words] of [
    ['colour.png', 'colour.png has coloured pixels; expected a grey PNG'],
    ['clear.png', 'clear.png has transparent pixels; expected a grey PNG'],
    ['cut.png', 'cut.png ends '],
    ['small.png', '--mask: small.png is [9, 12]; expected [10, 12]'],
  ] as const) {
    const { code, err } = await run('masks', 'scan.npy', '--mask', file);
    expect([code, err]).toEqual([1, expect.stringContaining(words)]);
  }
});

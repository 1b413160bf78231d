/**
 * What says in a file that a stored number is not the value of its pixel, or where an image begins: tags of TIFF, IMOD's
 * flags in MRC, markers of blockfiles, general headers of EDF.
 */
import { open } from 'ewald/data';
import { expect, test } from 'vitest';

type Open = Parameters<typeof open>[1];

async function read(bytes: Uint8Array, name: string, options?: Open) {
  const dataset = await open(new File([bytes as Uint8Array<ArrayBuffer>], name), options);
  try {
    const { shape, dtype, notes } = dataset;
    const said = notes.map(({ text }) => text).join('\n');
    return {
      shape: [...shape.nav, ...shape.sig],
      dtype,
      said,
      values: Array.from(await dataset.read(0, dataset.frames), Number),
    };
  } finally {
    await dataset.dispose();
  }
}

/** Pages of little-endian TIFF: numbers of a tag, its place in the file if it has several, and bytes of the image. */
function tiff(
  pages: readonly { readonly tags: Record<number, number | string>; readonly image: Uint8Array }[],
): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array([0x49, 0x49, 42, 0, 0, 0, 0, 0])];
  const end = (): number => parts.reduce((sum, { length }) => sum + length, 0);
  let link: [part: number, at: number] = [0, 4];
  for (const { tags, image } of pages) {
    const texts: Record<string, number> = {};
    for (const [tag, value] of Object.entries(tags))
      if (typeof value === 'string') {
        texts[tag] = end();
        parts.push(new TextEncoder().encode(`${value}\0`));
      }
    const all: Record<number, number | string> = { 273: end(), 278: 1000, 279: image.length, ...tags };
    parts.push(image);
    const entries = Object.entries(all);
    const directory = new DataView(new ArrayBuffer(2 + 12 * entries.length + 4));
    directory.setUint16(0, entries.length, true);
    for (const [i, [tag, value]] of entries.entries()) {
      directory.setUint16(2 + 12 * i, Number(tag), true);
      directory.setUint16(4 + 12 * i, typeof value === 'string' ? 2 : 4, true);
      directory.setUint32(6 + 12 * i, typeof value === 'string' ? value.length + 1 : 1, true);
      directory.setUint32(10 + 12 * i, typeof value === 'string' ? (texts[tag] as number) : value, true);
    }
    const before = parts[link[0]] as Uint8Array;
    new DataView(before.buffer, before.byteOffset).setUint32(link[1], end(), true);
    parts.push(new Uint8Array(directory.buffer));
    link = [parts.length - 1, directory.byteLength - 4];
  }
  return Buffer.concat(parts);
}

const picture = { 256: 3, 257: 2, 258: 16, 262: 1 };
const numbers = [1, 2, 256, 40_000, 5, 65_535];
const image = new Uint8Array(Uint16Array.from(numbers).buffer);
const page = (tags: Record<number, number | string>, of = image) => ({ tags: { ...picture, ...tags }, image: of });

test('a TIFF whose bytes begin with their lowest bit has the numbers that were written, of any number of bits', async () => {
  const turned = (bytes: Uint8Array) =>
    bytes.map((byte) => Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2));
  expect(await read(tiff([page({ 266: 2 }, turned(image))]), 'a.tif')).toMatchObject({ values: numbers, said: '' });
  for (const bits of [1, 4, 12]) {
    // Rows of whole bytes, the highest bit first.
    const rows = [
      [1, 0, 1],
      [0, 1, 1],
    ].map((row) =>
      row
        .map((n) => (n * (2 ** bits - 1)).toString(2).padStart(bits, '0'))
        .join('')
        .padEnd(8 * Math.ceil((3 * bits) / 8), '0'),
    );
    const bytes = Uint8Array.from(rows.join('').match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
    const values = [1, 0, 1, 0, 1, 1].map((n) => n * (2 ** bits - 1));
    for (const [order, stored] of [
      [1, bytes],
      [2, turned(bytes)],
    ] as const)
      expect(await read(tiff([page({ 258: bits, 266: order }, stored)]), 'a.tif'), `${bits} bits`).toMatchObject({
        values,
      });
  }
});

test.each([
  ['a palette', { 262: 3 }, /colours in a palette/],
  ['LogLuv', { 262: 32_844 }, /logarithms/],
  ['square roots of a gel', { 33445: 2 }, /square roots of counts/],
  ['a linearization table', { 50712: 7 }, /numbers of a table/],
  ['volumes', { 32997: 4 }, /volumes of 4 slices/],
  ['subsampled colours', { 262: 6 }, /several pixels together/],
])('TIFF with %s, whose numbers are not values, is refused', async (_, tags, words) => {
  await expect(read(tiff([page(tags)]), 'a.tif')).rejects.toThrow(words);
});

test.each([
  ['white as 0', { 262: 0 }, /0 is white/],
  ['an orientation', { 274: 3 }, /turned by 180°/],
  ['a curve of densities', { 291: 7 }, /GrayResponseCurve/],
  ["ImageJ's signed numbers", { 270: 'ImageJ=1.53t\nc0=-32768\nc1=1\n' }, /-32768 \+ 1 times the number/],
])('TIFF with %s is read as stored, and says so', async (_, tags, words) => {
  expect(await read(tiff([page(tags)]), 'a.tif')).toMatchObject({
    values: numbers,
    said: expect.stringMatching(words),
  });
});

test('a thumbnail before the pages of a TIFF, or a mask of transparency behind them, is no frame', async () => {
  const small = { tags: { ...picture, 254: 1, 256: 1, 257: 1 }, image: new Uint8Array(2) };
  const bytes = tiff([small, page({}), page({}), page({ 254: 4 })]);
  expect(await read(bytes, 'a.tif')).toMatchObject({ shape: [2, 2, 3], values: [...numbers, ...numbers], said: '' });
});

/** An MRC file of 2 × 3 bytes; IMOD's flags if it is one of IMOD. */
function mrc(flags: number | undefined, mode = 0): Uint8Array {
  const bytes = new Uint8Array(1024 + 6 * (mode === 0 ? 1 : 2));
  const view = new DataView(bytes.buffer);
  for (const [at, value] of [
    [0, 3],
    [4, 2],
    [8, 1],
    [12, mode],
    [28, 3],
    [32, 2],
    [36, 1],
    [208, 0x2050414d],
    [212, 0x4144],
  ])
    view.setInt32(at as number, value as number, true);
  if (flags !== undefined) view.setInt32(152, 0x444f4d49, true);
  if (flags !== undefined) view.setInt32(156, flags, true);
  bytes.set([1, 2, 127, 128, 200, 255], 1024);
  return bytes;
}

test('bytes of an MRC file are signed as IMOD says, or the user', async () => {
  const unsigned = { dtype: 'u8', values: [1, 2, 127, 128, 200, 255], said: '' };
  const signed = { dtype: 'i8', values: [1, 2, 127, -128, -56, -1], said: '' };
  expect(await read(mrc(0), 'a.mrc')).toMatchObject(unsigned);
  expect(await read(mrc(1), 'a.mrc')).toMatchObject(signed);
  expect(await read(mrc(undefined), 'a.mrc')).toMatchObject({
    ...signed,
    said: expect.stringContaining('signed bytes'),
  });
  for (const flags of [undefined, 0, 1]) {
    expect(await read(mrc(flags), 'a.mrc', { dtype: 'u8' })).toMatchObject(unsigned);
    expect(await read(mrc(flags), 'a.mrc', { dtype: 'i8' })).toMatchObject(signed);
  }
  await expect(read(mrc(undefined, 1), 'a.mrc', { dtype: 'u16' })).rejects.toThrow(/mode 1 is i16; omit dtype/);
  await expect(read(mrc(16), 'a.mrc')).rejects.toThrow(/two numbers/);
});

/** A blockfile of 2 × 2 patterns of 3 × 3 pixels; `change` gets its patterns. */
function blo(change: (patterns: DataView[]) => void): Uint8Array {
  const [offset, pattern] = [256, 6 + 9];
  const bytes = new Uint8Array(offset + 4 * pattern);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('IMGBLO'));
  view.setUint16(6, 0x102, true);
  view.setUint32(12, offset, true);
  for (const [at, n] of [
    [20, 3],
    [24, 2],
    [26, 2],
  ] as const)
    view.setUint16(at, n, true);
  const patterns = [0, 1, 2, 3].map((i) => new DataView(bytes.buffer, offset + i * pattern, pattern));
  for (const [i, one] of patterns.entries()) {
    one.setUint16(0, 0x55aa, true);
    one.setUint32(2, i, true);
    for (let k = 0; k < 9; k++) one.setUint8(6 + k, 10 * i + k);
  }
  change(patterns);
  return bytes;
}

test('patterns of a blockfile have their marker and their number', async () => {
  const values = Array.from({ length: 36 }, (_, i) => 10 * Math.floor(i / 9) + (i % 9));
  expect(
    await read(
      blo(() => {}),
      'a.blo',
    ),
  ).toMatchObject({ values, said: '' });
  const counted = blo((all) => {
    for (const [i, one] of all.entries()) one.setUint32(2, i + 1, true);
  });
  expect(await read(counted, 'a.blo')).toMatchObject({ values });
  const without = blo((all) => {
    for (const one of all) one.setUint16(0, 0, true);
  });
  expect(await read(without, 'a.blo')).toMatchObject({ values, said: expect.stringContaining('no marker') });
  const swapped = blo((all) => {
    for (const [i, n] of [2, 1].entries()) all[i + 1]?.setUint32(2, n, true);
  });
  await expect(read(swapped, 'a.blo')).rejects.toThrow(/frame 1 is damaged: it has the number 2 instead of 1/);
  const moved = blo((all) => all[3]?.setUint16(0, 0xaa, true));
  await expect(read(moved, 'a.blo')).rejects.toThrow(/frame 3 is damaged: .* marker 0x55aa/);
});

/** A header of EDF in a multiple of 512 bytes. */
const header = (lines: string): Uint8Array => {
  const whole = 512 * Math.ceil((lines.length + 4) / 512);
  return new TextEncoder().encode(`{\n${lines.padEnd(whole - 4, ' ')}}\n`);
};
const type = 'ByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 3 ;\nDim_2 = 2 ;\n';

test('EDF with a general header has its values in every image', async () => {
  const general = header(
    'EDF_DataFormatVersion = 2.40 ;\nEDF_DataBlocks = 2 ;\nEDF_BlockBoundary = 512 ;\nEDF_BinarySize = 0 ;\n' +
      'ByteOrder = LowByteFirst ;\nTitle = general ;\n',
  );
  const one = 'DataType = UnsignedShort ;\nDim_1 = 3 ;\nDim_2 = 2 ;\nEDF_BinarySize = 12 ;\n';
  const bytes = Buffer.concat([general, header(one), image, header(one), image]);
  expect(await read(bytes, 'a.edf')).toMatchObject({ shape: [2, 2, 3], values: [...numbers, ...numbers], said: '' });
  await expect(read(general, 'a.edf')).rejects.toThrow(/no Dim_1 and DataType, and no other one follows/);
});

test('EDF with one header for several images has all of them, and says which are missing', async () => {
  const bytes = Buffer.concat([header(`${type}Num_Images = 3 ;\n`), image, image, image]);
  expect(await read(bytes, 'a.edf')).toMatchObject({
    shape: [3, 2, 3],
    values: [...numbers, ...numbers, ...numbers],
    said: '',
  });
  const cut = bytes.subarray(0, bytes.length - image.length);
  expect(await read(cut, 'a.edf')).toMatchObject({
    shape: [2, 2, 3],
    said: expect.stringMatching(/states 3 images .* holds 2/),
  });
  // A number of images that each have their header.
  const each = Buffer.concat([0, 1].flatMap(() => [header(`${type}Num_Images = 2 ;\n`), image]));
  expect(await read(each, 'a.edf')).toMatchObject({ shape: [2, 2, 3], values: [...numbers, ...numbers], said: '' });
});

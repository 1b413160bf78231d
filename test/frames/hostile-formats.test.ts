/**
 * Files designed to keep a parser busy: each is refused, read in one pass, or stopped by its signal. No test relies on
 * the clock.
 */
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../src/entries/data.node.js';
import { parseCif } from '../../src/frames/formats/cif.js';
import { openSource } from '../../src/frames/open.js';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
const open = (bytes: Uint8Array, name: string, options = {}) => openSource(memorySource(bytes, name), options);

/** Number, type, count, and the value or the offset of the values. */
type Tag = readonly [tag: number, type: number, count: number, value: number];

/** A little-endian TIFF with pages that have the given tags; arrays are stored at separate offsets. */
function tiffOf(pages: readonly (readonly Tag[])[], size: number, firstPage: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, firstPage, true);
  let at = firstPage;
  for (const [i, tags] of pages.entries()) {
    view.setUint16(at, tags.length, true);
    at += 2;
    for (const [tag, type, count, value] of tags) {
      view.setUint16(at, tag, true);
      view.setUint16(at + 2, type, true);
      view.setUint32(at + 4, count, true);
      view.setUint32(at + 8, value, true);
      at += 12;
    }
    view.setUint32(at, i + 1 < pages.length ? at + 4 : 0, true);
    at += 4;
  }
  return bytes;
}

describe('TIFF', () => {
  test('pages that all claim the same long list of strips are refused', async () => {
    const page: Tag[] = [
      [256, 4, 1, 1],
      [257, 4, 1, 10_000],
      [258, 3, 1, 8],
      [273, 4, 10_000, 8],
      [278, 4, 1, 1],
      [279, 4, 10_000, 8],
    ];
    const bytes = tiffOf(new Array(200).fill(page), 8 + 40_000 + 200 * 80, 8 + 40_000);
    await expect(open(bytes, 'a.tif')).rejects.toMatchObject({
      tag: 'Format',
      message: expect.stringContaining('overlap with'),
    });
  });

  test('a tile that its bytes cannot hold is refused before it is allocated', async () => {
    const page: Tag[] = [
      [256, 4, 1, 1],
      [257, 4, 1, 1],
      [258, 3, 1, 8],
      [259, 3, 1, 8],
      [322, 4, 1, 2 ** 20],
      [323, 4, 1, 2 ** 12],
      [324, 4, 1, 8],
      [325, 4, 1, 8],
    ];
    const bytes = tiffOf([page], 2 ** 18, 16);
    await expect(open(bytes, 'a.tif')).rejects.toMatchObject({
      tag: 'Format',
      message: expect.stringContaining('cannot fit into'),
    });
  });
});

test('a tree of very many tags is stopped by its signal, also in memory', async () => {
  const count = 400_000;
  const group = (n: number): number[] => [0, 0, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
  const empty = [20, 0, 0, ...group(0)];
  const bytes = new Uint8Array(12 + 6 + count * empty.length);
  bytes.set([0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, ...group(count)]);
  for (let i = 0; i < count; i++) bytes.set(empty, 18 + i * empty.length);
  const end = new AbortController();
  setTimeout(() => end.abort(), 1);
  await expect(open(bytes, 'a.dm3', { signal: end.signal })).rejects.toMatchObject({ tag: 'Aborted' });
});

// Each of these used to take time quadratic in its length: minutes.
describe('texts whose quotes and marks never close are read in one pass', () => {
  const refused = { tag: 'Format' };

  test.each([
    ['quotes', "'a ".repeat(600_000)],
    ['double quotes', '"a '.repeat(600_000)],
    ['text fields', `data_a\n_b\n;${'\n ;a'.repeat(400_000)}`],
  ])('CIF: %s', { tags: 'all' }, (_, text) => {
    expect(parseCif(`_a ${text}`).size).toBeGreaterThan(0);
  });

  test('CIF: words, quotes, text fields, comments and loops are distinguished', () => {
    const text =
      "data_x\n_a 'it''s' # no 'b\n_b \"two words\" _c ;d\n_e\n;one\n two\n;\nloop_\n_f _g\n1 'a b' 2 '' 'open\n_h 'x'y' #";
    expect(Object.fromEntries(parseCif(text))).toEqual({
      _a: ["it''s"],
      _b: ['two words'],
      _c: [';d'],
      _e: ['one\n two'],
      _f: ['1', '2', "'open"],
      _g: ['a b', ''],
      _h: ["x'y"],
    });
  });

  test('CBF: a section header', async () => {
    const text = `###CBF:\n--CIF-BINARY-FORMAT-SECTION--\n${'conversions="a" '.repeat(20_000)}\x0c\x1a\x04\xd5`;
    await expect(open(bytesOf(text), 'a.cbf')).rejects.toMatchObject(refused);
  });

  test('EMI: object descriptions', { tags: 'all' }, async () => {
    const text = `JK\x00\x02${'<ObjectInfo>'.repeat(200_000)}`;
    const ser = new Uint8Array(64);
    const opening = openSource(memorySource(bytesOf(text), 'a.emi', { 'a_1.ser': ser, 'a.emi': bytesOf(text) }));
    await expect(opening).rejects.toMatchObject(refused);
  });

  test.each(['<raw_file ', '<timestamp ', '<scan_parameters mode="acquire">'])('EMPAD: %s', async (mark) => {
    const text = `<root><camserver_parameters>${mark === '<raw_file ' ? '' : '<raw_file filename="a.raw"/>'}${mark.repeat(60_000)}`;
    const files = { 'a.xml': bytesOf(text), 'a.raw': new Uint8Array(1000) };
    await expect(openSource(memorySource(files['a.xml'], 'a.xml', files))).rejects.toMatchObject(refused);
  });
});

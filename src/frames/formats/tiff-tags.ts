/** Directories of TIFF and BigTIFF files: the tags of each page. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import type { PlatformSignal } from '../../util/globals.js';
import { Cursor, cString, decodeLatin1 } from '../cursor.js';
import { checkFrameFits, checkHeaderSize } from '../shapes.js';

/** Tags that are read. Others change no number: sizes for print, colours of a screen, thumbnails, places on a map. */
const names = {
  254: 'subfileType',
  255: 'oldSubfileType',
  256: 'width',
  257: 'height',
  258: 'bits',
  259: 'compression',
  262: 'photometric',
  266: 'fillOrder',
  270: 'description',
  271: 'make',
  272: 'model',
  273: 'stripOffsets',
  274: 'orientation',
  277: 'samples',
  278: 'rowsPerStrip',
  279: 'stripBytes',
  284: 'planar',
  291: 'grayCurve',
  305: 'software',
  306: 'date',
  317: 'predictor',
  322: 'tileWidth',
  323: 'tileHeight',
  324: 'tileOffsets',
  325: 'tileBytes',
  339: 'sampleFormat',
  530: 'subsampling',
  32997: 'imageDepth',
  32998: 'tileDepth',
  33445: 'gelFormat',
  50712: 'linearization',
} as const;
type Name = (typeof names)[keyof typeof names];
/** Tables of which it counts that they are there. */
const tables: readonly Name[] = ['grayCurve', 'linearization'];
const texts: readonly Name[] = ['description', 'make', 'model', 'software', 'date'];

/** The tags of a page. Numbers are arrays, as in the file. */
export interface Page {
  readonly numbers: ReadonlyMap<Name, readonly number[]>;
  readonly texts: ReadonlyMap<Name, string>;
}

/** The pages of a file. */
export interface TiffFile {
  readonly little: boolean;
  readonly big: boolean;
  readonly pages: readonly Page[];
}

const maxPages = 2 ** 20;
/** Bytes per field type; 0 for unknown types. */
const widths = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** Reads the tags of every page. Throws `Format`, also for a cyclic chain of pages. */
export async function readPages(source: ByteSource, signal?: PlatformSignal): Promise<TiffFile> {
  const cursor = new Cursor(source, 0, signal);
  const order = await cursor.text(2);
  if (order !== 'II' && order !== 'MM') throw badFile(source, 'this is not a TIFF: it does not start with II or MM');
  cursor.little = order === 'II';
  const version = await cursor.u16();
  if (version !== 42 && version !== 43)
    throw badFile(source, `version ${version} of TIFF cannot be read; expected 42 or 43`);
  const big = version === 43;
  if (big && ((await cursor.u16()) !== 8 || (await cursor.u16()) !== 0))
    throw badFile(source, 'invalid BigTIFF header: offsets should have 8 bytes');
  const pages: Page[] = [];
  // Each number is stored once, so that all tags together are no larger than the file.
  const left = { bytes: 2 * source.size };
  const seen = new Set<number>();
  let next = big ? await cursor.u64() : await cursor.u32();
  while (next !== 0) {
    if (seen.has(next))
      throw badFile(source, `the chain of pages is cyclic: page ${pages.length} is at byte ${next} again`);
    if (seen.size >= maxPages) throw badFile(source, `more than ${maxPages} pages`);
    seen.add(next);
    cursor.at = next;
    const count = checkHeaderSize(
      source,
      'the number of tags',
      big ? await cursor.u64() : await cursor.u16(),
      1,
      65536,
    );
    pages.push(await readPage(cursor, count, big, left));
    cursor.at = next + (big ? 8 : 2) + count * (big ? 20 : 12);
    next = big ? await cursor.u64() : await cursor.u32();
  }
  if (pages.length === 0) throw badFile(source, 'the file has no page');
  return { little: cursor.little, big, pages };
}

async function readPage(cursor: Cursor, count: number, big: boolean, left: { bytes: number }): Promise<Page> {
  const numbers = new Map<Name, readonly number[]>();
  const text = new Map<Name, string>();
  const { source } = cursor;
  const start = cursor.at;
  const inline = big ? 8 : 4;
  for (let i = 0; i < count; i++) {
    cursor.at = start + i * (big ? 20 : 12);
    const name = (names as Record<number, Name>)[await cursor.u16()];
    if (!name) continue;
    const type = await cursor.u16();
    const values = big ? await cursor.u64() : await cursor.u32();
    const width = widths[type] ?? 0;
    if (width === 0) continue;
    if (values * width > inline) cursor.at = big ? await cursor.u64() : await cursor.u32();
    checkFrameFits(source, cursor.at, values * width, `the tag ${name}`);
    left.bytes -= values * width;
    if (left.bytes < 0)
      throw badFile(source, `the tags of the page at byte ${start} overlap with those of earlier pages`);
    if (texts.includes(name))
      text.set(name, cString(decodeLatin1(await cursor.bytes(Math.min(values, 2 ** 16)))).trim());
    else numbers.set(name, await readNumbers(cursor, type, tables.includes(name) ? Math.min(1, values) : values));
  }
  return { numbers, texts: text };
}

async function readNumbers(cursor: Cursor, type: number, count: number): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    if (type === 3 || type === 8) values.push(await cursor.u16());
    else if (type === 4 || type === 9 || type === 13) values.push(await cursor.u32());
    else if (type === 16 || type === 17 || type === 18) values.push(await cursor.u64());
    else if (type === 5 || type === 10) values.push((await cursor.u32()) / (await cursor.u32()));
    else if (type === 11) values.push(await cursor.f32());
    else if (type === 12) values.push(await cursor.f64());
    else values.push(await cursor.u8());
  }
  return values;
}

/** The first number of a tag. */
export const numberIn = (page: Page, name: Name, fallback: number): number => page.numbers.get(name)?.[0] ?? fallback;

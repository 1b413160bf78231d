/** Fractal heaps, in which new groups keep their links, and objects their attributes if there are many. */
import { EwaldError } from '../util/errors.js';
import { records } from './btree2.js';
import { bytesFor, Fields, nowhere } from './fields.js';
import type { Pages } from './pages.js';

/**
 * The heap to which a message refers, and each record of the tree that lists its objects; `indexBytes` are those of an
 * index that the message may have.
 */
export async function* listedIn(
  pages: Pages,
  info: Fields | undefined,
  indexBytes: number,
  what: string,
): AsyncGenerator<{ readonly heap: FractalHeap; readonly record: Fields }> {
  if (!info) return;
  info.version(0);
  if (info.u8() & 1) info.skip(indexBytes);
  const [heapAddress, names] = [info.address(), info.address()];
  if (heapAddress === nowhere || names === nowhere) return;
  const heap = await FractalHeap.open(pages, heapAddress);
  for await (const record of records(pages, names, what)) yield { heap, record };
}

/** The header of a heap; widths and sizes in bytes. */
interface HeapHeader {
  /** The fields of the header, for messages. */
  readonly fields: Fields;
  readonly idBytes: number;
  /** Whether direct blocks have checksums. */
  readonly checked: boolean;
  /** The tree of the objects that are stored separately. */
  readonly hugeTree: number;
  /** Blocks in a row. */
  readonly width: number;
  readonly startBytes: number;
  readonly directRows: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly root: number;
  readonly rootRows: number;
}

async function readHeapHeader(pages: Pages, address: number): Promise<HeapHeader> {
  const { offset, length } = pages.widths;
  const fields = await pages.fields(address, 26 + 12 * length + 3 * offset, 'a fractal heap');
  fields.signature('FRHP');
  fields.version(0);
  const idBytes = fields.u16();
  const filterBytes = fields.u16();
  const checked = (fields.u8() & 2) !== 0;
  const maxManaged = fields.u32();
  fields.length();
  const hugeTree = fields.address();
  fields.length();
  fields.address();
  for (let i = 0; i < 8; i++) fields.length();
  const width = fields.u16();
  const startBytes = fields.length();
  const maxDirect = fields.length();
  const heapBits = fields.u16();
  fields.u16();
  const root = fields.address();
  const rootRows = fields.u16();
  if (filterBytes > 0)
    throw new EwaldError(
      'Unsupported',
      `${pages.source.name}: the heap at ${address} is compressed, which is not supported`,
    );
  fields.checksum();
  const offsetBytes = Math.ceil(heapBits / 8);
  if (width < 1 || startBytes < 1 || maxDirect < startBytes || offsetBytes > 8)
    throw fields.wrong('its table of blocks is inconsistent');
  const lengthBytes = Math.min(Math.ceil(Math.log2(maxDirect) / 8), bytesFor(maxManaged));
  const directRows = Math.log2(maxDirect) - Math.log2(startBytes) + 2;
  return {
    fields,
    idBytes,
    checked,
    hugeTree,
    width,
    startBytes,
    directRows,
    offsetBytes,
    lengthBytes,
    root,
    rootRows,
  };
}

/** Objects of a heap by id. */
class FractalHeap {
  readonly #pages: Pages;
  readonly #header: HeapHeader;
  /** Addresses of blocks whose checksums were correct. */
  readonly #sound = new Set<number>();
  #huge: Promise<Map<number, { at: number; bytes: number }>> | undefined;

  private constructor(pages: Pages, header: HeapHeader) {
    this.#pages = pages;
    this.#header = header;
  }

  static async open(pages: Pages, address: number): Promise<FractalHeap> {
    return new FractalHeap(pages, await readHeapHeader(pages, address));
  }

  get idBytes(): number {
    return this.#header.idBytes;
  }

  async object(id: Uint8Array): Promise<Fields> {
    const { fields: head, idBytes } = this.#header;
    const { widths } = this.#pages;
    const fields = new Fields(id, widths, `${head.what}, an id`);
    const kind = (fields.u8() >> 4) & 3;
    if (kind === 0) return this.#managed(fields);
    if (kind === 2) {
      const bytes = ((id[0] ?? 0) & 15) + 1;
      return fields.part(Math.min(bytes, fields.left));
    }
    // Huge objects are stored separately; an id that is long enough contains the address, otherwise a tree does.
    if (idBytes >= 1 + widths.offset + widths.length)
      return this.#pages.fields(fields.address(), fields.length(), 'a huge object');
    const wanted = fields.uint(Math.min(8, fields.left));
    this.#huge ??= this.#readHuge();
    const found = (await this.#huge).get(wanted);
    if (found) return this.#pages.fields(found.at, found.bytes, 'a huge object');
    throw head.wrong(`it has no huge object ${wanted}`);
  }

  /** An object in a direct block, by its offset and length in the heap. */
  async #managed(id: Fields): Promise<Fields> {
    const { fields: head, offsetBytes, lengthBytes, checked } = this.#header;
    const place = id.uint(offsetBytes);
    const bytes = id.uint(lengthBytes);
    const { block, start, bytes: blockBytes } = await this.#locate(place);
    if (place - start + bytes > blockBytes) throw head.wrong('an object extends beyond its block');
    if (checked && !this.#sound.has(block)) {
      await checkBlock(this.#pages, block, blockBytes, offsetBytes);
      this.#sound.add(block);
    }
    return this.#pages.fields(block + place - start, bytes, 'an object of a fractal heap');
  }

  /** The direct block that holds an offset of the heap: its address and its offset in the heap. */
  async #locate(place: number): Promise<{ block: number; start: number; bytes: number }> {
    const { fields: head, width, startBytes, directRows, root, rootRows } = this.#header;
    if (rootRows === 0) return { block: root, start: 0, bytes: startBytes };
    const rowBytes = (row: number): number => startBytes * 2 ** Math.max(0, row - 1);
    const rowStart = (row: number): number => (row === 0 ? 0 : width * startBytes * 2 ** (row - 1));
    let [block, rows, start] = [root, rootRows, 0];
    for (let depth = 0; depth < 64; depth++) {
      const within = place - start;
      const row = within < width * startBytes ? 0 : Math.floor(Math.log2(within / (width * startBytes))) + 1;
      if (row >= rows) throw head.wrong(`offset ${place} is beyond its blocks`);
      const column = Math.floor((within - rowStart(row)) / rowBytes(row));
      block = await this.#child(block, rows, row * width + column);
      start += rowStart(row) + column * rowBytes(row);
      if (block === nowhere) throw head.wrong(`offset ${place} is in a block that was never written`);
      if (row < directRows) return { block, start, bytes: rowBytes(row) };
      rows = Math.log2(rowBytes(row)) - Math.log2(startBytes * width) + 1;
    }
    throw head.wrong('its blocks form a cycle');
  }

  /** The address at an index of an indirect block of `rows` rows. */
  async #child(block: number, rows: number, index: number): Promise<number> {
    const { width, directRows, offsetBytes } = this.#header;
    const { offset } = this.#pages.widths;
    const entries = Math.min(rows, directRows) * width + Math.max(0, rows - directRows) * width;
    const bytes = 9 + offset + offsetBytes + entries * offset;
    const node = await this.#pages.fields(block, bytes, 'a block of a fractal heap');
    if (!this.#sound.has(block)) {
      node.checksumAtEnd();
      this.#sound.add(block);
    }
    node.signature('FHIB');
    node.version(0);
    node.address();
    node.skip(offsetBytes + index * offset);
    return node.address();
  }

  async #readHuge(): Promise<Map<number, { at: number; bytes: number }>> {
    const found = new Map<number, { at: number; bytes: number }>();
    for await (const record of records(this.#pages, this.#header.hugeTree, 'huge objects')) {
      const [at, bytes, number] = [record.address(), record.length(), record.length()];
      if (!found.has(number)) found.set(number, { at, bytes });
    }
    return found;
  }
}

/** The checksum of a direct block is in its header and covers the block with that field set to zero. */
async function checkBlock(pages: Pages, address: number, bytes: number, offsetBytes: number): Promise<void> {
  if (pages.widths.checksums === false) return;
  const block = await pages.fields(address, bytes, 'a block of a fractal heap');
  block.signature('FHDB');
  const at = 5 + pages.widths.offset + offsetBytes;
  const copy = block.bytes.slice();
  copy.fill(0, at, at + 4);
  block.at = at;
  block.compare(block.u32(), copy);
}

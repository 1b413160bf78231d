/** Chunks indexed by arrays: fixed if no axis can grow, extensible if one can. */
import { type ChunkLookup, element, elementSize, type Grid, linear, remember, type StoredChunk } from './chunk-grid.js';
import { type Fields, nowhere } from './fields.js';
import type { Pages } from './pages.js';

/** A bit of a map whose first bit is the highest of the first byte. */
const bit = (map: Uint8Array, index: number): boolean => (((map[index >> 3] ?? 0) << (index & 7)) & 0x80) !== 0;

export function fixedLookup(grid: Grid, address: number): ChunkLookup {
  const { pages } = grid;
  const { offset, length } = pages.widths;
  const size = elementSize(grid);
  const open = remember(1, async (at) => {
    const head = await pages.fields(at, 12 + length + offset, 'a fixed array');
    head.signature('FAHD');
    head.version(0);
    checkClient(head, grid, size);
    const pageBits = head.u8();
    const count = head.length();
    const block = head.address();
    head.checksum();
    if (pageBits > 30) throw head.wrong('its pages are inconsistent');
    const perPage = 2 ** pageBits;
    const pageCount = count > perPage ? Math.ceil(count / perPage) : 0;
    const prefixBytes = 6 + offset + Math.ceil(pageCount / 8);
    if (block === nowhere) return { count: 0, block, perPage, pageCount, prefixBytes, map: new Uint8Array(0) };
    pages.check(block, prefixBytes + 4, 'a fixed array');
    const prefix = await pages.fields(block, prefixBytes + 4, 'a block of a fixed array');
    prefix.signature('FADB');
    prefix.version(0);
    prefix.skip(1 + offset);
    const map = prefix.take(Math.ceil(pageCount / 8));
    if (pageCount > 0) prefix.checksum();
    else await checked(pages, block, prefixBytes + count * size + 4, 'a block of a fixed array');
    return { count, block, perPage, pageCount, prefixBytes, map };
  });
  const elements = remember(64, async (at) => {
    const count = counts.get(at) ?? 0;
    const fields = await pages.fields(at, count * size, 'a page of a fixed array');
    return Array.from({ length: count }, () => element(fields, grid));
  });
  const counts = new Map<number, number>();
  return async (place) => {
    const array = await open(address);
    const index = linear(place, grid.most);
    if (index >= array.count) return undefined;
    let [at, count, within] = [array.block + array.prefixBytes, array.count, index];
    if (array.pageCount > 0) {
      const page = Math.floor(index / array.perPage);
      if (!bit(array.map, page)) return undefined;
      at += 4 + page * (array.perPage * size + 4);
      count = Math.min(array.perPage, array.count - page * array.perPage);
      within = index - page * array.perPage;
      if (!counts.has(at)) await checked(pages, at, count * size + 4, 'a page of a fixed array');
    } else if (count * size > 2 ** 16) {
      // A large array without pages: only the element is read.
      return element(await pages.fields(at + index * size, size, 'a fixed array'), grid);
    }
    counts.set(at, count);
    return (await elements(at))[within];
  };
}

/** Fields of a structure that ends with its checksum, which is verified. */
async function checked(pages: Pages, at: number, bytes: number, what: string): Promise<Fields> {
  // Without verification, the structure need not be read.
  if (pages.widths.checksums === false) return pages.fields(at, 0, what);
  const fields = await pages.fields(at, bytes, what);
  fields.checksumAtEnd();
  return fields;
}

function checkClient(head: Fields, grid: Grid, size: number): void {
  const client = head.u8();
  const found = head.u8();
  if (client !== (grid.sizeBytes > 0 ? 1 : 0) || found !== size)
    throw head.wrong(`its elements (client ${client}, ${found} bytes) are not those of the dataset (${size} bytes)`);
}

/** An extensible array: its sizes, and the elements and addresses in its index. */
interface ExtensibleArray {
  /** Elements in the index. */
  readonly inIndex: number;
  /** Elements of the smallest block. */
  readonly minInBlock: number;
  /** Super blocks whose blocks are listed in the index. */
  readonly supersInIndex: number;
  readonly offsetBytes: number;
  readonly perPage: number;
  readonly elements: readonly (StoredChunk | undefined)[];
  readonly blocks: readonly number[];
  readonly supers: readonly number[];
}

async function readExtensibleArray(grid: Grid, address: number): Promise<ExtensibleArray> {
  const { pages } = grid;
  const { offset, length } = pages.widths;
  const size = elementSize(grid);
  const head = await pages.fields(address, 16 + 6 * length + offset, 'an extensible array');
  head.signature('EAHD');
  head.version(0);
  checkClient(head, grid, size);
  const bits = head.u8();
  const inIndex = head.u8();
  const minInBlock = head.u8();
  const minPointers = head.u8();
  const pageBits = head.u8();
  for (let i = 0; i < 6; i++) head.length();
  const index = head.address();
  head.checksum();
  if (bits > 64 || minInBlock < 1 || minPointers < 1 || pageBits > 30) throw head.wrong('its sizes are inconsistent');
  const blocksInIndex = 2 * (minPointers - 1);
  const supersInIndex = 2 * Math.log2(minPointers);
  const supers = Math.max(0, 1 + bits - Math.log2(minInBlock) - supersInIndex);
  const sizes = {
    inIndex,
    minInBlock,
    supersInIndex,
    offsetBytes: Math.ceil(bits / 8),
    perPage: 2 ** pageBits,
  };
  if (index === nowhere) return { ...sizes, elements: [], blocks: [], supers: [] };
  const bytes = 6 + offset + inIndex * size + (blocksInIndex + supers) * offset + 4;
  const block = await pages.fields(index, bytes, 'the index of an extensible array');
  block.checksumAtEnd();
  block.signature('EAIB');
  block.version(0);
  block.skip(1 + offset);
  const elements = Array.from({ length: inIndex }, () => element(block, grid));
  const addresses = (n: number): number[] => Array.from({ length: n }, () => block.address());
  return { ...sizes, elements, blocks: addresses(blocksInIndex), supers: addresses(supers) };
}

/** Where an element beyond the index is: an element of a block of a super block. */
interface BlockPlace {
  readonly superNumber: number;
  /** Blocks of the super block, and elements of each. */
  readonly inSuper: number;
  readonly perBlock: number;
  /** Numbers of the block in the super block and of the element in the block. */
  readonly number: number;
  readonly at: number;
}

/** Super block s holds 2^⌊s/2⌋ blocks of 2^⌈s/2⌉ · least elements each. */
function blockPlace(index: number, minInBlock: number): BlockPlace {
  const s = Math.floor(Math.log2(Math.floor(index / minInBlock) + 1));
  const within = index - (2 ** s - 1) * minInBlock;
  const perBlock = 2 ** Math.ceil(s / 2) * minInBlock;
  const inSuper = 2 ** Math.floor(s / 2);
  return { superNumber: s, inSuper, perBlock, number: Math.floor(within / perBlock), at: within % perBlock };
}

export function extensibleLookup(grid: Grid, address: number): ChunkLookup {
  // The growing axis comes first in the numbering.
  const growing = Math.max(0, grid.most.indexOf(Infinity));
  const growingFirst = <T>(values: readonly T[]): T[] => [
    ...values.slice(growing, growing + 1),
    ...values.slice(0, growing),
    ...values.slice(growing + 1),
  ];
  const most = growingFirst(grid.most);
  const blocks = new ExtensibleBlocks(grid);
  const open = remember(1, (at) => readExtensibleArray(grid, at));
  return async (place) => {
    const array = await open(address);
    const index = linear(growingFirst(place), most);
    if (index < array.inIndex) return array.elements[index];
    return blocks.element(array, blockPlace(index - array.inIndex, array.minInBlock));
  };
}

/** Reads the elements of an extensible array that are in blocks. */
class ExtensibleBlocks {
  readonly #grid: Grid;
  readonly #superShapes = new Map<number, { count: number; mapBytes: number; offsetBytes: number }>();
  readonly #superBlock = remember(32, (at) => this.#readSuperBlock(at));
  /** Addresses of blocks and pages whose checksums were correct. */
  readonly #sound = new Set<number>();

  constructor(grid: Grid) {
    this.#grid = grid;
  }

  async element(array: ExtensibleArray, place: BlockPlace): Promise<StoredChunk | undefined> {
    const { pages } = this.#grid;
    const size = elementSize(this.#grid);
    const block = await this.#locate(array, place);
    if (block === undefined || block === nowhere) return undefined;
    const { perBlock, at } = place;
    const paged = perBlock > array.perPage;
    const prefix = 6 + pages.widths.offset + array.offsetBytes;
    // Pages start after the prefix and its checksum; each ends with its own checksum.
    const pageBytes = array.perPage * size + 4;
    const page = block + prefix + 4 + Math.floor(at / array.perPage) * pageBytes;
    await this.#check(block, prefix + (paged ? 0 : perBlock * size) + 4);
    if (paged) await this.#check(page, pageBytes);
    const from = paged ? page + (at % array.perPage) * size : block + prefix + at * size;
    return element(await pages.fields(from, size, 'a block of an extensible array'), this.#grid);
  }

  /** The address of a block; undefined if its super block or its page was never written. */
  async #locate(array: ExtensibleArray, place: BlockPlace): Promise<number | undefined> {
    const { superNumber: s, inSuper, perBlock, number, at } = place;
    if (s < array.supersInIndex) {
      // Number of blocks in the preceding super blocks, which come in pairs of 1, 1, 2, 2, 4, 4, …
      const before = 2 ** Math.floor(s / 2) + 2 ** Math.ceil(s / 2) - 2;
      return array.blocks[before + number];
    }
    const superAt = array.supers[s - array.supersInIndex];
    if (superAt === undefined || superAt === nowhere) return undefined;
    const pagesInBlock = perBlock > array.perPage ? perBlock / array.perPage : 0;
    const mapBytes = inSuper * Math.ceil(pagesInBlock / 8);
    this.#superShapes.set(superAt, { count: inSuper, mapBytes, offsetBytes: array.offsetBytes });
    const { map, blocks } = await this.#superBlock(superAt);
    if (pagesInBlock > 0 && !bit(map, number * pagesInBlock + Math.floor(at / array.perPage))) return undefined;
    return blocks[number];
  }

  async #readSuperBlock(at: number): Promise<{ map: Uint8Array; blocks: number[] }> {
    const { pages } = this.#grid;
    const { offset } = pages.widths;
    const { count, mapBytes, offsetBytes } = this.#superShapes.get(at) ?? { count: 0, mapBytes: 0, offsetBytes: 0 };
    const bytes = 6 + offset + offsetBytes + mapBytes + count * offset + 4;
    const block = await pages.fields(at, bytes, 'a super block of an extensible array');
    block.checksumAtEnd();
    block.signature('EASB');
    block.version(0);
    block.skip(1 + offset + offsetBytes);
    const map = block.take(mapBytes);
    return { map, blocks: Array.from({ length: count }, () => block.address()) };
  }

  async #check(at: number, bytes: number): Promise<void> {
    if (this.#sound.has(at)) return;
    await checked(this.#grid.pages, at, bytes, 'a block of an extensible array');
    this.#sound.add(at);
  }
}

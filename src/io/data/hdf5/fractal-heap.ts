/** Fractal heaps, in which new groups keep their links, and objects their attributes if there are many. */
import { EwaldError } from '../../../base/errors.js';
import { records } from './btree2.js';
import { bytesFor, Fields, nowhere } from './fields.js';
import type { Pages } from './pages.js';

/** Objects of a heap by id. */
export interface FractalHeap {
  readonly idBytes: number;
  object(id: Uint8Array): Promise<Fields>;
}

/** Opens a fractal heap. */
export async function fractalHeap(pages: Pages, address: number): Promise<FractalHeap> {
  const { offset, length } = pages.widths;
  const head = await pages.fields(address, 26 + 12 * length + 3 * offset, 'a fractal heap');
  head.signature('FRHP');
  head.version(0);
  const idBytes = head.u16();
  const filterBytes = head.u16();
  const flags = head.u8();
  const mostManaged = head.u32();
  head.length();
  const hugeTree = head.address();
  head.length();
  head.address();
  for (let i = 0; i < 8; i++) head.length();
  const width = head.u16();
  const startBytes = head.length();
  const mostDirect = head.length();
  const heapBits = head.u16();
  head.u16();
  const root = head.address();
  const rootRows = head.u16();
  if (filterBytes > 0)
    throw new EwaldError(
      'Unsupported',
      `${pages.source.name}: the heap at ${address} is compressed, which is not supported`,
    );
  head.checksum();
  const offsetBytes = Math.ceil(heapBits / 8);
  if (width < 1 || startBytes < 1 || mostDirect < startBytes || offsetBytes > 8)
    throw head.wrong('its table of blocks is inconsistent');
  const lengthBytes = Math.min(Math.ceil(Math.log2(mostDirect) / 8), bytesFor(mostManaged));
  const directRows = Math.log2(mostDirect) - Math.log2(startBytes) + 2;
  const rowBytes = (row: number): number => startBytes * 2 ** Math.max(0, row - 1);
  const rowStart = (row: number): number => (row === 0 ? 0 : width * startBytes * 2 ** (row - 1));

  /** Addresses of blocks whose checksums were correct. */
  const sound = new Set<number>();
  let huge: Promise<Map<number, { at: number; bytes: number }>> | undefined;
  const readHuge = async (): Promise<Map<number, { at: number; bytes: number }>> => {
    const found = new Map<number, { at: number; bytes: number }>();
    for await (const record of records(pages, hugeTree, 'huge objects')) {
      const [at, bytes, number] = [record.address(), record.length(), record.length()];
      if (!found.has(number)) found.set(number, { at, bytes });
    }
    return found;
  };

  /** The direct block that holds an offset of the heap: its address and its offset in the heap. */
  const locate = async (place: number): Promise<{ block: number; start: number; bytes: number }> => {
    if (rootRows === 0) return { block: root, start: 0, bytes: startBytes };
    let [block, rows, start] = [root, rootRows, 0];
    for (let depth = 0; depth < 64; depth++) {
      const within = place - start;
      const row = within < width * startBytes ? 0 : Math.floor(Math.log2(within / (width * startBytes))) + 1;
      if (row >= rows) throw head.wrong(`offset ${place} is beyond its blocks`);
      const column = Math.floor((within - rowStart(row)) / rowBytes(row));
      const entries = Math.min(rows, directRows) * width + Math.max(0, rows - directRows) * width;
      const bytes = 9 + offset + offsetBytes + entries * offset;
      const node = await pages.fields(block, bytes, 'a block of a fractal heap');
      if (!sound.has(block)) {
        node.at = bytes - 4;
        node.checksum();
        node.at = 0;
        sound.add(block);
      }
      node.signature('FHIB');
      node.version(0);
      node.address();
      node.skip(offsetBytes + (row * width + column) * offset);
      block = node.address();
      start += rowStart(row) + column * rowBytes(row);
      if (block === nowhere) throw head.wrong(`offset ${place} is in a block that was never written`);
      if (row < directRows) return { block, start, bytes: rowBytes(row) };
      rows = Math.log2(rowBytes(row)) - Math.log2(startBytes * width) + 1;
    }
    throw head.wrong('its blocks form a cycle');
  };

  return {
    idBytes,
    async object(id) {
      const fields = new Fields(id, pages.widths, `${head.what}, an id`);
      const kind = (fields.u8() >> 4) & 3;
      if (kind === 0) {
        const place = fields.uint(offsetBytes);
        const bytes = fields.uint(lengthBytes);
        const { block, start, bytes: blockBytes } = await locate(place);
        if (place - start + bytes > blockBytes) throw head.wrong('an object extends beyond its block');
        if (flags & 2 && !sound.has(block)) {
          await checkBlock(pages, block, blockBytes, offsetBytes);
          sound.add(block);
        }
        return pages.fields(block + place - start, bytes, 'an object of a fractal heap');
      }
      if (kind === 2) {
        const bytes = ((id[0] ?? 0) & 15) + 1;
        return fields.part(Math.min(bytes, fields.left));
      }
      // Huge objects are stored separately; an id that is long enough contains the address, otherwise a tree does.
      if (idBytes >= 1 + offset + length) return pages.fields(fields.address(), fields.length(), 'a huge object');
      const wanted = fields.uint(Math.min(8, fields.left));
      huge ??= readHuge();
      const found = (await huge).get(wanted);
      if (found) return pages.fields(found.at, found.bytes, 'a huge object');
      throw head.wrong(`it has no huge object ${wanted}`);
    },
  };
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

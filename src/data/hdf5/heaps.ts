/** The heaps of a file: names (local), variable-length values (global). */
import type { Fields } from './fields.js';
import type { Pages } from './pages.js';

/** The local heap of a symbol table: zero-terminated names by their offset. */
export async function localHeap(pages: Pages, address: number): Promise<(offset: number) => string> {
  const head = await pages.fields(address, 8 + 2 * pages.widths.length + pages.widths.offset, 'a local heap');
  head.signature('HEAP');
  head.version(0);
  head.skip(3);
  const length = head.length();
  head.length();
  const names = await pages.fields(head.address(), length, 'names of a local heap');
  return (offset) => {
    names.at = 0;
    names.skip(offset);
    return names.textToZero();
  };
}

/** One object of a global heap collection. */
export async function globalHeapObject(pages: Pages, address: number, index: number): Promise<Uint8Array> {
  const head = await pages.fields(address, 8 + pages.widths.length, 'a global heap');
  head.signature('GCOL');
  head.version(1);
  head.skip(3);
  const size = head.length();
  const objects: Fields = await pages.fields(address, size, 'a global heap');
  objects.skip(8 + pages.widths.length);
  while (objects.left >= 8 + pages.widths.length) {
    const found = objects.u16();
    objects.skip(6);
    const length = objects.length();
    // Index 0 is the free space behind the last object.
    if (found === 0) break;
    if (found === index) return objects.take(length);
    objects.skip(Math.min(objects.left, Math.ceil(length / 8) * 8));
  }
  throw objects.wrong(`it has no object ${index}`);
}

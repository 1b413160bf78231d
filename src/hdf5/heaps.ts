/** The heaps of a file: local for names, global for values of variable length. */
import { EwaldError } from '../util/errors.js';
import type { Fields } from './fields.js';
import type { Pages } from './pages.js';

/**
 * The local heap of a symbol table: zero-terminated names by offset. Each name is stored once, so all requested names
 * together are no longer than the heap.
 */
export async function localHeap(pages: Pages, address: number): Promise<(offset: number) => string> {
  const head = await pages.fields(address, 8 + 2 * pages.widths.length + pages.widths.offset, 'a local heap');
  head.signature('HEAP');
  head.version(0);
  head.skip(3);
  const length = head.length();
  head.length();
  const names = await pages.fields(head.address(), length, 'names of a local heap');
  // Twice, because a name may be requested again by another walk.
  let left = 2 * length;
  return (offset) => {
    names.at = 0;
    names.skip(offset);
    const name = names.textToZero();
    left -= names.at - offset;
    if (left < 0) throw names.wrong('its names overlap');
    return name;
  };
}

/** Collections cached per file: lists of texts refer to the same few again and again. */
const maxCollections = 16;

/** One object of a global heap collection. */
export async function globalHeapObject(pages: Pages, address: number, index: number): Promise<Uint8Array> {
  const held = pages.collections;
  let reading = held.get(address);
  if (!reading) {
    if (held.size >= maxCollections) held.clear();
    reading = readCollection(pages, address);
    held.set(address, reading);
    reading.catch(() => held.delete(address));
  }
  const found = (await reading).get(index);
  if (!found)
    throw new EwaldError('Format', `${pages.source.name}: the global heap at ${address} has no object ${index}`, {
      detail: { path: pages.source.name, offset: address },
    });
  return found;
}

/** All objects of a collection by number, without copying. */
async function readCollection(pages: Pages, address: number): Promise<ReadonlyMap<number, Uint8Array>> {
  const head = await pages.fields(address, 8 + pages.widths.length, 'a global heap');
  head.signature('GCOL');
  head.version(1);
  head.skip(3);
  const size = head.length();
  const objects: Fields = await pages.fields(address, size, 'a global heap');
  objects.skip(8 + pages.widths.length);
  const found = new Map<number, Uint8Array>();
  while (objects.left >= 8 + pages.widths.length) {
    const number = objects.u16();
    objects.skip(6);
    const length = objects.length();
    // Index 0 is the free space after the last object; an object that does not fit must not hide those before it.
    if (number === 0 || length > objects.left) break;
    const { at } = objects;
    if (!found.has(number)) found.set(number, objects.take(length));
    objects.at = at;
    objects.skip(Math.min(objects.left, Math.ceil(length / 8) * 8));
  }
  return found;
}

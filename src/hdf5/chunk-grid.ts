/** The parts that all chunk indexes share: the grid of chunks, and their elements. */
import { type Fields, nowhere } from './fields.js';
import type { Pages } from './pages.js';

/** A chunk as stored; bits of `mask` are filters that were not applied. */
export interface StoredChunk {
  readonly address: number;
  readonly size: number;
  readonly mask: number;
}

/** Finds the chunk at a position counted in chunks; undefined if it was never written. */
export type ChunkLookup = (place: readonly number[]) => Promise<StoredChunk | undefined>;

/** The parameters of every lookup. */
export interface Grid {
  readonly pages: Pages;
  readonly rank: number;
  /** Chunk shape in elements. */
  readonly chunk: readonly number[];
  /** Bytes of an unfiltered chunk. */
  readonly bytes: number;
  /** Chunks along each axis: Infinity if it can grow without limit. */
  readonly most: readonly number[];
  /** Bytes of the field with the stored size of a filtered chunk; 0 if the chunks have no filters. */
  readonly sizeBytes: number;
}

/** The index of a chunk, last axis fastest. */
export function linear(place: readonly number[], most: readonly number[]): number {
  // The number along the first axis does not matter and may be unlimited.
  let number = place[0] ?? 0;
  for (let axis = 1; axis < place.length; axis++) number = number * (most[axis] ?? 1) + (place[axis] ?? 0);
  return number;
}

/** Bytes of the field with the stored size of filtered chunks of so many bytes, in indexes of version 4. */
export const sizeFieldBytes = (bytes: number): number =>
  Math.min(8, 1 + Math.floor((Math.floor(Math.log2(bytes)) + 8) / 8));

/** The stored size of a chunk and the filters that were not applied, which follow its address. */
export const storedSize = (fields: Fields, grid: Grid): { size: number; mask: number } =>
  grid.sizeBytes > 0 ? { size: fields.uint(grid.sizeBytes), mask: fields.u32() } : { size: grid.bytes, mask: 0 };

/** One element of an array of chunks. */
export function element(fields: Fields, grid: Grid): StoredChunk | undefined {
  const address = fields.address();
  const { size, mask } = storedSize(fields, grid);
  return address === nowhere ? undefined : { address, size, mask };
}

/** Bytes of one element of an array of chunks. */
export const elementSize = (grid: Grid): number =>
  grid.pages.widths.offset + (grid.sizeBytes > 0 ? grid.sizeBytes + 4 : 0);

/** Memoises a function of an address, or of an object that names a place, for the most recent ones. */
export function remember<T, K = number>(most: number, get: (place: K) => Promise<T>): (place: K) => Promise<T> {
  const held = new Map<K, Promise<T>>();
  return (place) => {
    const found = held.get(place);
    if (found) return found;
    const made = get(place);
    held.set(place, made);
    made.catch(() => held.delete(place));
    if (held.size > most) for (const oldest of [...held.keys()].slice(0, most >> 2)) held.delete(oldest);
    return made;
  };
}

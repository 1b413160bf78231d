/** Reads boxes of elements out of a file, as bytes of the stored type. */

import { tooLarge } from '../bytes/bad-file.js';
import type { Codecs } from '../bytes/codecs/codecs.js';
import { EwaldError, isEwaldError, messageOf } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import type { Pace } from '../util/pace.js';
import {
  type Box,
  type ByteArea,
  copyBox,
  fillBox,
  intersectBoxes,
  isRun,
  offsetOf,
  placesBetween,
  volume,
} from './box.js';
import type { ChunkLookup, StoredChunk } from './chunk-grid.js';
import type { Dataspace } from './dataspace.js';
import { nowhere } from './fields.js';
import type { Pipeline } from './filters.js';
import type { StorageLayout } from './layout.js';
import type { Nesting } from './nesting.js';
import type { Pages } from './pages.js';

/** Chunks that one read loads and decodes concurrently. */
const chunksInFlight = 6;
/**
 * Chunks that one read may touch regardless of their size, and bytes required for each further one: a small file may
 * claim an array of any size in chunks of one byte.
 */
const freeChunks = 2 ** 22;
const minBytesAChunk = 64;

/** Everything about where elements are stored and how they are compressed. */
interface StorageParts {
  readonly pages: Pages;
  /** Path of the dataset, for messages. */
  readonly name: string;
  readonly layout: Exclude<StorageLayout, { kind: 'virtual' }>;
  readonly space: Dataspace;
  readonly elementBytes: number;
  readonly pipeline: Pipeline;
  readonly fill: Uint8Array | undefined;
  /** Reads elements that are stored in files of their own. */
  readonly readExternal: ReadBytes | undefined;
  /** Finds the chunks of a layout that has them. */
  readonly lookup: (() => ChunkLookup) | undefined;
  /** Larger chunks are rejected. */
  readonly maxFrameBytes: number;
  readonly pace: Pace;
  codecs(): Promise<Codecs>;
}

/** Reads bytes of the elements from `offset` on. */
export type ReadBytes = (offset: number, into: Uint8Array, signal?: PlatformSignal) => Promise<Uint8Array>;

/** Reads the part `box` of the dataset into `to`, an array of bytes in which the box starts at `to.start`. */
export type ReadBox = (box: Box, to: ByteArea, signal?: PlatformSignal, nesting?: Nesting) => Promise<void>;

/** The reader of a dataset's storage. */
export function storageReader(parts: StorageParts): ReadBox {
  const { layout, space, elementBytes } = parts;
  if (layout.kind === 'compact') {
    const wanted = volume(space.shape) * elementBytes;
    if (layout.bytes.length < wanted)
      throw wrong(parts, `${layout.bytes.length} bytes are stored, but its shape needs ${wanted}`);
    return async (box, to) =>
      copyBox({ bytes: layout.bytes, shape: space.shape, start: box.start }, to, box.count, elementBytes);
  }
  return layout.kind === 'contiguous' ? contiguousReader(parts, layout) : chunkedReader(parts, layout);
}

function contiguousReader(parts: StorageParts, layout: StorageLayout & { kind: 'contiguous' }): ReadBox {
  const { pages, space, elementBytes, fill, pace } = parts;
  const wanted = volume(space.shape) * elementBytes;
  const { readExternal } = parts;
  if (layout.address === nowhere && !readExternal) return async (box, to) => fillBox(to, box.count, elementBytes, fill);
  if (!readExternal && layout.size !== undefined && layout.size < wanted)
    throw wrong(parts, `${layout.size} bytes are stored, but its shape needs ${wanted}`);
  const from = pages.base + layout.address;
  const readRun = (place: readonly number[], bytes: Uint8Array, signal?: PlatformSignal): Promise<Uint8Array> => {
    const offset = offsetOf(space.shape, place) * elementBytes;
    return readExternal ? readExternal(offset, bytes, signal) : pages.source.read(from + offset, bytes, { signal });
  };
  return async (box, to, signal) => {
    const bytes = volume(box.count) * elementBytes;
    if (bytes === 0) return;
    if (isRun(space.shape, box.count)) {
      if (isRun(to.shape, box.count)) {
        const at = offsetOf(to.shape, to.start) * elementBytes;
        await readRun(box.start, to.bytes.subarray(at, at + bytes), signal);
        return;
      }
      const run = await readRun(box.start, new Uint8Array(bytes), signal);
      copyBox({ bytes: run, shape: box.count, start: box.count.map(() => 0) }, to, box.count, elementBytes);
      return;
    }
    // One step along the slowest axis at a time; the rows of an image are close together, so they are read including
    // the gaps.
    const axis = box.count.findIndex((n) => n > 1);
    const step = box.count.map((n, i) => (i === axis ? 1 : n));
    const inner = box.count.map((n, i) => (i <= axis ? 1 : n));
    const spanned = space.shape.slice(axis + 1).reduce((product, n) => product * n, elementBytes);
    const rows = box.count[axis] ?? 1;
    if (isRun(space.shape, inner) && spanned * rows <= 4 * bytes + 65536 && spanned * rows < 2 ** 26) {
      const first = box.start.map((n, i) => (i <= axis ? n : 0));
      const span = await readRun(
        first,
        new Uint8Array(Math.min(spanned * rows, wanted - offsetOf(space.shape, first) * elementBytes)),
        signal,
      );
      const shape = [rows, ...space.shape.slice(axis + 1)];
      const count = box.count.slice(axis);
      const start = [0, ...box.start.slice(axis + 1)];
      copyBox({ bytes: span, shape, start }, squeeze(to, axis), count, elementBytes);
      return;
    }
    for (let i = 0; i < rows; i++) {
      checkSignal(signal);
      if (pace.due) await pace.rest(signal);
      const part = { start: box.start.map((n, k) => (k === axis ? n + i : n)), count: step };
      const place = { ...to, start: to.start.map((n, k) => (k === axis ? n + i : n)) };
      await contiguousPart(part, place, signal);
    }
  };

  async function contiguousPart(box: Box, to: ByteArea, signal?: PlatformSignal): Promise<void> {
    return contiguousReader(parts, layout)(box, to, signal);
  }
}

/** A side without its first `axes` axes, which are fixed at the start of the side. */
function squeeze(side: ByteArea, axes: number): ByteArea {
  const inner = volume(side.shape.slice(axes));
  const first = offsetOf(side.shape.slice(0, axes), side.start.slice(0, axes)) * inner;
  const size = side.bytes.length / Math.max(1, volume(side.shape));
  return {
    bytes: side.bytes.subarray(first * size, (first + inner) * size),
    shape: side.shape.slice(axes),
    start: side.start.slice(axes),
  };
}

function chunkedReader(parts: StorageParts, layout: StorageLayout & { kind: 'chunked' }): ReadBox {
  const { pages, elementBytes, fill, name } = parts;
  if (layout.elementBytes !== elementBytes)
    throw wrong(parts, `chunks hold elements of ${layout.elementBytes} bytes, but its type has ${elementBytes}`);
  const { chunk } = layout;
  const chunkBytes = volume(chunk) * elementBytes;
  if (chunkBytes > parts.maxFrameBytes)
    throw tooLarge(`${pages.source.name}: ${name}: chunks of ${chunk.join(' × ')}`, chunkBytes, parts.maxFrameBytes);
  // Nothing was ever written.
  if (layout.index.address === nowhere) return async (box, to) => fillBox(to, box.count, elementBytes, fill);
  return new ChunkedReader(parts, layout).read;
}

class ChunkedReader {
  readonly #parts: StorageParts;
  readonly #layout: StorageLayout & { kind: 'chunked' };
  /** Buffers of stored chunks, for reuse: allocating a large one costs more than filling it. */
  readonly #spare: Uint8Array[] = [];

  constructor(parts: StorageParts, layout: StorageLayout & { kind: 'chunked' }) {
    this.#parts = parts;
    this.#layout = layout;
  }

  readonly read: ReadBox = async (box, to, signal) => {
    if (volume(box.count) === 0) return;
    const { pace } = this.#parts;
    const { places, chunks } = this.#chunksOf(box);
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (let next = places.next(); !next.done && failures.length === 0; next = places.next()) {
        checkSignal(signal);
        if (pace.due) await pace.rest(signal);
        await this.#readChunk(next.value, box, to, signal);
      }
    };
    // All must have ended before the caller may use the memory again.
    const workers = Math.min(chunks, chunksInFlight);
    await Promise.all(Array.from({ length: workers }, () => work().catch((error) => failures.push(error))));
    if (failures.length > 0) throw failures[0];
  };

  /** The positions of the chunks that overlap a box, and their number. */
  #chunksOf(box: Box): { places: Generator<number[]>; chunks: number } {
    const { chunk } = this.#layout;
    const first: number[] = [];
    const last: number[] = [];
    let chunks = 1;
    for (let axis = 0; axis < box.start.length; axis++) {
      const from = box.start[axis] ?? 0;
      const size = chunk[axis] ?? 1;
      first.push(Math.floor(from / size));
      last.push(Math.floor((from + (box.count[axis] ?? 1) - 1) / size));
      chunks *= (last[axis] ?? 0) - (first[axis] ?? 0) + 1;
    }
    if (chunks > freeChunks + (volume(box.count) * this.#parts.elementBytes) / minBytesAChunk)
      throw wrong(
        this.#parts,
        `${box.count.join(' × ')} elements are in ${chunks} chunks of ${chunk.join(' × ')}, which are too small ` +
          'to be read; repack the file, for example with h5repack -l CHUNK=…',
      );
    return { places: placesBetween(first, last), chunks };
  }

  /** Reads the overlap of a chunk and a box. */
  async #readChunk(place: readonly number[], box: Box, to: ByteArea, signal?: PlatformSignal): Promise<void> {
    const { pages, name, space, elementBytes, fill, lookup } = this.#parts;
    const { chunk, plainEdges } = this.#layout;
    const start = place.map((n, axis) => n * (chunk[axis] ?? 1));
    const part = intersectBoxes({ start, count: chunk }, box);
    if (!part) return;
    const target: ByteArea = {
      ...to,
      start: to.start.map((n, axis) => n + (part.start[axis] ?? 0) - (box.start[axis] ?? 0)),
    };
    const stored = await lookup?.()(place);
    if (!stored) return fillBox(target, part.count, elementBytes, fill);
    const atEdge = start.some((n, axis) => n + (chunk[axis] ?? 1) > (space.shape[axis] ?? 0));
    const mask = plainEdges && atEdge ? 0xffffffff : stored.mask;
    const within = { start: part.start.map((n, axis) => n - (start[axis] ?? 0)), count: part.count };
    try {
      await this.#decode({ ...stored, mask }, within, target, signal);
    } catch (error) {
      if (!isEwaldError(error, 'Format')) throw error;
      throw new EwaldError(
        'Format',
        `${pages.source.name}: ${name}: the chunk of ${place.length > 0 ? `[${start.join(', ')}]` : 'all'} ` +
          `is damaged: ${messageOf(error)} (stored in ${stored.size} bytes at ${pages.base + stored.address})`,
        {
          cause: error,
          detail: {
            ...error.detail,
            path: pages.source.name,
            dataset: name,
            start,
            frame: start[0],
            address: pages.base + stored.address,
          },
        },
      );
    }
  }

  /** Decodes a chunk, directly into place if all of it is needed and contiguous there, and copies `part` of it. */
  async #decode({ address, size, mask }: StoredChunk, part: Box, to: ByteArea, signal?: PlatformSignal): Promise<void> {
    const { pages, elementBytes, pipeline } = this.#parts;
    const { chunk } = this.#layout;
    const chunkBytes = volume(chunk) * elementBytes;
    pages.check(address, size, 'a chunk');
    pipeline.checkSize(size, mask, chunkBytes);
    const direct = part.count.every((n, axis) => n === chunk[axis]) && isRun(to.shape, part.count);
    const at = offsetOf(to.shape, to.start) * elementBytes;
    const plain = pipeline.filters.length === 0;
    const out = direct ? to.bytes.subarray(at, at + chunkBytes) : new Uint8Array(chunkBytes);
    const memory = plain ? out : this.#takeSpare(size);
    const into = memory.subarray(0, plain ? chunkBytes : size);
    const bytes = await pages.source.read(pages.base + address, into, { signal });
    if (!plain) {
      await pipeline.decode(await this.#parts.codecs(), bytes, mask, out);
      if (this.#spare.length >= chunksInFlight) this.#spare.shift();
      this.#spare.push(memory);
    }
    if (!direct) copyBox({ bytes: out, shape: chunk, start: part.start }, to, part.count, elementBytes);
  }

  #takeSpare(bytes: number): Uint8Array {
    const known = this.#spare.findIndex(({ length }) => length >= bytes && length <= 4 * bytes);
    const [memory = new Uint8Array(bytes)] = known < 0 ? [] : this.#spare.splice(known, 1);
    return memory;
  }
}

const wrong = ({ pages, name }: StorageParts, why: string): EwaldError =>
  new EwaldError('Format', `${pages.source.name}: ${name}: ${why}`, {
    detail: { path: pages.source.name, dataset: name },
  });

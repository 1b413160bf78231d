/** Chunks of a Zarr array: found by name, or in a shard; unpacked; the latest ones are kept. */

import { swapBytes } from '../../bytes/byte-order.js';
import { type ByteSource, openSiblingIfExists } from '../../bytes/byte-source.js';
import { compare, hex32 } from '../../bytes/checksums/check.js';
import type { Codecs } from '../../bytes/codecs/codecs.js';
import { elementBytes, numberBytes, viewAs } from '../../bytes/dtype.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { littleEndianMachine, numberToHalf } from '../../util/number-bytes.js';
import { inOrder } from '../axis-order.js';
import { decodeChunk } from './codecs.js';
import { crc32c } from './crc32c.js';
import type { ZarrArray } from './metadata.js';

/** Bytes of unpacked chunks that are kept, because neighbouring frames are in the same chunks. */
const keptBytes = 2 ** 26;
/** Shards whose index is kept. */
const keptShards = 64;
const unwritten = 0xffffffffffffffffn;

/** What another reader has begun to read, or one's own attempt if that one was aborted. */
const orOwn = <T>(shared: Promise<T>, signal: PlatformSignal | undefined, read: () => Promise<T>): Promise<T> =>
  shared.catch((error: unknown) => {
    if (signal?.aborted || !isEwaldError(error, 'Aborted')) throw error;
    return read();
  });

export class ZarrChunks {
  /** Bytes of an unpacked chunk. */
  readonly bytes: number;
  readonly #source: ByteSource;
  readonly #folder: string;
  readonly #array: ZarrArray;
  readonly #core: Codecs;
  readonly #most: number;
  readonly #checksums: boolean;
  readonly #chunks = new Map<string, Promise<Uint8Array>>();
  readonly #indexes = new Map<string, Promise<BigUint64Array | undefined>>();
  #fill: Uint8Array | undefined;

  /**
   * `folder` is that of the array, relative to the source, `most` the largest file of a chunk in bytes, and `checksums`
   * as in `open`.
   */
  constructor(
    source: ByteSource,
    folder: string,
    array: ZarrArray,
    core: Codecs,
    { most, checksums }: { readonly most: number; readonly checksums: boolean },
  ) {
    this.#source = source;
    this.#folder = folder;
    this.#array = array;
    this.#core = core;
    this.#most = most;
    this.#checksums = checksums;
    this.bytes = array.chunk.reduce((a, b) => a * b, elementBytes(array.dtype));
  }

  /** The bytes of a chunk in the byte order of the machine. Throws `Format` with the place of a damaged chunk. */
  get(place: readonly number[], signal: PlatformSignal | undefined): Promise<Uint8Array> {
    const key = place.join();
    const known = this.#chunks.get(key);
    if (known) return orOwn(known, signal, () => this.get(place, signal));
    const chunk = this.#read(place, signal);
    this.#chunks.set(key, chunk);
    chunk.catch(() => this.#chunks.delete(key));
    const most = Math.max(1, Math.floor(keptBytes / this.bytes));
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= most) break;
      this.#chunks.delete(oldest);
    }
    return chunk;
  }

  /** Whether a chunk was written. */
  async isStored(place: readonly number[], signal?: PlatformSignal): Promise<boolean> {
    return (await this.#find(place, signal, async () => true)) ?? false;
  }

  async #read(place: readonly number[], signal: PlatformSignal | undefined): Promise<Uint8Array> {
    const { codecs, dtype, little, order, chunk } = this.#array;
    const stored = await this.#stored(place, signal);
    if (!stored) return this.#filled();
    try {
      const unpacked = await decodeChunk(stored, codecs, this.bytes, this.#core, this.#checksums);
      // Bytes that were stored as they are belong to nobody else, but may be in the middle of a buffer.
      const data = unpacked.byteOffset % 16 === 0 ? unpacked : unpacked.slice();
      if (little !== littleEndianMachine) swapBytes(data, numberBytes(dtype), this.#source);
      const isStraight = !order || order.every((axis, i) => axis === i);
      return isStraight ? data : inOrder(data, chunk, order, elementBytes(dtype));
    } catch (cause) {
      throw this.#damaged(place, messageOf(cause), cause);
    }
  }

  #damaged(place: readonly number[], message: string, cause?: unknown): EwaldError {
    const tag = cause instanceof EwaldError && cause.tag !== 'Internal' ? cause.tag : 'Format';
    return new EwaldError(tag, `${this.#source.name}: chunk ${this.#name(place)}: ${message}`, {
      cause,
      detail: { path: this.#source.name, chunk: [...place] },
    });
  }

  #name(place: readonly number[]): string {
    return `${this.#folder}${this.#array.key(place)}`;
  }

  /** A chunk that was never written holds the fill value. */
  #filled(): Uint8Array {
    this.#fill ??= (() => {
      const bytes = new Uint8Array(this.bytes);
      const { fill, dtype } = this.#array;
      if (typeof fill === 'string')
        throw new EwaldError(
          'Format',
          `${this.#source.name}: a chunk was never written, and the fill_value ${fill} of ${dtype} is larger than ` +
            'numbers of JSON are exact; write the chunks that are missing',
          { detail: { path: this.#source.name } },
        );
      const word = dtype === 'f16' ? numberToHalf(Number(fill)) : fill;
      if (Number(fill) !== 0) (viewAs(bytes, dtype) as Float64Array).fill(word as number);
      return bytes;
    })();
    return this.#fill;
  }

  /** The stored bytes of a chunk; undefined if it was never written. */
  #stored(place: readonly number[], signal: PlatformSignal | undefined): Promise<Uint8Array | undefined> {
    return this.#find(place, signal, (file, offset, length) => file.read(offset, length, { signal }));
  }

  /** Uses the bytes of a file that are a chunk; undefined if it was never written. */
  async #find<T>(
    place: readonly number[],
    signal: PlatformSignal | undefined,
    use: (file: ByteSource, offset: number, length: number) => Promise<T>,
  ): Promise<T | undefined> {
    const { shards, chunk } = this.#array;
    if (!shards) return this.#file(this.#name(place), signal, (file) => use(file, 0, file.size));
    const per = shards.shape.map((length, axis) => length / (chunk[axis] as number));
    const shard = place.map((n, axis) => Math.floor(n / (per[axis] as number)));
    const name = this.#name(shard);
    const inner = place.reduce((at, n, axis) => at * (per[axis] as number) + (n % (per[axis] as number)), 0);
    return this.#file(name, signal, async (file) => {
      const index = await this.#index(
        name,
        file,
        per.reduce((a, b) => a * b, 1),
        signal,
      );
      const [offset, length] = [index?.[2 * inner] ?? unwritten, index?.[2 * inner + 1] ?? unwritten];
      if (offset === unwritten && length === unwritten) return undefined;
      if (offset + length > BigInt(file.size))
        throw this.#damaged(shard, `its index refers to bytes ${offset} to ${offset + length} of ${file.size}`);
      return use(file, Number(offset), Number(length));
    });
  }

  /** The index of a shard: offset and length of each of its chunks. */
  #index(
    name: string,
    file: ByteSource,
    count: number,
    signal: PlatformSignal | undefined,
  ): Promise<BigUint64Array | undefined> {
    const known = this.#indexes.get(name);
    if (known) return orOwn(known, signal, () => this.#index(name, file, count, signal));
    const read = (async () => {
      const { indexChecksum, indexAtEnd, indexLittle } = this.#array.shards as NonNullable<ZarrArray['shards']>;
      const bytes = 16 * count + (indexChecksum ? 4 : 0);
      const stored = await file.read(indexAtEnd ? Math.max(0, file.size - bytes) : 0, bytes, { signal });
      const body = stored.slice(0, 16 * count);
      if (indexChecksum && this.#checksums) {
        const stated = new DataView(stored.buffer, stored.byteOffset).getUint32(16 * count, true);
        const index = `the index of shard ${name} of ${this.#source.name}`;
        compare('CRC-32C', hex32(stated), hex32(crc32c(body)), index);
      }
      if (indexLittle !== littleEndianMachine) swapBytes(body, 8, this.#source);
      return new BigUint64Array(body.buffer, body.byteOffset, 2 * count);
    })();
    this.#indexes.set(name, read);
    read.catch(() => this.#indexes.delete(name));
    const [oldest] = this.#indexes.keys();
    if (this.#indexes.size > keptShards && oldest !== undefined) this.#indexes.delete(oldest);
    return read;
  }

  async #file<T>(
    name: string,
    signal: PlatformSignal | undefined,
    use: (file: ByteSource) => Promise<T>,
  ): Promise<T | undefined> {
    const file = await openSiblingIfExists(this.#source, name, { signal });
    if (!file) return undefined;
    try {
      if (!this.#array.shards && file.size > this.#most)
        throw new EwaldError(
          'Limit',
          `${this.#source.name}: chunk ${name} has ${file.size} bytes, more than the limit of ${this.#most}`,
        );
      return await use(file);
    } finally {
      await file.close();
    }
  }
}

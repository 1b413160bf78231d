/**
 * Writes the few kinds of HDF5 files that ewald produces: frames in chunks of one, and a tree of groups, numbers and
 * texts.
 *
 * Deliberately minimal: superblock 2, object headers 2, links in the header, chunks in a fixed array. HDF5 1.10 and
 * newer can read it; the tests use h5py and h5wasm.
 */

import type { Codecs } from '../bytes/codecs/codecs.js';
import { bytesOfArray, type DataType, elementBytes, type FrameArray } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import { sizeFieldBytes } from './chunk-grid.js';
import { bytesFor } from './fields.js';
import { message } from './object-header.js';
import { Writer } from './write-fields.js';
import { attribute, dataspace, datatype, encoded, type WriteAttribute } from './write-types.js';

export type { WriteAttribute } from './write-types.js';

/** Destination of the file: sequential bytes, and one patch at the start. */
export interface Hdf5Sink {
  append(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes written before. */
  patch(at: number, bytes: Uint8Array): Promise<void>;
}

/** A node of the tree. One that the tree has several times is one object with several names: hard links. */
export type WriteNode =
  | {
      readonly attributes?: Readonly<Record<string, WriteAttribute>>;
      readonly children: Readonly<Record<string, WriteNode>>;
    }
  | {
      readonly attributes?: Readonly<Record<string, WriteAttribute>>;
      /** A text, texts, a number (float64), or an array with its shape. */
      readonly value: string | readonly string[] | number | FrameArray;
      readonly shape?: readonly number[];
    }
  | { readonly attributes?: Readonly<Record<string, WriteAttribute>>; readonly frames: FrameSeries }
  /** A link to an object of another file, as the master of an Eiger has them to its data files. */
  | { readonly link: { readonly file: string; readonly path: string } };

/** How frames are compressed; shuffled, their bytes of one place lie together. */
export type Packing = 'bitshuffle' | 'bitshuffleZstd' | 'gzip' | 'shuffledGzip' | 'none';

/** Shape, dtype and compression of a series. */
interface SeriesOptions {
  /** Default: as many as are written before the file is completed. */
  readonly frames?: number | undefined;
  /** Axes of the scan, whose product is `frames`; none for a single frame without one. Default [frames]. */
  readonly navigation?: readonly number[] | undefined;
  /** [y, x] or any other. */
  readonly signal: readonly number[];
  readonly dtype: DataType;
  /** Default bitshuffle: filter 32008 with LZ4, or with Zstandard. */
  readonly packing?: Packing | undefined;
  /** Whether readers notice damaged frames: HDF5's checksum of each compressed chunk. Default false. */
  readonly checksums?: boolean | undefined;
}

/** Frames of a file being written. */
export interface FrameSeries {
  readonly options: SeriesOptions;
  /** Frames written so far. */
  readonly written: number;
  /**
   * Appends frames; the array holds a whole number of them. Those that are not compressed may come in pieces that end
   * anywhere, of which one is written while the next is computed: it must stay as it is until the one after that.
   */
  write(frames: FrameArray | Iterable<FrameArray>): Promise<void>;
}

interface Series extends FrameSeries {
  readonly chunks: { address: number; size: number }[];
}

const superblockBytes = 48;
/** Bytes of an array that are in the header of its object, which has a checksum, where readers are to notice damage. */
const mostInHeader = 2 ** 15;

/** What holds for a whole file. */
export interface Hdf5WriterOptions {
  /** Whether readers notice damaged arrays; those that are written ahead may be patched, and have none. Default false. */
  readonly checksums?: boolean | undefined;
}

/** Writes one file. */
export class Hdf5Writer {
  readonly #sink: Hdf5Sink;
  readonly #codecs: Codecs;
  readonly #checksums: boolean;
  /** Where nodes are that have been written, and how many names each has. */
  readonly #places = new Map<WriteNode, number>();
  #names = new Map<WriteNode, number>();
  #end = 0;

  private constructor(sink: Hdf5Sink, codecs: Codecs, { checksums = false }: Hdf5WriterOptions) {
    this.#sink = sink;
    this.#codecs = codecs;
    this.#checksums = checksums;
  }

  /** Starts a file, which is not valid HDF5 until `finish`. */
  static async create(sink: Hdf5Sink, codecs: Codecs, options: Hdf5WriterOptions = {}): Promise<Hdf5Writer> {
    const writer = new Hdf5Writer(sink, codecs, options);
    await writer.#append(new Uint8Array(superblockBytes));
    return writer;
  }

  /** Starts a series of frames, each in a separate chunk. Several series may be written one after another. */
  series(options: SeriesOptions): FrameSeries {
    const { frames, signal, dtype, packing = 'bitshuffle', checksums = false } = options;
    const isNumber = frames === undefined || (Number.isSafeInteger(frames) && frames >= 1);
    if (!isNumber || signal.length < 1 || signal.some((n) => !(n >= 1)))
      throw new EwaldError('Argument', `a series of ${frames} frames of ${signal.join(' × ')} cannot be written`);
    const navigation = options.navigation ?? (frames === undefined ? undefined : [frames]);
    if (navigation !== undefined && navigation.reduce((product, n) => product * n, 1) !== frames)
      throw new EwaldError('Shape', `a scan of ${navigation.join(' × ')} does not have ${frames} frames`);
    const size = elementBytes(dtype);
    const frameBytes = signal.reduce((product, n) => product * n, size);
    if (frameBytes >= 2 ** 31) throw new EwaldError('Limit', `frames of ${frameBytes} bytes are too large for a chunk`);
    const chunks: { address: number; size: number }[] = [];
    return {
      options: { ...options, navigation, packing },
      chunks,
      get written() {
        return chunks.length;
      },
      write: async (data) => {
        const pieces = ArrayBuffer.isView(data) ? [data] : data;
        const room = ((frames ?? Number.POSITIVE_INFINITY) - chunks.length) * frameBytes;
        if (packing === 'none' && !checksums) {
          const start = this.#end;
          const length = await this.#appendAll(pieces, { frameBytes, room });
          for (let at = start; at < start + length; at += frameBytes) chunks.push({ address: at, size: frameBytes });
          return;
        }
        for (const piece of pieces) {
          const bytes = bytesOfArray(piece);
          refuseBytes(bytes.length, { frameBytes, room });
          for (let at = 0; at < bytes.length; at += frameBytes) {
            const frame = await packedFrame(this.#codecs, packing, size, bytes.subarray(at, at + frameBytes));
            const packed = checksums ? withChecksum(this.#codecs, frame) : frame;
            chunks.push({ address: await this.#append(packed), size: packed.length });
          }
        }
      },
    } as Series;
  }

  /** Writes the tree and completes the file. Throws `Shape` if a series lacks frames. */
  async finish(
    children: Readonly<Record<string, WriteNode>>,
    attributes: Readonly<Record<string, WriteAttribute>> = {},
  ): Promise<number> {
    const tree: WriteNode = { children, attributes };
    this.#names = namesIn(tree);
    const root = await this.#node(tree);
    const superblock = new Writer().u8(0x89).text('HDF').u8(0x0d, 0x0a, 0x1a, 0x0a);
    superblock.u8(2, 8, 8, 0).u64(0).u64(-1).u64(this.#end).u64(root).checksum();
    await this.#sink.patch(0, superblock.bytes);
    return this.#end;
  }

  /**
   * Writes a node that the tree will have once before the frames, by which the beginning of the file tells what it is;
   * returns where the numbers or the text of an array are.
   */
  async ahead(node: Exclude<WriteNode, { link: unknown }>): Promise<number> {
    const at = this.#end;
    await this.#node(node, false);
    return at;
  }

  /** Appends frames as they are, in pieces, and returns their bytes: the next piece is made while one is written. */
  async #appendAll(pieces: Iterable<FrameArray>, limits: Limits): Promise<number> {
    let length = 0;
    let writing: Promise<unknown> = Promise.resolve();
    for (const piece of pieces) {
      const bytes = bytesOfArray(piece);
      await writing;
      length += bytes.length;
      if (length > limits.room) refuseBytes(length, limits);
      // Whoever makes the next one may fail before this is awaited.
      writing = bytes.length > 0 ? this.#append(bytes) : writing;
      writing.catch(() => undefined);
    }
    await writing;
    refuseBytes(length, limits);
    return length;
  }

  async #append(bytes: Uint8Array): Promise<number> {
    const at = this.#end;
    await this.#sink.append(bytes);
    this.#end += bytes.length;
    return at;
  }

  async #node(node: Exclude<WriteNode, { link: unknown }>, checksums = this.#checksums): Promise<number> {
    const place = this.#places.get(node);
    if (place !== undefined) return place;
    const names = this.#names.get(node) ?? 1;
    const messages: [number, Uint8Array][] = [];
    // Readers that remove one of the names would free the object otherwise.
    if (names > 1) messages.push([0x16, new Writer().u8(0).u32(names).bytes]);
    if ('children' in node) {
      messages.push([message.linkInfo, new Writer().u8(0, 0).u64(-1).u64(-1).bytes]);
      messages.push([0x0a, Uint8Array.of(0, 0)]);
      for (const [name, child] of Object.entries(node.children)) {
        const text = new TextEncoder().encode(name);
        if (name === '' || name === '.' || /[/\0]/.test(name) || text.length > 0xffff)
          throw new EwaldError('Argument', `${JSON.stringify(name.slice(0, 80))} cannot name an HDF5 object`);
        if ('link' in child) {
          const target = new Writer().u8(0).text(`${child.link.file}\0${child.link.path}\0`).bytes;
          const link = new Writer().u8(1, 0x19, 64, 1).u16(text.length).put(text).u16(target.length).put(target);
          messages.push([message.link, link.bytes]);
          continue;
        }
        const link = new Writer()
          .u8(1, 0x11, 1)
          .u16(text.length)
          .put(text)
          .u64(await this.#node(child));
        messages.push([message.link, link.bytes]);
      }
    } else if ('frames' in node) messages.push(...(await this.#frames(node.frames as Series)));
    else messages.push(...(await this.#array(node.value, node.shape, checksums)));
    for (const [name, value] of Object.entries(node.attributes ?? {}))
      messages.push([message.attribute, attribute(name, value)]);
    const body = new Writer();
    for (const [type, data] of messages) {
      if (data.length > 0xffff) throw new EwaldError('Limit', 'an attribute has more than 64 KiB');
      body.u8(type).u16(data.length).u8(0).put(data);
    }
    const header = new Writer().text('OHDR').u8(2, 2).u32(body.length).put(body.bytes).checksum();
    const at = await this.#append(header.bytes);
    this.#places.set(node, at);
    return at;
  }

  async #array(
    value: WriteAttribute,
    shape: readonly number[] | undefined,
    checksums: boolean,
  ): Promise<[number, Uint8Array][]> {
    const { type, data, length } = encoded(value);
    const axes = shape ?? (typeof value === 'object' ? [length] : []);
    if (axes.reduce((product, n) => product * n, 1) !== length)
      throw new EwaldError('Shape', `${length} elements do not fill ${axes.join(' × ')}`);
    const kind: [number, Uint8Array][] = [
      [message.dataspace, dataspace(axes)],
      [message.datatype, type],
    ];
    if (checksums && data.length < mostInHeader)
      return [
        ...kind,
        [message.fill, Uint8Array.of(3, 0x09)],
        [message.layout, new Writer().u8(3, 0).u16(data.length).put(data).bytes],
      ];
    // A scalar cannot be in chunks.
    if (checksums && axes.length > 0)
      return [...kind, ...(await this.#checkedArray(data, [...axes, data.length / length]))];
    const address = data.length > 0 ? await this.#append(data) : -1;
    return [
      ...kind,
      [message.fill, Uint8Array.of(3, 0x0a)],
      [message.layout, new Writer().u8(3, 1).u64(address).u64(data.length).bytes],
    ];
  }

  /** An array in one chunk with a checksum; the last size is that of an element. */
  async #checkedArray(data: Uint8Array, sizes: readonly number[]): Promise<[number, Uint8Array][]> {
    const chunk = withChecksum(this.#codecs, data);
    const width = bytesFor(Math.max(...sizes));
    const layout = new Writer().u8(4, 2, 2, sizes.length, width);
    for (const n of sizes) layout.uint(n, width);
    layout
      .u8(1)
      .u64(chunk.length)
      .u32(0)
      .u64(await this.#append(chunk));
    return [
      [message.fill, Uint8Array.of(3, 0x0b)],
      [message.layout, layout.bytes],
      [message.filters, filtersOf('none', 1, true)],
    ];
  }

  async #frames(series: Series): Promise<[number, Uint8Array][]> {
    const { signal, dtype, packing = 'bitshuffle', checksums = false } = series.options;
    const { frames = series.written, navigation = [frames] } = series.options;
    if (frames < 1) throw new EwaldError('Shape', 'a series without frames cannot be written');
    if (series.written !== frames)
      throw new EwaldError('Shape', `the series has ${frames} frames, but only ${series.written} were written`);
    const size = elementBytes(dtype);
    const chunkBytes = signal.reduce((product, n) => product * n, size);
    const filtered = packing !== 'none' || checksums;
    const width = sizeFieldBytes(chunkBytes);
    const elementSize = filtered ? 8 + width + 4 : 8;
    // The page is as large as the array: one block, one checksum.
    const pageBits = Math.max(10, Math.ceil(Math.log2(frames)));
    const headerAt = this.#end;
    const blockAt = headerAt + 28;
    const header = new Writer()
      .text('FAHD')
      .u8(0, filtered ? 1 : 0, elementSize, pageBits)
      .u64(frames)
      .u64(blockAt);
    await this.#append(header.checksum().bytes);
    const block = new Writer()
      .text('FADB')
      .u8(0, filtered ? 1 : 0)
      .u64(headerAt);
    for (const chunk of series.chunks) {
      block.u64(chunk.address);
      if (!filtered) continue;
      block.uint(chunk.size, width).u32(0);
    }
    const at = await this.#append(block.checksum().bytes);
    if (header.length !== 28 || at !== blockAt) throw new EwaldError('Internal', 'the array of chunks is misplaced');
    // Sizes take no more bytes than the largest requires: HDF5 2.0 rejects others.
    const sizes = [...navigation.map(() => 1), ...signal, size];
    const sizeWidth = bytesFor(Math.max(...sizes));
    const layout = new Writer().u8(4, 2, 0, sizes.length, sizeWidth);
    for (const n of sizes) layout.uint(n, sizeWidth);
    layout.u8(3, pageBits).u64(headerAt);
    const messages: [number, Uint8Array][] = [
      [message.dataspace, dataspace([...navigation, ...signal])],
      [message.datatype, datatype(dtype)],
      [message.fill, Uint8Array.of(3, 0x0b)],
      [message.layout, layout.bytes],
    ];
    if (filtered) messages.push([message.filters, filtersOf(packing, size, checksums)]);
    return messages;
  }
}

/** Bytes of a frame, and how many bytes a series has room for. */
interface Limits {
  readonly frameBytes: number;
  readonly room: number;
}

/** Throws `Shape` for bytes that are no whole number of frames, or too many. */
function refuseBytes(length: number, { frameBytes, room }: Limits): void {
  if (length % frameBytes === 0 && length <= room) return;
  throw new EwaldError(
    'Shape',
    `${length} bytes are ${length / frameBytes} frames; there is room for ${room / frameBytes}`,
  );
}

/** Elements of a block that Zstandard compresses: larger ones than those of LZ4, since each costs a call. */
const zstdBlock = 2 ** 15;

async function packedFrame(
  codecs: Codecs,
  packing: Packing,
  elementBytes: number,
  frame: Uint8Array,
): Promise<Uint8Array> {
  switch (packing) {
    case 'bitshuffle':
      return codecs.encode({ codec: 'bitshuffleLz4', elementBytes }, frame);
    case 'bitshuffleZstd': {
      const { encodeBitshuffleZstd } = await import('../bytes/codecs/bitshuffle-zstd.js');
      return encodeBitshuffleZstd(codecs, frame, elementBytes, zstdBlock);
    }
    case 'shuffledGzip':
      return codecs.deflate(await codecs.encode({ codec: 'shuffle', elementBytes }, frame));
    case 'gzip':
      return codecs.deflate(frame);
    case 'none':
      return frame;
  }
}

/** A chunk with HDF5's checksum behind it. */
function withChecksum(codecs: Codecs, chunk: Uint8Array): Uint8Array {
  // A writer grows by copying, which costs more than packing a large frame.
  const all = new Uint8Array(chunk.length + 4);
  all.set(chunk);
  new DataView(all.buffer).setUint32(chunk.length, codecs.fletcher32(chunk), true);
  return all;
}

/** The filters of a chunk, in the order in which they are applied: each with its number and its values. */
function filtersOf(packing: Packing, elementBytes: number, checksums: boolean): Uint8Array {
  const gzip = [1, [6]] as const;
  const packed: readonly (readonly [number, readonly number[]])[] = {
    bitshuffle: [[32008, [0, 4, elementBytes, 0, 2]] as const],
    bitshuffleZstd: [[32008, [0, 4, elementBytes, zstdBlock, 3]] as const],
    shuffledGzip: [[2, [elementBytes]] as const, gzip],
    gzip: [gzip],
    none: [],
  }[packing];
  const filters = checksums ? [...packed, [3, []] as const] : packed;
  const out = new Writer().u8(2, filters.length);
  for (const [number, values] of filters) {
    // Filters of the library itself have no room for a name.
    out.u16(number);
    if (number >= 256) out.u16(0);
    out.u16(0).u16(values.length);
    for (const value of values) out.u32(value);
  }
  return out.bytes;
}

/** How often a tree has each node. */
function namesIn(tree: WriteNode, names = new Map<WriteNode, number>()): Map<WriteNode, number> {
  const known = names.get(tree) ?? 0;
  names.set(tree, known + 1);
  if (known === 0 && 'children' in tree) for (const child of Object.values(tree.children)) namesIn(child, names);
  return names;
}

/**
 * Writes the few kinds of HDF5 files that ewald produces: frames in chunks of one, and a tree of groups, numbers and
 * texts.
 *
 * Deliberately minimal: superblock 2, object headers 2, links in the header, chunks in a fixed array. HDF5 1.10 and
 * newer can read it; the tests use h5py and h5wasm.
 */
import { EwaldError } from '../../util/errors.js';
import type { Codecs } from '../codecs/codecs.js';
import { bytesOfArray, type DataType, elementBytes, type FrameArray } from '../dtype.js';
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

/** A node of the tree. */
export type WriteNode =
  | {
      readonly attributes?: Readonly<Record<string, WriteAttribute>>;
      readonly children: Readonly<Record<string, WriteNode>>;
    }
  | {
      readonly attributes?: Readonly<Record<string, WriteAttribute>>;
      /** A text, a number (float64), or an array with its shape. */
      readonly value: string | number | FrameArray;
      readonly shape?: readonly number[];
    }
  | { readonly attributes?: Readonly<Record<string, WriteAttribute>>; readonly frames: FrameSeries }
  /** A link to an object of another file, as the master of an Eiger has them to its data files. */
  | { readonly link: { readonly file: string; readonly path: string } };

/** How frames are compressed. */
export type Packing = 'bitshuffle' | 'gzip' | 'none';

/** Shape, dtype and compression of a series. */
interface SeriesOptions {
  readonly frames: number;
  /** Axes of the scan, whose product is `frames`; none for a single frame without one. Default [frames]. */
  readonly navigation?: readonly number[] | undefined;
  /** [y, x] or any other. */
  readonly signal: readonly number[];
  readonly dtype: DataType;
  /** Default bitshuffle: filter 32008 with LZ4. */
  readonly packing?: Packing | undefined;
}

/** Frames of a file being written. */
export interface FrameSeries {
  readonly options: SeriesOptions;
  /** Frames written so far. */
  readonly written: number;
  /** Appends frames; the array holds a whole number of them. */
  write(frames: FrameArray): Promise<void>;
}

interface Series extends FrameSeries {
  readonly chunks: { address: number; size: number }[];
}

const superblockBytes = 48;

/** Writes one file. */
export class Hdf5Writer {
  readonly #sink: Hdf5Sink;
  readonly #codecs: Codecs;
  #end = 0;

  private constructor(sink: Hdf5Sink, codecs: Codecs) {
    this.#sink = sink;
    this.#codecs = codecs;
  }

  /** Starts a file, which is not valid HDF5 until `finish`. */
  static async create(sink: Hdf5Sink, codecs: Codecs): Promise<Hdf5Writer> {
    const writer = new Hdf5Writer(sink, codecs);
    await writer.#append(new Uint8Array(superblockBytes));
    return writer;
  }

  /** Starts a series of frames, each in a separate chunk. Several series may be written one after another. */
  series(options: SeriesOptions): FrameSeries {
    const { frames, signal, dtype, packing = 'bitshuffle' } = options;
    if (!Number.isSafeInteger(frames) || frames < 1 || signal.length < 1 || signal.some((n) => !(n >= 1)))
      throw new EwaldError('Argument', `a series of ${frames} frames of ${signal.join(' × ')} cannot be written`);
    const navigation = options.navigation ?? [frames];
    if (navigation.reduce((product, n) => product * n, 1) !== frames)
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
      write: async (data: FrameArray) => {
        const bytes = bytesOfArray(data);
        if (bytes.length % frameBytes !== 0 || chunks.length + bytes.length / frameBytes > frames)
          throw new EwaldError(
            'Shape',
            `${bytes.length} bytes are ${bytes.length / frameBytes} frames; ` +
              `there is room for ${frames - chunks.length}`,
          );
        // Frames as they are lie one behind another: a result of single rows would be as many calls of the system.
        const together = packing === 'none' && bytes.length > 0 ? await this.#append(bytes) : 0;
        for (let at = 0; at < bytes.length; at += frameBytes) {
          if (packing === 'none') {
            chunks.push({ address: together + at, size: frameBytes });
            continue;
          }
          const frame = bytes.subarray(at, at + frameBytes);
          const codec = { codec: 'bitshuffleLz4', elementBytes: size } as const;
          const packed =
            packing === 'bitshuffle' ? await this.#codecs.encode(codec, frame) : await this.#codecs.deflate(frame);
          chunks.push({ address: await this.#append(packed), size: packed.length });
        }
      },
    } as Series;
  }

  /** Writes the tree and completes the file. Throws `Shape` if a series lacks frames. */
  async finish(
    children: Readonly<Record<string, WriteNode>>,
    attributes: Readonly<Record<string, WriteAttribute>> = {},
  ): Promise<number> {
    const root = await this.#node({ children, attributes });
    const superblock = new Writer().u8(0x89).text('HDF').u8(0x0d, 0x0a, 0x1a, 0x0a);
    superblock.u8(2, 8, 8, 0).u64(0).u64(-1).u64(this.#end).u64(root).checksum();
    await this.#sink.patch(0, superblock.bytes);
    return this.#end;
  }

  async #append(bytes: Uint8Array): Promise<number> {
    const at = this.#end;
    await this.#sink.append(bytes);
    this.#end += bytes.length;
    return at;
  }

  async #node(node: Exclude<WriteNode, { link: unknown }>): Promise<number> {
    const messages: [number, Uint8Array][] = [];
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
    else messages.push(...(await this.#array(node.value, node.shape)));
    for (const [name, value] of Object.entries(node.attributes ?? {}))
      messages.push([message.attribute, attribute(name, value)]);
    const body = new Writer();
    for (const [type, data] of messages) {
      if (data.length > 0xffff) throw new EwaldError('Limit', 'an attribute has more than 64 KiB');
      body.u8(type).u16(data.length).u8(0).put(data);
    }
    const header = new Writer().text('OHDR').u8(2, 2).u32(body.length).put(body.bytes).checksum();
    return this.#append(header.bytes);
  }

  async #array(value: string | number | FrameArray, shape?: readonly number[]): Promise<[number, Uint8Array][]> {
    const { type, data, length } = encoded(value);
    const axes = shape ?? (typeof value === 'object' ? [length] : []);
    if (axes.reduce((product, n) => product * n, 1) !== length)
      throw new EwaldError('Shape', `${length} elements do not fill ${axes.join(' × ')}`);
    const address = data.length > 0 ? await this.#append(data) : -1;
    return [
      [message.dataspace, dataspace(axes)],
      [message.datatype, type],
      [message.fill, Uint8Array.of(3, 0x0a)],
      [message.layout, new Writer().u8(3, 1).u64(address).u64(data.length).bytes],
    ];
  }

  async #frames(series: Series): Promise<[number, Uint8Array][]> {
    const { frames, navigation = [frames], signal, dtype, packing } = series.options;
    if (series.written !== frames)
      throw new EwaldError('Shape', `the series has ${frames} frames, but only ${series.written} were written`);
    const size = elementBytes(dtype);
    const chunkBytes = signal.reduce((product, n) => product * n, size);
    const filtered = packing !== 'none';
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
    if (packing === 'bitshuffle') {
      const filter = new Writer().u8(2, 1).u16(32008).u16(0).u16(0).u16(5);
      for (const value of [0, 4, size, 0, 2]) filter.u32(value);
      messages.push([message.filters, filter.bytes]);
    } else if (packing === 'gzip') {
      messages.push([message.filters, new Writer().u8(2, 1).u16(1).u16(0).u16(1).u32(6).bytes]);
    }
    return messages;
  }
}

/**
 * Builds a dataset from a layout: a format states where its frames are and how one is decoded; prefetching, byte order,
 * aborting and closing are implemented here for all formats.
 */

import { swapBytes, swapCopy } from '../bytes/byte-order.js';
import type { ByteSource } from '../bytes/byte-source.js';
import { bytesOfArray, type DataType, elementBytes, type FrameArray, numberBytes } from '../bytes/dtype.js';
import { assertIntact, lengthOf } from '../util/buffers.js';
import { EwaldError, isEwaldError, messageOf } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { littleEndianMachine } from '../util/number-bytes.js';
import { checkSignal, knownOptions } from '../util/options.js';
import { Pace } from '../util/pace.js';
import { product } from '../util/product.js';
import {
  type ArrayEntry,
  type Dataset,
  type DatasetShape,
  type FieldValues,
  type FrameRange,
  fillsHere,
  type ImageNumbers,
  imageNumbers,
  type ListedPeaks,
  type Metadata,
  maskPath,
  type Note,
  type ReadFramesOptions,
  type ReadMaskOptions,
  type ReadPacked,
  type ReadPeaksOptions,
  readPacked,
  type SizeCheck,
} from './dataset.js';
import { checkRange, checkRead, partitionFrames } from './partitions.js';
import { notContiguous, type PermutedOrder, permutedReader } from './permuted.js';
import type { SparseFrames } from './sparse.js';
import { withVoltage } from './units.js';

/** A format's description of its file. */
export interface Description {
  readonly format: string;
  readonly shape: DatasetShape;
  readonly dtype: DataType;
  readonly meta: Metadata;
  readonly notes?: readonly Note[];
  readonly arrays?: readonly ArrayEntry[];
  readonly sizes?: readonly SizeCheck[];
  readonly filters?: readonly string[];
  readonly mask?: ((options?: ReadMaskOptions) => Promise<Uint8Array>) | undefined;
  readonly maskVaries?: boolean | undefined;
  readonly maskPath?: string | undefined;
  readonly numbers?: ImageNumbers | undefined;
  readonly groups?: Dataset['groups'];
  readonly events?: Dataset['events'];
  readonly dark?: ((signal: PlatformSignal | undefined) => Promise<Float64Array>) | undefined;
  readonly readSparse?: (first: number, count: number, signal: PlatformSignal | undefined) => Promise<SparseFrames>;
  readonly peakList?: string | undefined;
  readonly peaks?: (first: number, count: number, options?: ReadPeaksOptions) => Promise<ListedPeaks>;
  readonly field?: (name: string) => Promise<FieldValues | undefined>;
  /** Whether only this thread writes into the memory of a read. Default: whether frames have a `decode`. */
  readonly fillsHere?: () => Promise<boolean>;
  /** Reads frames as they are packed; see `readPacked`. */
  readonly readPacked?: ReadPacked | undefined;
  /** Frames that are stored together. Default 1. */
  readonly chunkFrames?: number;
  /** Releases the resources that the dataset holds in addition to its sources. */
  readonly onDispose?: () => Promise<void>;
  /** Files opened in addition to the source; the dataset closes them. */
  readonly sources?: readonly ByteSource[] | undefined;
}

/** An array of frames at equal distances in the source. */
interface EvenFrames extends Description {
  /** Where the first frame starts. */
  readonly offset: number;
  /** Stored bytes per frame. Default: those of its elements. */
  readonly storedBytes?: number;
  /** Bytes from one frame to the next. Default: `storedBytes`. */
  readonly stride?: number;
  /** Byte order in the file. Default little. */
  readonly little?: boolean;
  /** Of frames that are not contiguous: the order of the axes. */
  readonly order?: PermutedOrder | undefined;
  readonly decode?: PlacedFrames['decode'];
}

/** Frames of equal size, each contiguous. */
interface PlacedFrames extends Description {
  /** Stored bytes per frame, without the gaps between frames. */
  readonly storedBytes: number;
  /** Byte order in the file. Default little. */
  readonly little?: boolean;
  /** Bytes from one frame to the next, within a run. */
  readonly stride: number;
  /** Where a frame starts, and how many frames from it on (itself included) are `stride` bytes apart. */
  locate(frame: number): { readonly source: ByteSource; readonly offset: number; readonly run: number };
  /** What stands before each frame, of which the first `bytes` are checked; absent if nothing does. */
  readonly head?: {
    /** From its beginning to the frame; at most the gap between two frames. */
    readonly before: number;
    readonly bytes: number;
    /** Throws what is wrong with the head of the frame at byte `offset`. */
    check(head: Uint8Array, offset: number): void;
  };
  /**
   * Decodes the stored bytes of a frame into its numbers, in the byte order of `little`; absent if they are stored
   * unchanged. `into` is the memory of the frame as bytes.
   */
  readonly decode?: ((stored: Uint8Array, into: Uint8Array, frame: number) => void) | undefined;
}

/** Frames that a format reads itself, one at a time. */
interface ReadFrames extends Description {
  /** Reads a frame into its memory as bytes, in the machine's byte order. */
  readFrame(frame: number, into: Uint8Array, signal: PlatformSignal | undefined): Promise<void>;
}

/** Frames that a format reads several at a time, because they are not contiguous. */
export interface ReadMany extends Description {
  /** Reads frames into their memory as bytes, in the machine's byte order. */
  readMany(first: number, count: number, into: Uint8Array, signal: PlatformSignal | undefined): Promise<void>;
}

/** How a format provides its frames. */
type FrameLayout = PlacedFrames | ReadFrames | ReadMany;

/** Bytes read at a time through an intermediate buffer, so that they stay in the cache until they are decoded. */
const blockBytes = 2 ** 20;
/** Blocks that are read concurrently. */
const readsAhead = 2;
/**
 * Offset of a block in its memory. Large arrays are page-aligned; if source and destination had the same offset within
 * a page, each load would have to wait for a store (half the speed).
 */
const blockOffset = 17 * 64;

/** A dataset over a file with a known layout. */
export function openFrames(source: ByteSource, layout: FrameLayout | EvenFrames): Dataset {
  return new FileDataset(source, 'offset' in layout ? placeFrames(source, layout) : layout);
}

function placeFrames(source: ByteSource, { offset, order, ...layout }: EvenFrames): PlacedFrames | ReadMany {
  const { shape, dtype, little = true, notes = [] } = layout;
  if (order) {
    const readMany = permutedReader(source, { shape, dtype, little, offset, order });
    return { ...layout, notes: [...notes, notContiguous], readMany };
  }
  const frames = product(shape.nav);
  const { storedBytes = product(shape.sig) * elementBytes(dtype), stride = storedBytes } = layout;
  const locate = (frame: number) => ({ source, offset: offset + frame * stride, run: frames - frame });
  return { ...layout, storedBytes, stride, locate };
}

/** A read of `count` frames of `bytes` bytes from `first` on; `turn` is the bytes per number to be reversed, or 1. */
interface RunReading {
  readonly layout: PlacedFrames;
  readonly first: number;
  readonly count: number;
  readonly out: Uint8Array;
  readonly signal: PlatformSignal | undefined;
  readonly bytes: number;
  readonly turn: number;
}

/** Consecutive frames that are being read. */
interface FrameBlock {
  readonly at: number;
  readonly frames: number;
  readonly source: ByteSource;
  /** Undefined if the frames are read directly into place. */
  readonly stored: Uint8Array | undefined;
  /** What stands before frames that are read directly into place, one after the other. */
  readonly heads: Uint8Array | undefined;
  /** Where the first of them starts. */
  readonly offset: number;
  readonly arrived: Promise<unknown>;
}

class FileDataset implements Dataset {
  readonly format: string;
  readonly name: string;
  readonly shape: DatasetShape;
  readonly dtype: DataType;
  readonly frames: number;
  readonly frameLength: number;
  readonly meta: Metadata;
  readonly notes: readonly Note[];
  readonly arrays: readonly ArrayEntry[];
  readonly sizes: readonly SizeCheck[];
  readonly filters: readonly string[];
  readonly chunkFrames: number;
  readonly mask?: (options?: ReadMaskOptions) => Promise<Uint8Array>;
  readonly [readPacked]?: ReadPacked;
  readonly maskVaries?: boolean;
  readonly groups?: readonly (readonly string[])[];
  readonly events?: readonly string[];
  readonly dark?: (options?: ReadFramesOptions) => Promise<Float64Array>;
  readonly readSparse?: (first: number, count: number, options?: ReadFramesOptions) => Promise<SparseFrames>;
  readonly peakList?: string;
  readonly peaks?: (first: number, count: number, options?: ReadPeaksOptions) => Promise<ListedPeaks>;
  readonly field?: (name: string) => Promise<FieldValues | undefined>;
  readonly #layout: FrameLayout;
  readonly #sources: readonly ByteSource[];
  readonly #reads = new Set<Promise<unknown>>();
  /** Buffers of completed reads, for reuse. */
  readonly #spare: Uint8Array[] = [];
  readonly #pace = new Pace();
  #disposal: Promise<void> | undefined;

  constructor(source: ByteSource, layout: FrameLayout) {
    this.#layout = layout;
    this.#sources = [source, ...(layout.sources ?? [])];
    this.format = layout.format;
    this.name = source.name;
    this.shape = { ...layout.shape };
    this.dtype = layout.dtype;
    this.frames = product(layout.shape.nav);
    this.frameLength = product(layout.shape.sig);
    this.meta = withVoltage(layout.meta);
    this.notes = layout.notes ?? [];
    this.arrays = layout.arrays ?? [];
    this.sizes = layout.sizes ?? [];
    this.filters = layout.filters ?? [];
    this.chunkFrames = layout.chunkFrames ?? 1;
    const { mask, dark, readSparse, peaks, field } = layout;
    if (readSparse)
      this.readSparse = (first, count, { signal } = {}) => {
        checkRange(this, first, count);
        checkSignal(signal);
        return this.#tracked(() => readSparse(first, count, signal));
      };
    const packed = layout.readPacked;
    if (packed) this[readPacked] = (...given) => this.#tracked(() => packed(...given));
    if (mask) this.mask = (options) => this.#tracked(() => mask(options));
    if (layout.maskVaries) this.maskVaries = true;
    if (layout.groups) this.groups = layout.groups;
    if (layout.events) this.events = layout.events;
    if (dark) this.dark = (options) => this.#tracked(() => dark(options?.signal));
    if (layout.peakList !== undefined) this.peakList = layout.peakList;
    if (peaks) this.peaks = (first, count, options) => this.#tracked(() => peaks(first, count, options));
    if (field) this.field = (name) => this.#tracked(() => field(name));
  }

  get [imageNumbers](): ImageNumbers | undefined {
    return this.#layout.numbers;
  }

  get [maskPath](): string | undefined {
    return this.#layout.maskPath;
  }

  async [fillsHere](): Promise<boolean> {
    const layout = this.#layout;
    return (await layout.fillsHere?.()) ?? ('decode' in layout && layout.decode !== undefined);
  }

  partitions(bytes?: number): FrameRange[] {
    return partitionFrames(this, bytes);
  }

  async read(first: number, count: number, into?: FrameArray, options: ReadFramesOptions = {}): Promise<FrameArray> {
    this.#alive();
    const out = checkRead(this, first, count, into);
    knownOptions(`${this.name}: read`, options, ['signal']);
    const { signal } = options;
    checkSignal(signal);
    const layout = this.#layout;
    const length = lengthOf(out);
    const intact = (): void =>
      assertIntact(`${this.name}: read: into`, out, length, 'while frames were being ' + 'read into it');
    try {
      await this.#tracked(() =>
        'readMany' in layout
          ? layout.readMany(first, count, bytesOfArray(out), signal)
          : 'readFrame' in layout
            ? this.#readEach(layout, first, count, bytesOfArray(out), signal)
            : this.#readRuns(layout, first, count, bytesOfArray(out), signal),
      );
    } catch (error) {
      // If the memory is detached, that is the reason to report, whatever failed.
      if (!isEwaldError(error, 'Aborted')) intact();
      throw error;
    }
    intact();
    return out;
  }

  #alive(): void {
    if (this.#disposal) throw new EwaldError('Disposed', `${this.name} was closed; open it again`);
  }

  /** Work that `dispose` waits for. */
  async #tracked<T>(begin: () => Promise<T>): Promise<T> {
    this.#alive();
    const work = begin();
    this.#reads.add(work);
    try {
      return await work;
    } finally {
      this.#reads.delete(work);
    }
  }

  async #readEach(
    layout: ReadFrames,
    first: number,
    count: number,
    out: Uint8Array,
    signal: PlatformSignal | undefined,
  ): Promise<void> {
    const bytes = this.frameLength * elementBytes(this.dtype);
    for (let i = 0; i < count; i++) {
      checkSignal(signal);
      if (this.#pace.due) await this.#pace.rest(signal);
      await this.#named(first + i, () => layout.readFrame(first + i, out.subarray(i * bytes, (i + 1) * bytes), signal));
    }
  }

  async #readRuns(
    layout: PlacedFrames,
    first: number,
    count: number,
    out: Uint8Array,
    signal: PlatformSignal | undefined,
  ): Promise<void> {
    const bytes = this.frameLength * elementBytes(this.dtype);
    if (bytes === 0) return;
    // Frames with another byte order go through a block, which is reversed while it is in the cache.
    const turned = (layout.little ?? true) !== littleEndianMachine && numberBytes(this.dtype) > 1;
    const reading = { layout, first, count, out, signal, bytes, turn: turned ? numberBytes(this.dtype) : 1 };
    // The next blocks are being read while one is decoded.
    const ahead: FrameBlock[] = [];
    let begun = 0;
    try {
      while (begun < count || ahead.length > 0) {
        while (begun < count && ahead.length < readsAhead) {
          const block = this.#begin(reading, begun);
          begun += block.frames;
          ahead.push(block);
        }
        const block = ahead[0] as FrameBlock;
        if (this.#pace.due) await this.#pace.rest(signal);
        await block.arrived;
        ahead.shift();
        this.#unpack(reading, block);
        checkSignal(signal);
      }
    } finally {
      // Nothing may write into the caller's memory after the promise has settled.
      for (const { arrived } of ahead) await arrived.catch(() => undefined);
    }
  }

  /** Begins to read a block of frames from `at` on. */
  #begin({ layout, first, count, out, signal, bytes, turn }: RunReading, at: number): FrameBlock {
    const { storedBytes, stride, head } = layout;
    const { source, offset, run } = layout.locate(first + at);
    const within = (most: number): number =>
      Math.min(Math.max(1, Math.floor(most / Math.max(stride, storedBytes))), run, count - at);
    // Data that are not processed further may be read in large pieces.
    let frames = within(16 * blockBytes);
    let [stored, heads]: (Uint8Array | undefined)[] = [];
    let arrived: Promise<unknown> | undefined;
    // Frames stored unchanged are read directly into place; others go through an intermediate block.
    if (!layout.decode && storedBytes === bytes) {
      const places = out.subarray(at * bytes, (at + frames) * bytes);
      arrived =
        stride === bytes && turn === 1
          ? source.read(offset, places, { signal })
          : source.readFrames?.(offset, { bytes, stride, turn }, places, { signal });
      if (arrived && head) {
        heads = new Uint8Array(frames * head.bytes);
        arrived = Promise.all([arrived, readHeads(source, offset - head.before, [head.bytes, stride], heads, signal)]);
      }
    }
    if (!arrived) {
      const before = head?.before ?? 0;
      frames = within(blockBytes);
      stored = this.#block(before + (frames - 1) * stride + storedBytes);
      arrived = source.read(offset - before, stored, { signal });
    }
    // An earlier block may fail first; this one is then never awaited.
    arrived.catch(() => undefined);
    return { at, frames, source, stored, heads, offset, arrived };
  }

  /** Decodes the frames of a block that has arrived into their places. */
  #unpack({ layout, first, out, bytes, turn }: RunReading, block: FrameBlock): void {
    const { at, frames, source, stored } = block;
    if (layout.head) this.#checkHeads(layout.head, block, layout.stride, first);
    if (!stored) return;
    const before = layout.head?.before ?? 0;
    for (let i = 0; i < frames; i++) {
      const frame = at + i;
      const place = out.subarray(frame * bytes, (frame + 1) * bytes);
      const from = stored.subarray(before + i * layout.stride, before + i * layout.stride + layout.storedBytes);
      if (layout.decode) {
        this.#decode(layout.decode, from, place, first + frame);
        swapBytes(place, turn, source);
      } else if (turn > 1) swapCopy(from, place, turn, source);
      else place.set(from);
    }
    this.#spare.push(stored);
  }

  #checkHeads(
    { bytes, check }: NonNullable<PlacedFrames['head']>,
    { at, frames, stored, heads, offset }: FrameBlock,
    stride: number,
    first: number,
  ): void {
    for (let i = 0; i < frames; i++) {
      const from = heads ? i * bytes : i * stride;
      try {
        check((heads ?? (stored as Uint8Array)).subarray(from, from + bytes), offset + i * stride);
      } catch (cause) {
        throw damaged(this.name, first + at + i, cause);
      }
    }
  }

  #decode(decode: NonNullable<PlacedFrames['decode']>, stored: Uint8Array, into: Uint8Array, frame: number): void {
    try {
      decode(stored, into, frame);
    } catch (cause) {
      throw damaged(this.name, frame, cause);
    }
  }

  async #named(frame: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (isEwaldError(cause) && cause.tag !== 'Format') throw cause;
      throw damaged(this.name, frame, cause);
    }
  }

  #block(length: number): Uint8Array {
    const spare = this.#spare.pop();
    if (spare && spare.buffer.byteLength >= blockOffset + length)
      return new Uint8Array(spare.buffer, blockOffset, length);
    const room = Math.max(length, Math.min(blockBytes, this.#sources[0]?.size ?? 0));
    return new Uint8Array(blockOffset + room).subarray(blockOffset, blockOffset + length);
  }

  dispose(): Promise<void> {
    this.#disposal ??= (async () => {
      await Promise.allSettled(this.#reads);
      this.#spare.length = 0;
      await this.#layout.onDispose?.();
      for (const source of this.#sources) await source.close();
    })();
    return this.#disposal;
  }
}

/** Reads what stands before frames that are `stride` bytes apart, `bytes` bytes each. */
async function readHeads(
  source: ByteSource,
  offset: number,
  [bytes, stride]: readonly [bytes: number, stride: number],
  into: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const reading = source.readFrames?.(offset, { bytes, stride, turn: 1 }, into, { signal });
  if (reading) return reading;
  for (let i = 0; i * bytes < into.length; i++)
    await source.read(offset + i * stride, into.subarray(i * bytes, (i + 1) * bytes), { signal });
}

const damaged = (name: string, frame: number, cause: unknown): EwaldError =>
  new EwaldError('Format', `${name}: frame ${frame} is damaged: ${messageOf(cause).replace(`${name}: `, '')}`, {
    cause,
    detail: { ...(isEwaldError(cause) ? cause.detail : {}), path: name, frame },
  });

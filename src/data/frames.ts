/**
 * From a layout to a dataset: a format says where its frames lie and how one is decoded; reading ahead, byte order,
 * cancelling and closing are here, once.
 */
import { assertIntact, lengthOf } from '../base/buffers.js';
import { EwaldError, isEwaldError, messageOf } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { checkSignal, knownOptions } from '../base/options.js';
import { Pace } from '../base/pace.js';
import { swapBytes, swapCopy } from './byte-order.js';
import type { ByteSource } from './byte-source.js';
import type {
  ArrayEntry,
  Dataset,
  DatasetShape,
  FrameRange,
  ListedPeaks,
  Metadata,
  Note,
  ReadFramesOptions,
  ReadPeaksOptions,
  SizeCheck,
} from './dataset.js';
import {
  bytesOfArray,
  type DataType,
  elementBytes,
  type FrameArray,
  littleEndianMachine,
  numberBytes,
} from './dtype.js';
import { checkRead, partitionFrames } from './partitions.js';

/** What a format knows of its file. */
export interface Description {
  readonly format: string;
  readonly shape: DatasetShape;
  readonly dtype: DataType;
  readonly meta: Metadata;
  readonly notes?: readonly Note[];
  readonly arrays?: readonly ArrayEntry[];
  readonly sizes?: readonly SizeCheck[];
  readonly filters?: readonly string[];
  readonly mask?: (options?: ReadFramesOptions) => Promise<Uint8Array>;
  readonly peakList?: string | undefined;
  readonly peaks?: (first: number, count: number, options?: ReadPeaksOptions) => Promise<ListedPeaks>;
  /** Frames that are stored together. Default 1. */
  readonly chunkFrames?: number;
  /** What the dataset has to let go of beside its sources. */
  readonly onDispose?: () => Promise<void>;
  /** Files opened beside the source; the dataset closes them. */
  readonly sources?: readonly ByteSource[];
}

/** Frames of equal size, each in one piece. */
export interface PlacedFrames extends Description {
  /** Bytes a frame takes in the file, without what stands between frames. */
  readonly storedBytes: number;
  /** Byte order in the file. Default little. */
  readonly little?: boolean;
  /** From one frame to the next, within a run. */
  readonly stride: number;
  /** Where a frame begins, and how many frames from it on follow each other by `stride` (itself included). */
  locate(frame: number): { readonly source: ByteSource; readonly offset: number; readonly run: number };
  /**
   * Turns the stored bytes of a frame into its numbers, in the byte order of `little`; absent where they are the
   * numbers. `into` are the bytes of the frame in memory.
   */
  readonly decode?: (stored: Uint8Array, into: Uint8Array, frame: number) => void;
}

/** Frames that a format reads by itself, one at a time. */
export interface ReadFrames extends Description {
  /** Reads a frame into the bytes of its memory, in the byte order of the machine. */
  readFrame(frame: number, into: Uint8Array, signal: PlatformSignal | undefined): Promise<void>;
}

/** Frames that are read several at a time, because they do not lie in one piece. */
export interface ReadMany extends Description {
  /** Reads frames into the bytes of their memory, in the byte order of the machine. */
  readMany(first: number, count: number, into: Uint8Array, signal: PlatformSignal | undefined): Promise<void>;
}

/** How a format gives its frames. */
export type FrameLayout = PlacedFrames | ReadFrames | ReadMany;

/** Bytes read at a time through memory of our own: they stay in a core's cache until they are decoded. */
const blockBytes = 2 ** 20;
/** Blocks that are read at the same time. */
const readsAhead = 2;
/**
 * Where a block begins in its memory. Large arrays begin at whole pages; were the bytes of a frame as far into a page as
 * the place they are copied to, each load would wait for a store (half the speed).
 */
const blockOffset = 17 * 64;

const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);

/** A dataset over a file whose layout is known. */
export function openFrames(source: ByteSource, layout: FrameLayout): Dataset {
  return new FileDataset(source, layout);
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
  readonly mask?: (options?: ReadFramesOptions) => Promise<Uint8Array>;
  readonly peakList?: string;
  readonly peaks?: (first: number, count: number, options?: ReadPeaksOptions) => Promise<ListedPeaks>;
  readonly #layout: FrameLayout;
  readonly #sources: readonly ByteSource[];
  readonly #reads = new Set<Promise<unknown>>();
  /** Blocks of reads that are done, for the next ones. */
  readonly #spare: Uint8Array[] = [];
  readonly #pace = new Pace();
  #disposal: Promise<void> | undefined;

  constructor(source: ByteSource, layout: FrameLayout) {
    this.#layout = layout;
    this.#sources = [source, ...(layout.sources ?? [])];
    this.format = layout.format;
    this.name = source.name;
    this.shape = layout.shape;
    this.dtype = layout.dtype;
    this.frames = product(layout.shape.navigation);
    this.frameLength = product(layout.shape.signal);
    this.meta = layout.meta;
    this.notes = layout.notes ?? [];
    this.arrays = layout.arrays ?? [];
    this.sizes = layout.sizes ?? [];
    this.filters = layout.filters ?? [];
    this.chunkFrames = layout.chunkFrames ?? 1;
    const { mask, peaks } = layout;
    if (mask) this.mask = (options) => this.#tracked(() => mask(options));
    if (layout.peakList !== undefined) this.peakList = layout.peakList;
    if (peaks) this.peaks = (first, count, options) => this.#tracked(() => peaks(first, count, options));
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
    const intact = (): void => assertIntact(`${this.name}: read: into`, out, length, 'while frames were read into it');
    try {
      await this.#tracked(() =>
        'readMany' in layout
          ? layout.readMany(first, count, bytesOfArray(out), signal)
          : 'readFrame' in layout
            ? this.#readEach(layout, first, count, bytesOfArray(out), signal)
            : this.#readRuns(layout, first, count, bytesOfArray(out), signal),
      );
    } catch (error) {
      // Whatever went wrong in memory that is gone, that it is gone is the reason.
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
    // As they lie in the file they can go straight to their place; else through a block of our own.
    const direct = !layout.decode && layout.storedBytes === bytes;
    // What is turned goes through a block as well, which is turned on its way out of the cache.
    const turned = (layout.little ?? true) !== littleEndianMachine && numberBytes(this.dtype) > 1;
    const inPlace = direct && layout.stride === bytes && !turned;
    const turn = turned ? numberBytes(this.dtype) : 1;
    interface Block {
      readonly at: number;
      readonly frames: number;
      readonly source: ByteSource;
      /** Undefined where the frames are in their places already. */
      readonly stored: Uint8Array | undefined;
      readonly arrived: Promise<unknown>;
    }
    const begin = (at: number): Block => {
      const { source, offset, run } = layout.locate(first + at);
      const within = (most: number): number =>
        Math.min(Math.max(1, Math.floor(most / Math.max(layout.stride, layout.storedBytes))), run, count - at);
      // What is not touched again may come in large pieces.
      let frames = within(16 * blockBytes);
      let stored: Uint8Array | undefined;
      let arrived: Promise<unknown> | undefined;
      if (direct) {
        const places = out.subarray(at * bytes, (at + frames) * bytes);
        arrived = inPlace
          ? source.read(offset, places, { signal })
          : source.readFrames?.(offset, { bytes, stride: layout.stride, turn }, places, { signal });
      }
      if (!arrived) {
        frames = within(blockBytes);
        stored = this.#block((frames - 1) * layout.stride + layout.storedBytes);
        arrived = source.read(offset, stored, { signal });
      }
      // The one before may fail first; then nobody awaits this one.
      arrived.catch(() => undefined);
      return { at, frames, source, stored, arrived };
    };
    const unpack = ({ at, frames, source, stored }: Block): void => {
      if (!stored) return;
      for (let i = 0; i < frames; i++) {
        const frame = at + i;
        const place = out.subarray(frame * bytes, (frame + 1) * bytes);
        const from = stored.subarray(i * layout.stride, i * layout.stride + layout.storedBytes);
        if (layout.decode) {
          this.#decode(layout.decode, from, place, first + frame);
          swapBytes(place, turn, source);
        } else if (turned) swapCopy(from, place, turn, source);
        else place.set(from);
      }
      this.#spare.push(stored);
    };
    // The next ones are on their way while one is unpacked.
    const ahead: Block[] = [];
    let begun = 0;
    try {
      while (begun < count || ahead.length > 0) {
        while (begun < count && ahead.length < readsAhead) {
          const block = begin(begun);
          begun += block.frames;
          ahead.push(block);
        }
        const block = ahead[0] as Block;
        if (this.#pace.due) await this.#pace.rest(signal);
        await block.arrived;
        ahead.shift();
        unpack(block);
        checkSignal(signal);
      }
    } finally {
      // Nothing may write into the caller's memory after the promise has settled.
      for (const { arrived } of ahead) await arrived.catch(() => undefined);
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

const damaged = (name: string, frame: number, cause: unknown): EwaldError =>
  new EwaldError('Format', `${name}: frame ${frame} is damaged: ${messageOf(cause).replace(`${name}: `, '')}`, {
    cause,
    detail: { ...(isEwaldError(cause) ? cause.detail : {}), path: name, frame },
  });

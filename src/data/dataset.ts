/**
 * A stack of detector frames, whatever file it lies in: its shape, its dtype, what the file says of the experiment, and
 * reads of whole frames into memory of the caller.
 *
 * It is not an array library: frames come in the detector's own dtype and are neither corrected nor converted.
 */
import type { PlatformSignal } from '../base/globals.js';
import type { Disposable } from '../base/resource.js';
import type { DataType, FrameArray } from './dtype.js';

/** Axes of a dataset, slowest first, as in NumPy. */
export interface DatasetShape {
  /** The scan or series: [] for one picture, [frames], [rows, columns], … */
  readonly navigation: readonly number[];
  /** A frame: [y, x]; [n] for a spectrum; [y, x, channels] for a colour picture. */
  readonly signal: readonly number[];
}

/** What an axis means: value = offset + index · scale. */
export interface Axis {
  readonly name: string;
  readonly size: number;
  readonly scale?: number;
  readonly offset?: number;
  readonly unit?: string;
}

/** Two numbers of a picture: x along the fastest axis, y along the next one. */
export interface XY {
  readonly x: number;
  readonly y: number;
}

/** What the file says of the experiment; what it does not say is absent. */
export interface Metadata {
  /** Who wrote it: camera, program. */
  readonly maker?: string;
  readonly detector?: string;
  readonly serial?: string;
  /** As the file has it. */
  readonly date?: string;
  readonly wavelengthA?: number;
  /** Acceleration voltage of the electrons. */
  readonly voltageV?: number;
  /** Sample to detector. */
  readonly distanceM?: number;
  /** Camera length as an electron microscope states it. */
  readonly cameraLengthM?: number;
  readonly pixelSizeM?: XY;
  /** In pixels from the outer corner of the first pixel, whose centre is then (0.5, 0.5), as the file states it. */
  readonly beamCentrePx?: XY;
  readonly exposureS?: number;
  /** Rotation of the sample: angle at the begin of the first frame and the step a frame. */
  readonly oscillationDeg?: { readonly start: number; readonly range: number };
  readonly sensor?: { readonly material?: string; readonly thicknessM?: number };
  /** Bits a detector pixel counts to. */
  readonly bitDepth?: number;
  /** Values above this one are overloads. */
  readonly saturation?: number;
  /** Values below this one are no counts: gaps, bad pixels. */
  readonly underload?: number;
  /** Values that mark a pixel without a count, such as 2³² − 1. */
  readonly markers?: readonly number[];
  /** All axes, slowest first, where the file describes them. */
  readonly axes?: readonly Axis[];
  /** The header as the file has it, for what has no name above. */
  readonly header?: Readonly<Record<string, unknown>>;
}

/** Something the opener of a file should know. */
export interface Note {
  /** `guess`: taken without the file saying so; `missing`: useful but not in the file; `warning`: looks wrong. */
  readonly kind: 'guess' | 'missing' | 'warning';
  readonly text: string;
  /** The option of `open` that sets it. */
  readonly option?: string;
}

/** An array of a file that holds several. */
export interface ArrayEntry {
  /** What the option `dataset` takes. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DataType;
  /** Whether it is the one that was opened. */
  readonly chosen: boolean;
}

/** A size the header promises beside the one found. */
export interface SizeCheck {
  readonly what: string;
  readonly expected: number;
  readonly found: number;
}

/** A run of whole frames. */
export interface FrameRange {
  readonly first: number;
  readonly count: number;
}

/** Options of reading frames. */
export interface ReadFramesOptions {
  /** Ends the read with `Aborted`; what `into` holds then is undefined. */
  readonly signal?: PlatformSignal | undefined;
}

/** Peaks that a file lists beside its frames. */
export interface ListedPeaks {
  /** Peaks of each frame that was asked for. */
  readonly counts: Uint32Array;
  /**
   * Positions, those of the first frame first, in pixels along the fastest axis of the frame from the outer corner of
   * its first pixel, whose centre is then 0.5.
   */
  readonly fs: Float32Array;
  /** The same along the next axis. */
  readonly ss: Float32Array;
  /** Sums above the surroundings as the file has them; absent where it has none. */
  readonly intensity?: Float32Array;
}

/** Options of reading peak lists. */
export interface ReadPeaksOptions extends ReadFramesOptions {
  /** The group (CXI) or table (list3) that holds them. Default: the first group with CXI's columns. */
  readonly path?: string | undefined;
  /** Adds half a pixel: files count from the centre of the first pixel, as CrystFEL takes them. Default true. */
  readonly halfPixel?: boolean | undefined;
}

/** An open stack of frames; the caller disposes it. */
export interface Dataset extends Disposable {
  /** The name of its format, such as 'mib'. */
  readonly format: string;
  /** The file it came from. */
  readonly name: string;
  readonly shape: DatasetShape;
  readonly dtype: DataType;
  /** Frames: the product of `shape.navigation`. */
  readonly frames: number;
  /** Elements a frame: the product of `shape.signal`. */
  readonly frameLength: number;
  readonly meta: Metadata;
  readonly notes: readonly Note[];
  /** Every array of the file that holds numbers; empty where it can hold but one. */
  readonly arrays: readonly ArrayEntry[];
  readonly sizes: readonly SizeCheck[];
  /** How frames are stored: 'none', 'byte offset', 'bitshuffle + LZ4', … */
  readonly filters: readonly string[];
  /** Frames that are stored together: reads that begin at a multiple of it decode nothing twice. */
  readonly chunkFrames: number;
  /**
   * Cuts the frames into runs of about `bytes` (default 32 MiB, at least one frame), begun at whole chunks: tasks of an
   * executor.
   */
  partitions(bytes?: number): FrameRange[];
  /**
   * Reads `count` frames from `first` on into `into` (default: new memory) and answers it: [count, …signal] in C order.
   * Several reads may be in flight, each with memory of its own.
   *
   * Throws `Argument` for frames outside the dataset, `Shape` for an array of another dtype or too short, `Format` for
   * frames that are damaged (the message names the frame; others can still be read), `Aborted`, `Disposed`.
   */
  read(first: number, count: number, into?: FrameArray, options?: ReadFramesOptions): Promise<FrameArray>;
  /** Pixels without a count by the file's own mask, [y, x], 1 is bad; absent where the file has none. */
  mask?(options?: ReadFramesOptions): Promise<Uint8Array>;
  /**
   * Opens another dataset of the same file, or of `file`, one beside it: a mask, an energy a frame. Absent where the
   * frames came from no file. The caller disposes what it gives.
   *
   * Throws `Format` where there is no such dataset, `File` where the file cannot be opened.
   */
  openOther?(path: string, file?: string): Promise<Dataset>;
  /** Where the file lists peaks, such as /entry_1/result_1; absent where it does not say. */
  readonly peakList?: string;
  /**
   * Reads the peaks that the file lists for `count` frames from `first` on; absent where its format has no such lists.
   *
   * Throws `Argument` for frames outside the dataset, `Format` where there is no list or a damaged one.
   */
  peaks?(first: number, count: number, options?: ReadPeaksOptions): Promise<ListedPeaks>;
  /** Waits for reads in flight, then closes the files. */
  dispose(): Promise<void>;
}

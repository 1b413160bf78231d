/**
 * A stack of detector frames in any file format: its shape, its dtype, the metadata of the experiment, and reads of
 * whole frames into memory of the caller.
 *
 * It is not an array library: frames have the detector's own dtype and are neither corrected nor converted.
 */

import type { DataType, FrameArray, GivenArray } from '../bytes/dtype.js';
import type { PlatformSignal } from '../util/globals.js';
import type { MethodOf } from '../util/members.js';
import type { Disposable } from '../util/resource.js';
import type { SparseFrames } from './sparse.js';

/** Axes of a dataset, slowest first, as in NumPy. */
export interface DatasetShape {
  /** The scan or series: [] for one image, [frames], [rows, columns], … */
  readonly nav: readonly number[];
  /** A frame: [y, x]; [n] for a spectrum; [y, x, channels] for a colour image. */
  readonly sig: readonly number[];
}

/** Calibration of an axis: value = offset + index · scale. */
export interface Axis {
  readonly name: string;
  readonly size: number;
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  readonly unit?: string | undefined;
}

/** Two numbers of an image: x along the fastest axis, y along the next one. */
export interface XY {
  readonly x: number;
  readonly y: number;
}

/** A flat panel of a detector. */
export interface DetectorPanel {
  readonly name: string;
  /** Indices of its module along the slower axes of a frame, slowest first. */
  readonly module: readonly number[];
  /** Its first pixel in the module, and its size, in pixels. */
  readonly first: XY;
  readonly width: number;
  readonly height: number;
  /** Corner of its first pixel from the sample, and the steps from pixel to pixel: metres, z along the beam. */
  readonly cornerM: readonly [number, number, number];
  readonly fastM: readonly [number, number, number];
  readonly slowM: readonly [number, number, number];
}

/** The information that the file states about the experiment; anything it does not state is absent. */
export interface Metadata {
  /** The camera or program that wrote it. */
  readonly maker?: string | undefined;
  readonly detector?: string | undefined;
  readonly serial?: string | undefined;
  /** Date as the file has it. */
  readonly date?: string | undefined;
  readonly wavelengthA?: number | undefined;
  /** Numbers of which the file has one for each frame: where they are. Those above are of the first frame. */
  readonly ofEachFrame?:
    | {
        readonly radiation?:
          | { readonly kind: 'wavelength' | 'photonEnergy'; readonly path: string; readonly unit: string }
          | undefined;
        /** The distance from the sample to the detector. */
        readonly distance?: { readonly path: string; readonly unit: string } | undefined;
      }
    | undefined;
  /** Acceleration voltage of the electrons. */
  readonly voltageV?: number | undefined;
  /** Distance from the sample to the detector. */
  readonly distanceM?: number | undefined;
  /** Camera length as stated by an electron microscope. */
  readonly cameraLengthM?: number | undefined;
  /** Convergence semi-angle of an electron probe. */
  readonly convergenceRad?: number | undefined;
  /** Rotation of the scan as the microscope states it, which is not that of the detector. */
  readonly scanRotationDeg?: number | undefined;
  /** Axes of the scan on the detector, as a program has calibrated them: `scanRotation` and `flipY` of analyses. */
  readonly detectorAxes?: { readonly degrees: number | undefined; readonly flipY: boolean } | undefined;
  /** Steps between positions of a scan. */
  readonly scanStepM?: XY | undefined;
  readonly pixelSizeM?: XY | undefined;
  /**
   * In pixels from the outer corner of the first pixel, whose centre is therefore at (0.5, 0.5), as the file states it.
   */
  readonly beamCentrePx?: XY | undefined;
  /**
   * Angles by which the detector is swung out or tilted, as the header has them: `Detector_2theta 20 deg`. Their axes
   * are unknown, so that distance and beam centre are absent. Absent for a detector at a right angle to the beam.
   */
  readonly turned?: readonly string[] | undefined;
  /** Where the panels are, if the file describes each of them. */
  readonly panels?: readonly DetectorPanel[] | undefined;
  readonly exposureS?: number | undefined;
  /** Rotation of the sample: angle at the start of the first frame and the increment per frame. */
  readonly oscillationDeg?: { readonly start: number; readonly range: number } | undefined;
  readonly sensor?: { readonly material?: string | undefined; readonly thicknessM?: number | undefined } | undefined;
  /** Bits per detector pixel. */
  readonly bitDepth?: number | undefined;
  /** Units of a value for one photon, of frames that were converted to them; absent if it is not known. */
  readonly unitsPerPhoton?: number | undefined;
  /** Values above this one are overloads. */
  readonly saturation?: number | undefined;
  /** Values below this one are not counts but gaps or bad pixels. */
  readonly underload?: number | undefined;
  /** Values that mark a pixel without a count, such as 2³² − 1. */
  readonly markers?: readonly number[] | undefined;
  /** All axes, slowest first, if the file describes them. */
  readonly axes?: readonly Axis[] | undefined;
  /** The header as the file has it, for everything without a name above. */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
}

/** A remark for the user who opened the file. */
export interface Note {
  /** `guess`: assumed, not stated by the file; `missing`: useful but not in the file; `warning`: looks wrong. */
  readonly kind: 'guess' | 'missing' | 'warning';
  readonly text: string;
  /** The option of `open` that sets it. */
  readonly option?: string | undefined;
  /** Whether frames, or parts of them, are missing from the file, or are hardly what was recorded. */
  readonly isCut?: true | undefined;
  /** Whether it is about the place of the detector, which a geometry that is given replaces. */
  readonly isOfPlace?: true | undefined;
}

/** An array of a file that contains several. */
export interface ArrayEntry {
  /** Value for the option `dataset`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DataType;
  /** Whether this array was opened. */
  readonly chosen: boolean;
}

/** A size stated in the header, and the size found. */
export interface SizeCheck {
  readonly what: string;
  readonly expected: number;
  readonly found: number;
}

/** A run of consecutive frames. */
export interface FrameRange {
  readonly first: number;
  readonly count: number;
}

/** Options of reading frames. */
export interface ReadFramesOptions {
  /** Aborts the read with `Aborted`; the contents of `into` are then undefined. */
  readonly signal?: PlatformSignal | undefined;
}

/** Options of reading a mask. */
export interface ReadMaskOptions extends ReadFramesOptions {
  /** The frame whose mask is read, if masks differ between frames (`maskVaries`). Default 0. */
  readonly frame?: number | undefined;
}

/** Peaks listed in a file along with its frames. */
export interface ListedPeaks {
  /** Number of peaks of each requested frame. */
  readonly counts: Uint32Array;
  /**
   * Positions along the fastest axis of the frame, those of the first frame first, in pixels from the outer corner of
   * the first pixel, whose centre is therefore at 0.5.
   */
  readonly fs: Float32Array;
  /** Positions along the next axis. */
  readonly ss: Float32Array;
  /** Sums above the background as stated in the file; absent if it has none. */
  readonly intensity?: Float32Array | undefined;
  /** The program that found them, where frames that are received name it. */
  readonly of?: string | undefined;
}

/** Options of reading peak lists. */
export interface ReadPeaksOptions extends ReadFramesOptions {
  /** The group (CXI) or table (list3) that holds them. Default: the first group with CXI's columns. */
  readonly path?: string | undefined;
  /** Adds half a pixel, because files count from the centre of the first pixel, as CrystFEL assumes. Default true. */
  readonly halfPixel?: boolean | undefined;
}

/** The values of a field of a file: one for all frames, or one for each. */
export interface FieldValues {
  readonly kind: 'int' | 'float' | 'str';
  /** Numbers; texts, or whole numbers beyond 2⁵³ as their digits. */
  readonly values: readonly (number | string)[];
  /** The unit of the numbers as the file states it; absent if it does not. */
  readonly unit?: string | undefined;
}

/**
 * Of a dataset: whether only this thread writes into the memory of a read, so that it may be the heap of a wasm core,
 * which other work of this thread may move. Absent: other threads may write into it. @internal
 */
export const fillsHere = Symbol('fillsHere');

/**
 * Of a dataset: reads a frame as the file has packed it, one chunk of bitshuffle and LZ4 of its numbers in this machine's
 * byte order, into memory that `memory` gives for its bytes. Undefined, before anything is allocated, for a frame that is
 * stored otherwise; so are chunks that are not there, about which `read` knows what to say. Absent for other formats.
 * Throws `File`, `Aborted`, `Disposed`. @internal
 */
export const readPacked = Symbol('readPacked');
export type ReadPacked = (
  frame: number,
  memory: (bytes: number) => Uint8Array,
  signal?: PlatformSignal,
) => Promise<Uint8Array | undefined>;

/** Of a dataset: path of the array that `mask` reads, if it has the axes of a frame alone. @internal */
export const maskPath = Symbol('maskPath');

/** Of a dataset: the numbers that its detector has given the first and the last frame. @internal */
export const imageNumbers = Symbol('imageNumbers');
export interface ImageNumbers {
  readonly first: number;
  readonly last: number;
}

/**
 * Of a dataset: a sentence for each local file that is not what it was when it was opened, and for frames that turned out
 * at the end not to have been written. @internal
 */
export const changedFiles = Symbol('changedFiles');

/**
 * Of raw words: the median of the pixels without light of a frame that was read, in photons, for whoever watches the
 * pedestals of a whole run; each frame is asked for once. @internal
 */
export const unlitOf = Symbol('unlitOf');

/** An open stack of frames; the caller disposes it. */
export interface Dataset extends Disposable {
  /** The name of its format, such as 'mib'. */
  readonly format: string;
  /** The file it was opened from. */
  readonly name: string;
  readonly shape: DatasetShape;
  readonly dtype: DataType;
  /** Number of frames: the product of `shape.nav`. */
  readonly frames: number;
  /** Elements per frame: the product of `shape.sig`. */
  readonly frameLength: number;
  readonly meta: Metadata;
  readonly notes: readonly Note[];
  /** Every array of the file that holds numbers; empty for formats with a single array. */
  readonly arrays: readonly ArrayEntry[];
  readonly sizes: readonly SizeCheck[];
  /** Compression of the frames: 'none', 'byte offset', 'bitshuffle + LZ4', … */
  readonly filters: readonly string[];
  /** Number of frames that are stored together: reads that start at a multiple of it decode nothing twice. */
  readonly chunkFrames: number;
  /**
   * Splits the frames into runs of about `bytes` (default 32 MiB, at least one frame) that start at whole chunks: tasks
   * for an executor.
   */
  partitions(bytes?: number): FrameRange[];
  /**
   * Reads `count` frames from `first` on into `into` (default: new memory) and returns it: [count, …signal] in C order.
   * Several reads may be in flight, each with its own memory. Half floats (f16) are 16-bit words in a Uint16Array, or
   * numbers in a Float16Array, where the engine has it and `into` is one.
   *
   * Throws `Argument` for frames outside the dataset, `Shape` for an array of another dtype or too short, `Format` for
   * frames that are damaged (the message names the frame; others can still be read), `Aborted`, `Disposed`.
   */
  read(first: number, count: number, into?: GivenArray, options?: ReadFramesOptions): Promise<FrameArray>;
  /**
   * Reads `count` frames from `first` on as their pixels that are not 0; absent for formats with dense frames. Throws
   * what `read` throws.
   */
  readSparse?: MethodOf<[first: number, count: number, options?: ReadFramesOptions], Promise<SparseFrames>> | undefined;
  /**
   * Of frames in groups, `/%/data`: for each frame the names of the groups that stand in the place of the `%`; absent for
   * others.
   */
  readonly groups?: readonly (readonly string[])[] | undefined;
  /** Likewise their events, as CrystFEL writes them: `tag-1//`, or `tag-1//3` where a group has several frames. */
  readonly events?: readonly string[] | undefined;
  /** Pixels without a count according to the file's own mask, in the shape of a frame, 1 is bad; absent without one. */
  mask?: MethodOf<[options?: ReadMaskOptions], Promise<Uint8Array>> | undefined;
  /** Whether that mask differs from frame to frame, so that `mask` expects a `frame`. */
  readonly maskVaries?: boolean | undefined;
  /** Mean of the dark frames that were recorded with the frames, [y, x]; absent if the file has none. */
  dark?: MethodOf<[options?: ReadFramesOptions], Promise<Float64Array>> | undefined;
  /**
   * Opens another dataset of the same file, or of `file` next to it, such as a mask or an energy per frame. Absent if
   * the frames did not come from a file. The caller disposes the result.
   *
   * Throws `Format` if there is no such dataset, `File` if the file cannot be opened.
   */
  openOther?: MethodOf<[path: string, file?: string], Promise<Dataset>> | undefined;
  /** Where the file lists peaks, such as /entry_1/result_1; absent if it does not say. */
  readonly peakList?: string | undefined;
  /**
   * Reads the peaks that the file lists for `count` frames from `first` on; absent for formats without such lists.
   *
   * Throws `Argument` for frames outside the dataset, `Format` if there is no list or it is damaged.
   */
  peaks?: MethodOf<[first: number, count: number, options?: ReadPeaksOptions], Promise<ListedPeaks>> | undefined;
  /**
   * Reads a field that is not part of the frames, such as the state of a laser: a dataset of an HDF5 file with one
   * value, or with one for each frame. Undefined if no field has this name. Absent for formats whose fields are
   * those of `meta.header`.
   *
   * Throws `Shape` if it has more than one axis, `Unsupported` if its values are neither numbers nor text.
   */
  field?: MethodOf<[name: string], Promise<FieldValues | undefined>> | undefined;
  /** See {@link fillsHere}. @internal */
  [fillsHere]?: MethodOf<[], Promise<boolean>> | undefined;
  /** See {@link readPacked}. @internal */
  readonly [readPacked]?: ReadPacked | undefined;
  /** See {@link maskPath}. @internal */
  readonly [maskPath]?: string | undefined;
  /** See {@link imageNumbers}. @internal */
  readonly [imageNumbers]?: ImageNumbers | undefined;
  /** See {@link unlitOf}. @internal */
  readonly [unlitOf]?: MethodOf<[frame: number], number | undefined> | undefined;
  /** See {@link changedFiles}. @internal */
  [changedFiles]?: MethodOf<[], Promise<readonly string[]>> | undefined;
  /** Waits for reads in flight, then closes the files. */
  dispose(): Promise<void>;
}

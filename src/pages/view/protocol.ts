/** What the page and its worker say to each other: plain data. Typed arrays are transferred, not copied. */
import type { FrameData, Limits } from './contrast.js';
import type { PlacedPanel } from './layout.js';

/** A file by its name: a dropped one, or one of the server's by its address. */
export type InputFile =
  | { readonly name: string; readonly blob: Blob }
  | { readonly name: string; readonly address: string };

/** Files to open together. */
export interface OpenRequest {
  /** Files of frames. */
  readonly frames: readonly InputFile[];
  readonly geometry: InputFile | undefined;
  readonly cell: InputFile | undefined;
}

/** An open file of frames. */
export interface Opened {
  readonly name: string;
  readonly format: string;
  readonly dtype: string;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** Axes of the scan or series. */
  readonly navigation: readonly number[];
  /** What its opener should know: guesses, missing numbers, warnings. */
  readonly notes: readonly string[];
  /** Panels of the detector in the plane that is shown; undefined without a geometry. */
  readonly panels: readonly PlacedPanel[] | undefined;
  /** Why there is no detector: peaks are found without one, but not indexed. */
  readonly withoutDetector: string | undefined;
  /** Nonzero where bad, [height, width]; undefined where no mask is known. */
  readonly bad: Uint8Array | undefined;
  readonly validRange: Limits;
  readonly wavelengthA: number | undefined;
  /** Lengths and angles of the known cell. */
  readonly cell: readonly number[] | undefined;
  /** Whether the frames are electrons': their contrast follows another rule. */
  readonly electrons: boolean;
}

/** Parameters of the peak search that the page offers. */
export interface FinderParameters {
  readonly threshold: number;
  readonly minSnr: number;
  readonly localBgRadius: number;
}

/** Peaks of a frame. */
export interface ShownPeaks {
  readonly frame: number;
  readonly count: number;
  readonly fs: Float32Array;
  readonly ss: Float32Array;
  readonly intensity: Float32Array;
  readonly snr: Float32Array;
  readonly ms: number;
}

/** A crystal of a frame. */
export interface ShownCrystal {
  readonly lengths: readonly number[];
  readonly angles: readonly number[];
  readonly probability: number;
  /** Peaks that belong to it. */
  readonly explained: number;
  /** Å. */
  readonly resolutionA: number;
  /** Rows a, b, c in Å, nine numbers: Miller indices of a place follow from them. */
  readonly axes: readonly number[];
  readonly reflections: ShownReflections;
}

/** Reflections as columns. */
export interface ShownReflections {
  readonly count: number;
  readonly hkl: Int16Array;
  /** Pixels of the frame. */
  readonly fs: Float32Array;
  readonly ss: Float32Array;
  readonly intensity: Float32Array;
  readonly sigma: Float32Array;
}

/** What became of a frame. */
export interface ShownResult {
  readonly peaks: ShownPeaks;
  readonly crystals: readonly ShownCrystal[];
  readonly ms: number;
}

/** One line of the list of frames. */
export interface FrameSummary {
  readonly frame: number;
  readonly peaks: number;
  readonly hit: boolean;
  readonly crystals: number;
  /** Lengths and angles of the first crystal. */
  readonly cell: readonly number[] | undefined;
  readonly resolutionA: number | undefined;
  /** Why the frame could not be searched. */
  readonly error: string | undefined;
}

/** What is known of a pixel. */
export interface PixelReading {
  readonly resolutionA: number | undefined;
  /** Fractional Miller indices in the first crystal. */
  readonly hkl: readonly [number, number, number] | undefined;
}

/** A curve of one resolution, as points of the plane that is shown. */
export interface ShownRing {
  readonly resolutionA: number;
  readonly arcs: readonly Float32Array[];
}

/**
 * A virtual detector, in pixels of a frame from its corner: a disk of the radius `outer`, a ring between both radii, a
 * square of the half-width `outer`, or the one pixel at its centre.
 */
export interface VirtualShape {
  readonly kind: 'disk' | 'ring' | 'square' | 'point';
  readonly cx: number;
  readonly cy: number;
  readonly outer: number;
  readonly inner: number;
}

/** How frames are put together. */
export type StackKind = 'sum' | 'mean' | 'maximum';

/** What the worker does; every operation answers with a promise. */
export interface Operations {
  open(request: OpenRequest): Promise<Opened>;
  /** A frame in a type that a texture takes. */
  frame(frame: number): Promise<{ readonly data: FrameData }>;
  /** Frames `first` … `first + count − 1` as one. */
  stack(request: { readonly first: number; readonly count: number; readonly kind: StackKind }): Promise<{
    readonly data: Float32Array;
  }>;
  /** The parameters that follow from the first frames. */
  tune(): Promise<FinderParameters>;
  peaks(request: { readonly frame: number; readonly parameters: FinderParameters }): Promise<ShownPeaks>;
  index(request: { readonly frame: number; readonly parameters: FinderParameters }): Promise<ShownResult>;
  /** Searches all frames; each one comes as progress, and what stands in the stream is kept until `stream`. */
  run(request: { readonly parameters: FinderParameters }): Promise<{ readonly ms: number; readonly stopped: boolean }>;
  /** Ends a run after the frame under way. */
  stop(): Promise<void>;
  /** The CrystFEL stream of the last run. */
  stream(): Promise<Blob>;
  /** Reads the scan of the open file into memory. */
  loadScan(): Promise<void>;
  /** The sums of a virtual detector, one a position of the scan. */
  virtual(shape: VirtualShape): Promise<{ readonly image: Float32Array; readonly ms: number }>;
  /** The pattern at a position, or the mean of all. */
  pattern(position: number | undefined): Promise<{ readonly data: FrameData }>;
  pixel(request: { readonly fs: number; readonly ss: number }): Promise<PixelReading>;
  rings(request: { readonly resolutionsA: readonly number[] }): Promise<readonly ShownRing[]>;
}

/** Names of the operations. */
export type OperationName = keyof Operations;

/** A call, from the page. */
export interface Call {
  readonly id: number;
  readonly name: OperationName;
  readonly argument: unknown;
}

/** An answer, or a summary while a run is under way. */
export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: FrameSummary };

/** A kind of object: structure, or none. */
export type ObjectKind = 'amorphous' | 'crystal' | 'particles' | 'wedge' | 'foil' | 'fringes' | 'empty';

export interface SimulatedScanOptions {
  kind?: ObjectKind;
  rows?: number;
  columns?: number;
  n?: number;
  radius?: number;
  seed?: number;
  strength?: number;
  rotation?: number;
  flipY?: boolean;
  centre?: readonly [number, number];
  ellipse?: readonly [e: number, degrees: number];
  dose?: number;
  defocus?: number;
  step?: number;
  descan?: (u: number, v: number) => readonly [number, number];
  gaps?: boolean;
  stop?: boolean;
  /** Degrees from x to y. */
  stopAngle?: number;
  /** Slices that share the phase of the object. */
  slices?: number;
  /** Pixels. */
  edge?: number;
  /** Pixels of the object. */
  within?: number;
  /** Phase of a foil, in units of `strength`. */
  inner?: number;
  hot?: number;
  dead?: number;
}

export interface SimulatedScan {
  readonly frames: Float32Array<ArrayBuffer>;
  readonly shape: { readonly rows: number; readonly columns: number; readonly n: number };
  readonly truth: {
    readonly covered: Uint8Array;
    readonly hot: number[];
    readonly dead: number[];
    readonly cy: number;
    readonly cx: number;
    readonly radius: number;
    readonly e1: number;
    readonly e2: number;
    readonly rotation: number;
    readonly flipY: boolean;
    readonly shifts: Float64Array;
    /** Of the object under the middle of the probe. */
    readonly phases: Float64Array;
    /** Of the object as the probe averages it. */
    readonly seen: Float64Array;
    /** Centres of mass (y, x) without noise and descan, in pixels and along the axes of the scan. */
    readonly fields: Float64Array;
  };
}

export declare function uniform(seed: number): () => number;
export declare function simulatedScan(options: SimulatedScanOptions): SimulatedScan;
/** One of the scans of a survey: a random object, beam, dose, descan and detector. */
export declare function drawnScan(seed: number): SimulatedScanOptions;
/** What kinds of scans of a survey have beside object, beam, dose and rotation. */
export declare const surveyKinds: Readonly<Record<string, unknown>>;
/** A scan of a kind, in frames of a power of two. */
export declare function surveyed(kind: string, seed: number): SimulatedScanOptions;
/** Differences of a calibration from the truth in units of its errors, and wrong claims. */
export declare function deviations(
  calibration: unknown,
  truth: SimulatedScan['truth'],
): { readonly z: Record<string, number>; readonly wrong: string[] };
